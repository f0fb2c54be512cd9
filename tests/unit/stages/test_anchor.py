"""Findings lie on changed lines: where a match that overlaps the change is put."""

from __future__ import annotations

import pytest

from parsers.diff import FileDiff, FileStatus, Hunk, Line, LineKind, Side
from reviewer.domain import ChangedFile
from reviewer.stages.anchor import anchor

ADDED, REMOVED, CONTEXT = LineKind.ADDED, LineKind.REMOVED, LineKind.CONTEXT


def changed_file(*hunks: Hunk) -> ChangedFile:
    diff = FileDiff("a.py", "a.py", FileStatus.MODIFIED, is_binary=False, hunks=hunks)
    return ChangedFile(diff, old=None, new=None)


def hunk(old: int, new: int, marks: str) -> Hunk:
    """Write a hunk as its marks: `+`, `-` and space, one a line."""
    old_start, new_start, lines = old, new, []
    for mark in marks:
        if mark == "+":
            lines.append(Line(ADDED, None, new, b"x"))
        elif mark == "-":
            lines.append(Line(REMOVED, old, None, b"x"))
        else:
            lines.append(Line(CONTEXT, old, new, b"x"))
        old, new = old + (mark != "+"), new + (mark != "-")
    return Hunk(old_start, old - old_start, new_start, new - new_start, "", tuple(lines))


# New side: 10 context, 11 and 12 added, 13 context, 14 added, 15 context; then 30 context, 31 added.
# Old side: 10 context, 11 removed, 12 and 13 context; then 27 context.
FILE = changed_file(hunk(10, 10, " -++ + "), hunk(27, 30, " +"))


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (11, 11, (11, 11)),
        (11, 14, (11, 14)),  # the context line 13 lies inside the range
        (10, 13, (11, 12)),  # unchanged ends are cut off
        (12, 40, (12, 14)),  # never past the first touched hunk
        (15, 40, (31, 31)),
        (1, 99, (11, 14)),
        (13, 13, None),
        (10, 10, None),
        (16, 29, None),
        (32, 99, None),
    ],
)
def test_new_side(start: int, end: int, expected: tuple[int, int] | None) -> None:
    assert anchor(FILE, Side.NEW, start, end) == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"), [(11, 11, (11, 11)), (1, 99, (11, 11)), (12, 13, None)]
)
def test_old_side(start: int, end: int, expected: tuple[int, int] | None) -> None:
    assert anchor(FILE, Side.OLD, start, end) == expected


def test_a_file_without_hunks_has_no_place() -> None:
    assert anchor(changed_file(), Side.NEW, 1, 10) is None
