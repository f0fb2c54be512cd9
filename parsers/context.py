"""Say what encloses and surrounds changed lines: definitions, signatures, imports, names used."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from parsers.declarations import find_fields, find_imports, find_owners
from parsers.definitions import OWNERS, Definition, find_last_name, read_definition, text_of
from parsers.scopes import Lead, Scope, describe, last_row, with_leads
from parsers.source import split_lines

if TYPE_CHECKING:
    from tree_sitter import Node

    from parsers.languages import Language
    from parsers.source import ParsedSource

__all__ = ["CodeContext", "Scope", "context"]

_MAX_SCOPES = 64  # more nesting is generated code or an attack; deeper definitions are left out
_MAX_FIELD_LINES = 3
_CAMEL_CASE = re.compile(r"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*")


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
    walk = _Walk(source, language, lines)
    walk.run()
    root, used = source.tree.root_node, frozenset(walk.names)
    owners = (*walk.owners, *find_owners(root, language, frozenset(walk.owner_names)))
    fields = (_shorten(text_of(field)) for owner in owners for field in find_fields(owner, language, used))
    imports = (_import_text(node) for node in find_imports(root, language, used))
    return CodeContext(
        chains=walk.chains,
        imports=tuple(dict.fromkeys(imports)),
        called=tuple(walk.called),
        types=tuple(walk.types),
        fields=tuple(dict.fromkeys(fields)),
    )


def _import_text(node: Node) -> str:
    """Return an import as a statement of its own, also where the file lists several under one."""
    text = text_of(node)
    return f"import {text}" if node.type.endswith("_spec") else text


def _shorten(text: str) -> str:
    lines = text.split("\n")
    return "\n".join([*lines[:_MAX_FIELD_LINES], "..."] if len(lines) > _MAX_FIELD_LINES else lines)


class _Visit(NamedTuple):
    """A node to look at: `call` is what it is an argument of, `in_type` whether it lies inside a type."""

    node: Node
    chain: tuple[Scope, ...]
    lead: Lead | None
    call: Node | None = None
    in_type: bool = False


class _Walk:
    """One pass over the nodes that lie on the asked lines; a list of nodes instead of recursion.

    The names are dicts for their order.
    """

    def __init__(self, source: ParsedSource, language: Language, lines: Collection[int]) -> None:
        self.source = source
        self.language = language
        texts = split_lines(source.utf8)
        self.rows = sorted({line - 1 for line in lines if 1 <= line <= len(texts)})
        self.columns = {row: len(texts[row]) - len(texts[row].lstrip()) for row in self.rows}
        self.chains: dict[int, tuple[Scope, ...]] = {row + 1: () for row in self.rows}
        self.owners: list[Definition] = []
        self.owner_names: set[str] = set()
        self.names: dict[str, None] = {}
        self.called: dict[str, None] = {}
        self.types: dict[str, None] = {}
        self.described: set[int] = set()
        self.no_types: set[int] = set()

    def run(self) -> None:
        """Visit every node that touches an asked line, in the order of the text."""
        pending = [_Visit(self.source.tree.root_node, (), None)]
        while pending:
            visit = pending.pop()
            first = visit.lead.row if visit.lead else visit.node.start_point.row
            if self._asks_for(first, visit.node.end_point.row):
                pending.extend(reversed(self._visit(visit)))

    def _asks_for(self, first: int, last: int) -> bool:
        at = bisect_left(self.rows, first)
        return at < len(self.rows) and self.rows[at] <= last

    def _visit(self, visit: _Visit) -> list[_Visit]:
        """Note what one node says and return its children."""
        node, chain, lead = visit.node, visit.chain, visit.lead
        definition = None if node.id in self.described else read_definition(node, self.language)
        if definition and len(chain) < _MAX_SCOPES:
            chain, lead = self._enter(definition, visit), None
        if node.child_count == 0:
            self._note_leaf(visit)
            return []
        if node.type in self.language.imports and any(self.language.imported_names(node)):
            return []  # an import uses nothing
        call = None if node.type.endswith(("block", "body")) else visit.call
        called = self._note_call(node)
        in_type = visit.in_type or node.type in self.language.types
        return [
            _Visit(child, chain, child_lead, called if _is_arguments(child) and called else call, in_type)
            for child, child_lead in with_leads(node, lead, self.language)
        ]

    def _enter(self, definition: Definition, visit: _Visit) -> tuple[Scope, ...]:
        """Append a definition to the chains of the asked lines inside of it."""
        outer = visit.chain[-1] if visit.chain else None
        scope = describe(definition, visit.lead, outer, self.source.utf8)
        chain = (*visit.chain, scope)
        self.described.add(definition.value.id)
        if definition.name:
            self.no_types.add(definition.name.id)
        start = (visit.lead.row, 0) if visit.lead else tuple(definition.node.start_point)
        first = bisect_left(self.rows, start[0])
        encloses = False
        for row in self.rows[first : bisect_left(self.rows, last_row(definition.node) + 1)]:
            if start <= (row, self.columns[row]) < definition.node.end_point:
                self.chains[row + 1] = chain
                encloses = True
        if encloses and definition.kind in OWNERS:
            self.owners.append(definition)
        if encloses and definition.owner:
            self.owner_names.add(text_of(definition.owner))
        return chain

    def _note_call(self, node: Node) -> Node | None:
        """Note what a call calls, if its name stands on an asked line."""
        field = self.language.calls.get(node.type)
        callee = node.child_by_field_name(field) if field else None
        name = find_last_name(callee) if callee else None
        if name is not None and self._is_asked(name) and not _is_plain_element(node, name):
            self.called[self._text(name)] = None
            if node.type in self.language.plain_calls:
                self.no_types.add(name.id)
        return name

    def _note_leaf(self, visit: _Visit) -> None:
        node = visit.node
        if not self._is_asked(node):
            return
        if visit.call is not None and not self._is_asked(visit.call):
            self.called[self._text(visit.call)] = None
        if not node.type.endswith("identifier"):
            return
        name = self._text(node)
        self.names[name] = None
        if node.id not in self.no_types and self._is_type(node, name, in_type=visit.in_type):
            self.types[name] = None

    def _text(self, node: Node) -> str:
        """Return a name's text, far faster than `node.text` does."""
        return self.source.utf8[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def _is_asked(self, node: Node) -> bool:
        return node.start_point.row in self.columns

    def _is_type(self, node: Node, name: str, *, in_type: bool) -> bool:
        if in_type or node.type in self.language.types:
            return name not in self.language.primitives
        camel = self.language.camel_types and node.type == "identifier"
        return camel and _CAMEL_CASE.fullmatch(name) is not None


def _is_arguments(node: Node) -> bool:
    return "argument" in node.type


def _is_plain_element(node: Node, name: Node) -> bool:
    """Say whether a JSX element is one of HTML, which nobody defines."""
    return node.type.startswith("jsx") and text_of(name)[:1].islower()
