"""Walk over the syntax nodes that lie on asked lines, and note their scopes and the names they use."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from parsers.definitions import (
    OWNERS,
    Definition,
    find_child,
    find_last_name,
    is_name,
    read_definition,
    subtree,
    text_of,
)
from parsers.fields import OBJECTS, bare, parameter_names
from parsers.scopes import Lead, Scope, describe, with_leads
from parsers.source import split_lines

if TYPE_CHECKING:
    from tree_sitter import Node

    from parsers.languages import Language
    from parsers.source import ParsedSource

_Whose = Literal["object", "class", "other"]

_MAX_SCOPES = 64  # more nesting is generated code or an attack; deeper definitions are left out
_MAX_HOLDER = 64  # bytes of what may be an object's name
_CAMEL_CASE = re.compile(r"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*")
_CAMEL_KINDS = frozenset({"identifier", "name", "constant", "namespace_identifier"})
_NOT_IMPORTED = frozenset({"property_identifier", "private_property_identifier", "field_identifier"})
_TYPE_KINDS = ("type_identifier", "constant")
_OWN_KINDS = ("field_identifier", "instance_variable", "class_variable", "shorthand_field_initializer")
_BODIES = ("block", "body", "compound_statement", "lambda_literal")


class Use(NamedTuple):
    """A name that may be a field of one of the classes around it, innermost last.

    Of a class we know what defines it (the id of its `value`), its name, or both. `of_object` names
    are said to be of the innermost one's object.
    """

    name: str
    classes: tuple[frozenset[int | str], ...]
    of_object: bool


class _Inside(NamedTuple):
    """Where a node lies: its scopes and classes, what it calls its object, the names of the classes.

    `hidden` are the names of parameters: fields of these names are not meant.
    """

    chain: tuple[Scope, ...] = ()
    classes: tuple[frozenset[int | str], ...] = ()
    objects: frozenset[str] = OBJECTS
    names: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()


class _Visit(NamedTuple):
    """A node to look at: `call` is what it is an argument of, `in_type` whether it lies inside a type."""

    node: Node
    inside: _Inside
    lead: Lead | None
    call: Node | None = None
    in_type: bool = False


class Walk:
    """One pass over the nodes that lie on the asked lines; a list of nodes instead of recursion.

    `names` are those that an import may bind, `uses` those that may be fields of an enclosing class.
    `types` maps a name to whether it is certainly one. All are dicts for their order.
    """

    def __init__(self, source: ParsedSource, language: Language, lines: Collection[int]) -> None:
        self.source = source
        self.language = language
        texts = split_lines(source.utf8)
        self._rows = sorted({line - 1 for line in lines if 1 <= line <= len(texts)})
        self._columns = {row: len(texts[row]) - len(texts[row].lstrip()) for row in self._rows}
        self.root = source.tree.root_node
        self.chains: dict[int, tuple[Scope, ...]] = {row + 1: () for row in self._rows}
        self.owners: list[Definition] = []
        self.names: dict[str, None] = {}
        self.uses: dict[Use, None] = {}
        self.called: dict[str, None] = {}
        self.types: dict[str, bool] = {}
        self._described: set[int] = set()
        self._defined: set[int] = set()
        self._no_types: set[int] = set()
        self._likely_types: set[int] = set()
        self._members: dict[int, _Whose] = {}

    def run(self) -> None:
        """Visit every node that touches an asked line, in the order of the text."""
        # Where no node is a scope, the tree tells nothing that the sections do not.
        pending = [_Visit(self.root, _Inside(), None)] if self.language.scopes else []
        while pending:
            visit = pending.pop()
            first = visit.lead.row if visit.lead else visit.node.start_point.row
            if self.asks_for(first, visit.node.end_point.row):
                pending.extend(reversed(self._visit(visit)))
        self._read_sections()

    def _read_sections(self) -> None:
        """Note what the text says that no node does."""
        if self.language.read_sections is None:
            return
        found = self.language.read_sections(self.source.utf8, list(self.chains))
        called, types = ([name for name, _ in names] for names in (found.called, found.types))
        self.names.update(dict.fromkeys((*called, *types)))
        self.called.update(dict.fromkeys(called))
        self.types.update(dict.fromkeys(types, True))
        for scope in found.scopes:
            for line in self.chains.keys() & range(scope.start_line, scope.end_line + 1):
                self.chains[line] += (scope,)

    def asks_for(self, first: int, last: int) -> bool:
        """Say whether an asked line is among these rows (0-based, inclusive)."""
        at = bisect_left(self._rows, first)
        return at < len(self._rows) and self._rows[at] <= last

    def asked_lines(self, first: int, last: int) -> list[int]:
        """Return the asked lines among these (1-based, inclusive)."""
        return [
            row + 1 for row in self._rows[bisect_left(self._rows, first - 1) : bisect_left(self._rows, last)]
        ]

    def _visit(self, visit: _Visit) -> list[_Visit]:
        """Note what one node says and return its children."""
        node, inside, lead = visit.node, visit.inside, visit.lead
        language, kind = self.language, node.type
        definition = None if node.id in self._described else read_definition(node, language)
        if definition and len(inside.chain) < _MAX_SCOPES:
            inside, lead = self._enter(definition, inside, lead), None
        if node.id in self._defined:
            return []  # a definition's own name is no use of it
        if node.child_count == 0 or kind in language.variables:
            self._note_leaf(visit, inside)
            return []
        if kind in language.imports and any(language.imported_names(node)):
            return []  # an import uses nothing
        call = None if kind.endswith(_BODIES) else visit.call
        called = self._note_call(node) if kind in language.calls else None
        in_type = visit.in_type or kind in language.types
        holder = self._note_member(node, inside, in_type=in_type) if kind in language.members else None
        if kind in language.token_trees:
            self._note_tokens(node.children, inside)
        typed = {child.id for field in language.type_fields for child in node.children_by_field_name(field)}
        visits = []
        for child, child_lead in with_leads(node, lead, language):
            of_call = called if called and _is_arguments(child) else call
            is_type = child.id in typed or (in_type and child.id != holder)
            visits.append(_Visit(child, inside, child_lead, of_call, is_type))
            if language.open_scopes and child.type in language.open_scopes:
                inside = self._open(child, node, inside, child_lead)
        return visits

    def _open(self, node: Node, holder: Node, inside: _Inside, lead: Lead | None) -> _Inside:
        """Enter a scope without braces, which goes on to the end of what holds it."""
        definition = read_definition(node, self.language)
        if definition is None or definition.body or node.id in self._described:
            return inside
        return self._enter(replace(definition, end=holder), inside, lead)

    def _enter(self, definition: Definition, inside: _Inside, lead: Lead | None) -> _Inside:
        """Append a definition to the chains of the asked lines inside of it."""
        outer = inside.chain[-1] if inside.chain else None
        scope = describe(definition, lead, outer, self.source.utf8)
        chain = (*inside.chain, scope)
        self._described.add(definition.value.id)
        if definition.name:
            self._defined.add(definition.name.id)
        end = (definition.end or definition.node).end_point
        start = (lead.row, 0) if lead else tuple(definition.node.start_point)
        encloses = False
        for line in self.asked_lines(scope.start_line, scope.end_line):
            if start <= (line - 1, self._columns[line - 1]) < end:
                self.chains[line] = chain
                encloses = True
        if encloses and definition.kind in OWNERS:
            self.owners.append(definition)
        return self._inside(definition, inside, chain)

    def _inside(self, definition: Definition, outer: _Inside, chain: tuple[Scope, ...]) -> _Inside:
        """Say what a definition adds to where the nodes inside of it lie."""
        named = definition.owner.rpartition(".")[2]
        keys: set[int | str] = {named} if named else set()
        if definition.kind in OWNERS:
            keys.add(definition.value.id)
        if definition.kind == "impl":
            keys.add(chain[-1].name)
        hides = self.language.bare_fields and definition.kind not in OWNERS
        return _Inside(
            chain,
            (*outer.classes, frozenset(keys)) if keys else outer.classes,
            outer.objects | {definition.instance} if definition.instance else outer.objects,
            outer.names.union((chain[-1].name, named)),
            outer.hidden | parameter_names(definition) if hides else outer.hidden,
        )

    def _note_call(self, node: Node) -> Node | None:
        """Note what a call calls, if its name stands on an asked line."""
        language = self.language
        callee = find_child(node, language.calls[node.type], 0)
        name = find_last_name(callee) if callee else None
        if name is not None and self._is_asked(name) and not _is_plain_element(node, name):
            self.called[self._text(name)] = None
            (self._no_types if node.type in language.plain_calls else self._likely_types).add(name.id)
        return name

    def _note_member(self, node: Node, inside: _Inside, *, in_type: bool) -> int | None:
        """Note whether what `object.name` names is of our own object; return the id of the object's node."""
        holder_field, name_field = self.language.members[node.type]
        holder = None
        if holder_field or not name_field:
            holder = find_child(node, holder_field, 0)
            if holder is None:
                return None
        name = find_child(node, name_field, -1)
        if name is not None:
            self._members[(find_last_name(name) or name).id] = self._whose(holder, inside)
        if holder is None:
            return None
        if in_type:
            self._no_types.update(node.id for node in subtree(holder))
        else:
            self._likely_types.add(holder.id)
        return holder.id

    def _note_tokens(self, tokens: list[Node], inside: _Inside) -> None:
        """Read calls and members off tokens in a row, as the grammar does elsewhere."""
        for before, sign, name in zip(tokens, tokens[1:], tokens[2:], strict=False):
            if sign.type in (".", "::") and is_name(name):
                self._members[name.id] = self._whose(before, inside)
                self._likely_types.add(before.id)
        for name, given in pairwise(tokens):
            is_call = is_name(name) and given.type in self.language.token_trees
            if is_call and self._is_asked(name) and self._text(given.children[0]) == "(":
                self.called[self._text(name)] = None

    def _whose(self, holder: Node | None, inside: _Inside) -> _Whose:
        """Say of what `object.name` is a member: of our object, of a class around us, of another one."""
        if holder is None or holder.end_byte - holder.start_byte > _MAX_HOLDER:
            return "other"
        text = self._text(holder)
        return "object" if text in inside.objects else "class" if text in inside.names else "other"

    def _note_leaf(self, visit: _Visit, inside: _Inside) -> None:
        node = visit.node
        if not self._is_asked(node):
            return
        if visit.call is not None and not self._is_asked(visit.call):
            self.called[self._text(visit.call)] = None
        whose = self._members.get(node.id)
        if whose is None and not is_name(node):
            return
        name = bare(self._text(node))
        if (whose is None and node.type not in _NOT_IMPORTED) or node.type in _TYPE_KINDS:
            self.names[name] = None
        if inside.classes and whose != "other" and (whose or self._may_be_field(node, name, inside)):
            self.uses[Use(name, inside.classes, whose == "object")] = None
        if node.id not in self._no_types:
            self._note_type(node, name, in_type=visit.in_type)

    def _may_be_field(self, node: Node, name: str, inside: _Inside) -> bool:
        """Say whether a name that stands alone may be a field of an enclosing class."""
        if node.type.endswith(_OWN_KINDS):
            return True
        in_class = bool(inside.chain) and inside.chain[-1].kind in OWNERS
        return (self.language.bare_fields or in_class) and name not in inside.hidden

    def _note_type(self, node: Node, name: str, *, in_type: bool) -> None:
        language = self.language
        if name in language.primitives:
            return
        if in_type or node.type in language.types:
            self.types[name] = True
        elif language.camel_types and node.type in _CAMEL_KINDS and _CAMEL_CASE.fullmatch(name):
            certain = language.camel_members
            if certain or node.id in self._likely_types:
                self.types.setdefault(name, certain)

    def _text(self, node: Node) -> str:
        """Return a name's text, far faster than `node.text` does."""
        return self.source.utf8[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def _is_asked(self, node: Node) -> bool:
        return node.start_point.row in self._columns


def _is_arguments(node: Node) -> bool:
    return "argument" in node.type


def _is_plain_element(node: Node, name: Node) -> bool:
    """Say whether a JSX element is one of HTML, which nobody defines."""
    return node.type.startswith("jsx") and text_of(name)[:1].islower()
