"""Say which lines of a changed file a forge lets one comment on, and under which pair of numbers."""

from __future__ import annotations

from typing import NamedTuple

from parsers.diff import FileDiff, Hunk, Side


class LinePair(NamedTuple):
    """The numbers of one diff line: added = new only, removed = old only, unchanged = both."""

    old: int | None
    new: int | None


def pair_of(file: FileDiff, side: Side, line: int) -> LinePair:
    """Return the pair of a line, in or outside the hunks (GitLab accepts both).

    Outside the hunks the other number follows from the shift of the hunks before it. The caller
    knows how long the file is: no upper bound is checked here. Raises ValueError for line < 1.
    """
    if line < 1:
        raise ValueError(f"lines are counted from 1, not {line}")
    shift = 0
    for hunk in file.hunks:
        if line < _first_line(hunk, side):
            break
        if line in _span(hunk, side):
            return _pair_in(hunk, side, line)
        shift += hunk.new_count - hunk.old_count
    return LinePair(line - shift, line) if side is Side.NEW else LinePair(line, line + shift)


def hunk_lines(file: FileDiff) -> frozenset[tuple[Side, int]]:
    """Return every (side, line) inside a hunk, context lines on both sides (GitHub accepts these)."""
    return frozenset(
        (side, line) for hunk in file.hunks for side in (Side.OLD, Side.NEW) for line in _span(hunk, side)
    )


def same_hunk(file: FileDiff, side: Side, start: int, end: int) -> bool:
    """Say whether both lines lie inside one hunk on that side."""
    return any(start in span and end in span for span in (_span(hunk, side) for hunk in file.hunks))


def _span(hunk: Hunk, side: Side) -> range:
    """Return the lines of a hunk on one side; empty where it has none there."""
    start, count = (hunk.new_start, hunk.new_count) if side is Side.NEW else (hunk.old_start, hunk.old_count)
    return range(start, start + count)


def _first_line(hunk: Hunk, side: Side) -> int:
    """Return the first line that the hunk touches or pushes: one without lines names the line before."""
    span = _span(hunk, side)
    return span.start if span else span.start + 1


def _pair_in(hunk: Hunk, side: Side, line: int) -> LinePair:
    for found in hunk.lines:
        if line == (found.new_line if side is Side.NEW else found.old_line):
            return LinePair(found.old_line, found.new_line)
    raise ValueError(f"a hunk of lines {_span(hunk, side)} lacks line {line}")
