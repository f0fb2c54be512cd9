"""Merge independent reviews of the same code: what several say counts for more, what one alone says for less.

Models disagree with themselves. Two findings are one if they are of one category on the very same lines, or
share lines and category and say something akin, or lie within three lines of each other and say the same.
Of `asked` passes that answered about the code, with `votes` among them:

    votes >= 2 and votes >= asked / 2    confidence rises by one step
    votes == 1 and asked >= 3            confidence falls by one step
    anything between                     it stays

So two passes that agree confirm each other, and one of two may have overlooked it. What was doubtful to
begin with, and did not rise, is rejected as it is in a single pass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from reviewer.domain import Confidence, Finding, Rejected
from reviewer.stages.likeness import SAME_WORDS, likeness, lines, overlap

AKIN = 0.2
"""From here on two texts of one category about the same lines mean the same."""

_NEAR_LINES = 3
_LEVELS = (Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH)


@dataclass(slots=True)
class _Motion:
    """Findings that say the same, and the numbers of the passes that said it."""

    findings: list[Finding]
    passes: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Tally:
    """What the passes say together; `rejected` was doubtful to them and to nobody less."""

    findings: tuple[Finding, ...]
    rejected: tuple[Rejected, ...]


def merge(passes: Sequence[Sequence[Finding]], asked: Callable[[Finding], int]) -> Tally:
    """Merge the findings of each pass; `asked` counts the passes that answered about a finding's code."""
    motions: list[_Motion] = []
    for number, findings in enumerate(passes):
        for finding in findings:
            motion = next((one for one in motions if _is_said(finding, one)), None)
            if motion is None:
                motions.append(motion := _Motion([]))
            motion.findings.append(finding)
            motion.passes.add(number)
    kept: list[Finding] = []
    rejected: list[Rejected] = []
    for motion in motions:
        best = max(motion.findings, key=_weight)
        confidence = weigh(best.confidence, len(motion.passes), asked(best))
        if best.confidence is confidence is Confidence.LOW:
            rejected.append(Rejected("low-confidence", best.path, best.title, best.model))
        else:
            kept.append(replace(best, confidence=confidence))
    return Tally(tuple(kept), tuple(rejected))


def weigh(confidence: Confidence, votes: int, asked: int) -> Confidence:
    """Apply the rule of this module."""
    if votes >= 2 and 2 * votes >= asked:
        return _LEVELS[min(confidence.rank + 1, 2)]
    if votes == 1 and asked >= 3:
        return _LEVELS[max(confidence.rank - 1, 0)]
    return confidence


def _is_said(finding: Finding, motion: _Motion) -> bool:
    return any(_mean_the_same(finding, other) for other in motion.findings)


def _mean_the_same(finding: Finding, other: Finding) -> bool:
    if finding.category is other.category and overlap(finding, other):
        return lines(finding) == lines(other) or likeness(finding, other) >= AKIN
    return _lie_close(finding, other) and likeness(finding, other) >= SAME_WORDS


def _lie_close(finding: Finding, other: Finding) -> bool:
    if (finding.path, finding.side) != (other.path, other.side):
        return False
    here, there = lines(finding), lines(other)
    if not here or not there:
        return False
    return max(min(here), min(there)) - min(max(here), max(there)) <= _NEAR_LINES


def _weight(finding: Finding) -> tuple[int, int, bool]:
    return finding.confidence.rank, finding.severity.rank, finding.suggestion is not None
