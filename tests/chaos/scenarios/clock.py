"""The clock jumps, a day ahead and a day back, while jobs run: nobody is thought dead, nothing waits for tomorrow."""

from __future__ import annotations

import time

from tests.chaos.faketime import FakeClock
from tests.chaos.ground import Ground, Kind
from tests.chaos.outcome import Outcome
from tests.chaos.site import Site
from tests.chaos.tally import judge

_JOBS = 2
_JUMPS = (86_400, 0, -86_400, 0)  # seconds off the true time, one after the other


def run(ground: Ground, *, kind: Kind) -> Outcome:
    """Let one process's clock jump; on Postgres another one beside it keeps the true time."""
    site = Site(ground, kind)
    clock = FakeClock(ground.folder)
    process = site.process(environ=clock.environ)
    if kind == "postgres":
        site.process()
    worst = 0.0
    jumps = _JUMPS * ground.scale.faults
    for jump in jumps:
        site.begin(_JOBS, to=process)
        clock.set(jump)
        began = time.monotonic()
        site.deliver(site.open()[0], to=process)
        site.settle()
        worst = max(worst, time.monotonic() - began)
    return judge(site, runs=len(jumps), recovery_s=worst)
