"""SIGTERM under load: running steps end, nothing new begins, and whoever comes next does the rest."""

from __future__ import annotations

import time

from tests.chaos.ground import Ground
from tests.chaos.outcome import Outcome
from tests.chaos.site import Site
from tests.chaos.tally import judge

_JOBS = 8


def run(ground: Ground) -> Outcome:
    """Ask a process to end while jobs run and others wait; start it again at once."""
    site = Site(ground, "sqlite")
    process = site.process()
    broken: list[str] = []
    worst = 0.0
    for _ in range(ground.scale.faults):
        site.begin(_JOBS)
        ground.pause(0.0, 0.5)
        began = time.monotonic()
        code = process.stop()
        if code != 0:
            broken.append(f"it ended with {code}")
        site.ledger.look(dict(site.acknowledged))
        process.start()
        process.wait_ready()
        site.settle()
        worst = max(worst, time.monotonic() - began)
    return judge(site, runs=ground.scale.faults, recovery_s=worst, broken=broken)
