"""Read SQL text as scopes and names: what `parsers.context` tells of its lines."""

from __future__ import annotations

import textwrap
from bisect import bisect_right
from collections.abc import Collection, Iterator
from itertools import accumulate

from parsers.scopes import Scope
from parsers.sections import Named, Sections
from parsers.sql.names import Mention, find_mentions
from parsers.sql.statements import ROUTINES, Statement, find_statements
from parsers.sql.tokens import tokenize

_MAX_SIGNATURE = 1_000  # characters


def read_sections(utf8: bytes, lines: Collection[int]) -> Sections:
    """Read all scopes, and the tables (as types) and routines that the lines (1-based) name."""
    return _Text(utf8.decode("utf-8")).sections(lines)


def read_names(utf8: bytes, lines: Collection[int]) -> Sections:
    """Read what `read_sections` reads, save the scopes: in a mapper the element tells of the statement."""
    found = read_sections(utf8, lines)
    return Sections(called=found.called, types=found.types)


class _Text:
    """A text with its tokens; `line_starts` are the offsets of its lines."""

    def __init__(self, text: str) -> None:
        self.text = text
        tokens = tokenize(text)
        self.comments = [token for token in tokens if token.kind == "comment"]
        self.tokens = [token for token in tokens if token.kind != "comment"]
        self.line_starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]

    def sections(self, lines: Collection[int]) -> Sections:
        scopes: list[Scope] = []
        outer: list[Scope] = []
        mentions: list[Mention] = []
        asked = frozenset(lines)
        for statement in find_statements(self.tokens, self.text):
            del outer[statement.depth :]
            if scope := self._describe(statement, outer[-1].qualified if outer else ""):
                scopes.append(scope)
                outer.append(scope)
            if not statement.depth:
                mentions += self._mentions(statement, asked)
        return Sections(
            tuple(scopes),
            called=tuple(Named(each.name, self._line(each.at)) for each in mentions if each.kind == "call"),
            types=tuple(Named(each.name, self._line(each.at)) for each in mentions if each.kind == "table"),
        )

    def _line(self, offset: int) -> int:
        return bisect_right(self.line_starts, offset)

    def _span(self, statement: Statement) -> tuple[int, int]:
        """Return the first and the last line of a statement, comments apart."""
        last = self.tokens[statement.last].end - 1
        return self._line(self.tokens[statement.first].start), self._line(last)

    def _mentions(self, statement: Statement, asked: frozenset[int]) -> Iterator[Mention]:
        """Yield what a statement names on the asked lines."""
        start, end = self._span(statement)
        if asked.isdisjoint(range(start, end + 1)):
            return
        tokens = self.tokens[statement.first : statement.last + 1]
        for mention in find_mentions(tokens, self.text, in_routine=statement.kind in ROUTINES):
            if self._line(mention.at) in asked:
                yield mention

    def _describe(self, statement: Statement, outer: str) -> Scope | None:
        """Turn a statement into a scope; a query goes by its first table, one without a table is none."""
        name = statement.name or self._first_table(statement)
        if not name:
            return None
        start, end = self._span(statement)
        return Scope(
            kind=statement.kind,
            name=name.rpartition(".")[2],
            qualified=f"{outer}.{name}" if outer else name,
            signature=self._signature(statement),
            start_line=self._lead(start),
            end_line=end,
        )

    def _first_table(self, statement: Statement) -> str:
        tokens = self.tokens[statement.first : statement.last + 1]
        mentions = find_mentions(tokens, self.text, in_routine=statement.depth > 0)
        return next((mention.name for mention in mentions if mention.kind == "table"), "")

    def _signature(self, statement: Statement) -> str:
        start = self.tokens[statement.first].start
        end = self.tokens[statement.last].end
        if statement.body <= statement.last:
            end = self.tokens[statement.body].start
        margin = self.text[self.line_starts[self._line(start) - 1] : start]
        text = (margin if margin.isspace() else "") + self.text[start : min(end, start + _MAX_SIGNATURE)]
        return textwrap.dedent(text).strip().removesuffix(";")

    def _lead(self, line: int) -> int:
        """Return the first line of the comments directly above a line, that line where there are none."""
        at = bisect_right(self.comments, self.line_starts[line - 1], key=lambda comment: comment.start) - 1
        while at >= 0 and self._line(self.comments[at].end - 1) == line - 1:
            first = self._line(self.comments[at].start)
            if self.text[self.line_starts[first - 1] : self.comments[at].start].strip():
                break
            line, at = first, at - 1
        return line
