"""Say what encloses and surrounds changed lines: definitions, signatures, imports, names used."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parsers.declarations import find_imports, find_owners
from parsers.definitions import Definition, read_definition, text_of
from parsers.embedded import parts
from parsers.fields import declared_names, list_fields
from parsers.scopes import Scope, last_row
from parsers.walk import Use, Walk

if TYPE_CHECKING:
    from tree_sitter import Node

    from parsers.languages import Language
    from parsers.source import ParsedSource

__all__ = ["CodeContext", "Scope", "context"]

_MAX_FIELD_LINES = 3


@dataclass(frozen=True, slots=True)
class CodeContext:
    """What surrounds a set of lines of one file.

    `chains` maps each asked line to its enclosing scopes, outermost first (empty at top level).
    `imports` are the import statements whose names the asked lines use, `called` and `types` the
    names of what the lines call and which types they mention, `fields` the declarations of class
    fields that they touch.
    """

    chains: dict[int, tuple[Scope, ...]]
    imports: tuple[str, ...]
    called: tuple[str, ...]
    types: tuple[str, ...]
    fields: tuple[str, ...]


def context(source: ParsedSource, language: Language, lines: Collection[int]) -> CodeContext:
    """Describe the surroundings of new-side lines (1-based); lines outside the file have none."""
    walks = [Walk(part.source, part.language, lines) for part in parts(source, language)]
    for walk in walks:
        walk.run()
    used = frozenset(name for walk in walks for name in walk.names)
    found = [_Fields(walk) for walk in walks]
    return CodeContext(
        chains={
            line: tuple(scope for walk in walks for scope in walk.chains[line]) for line in walks[0].chains
        },
        imports=_unique(text for walk in walks for text in _imports(walk, used)),
        called=_unique(name for walk in walks for name in walk.called),
        types=_unique(name for each in found for name in each.types()),
        fields=_unique(text for each in found for text in each.touched()),
    )


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _imports(walk: Walk, used: frozenset[str]) -> Iterator[str]:
    for node in find_imports(walk.root, walk.language, used, walk.asks_for):
        text = _plain(node)
        yield f"import {text}" if node.type.endswith("_spec") else text  # Go lists several under one


class _Fields:
    """The fields of the classes around a walk's lines, against what the lines use."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._declared: dict[Node, set[str]] = {}
        self._by_name: dict[tuple[int | str, str], list[Node]] = {}
        for owner in walk.owners:
            self._read(owner, owner.value.id)
        named = {key for use in walk.uses for keys in use.classes for key in keys if isinstance(key, str)}
        for owner in find_owners(walk.root, walk.language, frozenset(named)):
            self._read(owner, text_of(owner.name) if owner.name else "")

    def _read(self, owner: Definition, key: int | str) -> None:
        for node in list_fields(owner, self._walk.language):
            self._declared[node] = names = declared_names(node, self._walk.language)
            for name in names:
                self._by_name.setdefault((key, name), []).append(node)

    def touched(self) -> Iterator[str]:
        """Yield the declarations that the lines use or hold, class by class."""
        used = {node for use in self._walk.uses for node in self._find(use)}
        for node, names in self._declared.items():
            if node in used or (names and self._lies_on_lines(node)):
                yield _shorten(_plain(node))

    def types(self) -> Iterator[str]:
        """Yield the types that the lines mention; what only looks like one may be a property of the class."""
        fields = set().union(*self._declared.values())
        return (name for name, certain in self._walk.types.items() if certain or name not in fields)

    def _find(self, use: Use) -> list[Node]:
        """Return what declares a name, in the innermost class that does."""
        for keys in use.classes[:-2:-1] if use.of_object else reversed(use.classes):
            if found := [node for key in keys for node in self._by_name.get((key, use.name), ())]:
                return found
        return []

    def _lies_on_lines(self, node: Node) -> bool:
        """Say whether a declaration stands on the lines; of what is a scope in it, the chain tells."""
        first = node.start_point.row + 1
        lines = self._walk.asked_lines(first, last_row(node) + 1)
        chains = (self._walk.chains[line] for line in lines)
        holds = any(not chain or chain[-1].start_line <= first for chain in chains)
        return holds and read_definition(node, self._walk.language) is None


def _plain(node: Node) -> str:
    return text_of(node).rstrip().replace("\r\n", "\n")


def _shorten(text: str) -> str:
    lines = text.split("\n")
    return "\n".join([*lines[:_MAX_FIELD_LINES], "..."] if len(lines) > _MAX_FIELD_LINES else lines)
