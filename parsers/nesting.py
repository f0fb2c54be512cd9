"""Walk down to the definitions of a file alone, and say which lies in which."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from parsers.definitions import Definition, read_definition
from parsers.scopes import Lead, Scope, describe, with_leads
from parsers.source import SourceTooLarge

if TYPE_CHECKING:
    from tree_sitter import Node

    from parsers.languages import Language
    from parsers.source import ParsedSource

_MAX_DEPTH = 64  # as in parsers.walk: what lies deeper is generated or an attack


class Nested(NamedTuple):
    """A definition as a scope; `parent` is the index of the one around it, `name` its name's node.

    Its bytes begin with its decorators.
    """

    scope: Scope
    parent: int | None
    start: int
    end: int
    name: Node | None


class _Inside(NamedTuple):
    """Where a node lies: the innermost definition around it, which one that is, and how deep."""

    scope: Scope | None = None
    number: int | None = None
    depth: int = 0


@dataclass(slots=True)
class _Frame:
    """A node whose children are being visited; a scope without braces changes what the rest lies in."""

    holder: Node
    children: Iterator[tuple[Node, Lead | None]]
    inside: _Inside


def nest(
    source: ParsedSource, language: Language, nodes: Sequence[Node], deadline: float
) -> Iterator[Nested]:
    """Yield the definitions among some nodes, each before those inside of it, in the order of the text.

    `nodes` are in that order too. Raises SourceTooLarge once this thread's processor time is past
    `deadline` (s).
    """
    starts = [node.start_byte for node in nodes if _may_define(node, language)]
    described: set[int] = set()
    root = source.tree.root_node
    frames = [_Frame(root, iter([(root, None)]), _Inside())]
    count = 0
    while frames:
        frame = frames[-1]
        node, lead = next(frame.children, (None, None))
        if node is None:
            frames.pop()
            continue
        if not _holds(node, starts):
            continue
        inside = frame.inside
        definition = None if node.id in described else read_definition(node, language)
        if definition and inside.depth < _MAX_DEPTH:
            if time.thread_time() > deadline:
                raise SourceTooLarge("not outlined within the time limit")
            goes_on = node.type in language.open_scopes and definition.body is None
            if goes_on:
                definition = replace(definition, end=frame.holder)
            described.add(definition.value.id)
            found = _describe(definition, lead, inside, source)
            yield found
            inside, lead, count = _Inside(found.scope, count, inside.depth + 1), None, count + 1
            if goes_on:
                frame.inside = inside
        frames.append(_Frame(node, with_leads(node, lead, language), inside))


def _describe(definition: Definition, lead: Lead | None, inside: _Inside, source: ParsedSource) -> Nested:
    start = definition.node.start_byte if lead is None or lead.byte is None else lead.byte
    return Nested(
        scope=describe(definition, lead, inside.scope, source.utf8),
        parent=inside.number,
        start=start,
        end=(definition.end or definition.node).end_byte,
        name=definition.name,
    )


def _may_define(node: Node, language: Language) -> bool:
    """Say whether a binding's value may be a definition; there are far more that bind plain values."""
    if language.define or node.type not in language.bindings:
        return True
    value = node.child_by_field_name(language.bindings[node.type][1])
    return value is not None and value.type in language.closures


def _holds(node: Node, starts: Sequence[int]) -> bool:
    at = bisect_left(starts, node.start_byte)
    return at < len(starts) and starts[at] < node.end_byte
