"""Break prose into lines of a terminal, Chinese and Japanese included."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.cells import cell_len, set_cell_size

WIDTH = 100
"""Cells of a line of prose; a wide character takes two."""

_WIDE = (
    "\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6"
    "\U00020000-\U0003fffd"
)
# Punctuation that no line begins with, and such that no line ends with.
_CLOSING = "、。，．；：？！）］｝」』】》〉〕”’…"
_OPENING = "（［｛「『【《〈〔“‘"
# What stays on one line: a word between spaces, or a single wide character; each with its punctuation.
_PIECE = re.compile(rf"(\s*)([{_OPENING}]*(?:[^\s{_WIDE}]+|[{_WIDE}])[{_CLOSING}]*)")


def wrap(text: str, width: int = WIDTH) -> Iterator[str]:
    """Yield one line of prose as lines of at most `width` cells, indented as it is itself.

    A word that is longer than a line stays whole.
    """
    indent = text[: len(text) - len(text.lstrip())]
    line, used = indent, 0
    for space, piece in _PIECE.findall(text.strip()):
        gap = " " if space and used else ""
        needed = len(gap) + cell_len(piece)
        if used and len(indent) + used + needed > width:
            yield line
            line, used, gap, needed = indent, 0, "", cell_len(piece)
        line += gap + piece
        used += needed
    yield line if used else ""


def crop(text: str, width: int) -> str:
    """Return one line of code cut to `width` cells, with an ellipsis where something is missing."""
    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"
