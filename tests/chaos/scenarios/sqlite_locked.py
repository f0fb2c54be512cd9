"""Another connection keeps SQLite's write lock: deliveries are told to come again, jobs wait and go on."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing

from tests.chaos.ground import Ground
from tests.chaos.outcome import Outcome
from tests.chaos.probe import look_while_away
from tests.chaos.site import Site
from tests.chaos.tally import judge

_JOBS = 3
_LONG_S = 40.0  # longer than any connection of ours waits for a lock


def run(ground: Ground) -> Outcome:
    """Hold the lock while jobs run: until the first refusal, and in full for longer than a job waits."""
    site = Site(ground, "sqlite")
    process = site.process()
    broken: list[str] = []
    worst = 0.0
    for _ in range(ground.scale.faults):
        site.begin(_JOBS)
        later = site.open()[0]
        with closing(
            sqlite3.connect(ground.folder / "reviewer.db", timeout=30, isolation_level=None)
        ) as other:
            other.execute("BEGIN IMMEDIATE")
            began = time.monotonic()
            broken += look_while_away(site, process, later)
            if ground.scale.patient:
                time.sleep(max(0.0, _LONG_S - (time.monotonic() - began)))
            other.execute("ROLLBACK")
        began = time.monotonic()
        site.deliver(later)
        site.settle()
        worst = max(worst, time.monotonic() - began)
    return judge(site, runs=ground.scale.faults, recovery_s=worst, broken=broken)
