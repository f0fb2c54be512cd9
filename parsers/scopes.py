"""Describe a definition as a scope: its chain of names, its signature, the comments above it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from parsers.definitions import OWNERS, Definition, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

    from parsers.languages import Language

_SEPARATOR = re.compile(r"::|\\")
_MAX_SIGNATURE = 4_000  # bytes: a class may list hundreds of bases, a type be one long union


@dataclass(frozen=True, slots=True)
class Scope:
    """A definition that encloses a line.

    `name` is its own name, `qualified` the dotted chain from the file down (`Order.total`).
    `signature` is the text up to its body. Lines are 1-based and inclusive; `start_line` counts
    decorators, annotations and the comment directly above in.
    """

    kind: str
    name: str
    qualified: str
    signature: str
    start_line: int
    end_line: int


class Lead(NamedTuple):
    """What stands directly before a node and belongs to it.

    0-based rows, comments included; `byte` is where its code begins (a decorator, an `export`), None
    if only comments lead.
    """

    row: int
    end_row: int
    byte: int | None


def describe(definition: Definition, lead: Lead | None, outer: Scope | None, utf8: bytes) -> Scope:
    """Turn a definition inside of `outer` into a scope."""
    node = definition.node
    name = text_of(definition.name).strip("\"'`") if definition.name else definition.label
    dotted = (outer.qualified if outer else "", definition.owner, _SEPARATOR.sub(".", name))
    kind = definition.kind
    if kind == "function" and (definition.owner or (outer and outer.kind in OWNERS)):
        kind = "method"
    return Scope(
        kind=kind,
        name=name,
        qualified=".".join(filter(None, dotted)),
        signature=_signature(definition, lead, utf8),
        start_line=(lead.row if lead else node.start_point.row) + 1,
        end_line=last_row(definition.end or node) + 1,
    )


def _signature(definition: Definition, lead: Lead | None, utf8: bytes) -> str:
    node = definition.node
    start = lead.byte if lead and lead.byte is not None else node.start_byte
    end = _code_end(definition.body) if definition.body else node.end_byte
    margin = utf8[utf8.rfind(b"\n", 0, start) + 1 : start]
    text = (margin if margin.isspace() else b"") + utf8[start : min(end, start + _MAX_SIGNATURE)]
    signature = text.decode("utf-8", "ignore").replace("\r\n", "\n")
    return textwrap.dedent(signature).strip().removesuffix(";")


def _code_end(body: Node) -> int:
    """Return where the code before a body ends: Python's grammar puts its first comments before it."""
    end, before = body.start_byte, body.prev_sibling
    while before is not None and before.is_extra:
        end, before = before.start_byte, before.prev_sibling
    return end


def last_row(node: Node) -> int:
    """Return the last row that a node has a character on; some end behind a line's end."""
    row, column = node.end_point
    return row - 1 if column == 0 and row > node.start_point.row else row


def with_leads(node: Node, lead: Lead | None, language: Language) -> Iterator[tuple[Node, Lead | None]]:
    """Yield the named children of a node, comments apart, each with what leads it.

    The only child of a wrapper is led by all of the wrapper before it; the first child of another
    node inherits its lead, so that a comment before a body leads what the body begins with.
    """
    wrapper = _lead_of_wrapper(node, lead) if _wraps_one(node, language) else None
    run, previous = lead, None
    for child in node.children:
        kind = child.type
        if kind in language.layout:
            continue
        if kind in language.comments:
            beside = previous is not None and last_row(previous) == child.start_point.row
            run = None if beside else _extend(run, child, None)
            continue
        if kind in language.decorators:
            yield child, None
            run = _extend(run, child, child.start_byte)
        else:
            if child.is_named:
                yield child, wrapper or (run if run and run.end_row + 1 >= child.start_point.row else None)
            run = None
        previous = child


def _wraps_one(node: Node, language: Language) -> bool:
    if node.type not in language.wrappers:
        return False
    leading = language.comments + language.decorators
    return sum(child.type not in leading for child in node.named_children) == 1


def _lead_of_wrapper(node: Node, lead: Lead | None) -> Lead:
    row = node.start_point.row
    if lead is None:
        return Lead(row, row, node.start_byte)
    return Lead(lead.row, row, node.start_byte if lead.byte is None else lead.byte)


def _extend(run: Lead | None, node: Node, byte: int | None) -> Lead:
    row, end_row = node.start_point.row, last_row(node)
    if run is None or run.end_row + 1 < row:
        return Lead(row, end_row, byte)
    return Lead(run.row, end_row, byte if run.byte is None else run.byte)
