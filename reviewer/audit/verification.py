"""Does a chain hold? Pure: a base, entries in order, a head, checkpoints; out come the problems.

What it finds: an entry that was changed, is missing, was added or moved, an end that is not the signed
one. Somebody who has an old copy of the database can put its end back: that a tail was cut then only
shows against a checkpoint kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from reviewer.audit.record import BROKEN
from reviewer.audit.seal import Entry, Seal, Statement, canonical

_BROKEN = canonical({"kind": BROKEN})[1:-1]

Kind = Literal["other-key", "forged", "changed", "missing", "order", "cut", "added", "rewritten"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that does not hold; `number` is the first entry it is about."""

    kind: Kind
    number: int
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was found out; `notes` are no problems."""

    first: int
    last: int
    entries: int
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()


def verify(
    seal: Seal,
    base: Statement,
    entries: Iterable[Entry],
    *,
    ends: Iterable[Statement] = (),
    checkpoints: Collection[Statement] = (),
) -> Report:
    """Check a chain from its base to its end, against its signed ends and checkpoints where given.

    `ends` is looked at when all entries have been read: a file has its end behind them.
    """
    if base.key != seal.key:
        message = f"the log was signed with the key {base.key}, this instance's is {seal.key}"
        return Report(base.number + 1, base.number, 0, (Problem("other-key", base.number, message),))
    walk = _Walk(seal, base, frozenset(point.number for point in checkpoints))
    if not seal.stands(base):
        walk.complain("forged", base.number, "the record of what was pruned is not signed by this instance")
    for entry in entries:
        walk.take(entry)
    for end in ends:
        walk.compare_end(end)
    for point in sorted(checkpoints, key=lambda point: point.number):
        walk.compare(point)
    return Report(base.number + 1, walk.last, walk.count, tuple(walk.problems), tuple(walk.notes))


class _Walk:
    """The state of one pass over a chain."""

    def __init__(self, seal: Seal, base: Statement, wanted: Collection[int]) -> None:
        self.last = base.number
        self.count = 0
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self._seal = seal
        self._base = base
        self._previous: str | None = base.mac  # None after a gap: what stood there is not known
        self._wanted = wanted
        self._macs = {base.number: base.mac}

    def complain(self, kind: Kind, number: int, message: str) -> None:
        self.problems.append(Problem(kind, number, message))

    def take(self, entry: Entry) -> None:
        """Look at the next entry."""
        self.count += 1
        expected = self.last + 1
        if entry.number < expected:
            self.complain(
                "order", entry.number, f"entry {entry.number} stands where {expected} should follow"
            )
            return
        if entry.number > expected:
            self.complain("missing", expected, f"{_range(expected, entry.number - 1)} missing")
            self._previous = None
        if self._previous is not None and not self._seal.holds(entry, self._previous):
            message = f"entry {entry.number} was changed, or is not the one that followed {self.last}"
            self.complain("changed", entry.number, message)
        elif _BROKEN in entry.record:
            message = f"the end of the log had been tampered with when entry {entry.number} was written"
            self.complain("forged", entry.number, message)
        if entry.number in self._wanted:
            self._macs[entry.number] = entry.mac
        self.last, self._previous = entry.number, entry.mac

    def compare_end(self, end: Statement) -> None:
        """Hold the last entry against the signed end."""
        if not self._seal.stands(end):
            self.complain("forged", end.number, "the end of the log is not signed by this instance")
        elif end.number > self.last:
            gone = _range(self.last + 1, end.number)
            self.complain("cut", self.last + 1, f"the tail was cut off: {gone} missing before the signed end")
        elif end.number < self.last:
            added = f"{self.last - end.number} entries stand after the signed end at {end.number}"
            self.complain("added", end.number + 1, added)
        elif self._previous is not None and end.mac != self._previous:
            self.complain("rewritten", end.number, f"entry {end.number} is not the one signed as the last")

    def compare(self, point: Statement) -> None:
        """Hold the chain against a checkpoint."""
        if point.key != self._seal.key or not self._seal.stands(point):
            self.complain("forged", point.number, f"the checkpoint at {point.number} is not of this instance")
        elif point.number > self.last:
            gone = _range(self.last + 1, point.number)
            self.complain("cut", self.last + 1, f"the tail was cut off: {gone} missing before the checkpoint")
        elif point.number < self._base.number:
            self.notes.append(
                f"the checkpoint at {point.number} is older than what was kept; nothing to compare"
            )
        elif point.number not in self._macs:
            self.complain("missing", point.number, f"entry {point.number} of the checkpoint is missing")
        elif self._macs[point.number] != point.mac:
            message = f"entry {point.number} is not the one of the checkpoint: the log was written anew"
            self.complain("rewritten", point.number, message)
        else:
            self.notes.append(f"the checkpoint at {point.number} holds")


def _range(first: int, last: int) -> str:
    return f"entry {first} is" if first == last else f"entries {first} to {last} are"
