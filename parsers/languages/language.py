"""What one language is to us: how its files are recognised, parsed and read, as a value."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tree_sitter import Language as Grammar
    from tree_sitter import Node

    from parsers.definitions import Definition
    from parsers.embedded import Embedded
    from parsers.sections import Sections


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

    All that follows is in node kinds of the grammar. `layout` may stand between a comment and what it
    is about. `wrappers` enclose one definition and belong to it, `decorators` stand before it.
    `bindings` name a value, (name field, value field); they define something where the value
    is one of `closures`. `bodies` end a signature where a definition has no field `body`; `open_scopes`
    have none and go on to the end of what holds them. `calls` map a call to the field of what is called
    (empty: its first child), `plain_calls` never make an object of a class.
    `types` are type names or enclose them, as what stands in one of the `type_fields` does, save
    `primitives`; `camel_types` says that other CamelCase names are types as well, without
    `camel_members` only those before a dot or after a `new`. `members` map `object.name` to the fields
    of both (both empty: its first and last child; the first empty: a name that is no variable, as of
    an argument). `variables` are read as one leaf; `token_trees` hold what a macro is given, unparsed.
    `imports` are import statements, found in the file's top level and in `import_holders`;
    `imported_names` yields the names that one binds, or with `imports_by_prefix` a path or namespace
    whose last word begins the names, or the types, that it brings. `fields` declare fields of a class,
    in its body and the `field_holders` in that, or as assignments to the object in one of its `constructors`;
    `declared_names` yields the names where no field holds them, and with `bare_fields` they are used
    without an object before them. `prepare` replaces, byte for byte, what the grammar cannot read.

    For languages that are built otherwise: `define` reads a node of `scopes` as a definition where its
    name or its body is in no field of that name; `read_sections` reads from the text itself what the
    tree does not tell, for the lines asked for (1-based); `embed` yields what a file holds in other
    languages. Where `tolerant`, syntax errors prove nothing: the grammar knows too few dialects.
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
    layout: tuple[str, ...] = ()
    wrappers: tuple[str, ...] = ()
    decorators: tuple[str, ...] = ()
    bindings: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    closures: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    calls: Mapping[str, str] = field(default_factory=dict)
    plain_calls: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    type_fields: tuple[str, ...] = ()
    primitives: frozenset[str] = frozenset()
    camel_types: bool = False
    camel_members: bool = True
    members: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    variables: tuple[str, ...] = ()
    token_trees: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    import_holders: tuple[str, ...] = ()
    imported_names: Callable[[Node], Iterable[Node]] = find_bound_name
    imports_by_prefix: Literal["", "names", "types"] = ""
    fields: tuple[str, ...] = ()
    field_holders: tuple[str, ...] = ()
    constructors: tuple[str, ...] = ()
    declared_names: Callable[[Node], Iterable[Node]] | None = None
    bare_fields: bool = False
    open_scopes: tuple[str, ...] = ()
    prepare: Callable[[bytes], bytes] | None = None
    define: Callable[[Node], Definition | None] | None = None
    read_sections: Callable[[bytes, Collection[int]], Sections] | None = None
    embed: Callable[[Node, bytes], Iterable[Embedded]] | None = None
    tolerant: bool = False


@cache
def load_grammar(module: str, function: str = "language") -> Grammar:
    """Load a grammar from its wheel, once in a process."""
    from tree_sitter import Language as Grammar  # native code: loaded on first use

    return Grammar(getattr(importlib.import_module(module), function)())
