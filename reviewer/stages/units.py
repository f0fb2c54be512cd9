"""Cut a change into units that fit a model's budget; every changed line in exactly one, or named.

Small units find more: published measurements see F1 fall from .66 on changes under 10 lines to .04
over 150. But every unit costs a call. So changed lines are grouped by the definition around them, a
definition stays in one piece if it can, and small neighbours share a unit up to a target size. Which
ones share one hardly depends on their sizes (`grouping`), so that a push leaves most units as they were.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from parsers.diff import LineKind, Side
from reviewer.domain import ChangedFile, Finding, ReviewUnit, ReviewWarning, UnitPart
from reviewer.stages.excerpt import Contexts, Detail, FileView, Redact, surroundings, view
from reviewer.stages.grouping import Name, divide
from reviewer.stages.unit_identity import name_unit

TARGET_SHARE = 0.4  # of the budget, for what is packed together
TARGET_TOKENS = 1500  # but not less, if the budget allows it
TARGET_LINES = 100  # changed lines packed together; a definition alone may have twice as many
_WIDTHS = (4000, 2000, 1000, 500, 250, 120, 60)  # characters tried for a line that is over the budget


@dataclass(frozen=True, slots=True)
class Unseen:
    """Changed lines of one side that no unit shows whole; `lines` ascend."""

    path: str
    side: Side
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """The units, and the reviewable changed lines that are in none of them."""

    units: tuple[ReviewUnit, ...]
    unseen: tuple[Unseen, ...]

    @property
    def unseen_lines(self) -> int:
        """Count the lines that no unit shows; with the units' `changed_lines` they are all there is."""
        return sum(len(item.lines) for item in self.unseen)

    def showing(self, finding: Finding) -> int | None:
        """Return which unit shows a finding's lines, else the first of its file; None where none does."""
        wanted = set(range(finding.start_line or 0, (finding.end_line or 0) + 1))
        of_file = [
            number
            for number, unit in enumerate(self.units)
            if any(part.path == finding.path for part in unit.parts)
        ]
        shown = (number for number in of_file if wanted & _lines(self.units[number], finding))
        return next(shown, next(iter(of_file), None))

    @property
    def warnings(self) -> tuple[ReviewWarning, ...]:
        """Say for each file which lines went unseen (code budget)."""
        return tuple(
            ReviewWarning("budget", "; ".join(map(_describe, items)), path, undecided=True)
            for path, items in groupby(self.unseen, key=lambda item: item.path)
        )


def split(
    files: Iterable[ChangedFile],
    *,
    budget_tokens: int,
    count: Callable[[str], int],
    redact: Redact,
    contexts: Contexts = surroundings,
) -> UnitPlan:
    """Cut reviewable files into units of at most `budget_tokens`, as `count` estimates their text.

    What does not fit even alone is cut, or left out, and in `unseen`. `redact` takes the secrets out
    of each side of each file before anything of it is shown.
    """
    limits = _Limits(budget_tokens, count)
    pieces: list[_Piece] = []
    unseen: list[Unseen] = []
    for file in files:
        layout = view(file, contexts, redact)
        of_file = list(_pieces(layout, limits))
        pieces += of_file
        unseen += _unseen(layout, (piece.part for piece in of_file))
    groups = divide(pieces, lambda piece: piece.name, limits.allow)
    return UnitPlan(tuple(_units(map(_join, groups), count)), tuple(unseen))


def text_of(parts: Iterable[UnitPart]) -> str:
    """Return the text of a unit, as it is counted and as a prompt shows it."""
    return "\n\n".join(part.text for part in parts)


@dataclass(frozen=True, slots=True)
class _Limits:
    budget: int
    count: Callable[[str], int]

    @property
    def target(self) -> int:
        return max(int(self.budget * TARGET_SHARE), min(self.budget, TARGET_TOKENS))

    def allow(self, pieces: Sequence[_Piece]) -> bool:
        """Say whether pieces may share a unit."""
        if sum(len(piece.changed) for piece in pieces) > TARGET_LINES:
            return False
        return self.count(text_of(_join(pieces))) <= self.target

    def hold(self, part: UnitPart) -> bool:
        """Say whether a part may be a unit of its own."""
        return self.count(part.text) <= self.budget


@dataclass(frozen=True, slots=True)
class _Piece:
    """Changed rows of a file that stay together, and how they are shown."""

    layout: FileView
    changed: tuple[int, ...]
    part: UnitPart

    @property
    def name(self) -> Name:
        """Return what the piece is called: the definition it lies in, or the line it begins with."""
        chain = self.layout.chains.get(self.changed[0], ())
        inside = chain[-1].qualified if chain else self.layout.rows[self.changed[0]].text.strip()
        return Name(self.layout.diff.path, inside)


