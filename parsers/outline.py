"""Write a file down as rows: what it defines, what it mentions, what it imports.

Rows, not trees: a tree takes fifteen times the room of its source. Names are what the text says;
nothing is resolved. Definitions, calls and types are those that `parsers.context` names.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from parsers.captures import capture
from parsers.embedded import Part, parts
from parsers.modules import find_package
from parsers.nesting import Nested, nest
from parsers.references import ReferenceKind, References, Spot

if TYPE_CHECKING:
    from tree_sitter import Node

    from parsers.languages import Language
    from parsers.scopes import Scope
    from parsers.source import ParsedSource

__all__ = ["DefinitionRow", "ImportRow", "Outline", "ReferenceKind", "ReferenceRow", "outline"]


# Scopes of SQL that are named after what they use, and define nothing.
_STATEMENTS = frozenset(
    ("alter", "delete", "drop", "insert", "merge", "replace", "select", "truncate", "update", "with")
)


class DefinitionRow(NamedTuple):
    """A definition; kind, names, signature and 1-based lines as in `Scope`.

    `parent` is the index of the definition around it in the same outline.
    """

    kind: str
    name: str
    qualified: str
    signature: str
    start_line: int
    end_line: int
    parent: int | None = None


class ReferenceRow(NamedTuple):
    """A name where it is called, used as a type or imported.

    `line` is 1-based, `enclosing` the index of the innermost definition around it.
    """

    name: str
    kind: ReferenceKind
    line: int
    enclosing: int | None = None


class ImportRow(NamedTuple):
    """An import: the modules or paths it names, as written but for quotes, and the names it binds."""

    modules: tuple[str, ...]
    names: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Outline:
    """All rows of a file in the order of its text, those of embedded languages after its own.

    `package` is dotted, empty where none is declared.
    """

    definitions: tuple[DefinitionRow, ...]
    references: tuple[ReferenceRow, ...]
    imports: tuple[ImportRow, ...]
    package: str


def outline(source: ParsedSource, language: Language, *, max_seconds: float = 2.0) -> Outline:
    """List the definitions, references and imports of a file, broken or not.

    Where a language says nothing of calls, types or imports, there are none. `max_seconds` is
    processor time; raises SourceTooLarge past it.
    """
    deadline = time.thread_time() + max_seconds
    definitions: list[DefinitionRow] = []
    references: list[ReferenceRow] = []
    imports: list[ImportRow] = []
    package = ""
    for part in parts(source, language):
        captures = capture(part.source, part.language)
        nested = list(nest(part.source, part.language, captures.get("definition", ()), deadline))
        names = [one.name for one in nested if one.name is not None]
        found = References(part.source, part.language, captures, names)
        references += _enclose(found.spots(), nested, len(definitions))
        definitions += _rows(nested, len(definitions))
        sections = _read_sections(part, len(definitions))
        definitions += sections[0]
        references += sections[1]
        imports += [ImportRow(one.modules, one.names, one.line) for one in found.imports]
        package = package or _find_package(part, captures.get("package", ()))
    return Outline(tuple(definitions), tuple(references), tuple(imports), package)


def _rows(nested: Sequence[Nested], before: int) -> Iterator[DefinitionRow]:
    """Turn definitions into rows, which come after `before` rows of other parts."""
    return (_row(one.scope, None if one.parent is None else one.parent + before) for one in nested)


def _row(scope: Scope, parent: int | None) -> DefinitionRow:
    return DefinitionRow(
        kind=scope.kind,
        name=scope.name,
        qualified=scope.qualified,
        signature=scope.signature,
        start_line=scope.start_line,
        end_line=scope.end_line,
        parent=parent,
    )


def _read_sections(part: Part, before: int) -> tuple[list[DefinitionRow], list[ReferenceRow]]:
    """Read what the text tells and the tree does not."""
    if part.language.read_sections is None:
        return [], []
    found = part.language.read_sections(part.source.utf8, range(1, part.source.utf8.count(b"\n") + 2))
    definitions: list[DefinitionRow] = []
    for scope in found.scopes:
        if scope.kind not in _STATEMENTS:
            definitions.append(_row(scope, _find_around(definitions, before, scope.start_line)))
    called = (ReferenceRow(name, "call", line) for name, line in found.called)
    used = (ReferenceRow(name, "type", line) for name, line in found.types)
    references = [
        row._replace(enclosing=_find_around(definitions, before, row.line)) for row in (*called, *used)
    ]
    return definitions, references


def _find_around(rows: Sequence[DefinitionRow], before: int, line: int) -> int | None:
    inside = (at for at in reversed(range(len(rows))) if rows[at].start_line <= line <= rows[at].end_line)
    found = next(inside, None)
    return None if found is None else found + before


def _enclose(spots: Sequence[Spot], nested: Sequence[Nested], before: int) -> Iterator[ReferenceRow]:
    """Name the innermost definition around each spot; both come in the order of the text."""
    around: list[int] = []
    coming = 0
    for spot in spots:
        while coming < len(nested) and nested[coming].start <= spot.start:
            around.append(coming)
            coming += 1
        while around and nested[around[-1]].end <= spot.start:
            around.pop()
        yield ReferenceRow(spot.name, spot.kind, spot.line, around[-1] + before if around else None)


def _find_package(part: Part, clauses: Sequence[Node]) -> str:
    texts = (part.source.utf8[node.start_byte : node.end_byte] for node in clauses)
    return next(filter(None, (find_package(text.decode("utf-8", "replace")) for text in texts)), "")
