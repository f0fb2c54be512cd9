"""Postgres is stopped and started: deliveries are told to come again, and every job goes on."""

from __future__ import annotations

import time

from tests.chaos.ground import Ground
from tests.chaos.outcome import Outcome
from tests.chaos.probe import look_while_away
from tests.chaos.site import Site
from tests.chaos.tally import judge

_JOBS = 4
_AWAY_S = 2.0


def run(ground: Ground) -> Outcome:
    """Stop the server while jobs run and wait, leave it away for a while, start it again."""
    site = Site(ground, "postgres")
    server = ground.postgres()
    process = site.process()
    broken: list[str] = []
    worst = 0.0
    for _ in range(ground.scale.faults):
        site.begin(_JOBS)
        ground.pause(0.0, 0.5)
        server.stop()
        try:
            broken += look_while_away(site, process, site.open()[0])
            time.sleep(_AWAY_S)
        finally:
            server.start()
            site.ledger.connect_anew()
        began = time.monotonic()
        site.deliver(site.open()[0])
        site.settle()
        worst = max(worst, time.monotonic() - began)
    return judge(site, runs=ground.scale.faults, recovery_s=worst, broken=broken)
