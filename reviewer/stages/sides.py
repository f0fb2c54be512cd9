"""The text of one side of a changed file, line by line."""

from __future__ import annotations

from collections.abc import Iterator

from parsers.diff import LineKind, Side
from parsers.source import decode
from reviewer.domain import ChangedFile, ChangeSet

_ABSENT = {Side.NEW: LineKind.REMOVED, Side.OLD: LineKind.ADDED}


def numbered_lines(file: ChangedFile, side: Side) -> dict[int, str]:
    """Return the lines of a side by their number, without line ends.

    All of them where the file was read; else (a bare diff) those that the hunks show.
    """
    content = file.new if side is Side.NEW else file.old
    if content is not None:
        lines = decode(content).text.split("\n")
        if not lines[-1]:
            lines.pop()
        return {number: line.removesuffix("\r") for number, line in enumerate(lines, start=1)}
    shown = [
        (line.new_line if side is Side.NEW else line.old_line, line.text)
        for hunk in file.diff.hunks
        for line in hunk.lines
        if line.kind is not _ABSENT[side]
    ]
    text = decode(b"\n".join(text for _, text in shown)).text
    return {
        number: line.removesuffix("\r")
        for (number, _), line in zip(shown, text.split("\n"), strict=False)
        if number is not None
    }


def side_texts(change: ChangeSet) -> Iterator[str]:
    """Yield the text of both sides of every file, as far as it was read."""
    for file in change.files:
        for side in Side:
            yield "\n".join(numbered_lines(file, side).values())


def changed_lines(file: ChangedFile, side: Side) -> tuple[int, ...]:
    """Number the lines that the change adds to, or removes from, that side."""
    return file.diff.added_lines if side is Side.NEW else file.diff.removed_lines
