"""Lay out the new side of a changed file: whole where its text was read, else what the diff shows of it."""

from __future__ import annotations

from dataclasses import dataclass

from parsers.source import decode
from reviewer.domain import ChangedFile


@dataclass(frozen=True, slots=True)
class NewSide:
    """The new side, decoded; line n is `lines[n - 1]`, without its LF.

    Where only the diff was at hand, `whole` is false and the lines that it does not show are empty.
    """

    lines: tuple[str, ...]
    whole: bool

    def quote(self, start: int, end: int, *, most: int = 10) -> str:
        """Quote lines start..end (1-based, inclusive), at most `most` of them."""
        return "\n".join(line.rstrip("\r") for line in self.lines[start - 1 : min(end, start - 1 + most)])


def new_side(file: ChangedFile) -> NewSide | None:
    """Return the new side, or None where there is nothing to look at: no added line, or no text."""
    if file.diff.is_binary or not file.diff.added_lines:
        return None
    whole = file.new is not None
    text = decode(file.new if file.new is not None else _shown(file)).text
    return NewSide(tuple(text.split("\n")), whole)


def _shown(file: ChangedFile) -> bytes:
    shown = {
        line.new_line: line.text
        for hunk in file.diff.hunks
        for line in hunk.lines
        if line.new_line is not None
    }
    return b"\n".join(shown.get(number, b"") for number in range(1, max(shown) + 1))
