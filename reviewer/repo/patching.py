"""Make one side of a file out of the other and its diff."""

from __future__ import annotations

from collections.abc import Iterator

from parsers.diff import FileDiff, Hunk, LineKind, Side

_ONLY_ON = {LineKind.ADDED: Side.NEW, LineKind.REMOVED: Side.OLD}


def derive(text: bytes, diff: FileDiff, side: Side) -> bytes | None:
    """Return the text of `side`, given that of the other; None where the hunks do not fit it."""
    source = Side.OLD if side is Side.NEW else Side.NEW
    lines = _split(text)
    made: list[bytes] = []
    position = 0
    for hunk in diff.hunks:
        start, count = _span(hunk, source)
        if list(_rows(hunk, source)) != lines[start : start + count] or start < position:
            return None
        made += lines[position:start]
        made += _rows(hunk, side)
        position = start + count
    return b"".join(made + lines[position:])


def fits(text: bytes, diff: FileDiff, side: Side) -> bool:
    """Say whether the hunks agree with this text of one side."""
    return derive(text, diff, Side.OLD if side is Side.NEW else Side.NEW) is not None


def _split(text: bytes) -> list[bytes]:
    lines = [line + b"\n" for line in text.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _span(hunk: Hunk, side: Side) -> tuple[int, int]:
    """Return where a hunk starts on a side, counted from 0, and how many lines it has there."""
    start, count = (hunk.old_start, hunk.old_count) if side is Side.OLD else (hunk.new_start, hunk.new_count)
    # Without lines on this side, git names the line before the hunk.
    return (start - 1 if count else start), count


def _rows(hunk: Hunk, side: Side) -> Iterator[bytes]:
    for line in hunk.lines:
        if _ONLY_ON.get(line.kind, side) is side:
            yield line.text + (b"\n" if line.has_newline else b"")
