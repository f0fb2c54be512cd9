"""What became of every acknowledged delivery, by the forge's own record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from reviewer.demo.records import MergeRequest
from tests.chaos.code import INLINE
from tests.chaos.ground import Overdue
from tests.chaos.outcome import Outcome
from tests.chaos.site import Site

_TOLD = 5  # complaints


def judge(
    site: Site,
    *,
    runs: int,
    recovery_s: float | None,
    broken: Sequence[str] = (),
    figures: Mapping[str, float | str] | None = None,
    patience_s: float | None = None,
) -> Outcome:
    """Wait until all acknowledged jobs have ended, and count what stands in their merge requests."""
    complaints = list(broken)
    try:
        site.settle(patience_s=patience_s)
    except Overdue:
        complaints.append("jobs did not end")
    stuck = site.ledger.unfinished(site.acknowledged.values())
    site.ledger.close(site.acknowledged)
    lost = doubled = 0
    for number, job in site.acknowledged.items():
        missing, surplus = _compare(site, site.forge.project.merge_requests[number])
        lost += bool(missing)
        doubled += surplus
        if (missing or surplus) and len(complaints) < _TOLD:
            word = site.ledger.word(job)
            complaints.append(f"!{number}: {missing} posts missing, {surplus} too many, {word}")
    if site.acknowledged and not site.ledger.talked:
        complaints.append("no step of a model is known by its name: repeated calls went unseen")
    return Outcome(
        runs=runs,
        lost=lost,
        doubled=doubled,
        stuck=len(stuck),
        repeated=site.ledger.repeated,
        recovery_s=recovery_s,
        broken=tuple(complaints),
        figures={
            "jobs": len(site.acknowledged),
            "model calls": len(site.models.asked),
            "conversations": site.ledger.talked,
            **(figures or {}),
        },
    )


def _compare(site: Site, change: MergeRequest) -> tuple[int, int]:
    """Count the posts that are missing and those that are there twice."""
    ours = [one for one in change.discussions if one.notes[0].author is site.forge.bot]
    inline = Counter(
        (one.notes[0].position["new_path"], one.notes[0].body.splitlines()[0])
        for one in ours
        if one.notes[0].position and one.notes[0].resolved_by is None
    )
    summaries = [one.notes[0] for one in ours if one.individual]
    current = [note for note in summaries if change.latest.head[:12] in note.body]
    missing = max(0, INLINE - len(inline)) + (not current)
    surplus = sum(count - 1 for count in inline.values()) + max(0, len(summaries) - 1)
    return missing, surplus
