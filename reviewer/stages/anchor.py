"""Place a range of lines on the change: findings lie on changed lines, never beside them."""

from __future__ import annotations

from parsers.diff import Hunk, LineKind, Side
from reviewer.domain import ChangedFile


def anchor(file: ChangedFile, side: Side, start: int, end: int) -> tuple[int, int] | None:
    """Narrow lines start..end (1-based, inclusive) of a side to what the change touches of them.

    Returns the first and the last changed line within the range, both of the first hunk that it
    touches; unchanged lines between the two stay inside. None if no line of the range has changed.
    One hunk only, because no forge can show a comment over the gap between two.
    """
    for hunk in file.diff.hunks:
        touched = [line for line in changed_lines(hunk, side) if start <= line <= end]
        if touched:
            return touched[0], touched[-1]
    return None


def changed_lines(hunk: Hunk, side: Side) -> list[int]:
    """Number a hunk's added lines (new side) or its removed lines (old side), ascending."""
    kind = LineKind.ADDED if side is Side.NEW else LineKind.REMOVED
    numbers = (
        (line.new_line if side is Side.NEW else line.old_line) for line in hunk.lines if line.kind is kind
    )
    return [number for number in numbers if number is not None]
