"""The forge is away for a while, asks for pauses, and answers 502 after it has done what was asked."""

from __future__ import annotations

import time

from tests.chaos.ground import Ground
from tests.chaos.outcome import Outcome
from tests.chaos.site import Site
from tests.chaos.tally import judge

_JOBS = 3
_AWAY_S = 3.0
_LONG_AWAY_S = 120.0
_WRITES = r"POST .*/(discussions|notes)$"
_READS = r"GET .*/merge_requests/\d+(/discussions|/versions)?$"


def run_away(ground: Ground) -> Outcome:
    """Refuse every connection while jobs run and new ones come in."""
    site = Site(ground, "sqlite")
    site.process()
    worst = 0.0
    for _ in range(ground.scale.faults):
        site.begin(_JOBS)
        later = site.open()[0]
        with site.forge.away():
            site.deliver(later)
            time.sleep(_LONG_AWAY_S if ground.scale.patient else _AWAY_S)
        began = time.monotonic()
        site.settle()
        worst = max(worst, time.monotonic() - began)
    return judge(site, runs=ground.scale.faults, recovery_s=worst)


def run_odd(ground: Ground) -> Outcome:
    """Answer some reads and writes 429, and some writes 502 after the note was written."""
    site = Site(ground, "sqlite")
    site.process()
    faults = 0
    worst = 0.0
    for _ in range(ground.scale.faults):
        for _ in range(_JOBS):
            site.forge.fail(_WRITES, status=502, after_commit=True)
            site.forge.fail(ground.dice.choice((_READS, _WRITES)), status=429, headers={"Retry-After": "1"})
            site.forge.fail(_READS, status=502)
            faults += 3
        began = time.monotonic()
        for change in site.open(_JOBS):
            site.deliver(change)
        site.settle()
        worst = max(worst, time.monotonic() - began)
    return judge(site, runs=faults, recovery_s=worst)
