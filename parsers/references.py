"""Find the names that a file calls, uses as types and imports, by the rules of `parsers.walk`."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from parsers.definitions import find_child, find_last_name, is_name
from parsers.modules import bound_names, find_modules, find_originals

if TYPE_CHECKING:
    from tree_sitter import Node

    from parsers.captures import Role
    from parsers.languages import Language
    from parsers.source import ParsedSource

ReferenceKind = Literal["call", "type", "import"]

_CAMEL_CASE = re.compile(rb"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*")
_MARKS = "$@:"  # what PHP and Ruby write before a name
_CAMEL_KINDS = frozenset({"identifier", "name", "constant", "namespace_identifier"})


class Spot(NamedTuple):
    """A reference by the byte it starts at; `line` is 1-based."""

    start: int
    name: str
    kind: ReferenceKind
    line: int


class Import(NamedTuple):
    """An import: the modules it names, the names it binds, and all names that it mentions."""

    modules: tuple[str, ...]
    names: tuple[str, ...]
    spots: tuple[Spot, ...]
    line: int


class References:
    """What one tree refers to, save by `definition_names`: to name a definition is no use of it."""

    def __init__(
        self,
        source: ParsedSource,
        language: Language,
        captures: Mapping[Role, Sequence[Node]],
        definition_names: Sequence[Node],
    ) -> None:
        self._utf8 = source.utf8
        self._language = language
        self._captures = captures
        self._no_types: set[int] = set()
        self._likely_types: set[int] = set()
        self.imports: list[Import] = []
        closed = [*definition_names, *captures.get("variable", ())]
        for node in captures.get("import", ()):
            if (found := self._read_import(node)) is not None:
                self.imports.append(found)
                closed.append(node)  # an import uses nothing
        self._closed = _Spans(closed)

    def spots(self) -> list[Spot]:
        """Return all of them in the order of the text, a name once for each kind and place."""
        calls = [*self._calls(), *self._calls_in_tokens()]  # they tell which names are no types
        found = [spot for spot in (*calls, *self._types()) if not self._closed.hold(spot.start)]
        return sorted({*found, *(spot for one in self.imports for spot in one.spots)})

    def _calls(self) -> Iterator[Spot]:
        language = self._language
        for node in self._captures.get("call", ()):
            callee = find_child(node, language.calls[node.type], 0)
            name = find_last_name(callee) if callee else None
            if name is None:
                continue
            (self._no_types if node.type in language.plain_calls else self._likely_types).add(name.id)
            spot = self._spot(name, "call")
            if not (node.type.startswith("jsx") and spot.name[:1].islower()):  # HTML's own elements
                yield spot

    def _calls_in_tokens(self) -> Iterator[Spot]:
        """Read calls off the tokens that a macro is given, where the grammar tells none."""
        trees = self._language.token_trees
        for node in self._captures.get("tokens", ()):
            tokens = node.children
            for before, sign, name in zip(tokens, tokens[1:], tokens[2:], strict=False):
                if sign.type in (".", "::") and is_name(name):
                    self._likely_types.add(before.id)
            for name, given in pairwise(tokens):
                if is_name(name) and given.type in trees and self._text(given.children[0]) == "(":
                    yield self._spot(name, "call")

    def _types(self) -> Iterator[Spot]:
        """Yield the names inside of types, and elsewhere those in CamelCase where that tells a type."""
        types = _Spans(self._captures.get("type", ()))
        modules = self._note_holders(types)
        for node in self._captures.get("name", ()):
            start = node.start_byte
            is_type = types.hold(start) and not modules.hold(start)
            if (is_type or self._looks_like_type(node)) and node.id not in self._no_types:
                spot = self._spot(node, "type")
                if spot.name not in self._language.primitives and not node.child_count:
                    yield spot._replace(name=spot.name.lstrip(_MARKS))

    def _note_holders(self, types: _Spans) -> _Spans:
        """Note what stands before a dot: elsewhere it may be a type; those in types are modules, returned."""
        modules: list[Node] = []
        for node in self._captures.get("member", ()):
            in_type = types.hold(node.start_byte)
            if modules and node.start_byte < modules[-1].end_byte:
                in_type = False
            if not in_type and self._language.camel_members:
                continue
            holder_field, name_field = self._language.members[node.type]
            holder = find_child(node, holder_field, 0) if holder_field or not name_field else None
            if holder is None:
                continue
            if in_type:
                modules.append(holder)
            (self._no_types if in_type else self._likely_types).add(holder.id)
        return _Spans(modules)

    def _looks_like_type(self, node: Node) -> bool:
        """Say whether a name outside of types looks like one; its first letter settles most."""
        start = node.start_byte
        return (
            self._language.camel_types
            and b"A" <= self._utf8[start : start + 1] <= b"Z"
            and node.type in _CAMEL_KINDS
            and _CAMEL_CASE.fullmatch(self._utf8, start, node.end_byte) is not None
            and (self._language.camel_members or node.id in self._likely_types)
        )

    def _read_import(self, node: Node) -> Import | None:
        """Read an import; None for what only might have been one: any `const` in JavaScript, any call in Ruby."""
        written = [self._spot(name, "import") for name in self._language.imported_names(node)]
        if not written and (node.type in self._language.wrappers or node.type in self._language.calls):
            return None
        text, line = self._text(node), node.start_point.row + 1
        modules = find_modules(text)
        spots = [spot._replace(name=name) for spot in written for name in bound_names(spot.name)]
        names = tuple(dict.fromkeys(spot.name for spot in spots))
        others = (*find_originals(text), *(name for module in modules for name in bound_names(module)[-1:]))
        spots += [Spot(node.start_byte, name, "import", line) for name in others if name not in names]
        return Import(modules, names, tuple(spots), line)

    def _spot(self, node: Node, kind: ReferenceKind) -> Spot:
        return Spot(node.start_byte, self._text(node), kind, node.start_point.row + 1)

    def _text(self, node: Node) -> str:
        return self._utf8[node.start_byte : node.end_byte].decode("utf-8", "replace")


class _Spans:
    """Stretches of a file, the outermost of those that nest."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted((node.start_byte, node.end_byte) for node in nodes):
            if self._ends and start < self._ends[-1]:
                self._ends[-1] = max(end, self._ends[-1])
            else:
                self._starts.append(start)
                self._ends.append(end)

    def hold(self, byte: int) -> bool:
        """Say whether a byte lies in one of them."""
        at = bisect_right(self._starts, byte) - 1
        return at >= 0 and byte < self._ends[at]
