"""Thousands of deliveries at once: none is lost, order within a merge request holds, memory stays within bounds."""

from __future__ import annotations

from tests.bench.figures import share
from tests.chaos.deliveries import Plan
from tests.chaos.ground import Ground, Kind
from tests.chaos.outcome import Outcome
from tests.chaos.scenarios.acknowledgement import deliver
from tests.chaos.site import SECRET, Site
from tests.chaos.tally import judge

_PER_MERGE_REQUEST = 100
_SENDERS = 16
_MEMORY_MB = 150.0  # more than this for a backlog, and it grows with it


def run(ground: Ground, *, kind: Kind) -> Outcome:
    """Push again and again to merge requests that are under review; the last head is the one that counts."""
    site = Site(ground, kind)
    process = site.process()
    count = ground.scale.burst
    changes = site.open(max(4, count // _PER_MERGE_REQUEST))
    before = process.look().memory_info().rss
    report = deliver(
        Plan(
            f"{process.url}/webhooks/lab",
            SECRET,
            count,
            len(changes),
            _SENDERS,
            last={str(change.iid): change.latest.head for change in changes},
        )
    )
    grown = (process.look().memory_info().rss - before) / 1e6
    jobs = site.ledger.known("desk/orders")
    lost = len(report.taken_ms) - len(jobs)
    broken = [f"{lost} acknowledged deliveries are not in the database"] if lost else []
    generations = site.ledger.generations()
    for change in changes:
        told = [
            (int(job.event.delivery.partition("-")[2]), job) for job in jobs if job.event.number == change.iid
        ]
        order = [generations[job.id] for _, job in sorted(told, key=lambda one: one[0])]
        if order != list(range(1, len(told) + 1)):
            broken.append(f"!{change.iid}: generations {order[:10]}...")
        site.acknowledged[change.iid] = max(told, key=lambda one: one[0])[1].id
    if grown > _MEMORY_MB:
        broken.append(f"memory grew by {grown:.0f} MB")
    return judge(
        site,
        runs=len(report.taken_ms),
        recovery_s=None,
        broken=broken,
        figures={
            "per s": len(report.taken_ms) / report.seconds,
            "p50 ms": share(report.taken_ms, 0.5),
            "p99 ms": share(report.taken_ms, 0.99),
            "told to come again": report.refused,
            "memory grown MB": grown,
        },
    )
