"""Put lines of both sides on one scale, so that a remark on removed code can meet one on what replaced it."""

from __future__ import annotations

from parsers.diff import FileDiff, Side
from parsers.positions import pair_of
from reviewer.domain import ChangeSet

Span = tuple[int, int]


def new_side_span(
    change: ChangeSet, path: str | None, side: Side, start: int | None, end: int | None
) -> Span | None:
    """Return the new-side lines where start..end (1-based, inclusive, of `side`) stand, or stood.

    None for a file as a whole and for a file that the change does not touch.
    """
    file = change.file(path) if path else None
    if file is None or start is None or end is None:
        return None
    if side is Side.NEW:
        return start, end
    first, last = _new_position(file.diff, start), _new_position(file.diff, end)
    return min(first, last), max(first, last)


def distance(left: Span, right: Span) -> int:
    """Return how many lines apart two spans are; 0 where they overlap, 1 where they touch."""
    return max(left[0] - right[1], right[0] - left[1], 0)


def _new_position(file: FileDiff, old_line: int) -> int:
    """Return the new number of an old line; of a removed one, the number of what follows it."""
    for hunk in file.hunks:
        following = hunk.new_start
        for line in hunk.lines:
            if line.old_line == old_line:
                return max(line.new_line or following, 1)
            following = following if line.new_line is None else line.new_line + 1
    return max(pair_of(file, Side.OLD, old_line).new or 1, 1)
