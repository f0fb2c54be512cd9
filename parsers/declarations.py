"""Find the declarations that names refer to inside one file: its imports and its types."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from parsers.definitions import Definition, read_definition, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

    from parsers.languages import Language

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def find_imports(
    root: Node, language: Language, used: frozenset[str], asks_for: Callable[[int, int], bool]
) -> Iterator[Node]:
    """Yield the import statements that bind one of the names, in order.

    Those of a namespace or module inside the file hold only there: `asks_for` says whether an asked
    line is among the rows from one to another.
    Where a statement does not say what it binds (`imports_by_prefix`), it counts as used by the names
    that begin with the last word of what it names, be it in the plural: `orders.h` by `OrderBook`.
    """
    if language.imports_by_prefix:
        types_alone = language.imports_by_prefix == "types"
        meant = {name for name in used if name[:1].isupper() or not types_alone}
        used = frozenset(prefix for name in meant for prefix in (name, *_prefixes(name)))
    pending = list(reversed(root.children))
    while pending:
        node = pending.pop()
        if node.type in language.imports and used & _imported(node, language):
            yield node
        elif node.type in language.import_holders and (
            node.type not in language.scopes or asks_for(node.start_point.row, node.end_point.row)
        ):
            pending.extend(reversed(node.children))


def _prefixes(name: str) -> Iterator[str]:
    """Yield what the first words of a name spell together: order and orderbook of `order_book` as of `OrderBook`."""
    words = ""
    for word in _WORD.findall(name):
        words += word.lower()
        yield words


def _imported(statement: Node, language: Language) -> set[str]:
    """Return the names that an import may bind; a path binds one of the words of its last part."""
    names: set[str] = set()
    for node in language.imported_names(statement):
        written = text_of(node).strip("\"'`<>")
        last = re.sub(r"/v\d+$", "", written).rpartition("/")[2]
        if language.imports_by_prefix:
            word = "".join(_WORD.findall(last.partition(".")[0])).lower()
            names.update((last, word, word.removesuffix("s")))
        else:
            names.update((written,) if last == written and last.isidentifier() else re.split(r"[-.]", last))
    return names


def find_owners(root: Node, language: Language, names: frozenset[str]) -> Iterator[Definition]:
    """Yield the types of these names at the file's top level and in what holds it, in order."""
    pending = list(reversed(root.named_children)) if names else []
    while pending:
        node = pending.pop()
        definition = read_definition(node, language)
        if definition and definition.name and definition.kind != "impl" and text_of(definition.name) in names:
            yield definition
        elif node.type in language.wrappers or node.type in language.import_holders:
            pending.extend(reversed(node.named_children))
