"""A worker stands still past its heartbeat and comes back: its job went on elsewhere, and it holds its tongue."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import column, table, update

from reviewer.database.connections import open_database
from tests.chaos.ground import Ground
from tests.chaos.outcome import Outcome
from tests.chaos.process import Process
from tests.chaos.site import Site
from tests.chaos.tally import judge

_SILENCE_S = 61.0  # a process that has said nothing for a minute has ended, whatever it thinks
_FORGE_S = 0.2


def run(ground: Ground) -> Outcome:
    """Freeze whoever has the job, while a model talks and while it posts; thaw it when the job is done."""
    site = Site(ground, "postgres")
    crew = [site.process() for _ in range(2)]
    worst = 0.0
    for _ in range(ground.scale.faults):
        worst = max(worst, _freeze_while_asking(site, crew))
        _freeze_while_posting(site, crew)
    return judge(site, runs=2 * ground.scale.faults, recovery_s=worst)


def _freeze_while_asking(site: Site, crew: list[Process]) -> float:
    """The job is taken over and done while its first process stands still; return how long that took."""
    asked = len(site.models.asked)
    frozen = _freeze(site, crew, lambda: len(site.models.asked) > asked)
    began = time.monotonic()
    number = max(site.acknowledged)
    _let_silence_pass(site, frozen)
    site.ground.until(lambda: site.forge.summed_up.get(number), "the other process to take over")
    site.settle()
    took = time.monotonic() - began
    _thaw(site, frozen)
    return took


def _freeze_while_posting(site: Site, crew: list[Process]) -> None:
    """It stands still within a write: whoever takes over waits for its lock rather than talk across it."""
    site.forge.delay_s = _FORGE_S
    writes = site.forge.writes
    frozen = _freeze(site, crew, lambda: site.forge.writes > writes)
    _let_silence_pass(site, frozen)
    job = site.acknowledged[max(site.acknowledged)]
    site.ground.until(
        lambda: f"-{frozen.pid}-" not in (site.ledger.holder(job) or ""), "the job to be taken over"
    )
    _thaw(site, frozen)
    site.settle()
    site.forge.delay_s = 0.0


def _freeze(site: Site, crew: list[Process], happened: Callable[[], bool]) -> Process:
    [change] = site.open()
    job = site.deliver(change, to=site.ground.dice.choice(crew))
    site.ground.until(lambda: happened() or None, "the moment to freeze", every_s=0.001)
    holder = site.ledger.holder(job) or ""
    frozen = next(one for one in crew if f"-{one.pid}-" in holder)
    frozen.freeze()
    site.ledger.look(dict(site.acknowledged))
    return frozen


def _let_silence_pass(site: Site, frozen: Process) -> None:
    """Wait for a minute, or in the short form date its last beat back by one and let a third process look."""
    if site.ground.scale.patient:
        time.sleep(_SILENCE_S)
        return
    executors = table("executors", column("pid"), column("beat"))
    engine = open_database(site.address, connections=1, timeout_s=30)
    with engine.begin() as connection:
        back = update(executors).where(executors.c.pid == frozen.pid)
        connection.execute(back.values(beat=executors.c.beat - _SILENCE_S))
    engine.dispose()
    site.process()


def _thaw(site: Site, frozen: Process) -> None:
    """Let it go on, and give it the time to do harm: until it answers again, and a beat longer."""
    frozen.thaw()
    frozen.wait_ready()
    time.sleep(1.0)
