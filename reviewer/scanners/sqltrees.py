"""Read SQL statement by statement: in a file as a whole, one word that the grammar does not know spoils the rest."""

from __future__ import annotations

import re
import time
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from parsers.languages import Language
from parsers.source import ParsedSource, build_tree
from parsers.sql.statements import find_statements
from parsers.sql.tokens import tokenize

if TYPE_CHECKING:
    from tree_sitter import Tree

_MAX_SECONDS = 2.0  # processor time for all the trees of a source


def read_statements(source: ParsedSource, language: Language) -> Iterator[Tree]:
    """Yield a tree for each statement of SQL that has errors; nothing for a source without, or in other languages.

    They have the offsets of the source. A routine counts as the statements in it. Raises SourceTooLarge
    where they take too much time or memory.
    """
    from tree_sitter import Range

    if language.name != "sql" or not source.error_lines:
        return
    utf8, deadline = source.utf8, time.thread_time() + _MAX_SECONDS
    rows = [0, *(found.end() for found in re.finditer(rb"\n", utf8))]

    def point(offset: int) -> tuple[int, int]:
        row = bisect_right(rows, offset) - 1
        return row, offset - rows[row]

    for start, end in _find_spans(utf8.decode()):
        within = Range(point(start), point(end), start, end)
        yield build_tree(utf8, language, deadline, within)


def _find_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield the bytes of the statements that hold no other one, in order."""
    tokens = [token for token in tokenize(text) if token.kind != "comment"]
    statements = list(find_statements(tokens, text))
    seen = offset = 0
    for statement, following in pairwise([*statements, None]):
        if statement is None or (following is not None and following.depth > statement.depth):
            continue
        first, last = tokens[statement.first].start, tokens[statement.last].end
        start = offset + len(text[seen:first].encode())
        seen, offset = last, start + len(text[first:last].encode())
        yield start, offset