def _piece(layout: FileView, changed: tuple[int, ...], detail: Detail, width: int | None = None) -> _Piece:
    return _Piece(layout, changed, layout.part(changed, detail, width))


def _pieces(layout: FileView, limits: _Limits) -> Iterator[_Piece]:
    for _, rows in groupby(layout.changed, key=layout.scope):
        yield from _fit(layout, tuple(rows), limits)


def _fit(layout: FileView, changed: tuple[int, ...], limits: _Limits) -> Iterator[_Piece]:
    """Show rows with as much around them as the budget allows, or in two halves, or cut."""
    if len(changed) <= 2 * TARGET_LINES:
        for detail in (Detail.FULL, Detail.NEAR):
            piece = _piece(layout, changed, detail)
            if limits.hold(piece.part):
                yield piece
                return
    if len(changed) == 1:
        yield from _squeeze(layout, changed, limits)
        return
    middle = _seam(layout, changed)
    yield from _fit(layout, changed[:middle], limits)
    yield from _fit(layout, changed[middle:], limits)


def _squeeze(layout: FileView, changed: tuple[int, ...], limits: _Limits) -> Iterator[_Piece]:
    """Show a single line without anything around it, its end cut off where it must be."""
    for width in (None, *_WIDTHS):
        piece = _piece(layout, changed, Detail.BARE, width)
        if limits.hold(piece.part):
            yield piece
            return


def _seam(layout: FileView, changed: tuple[int, ...]) -> int:
    """Find the best place to cut near the middle: a gap, else a blank line, else before a removal."""

    def badness(place: int) -> int:
        before, after = changed[place - 1], changed[place]
        if not layout.follows(before, after):
            return 0
        row = layout.rows[after]
        if not row.text.strip():
            return 1
        starts_removal = row.kind is LineKind.REMOVED and layout.rows[before].kind is not LineKind.REMOVED
        return 2 if starts_removal else 3

    half = len(changed) // 2
    places = range(max(1, half - half // 2), min(len(changed), half + half // 2 + 1))
    return min(places, key=lambda place: (badness(place), abs(place - half)))


def _join(pieces: Sequence[_Piece]) -> list[UnitPart]:
    """Show neighbours of one file as one part; what they share is then shown once."""
    parts = []
    for _, some in groupby(pieces, key=lambda piece: piece.layout.diff.path):
        first, *others = some
        changed = first.changed + tuple(row for piece in others for row in piece.changed)
        parts.append(first.layout.part(changed, Detail.FULL) if others else first.part)
    return parts


def _units(groups: Iterable[Sequence[UnitPart]], count: Callable[[str], int]) -> Iterator[ReviewUnit]:
    named = Counter[str]()
    for parts in groups:
        name = name_unit(parts)
        named[name] += 1  # the same lines may go, or come, in several places
        again = f"-{named[name]}" if named[name] > 1 else ""
        yield ReviewUnit(name + again, tuple(parts), count(text_of(parts)))


def _unseen(layout: FileView, parts: Iterable[UnitPart]) -> Iterator[Unseen]:
    shown = tuple(parts)
    new = set(layout.diff.added_lines).difference(*(part.new_lines for part in shown))
    old = set(layout.diff.removed_lines).difference(*(part.old_lines for part in shown))
    for side, lines in ((Side.NEW, new), (Side.OLD, old)):
        if lines:
            yield Unseen(layout.diff.path, side, tuple(sorted(lines)))


def _lines(unit: ReviewUnit, finding: Finding) -> set[int]:
    """Return the changed lines that a unit shows of a finding's side of its file."""
    parts = (part for part in unit.parts if part.path == finding.path)
    sides = (part.new_lines if finding.side is Side.NEW else part.old_lines for part in parts)
    return {line for lines in sides for line in lines}


def _describe(item: Unseen) -> str:
    """Write `3 new lines too long for the model's budget: 4-5, 9`."""
    runs: list[list[int]] = []
    for line in item.lines:
        if runs and line == runs[-1][-1] + 1:
            runs[-1][1:] = [line]
        else:
            runs.append([line])
    plural = "s" if len(item.lines) > 1 else ""
    numbers = ", ".join("-".join(map(str, run)) for run in runs)
    return f"{len(item.lines)} {item.side} line{plural} too long for the model's budget: {numbers}"
