"""What one language is to us: how its files are recognised, parsed and read, as a value."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language as Grammar
    from tree_sitter import Node


def find_bound_name(statement: Node) -> Iterable[Node]:
    """Yield the last identifier of an import, which is what it binds in most languages."""
    node = statement
    while named := node.named_children:
        node = named[-1]
    if node.type != "asterisk":
        yield node


@dataclass(frozen=True, slots=True)
class Language:
    """How one language is recognised, parsed and read.

    `name` is the lower-case word used in rules and prompts (`python`, `typescript`, `tsx`, ...).
    `grammar` loads the tree-sitter grammar on first use. `scopes` maps node kinds that define
    something to our word for them (class, function, method, ...). `line_comments` are the prefixes
    of comments to the end of the line, `block_comments` pairs of delimiters.

    All that follows is in node kinds of the grammar. `wrappers` enclose one definition and belong to
    it, `decorators` stand before it. `bindings` name a value, (name field, value field); they define
    something where the value is one of `closures`. `bodies` end a signature where a definition has no
    field `body`. `calls` map a call to the field of what is called, `plain_calls` never make an
    object of a class. `types` are type names or enclose them, save `primitives`; `camel_types` says
    that other CamelCase names are types as well.
    `imports` are import statements, found in the file's top level and in `import_holders`;
    `imported_names` yields the names that one binds. `fields` declare fields of a class, in its body
    and the `field_holders` in that, or as assignments to the object in one of its `constructors`.
    """

    name: str
    suffixes: tuple[str, ...]
    grammar: Callable[[], Grammar]
    scopes: Mapping[str, str]
    line_comments: tuple[str, ...]
    block_comments: tuple[tuple[str, str], ...] = ()
    filenames: tuple[str, ...] = ()
    interpreters: tuple[str, ...] = ()
    comments: tuple[str, ...] = ("comment",)
    wrappers: tuple[str, ...] = ()
    decorators: tuple[str, ...] = ()
    bindings: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    closures: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    calls: Mapping[str, str] = field(default_factory=dict)
    plain_calls: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    primitives: frozenset[str] = frozenset()
    camel_types: bool = False
    imports: tuple[str, ...] = ()
    import_holders: tuple[str, ...] = ()
    imported_names: Callable[[Node], Iterable[Node]] = find_bound_name
    fields: tuple[str, ...] = ()
    field_holders: tuple[str, ...] = ()
    constructors: tuple[str, ...] = ()


@cache
def load_grammar(module: str, function: str = "language") -> Grammar:
    """Load a grammar from its wheel, once in a process."""
    from tree_sitter import Language as Grammar  # native code: loaded on first use

    return Grammar(getattr(importlib.import_module(module), function)())
