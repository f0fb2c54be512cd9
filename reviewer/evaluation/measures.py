"""Precision, recall, F1 and silence, with intervals from resampling the cases."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass

from reviewer.evaluation.scoring import CaseScore

ROUNDS = 2000
SEED = 20_260_101


@dataclass(frozen=True, slots=True)
class Counts:
    """What is counted in one case, or in many: sums up with `sum_up`."""

    hits: int = 0
    false: int = 0
    missed: int = 0
    clean: int = 0
    silent: int = 0

    @property
    def precision(self) -> float | None:
        """Return the share of findings that are right; None without findings."""
        return _share(self.hits, self.hits + self.false)

    @property
    def recall(self) -> float | None:
        """Return the share of goldens that were found; None without goldens."""
        return _share(self.hits, self.hits + self.missed)

    @property
    def f1(self) -> float | None:
        """Return the harmonic mean of both; None without findings and goldens."""
        return _share(2 * self.hits, 2 * self.hits + self.false + self.missed)

    @property
    def silence(self) -> float | None:
        """Return the share of clean cases without any finding; None without clean cases."""
        return _share(self.silent, self.clean)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % interval; None where there is nothing to divide by."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """F1 of `left` less F1 of `right` on the same cases; `left_ahead` is the share of resamples it led in."""

    left: str
    right: str
    f1: Estimate
    left_ahead: float


Measure = Callable[[Counts], float | None]


def count(score: CaseScore) -> Counts:
    """Count a scored case; a review that did not come to its end is not credited with silence."""
    return Counts(
        hits=len(score.hits),
        false=len(score.repeats) + len(score.wrong),
        missed=len(score.missed),
        clean=int(score.case.clean),
        silent=int(score.silent),
    )


def sum_up(counts: Sequence[Counts]) -> Counts:
    """Add counts."""
    return _total([astuple(one) for one in counts])


def estimate(counts: Sequence[Counts], measure: Measure, *, seed: int = SEED) -> Estimate:
    """Return a measure over all cases with its percentile bootstrap interval."""
    rows = [astuple(one) for one in counts]
    drawn = (measure(_total([rows[at] for at in sample])) for sample in _samples(len(rows), seed))
    return _with_interval(measure(_total(rows)), [value for value in drawn if value is not None])


def compare(
    left: tuple[str, Sequence[Counts]], right: tuple[str, Sequence[Counts]], *, seed: int = SEED
) -> Difference:
    """Compare two contenders on the same cases in the same order: both are resampled alike."""
    rows = [(astuple(one), astuple(other)) for one, other in zip(left[1], right[1], strict=True)]
    drawn = [_gain([rows[at] for at in sample]) for sample in _samples(len(rows), seed)]
    ahead = sum((gain > 0) + (gain == 0) / 2 for gain in drawn) / len(drawn)
    return Difference(left[0], right[0], _with_interval(_gain(rows), drawn), ahead)


def quantile(values: Sequence[float], part: float) -> float | None:
    """Return the value that a part (0 to 1) of all lie at or below; None without values."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else None


def _gain(rows: Sequence[tuple[tuple[int, ...], tuple[int, ...]]]) -> float:
    one, other = (_total([row[side] for row in rows]).f1 or 0.0 for side in (0, 1))
    return one - other


def _total(rows: Sequence[tuple[int, ...]]) -> Counts:
    return Counts(*(sum(column) for column in zip(*rows, strict=True)))


def _samples(size: int, seed: int) -> Iterator[list[int]]:
    """Draw cases with replacement; the same seed draws the same for every contender."""
    chance = random.Random(seed)  # noqa: S311  # a statistic, not a secret
    for _ in range(ROUNDS):
        yield chance.choices(range(size), k=size)


def _with_interval(value: float | None, drawn: Sequence[float]) -> Estimate:
    return Estimate(value, quantile(drawn, 0.025), quantile(drawn, 0.975))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
