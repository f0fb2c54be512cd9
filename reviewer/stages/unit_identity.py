"""Name a unit by what it shows, wherever it stands in its files now.

A line added above moves every number below it, and says nothing new of the code there. So numbers
count from the first one of each part, and what was said of a unit elsewhere moves along with it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace

from parsers.diff import Side
from reviewer.domain import Draft, ReviewUnit, UnitPart

# Every line of a file is shown behind a number and a mark, so none can pass for one (see `excerpt`).
_NUMBER = re.compile(r"^ *(\d+)(?= [+ ] )", re.MULTILINE)


def name_unit(parts: Sequence[UnitPart]) -> str:
    """Return the id of a unit with these parts: the same for the same code, shown with the same around it."""
    digest = hashlib.sha256()
    for part in parts:
        first = first_number(part)
        text = _NUMBER.sub(lambda number: str(int(number[1]) - first), part.text)  # noqa: B023  # used at once
        # Which lines changed is in it because removed ones have no number in the text.
        new = [line - first for line in part.new_lines]
        old = [line - part.old_lines[0] for line in part.old_lines]
        digest.update(repr((part.path, text, new, old)).encode("utf-8", "replace"))
    return digest.hexdigest()[:16]


def first_number(part: UnitPart) -> int:
    """Return the first line number that a part shows; 0 where it shows none."""
    found = _NUMBER.search(part.text)
    return int(found[1]) if found else 0


def shown_numbers(part: UnitPart) -> list[int]:
    """Return the numbers of the new side's lines that a part shows."""
    return [int(number[1]) for number in _NUMBER.finditer(part.text)]


def first_numbers(unit: ReviewUnit) -> tuple[int, ...]:
    """Return the first line number of each part: where a unit stood when something was said of it."""
    return tuple(map(first_number, unit.parts))


def move(drafts: Sequence[Draft], unit: ReviewUnit, stood: Sequence[int]) -> tuple[Draft, ...]:
    """Bring the line numbers of drafts about the same unit, when it stood elsewhere, to where it is now."""
    return tuple(_moved(draft, unit, stood) for draft in drafts)


def _moved(draft: Draft, unit: ReviewUnit, stood: Sequence[int]) -> Draft:
    """Move a draft with the last part of its file that began at or above its line."""
    if draft.start_line is None or draft.side is Side.OLD:
        return draft
    moves = [
        (before, first_number(part) - before)
        for part, before in zip(unit.parts, stood, strict=False)
        if part.path == draft.path
    ]
    by = next((by for before, by in reversed(moves) if before <= draft.start_line), 0)
    end = draft.end_line + by if draft.end_line is not None else None
    return replace(draft, start_line=max(1, draft.start_line + by), end_line=end)
