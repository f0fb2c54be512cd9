"""`kill -9` at random moments while jobs come in: nothing lost, nothing said twice, nothing asked twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Thread

from reviewer.demo.records import MergeRequest
from tests.chaos.ground import Ground, Kind
from tests.chaos.outcome import Outcome
from tests.chaos.process import Process
from tests.chaos.site import Site
from tests.chaos.tally import judge

_FORGE_S = 0.06  # what a forge takes over a call; a kill falls before or after the work of a write
_WEB = ("--role", "web")
_WORKER = ("--role", "worker", "--port", "0")  # with a port it says how it is
_SOON_S = 15.0  # how long a moment is waited for that may not come: everything may be done already


def run(ground: Ground, *, kind: Kind, workers: int = 0) -> Outcome:
    """Kill a process as often as the scale says, one job delivered for each kill, and start it again.

    It is one process that does everything, or a door (`--role web`) with so many workers behind it.
    """
    site = Site(ground, kind)
    site.forge.delay_s = _FORGE_S
    changes = site.open(ground.scale.kills)
    door = site.process(arguments=_WEB if workers else ())
    crew = [door, *(site.process(arguments=_WORKER) for _ in range(workers))]
    first = ground.dice.randrange(len(_MOMENTS))
    killed: list[float] = []
    asked_for: list[MergeRequest] = []
    for turn in range(ground.scale.kills):
        moment = _MOMENTS[(first + turn) % len(_MOMENTS)]
        victim = door if moment is _while_accepting else ground.dice.choice(crew)
        due = changes[len(asked_for) : turn + 1]
        asked_for += moment(site, door, due)
        victim.kill()
        killed.append(time.monotonic())
        site.ledger.look(dict(site.acknowledged))
        victim.start()
    for change in changes[len(asked_for) :]:
        site.deliver(change, to=door)
    ground.until(lambda: len(site.acknowledged) == len(changes) or None, "all deliveries to be acknowledged")
    outcome = judge(site, runs=len(killed), recovery_s=0.0)
    return replace(outcome, recovery_s=_worst_recovery(site, killed))


Moment = Callable[[Site, Process, Sequence[MergeRequest]], Sequence[MergeRequest]]


def _while_starting(site: Site, door: Process, due: Sequence[MergeRequest]) -> Sequence[MergeRequest]:
    """Any time between the start of the process and its first work; what is due waits."""
    site.ground.pause(0.0, 1.5)
    return ()


def _while_accepting(site: Site, door: Process, due: Sequence[MergeRequest]) -> Sequence[MergeRequest]:
    """Around the commit of a delivery: the sender may never hear the answer, and sends again."""
    door.wait_ready()
    for change in due:
        Thread(target=site.deliver, args=(change,), kwargs={"to": door}, daemon=True).start()
    site.ground.pause(0.0, 0.03)
    return due


def _after_the_answer(site: Site, door: Process, due: Sequence[MergeRequest]) -> Sequence[MergeRequest]:
    """Right after the acknowledgement."""
    _deliver(site, door, due)
    return due


def _while_reviewing(site: Site, door: Process, due: Sequence[MergeRequest]) -> Sequence[MergeRequest]:
    """Any time in the life of a job."""
    _deliver(site, door, due)
    site.ground.pause(0.0, 1.0)
    return due


def _while_asking(site: Site, door: Process, due: Sequence[MergeRequest]) -> Sequence[MergeRequest]:
    """Any time while a model is talking."""
    asked = len(site.models.asked)
    _deliver(site, door, due)
    _perhaps(site, due, lambda: len(site.models.asked) > asked)
    site.ground.pause(0.0, 0.3)
    return due


def _while_posting(site: Site, door: Process, due: Sequence[MergeRequest]) -> Sequence[MergeRequest]:
    """Around one of the writes to the forge."""
    writes = site.forge.writes + site.ground.dice.randrange(3)
    _deliver(site, door, due)
    _perhaps(site, due, lambda: site.forge.writes > writes)
    site.ground.pause(0.0, _FORGE_S)
    return due


_MOMENTS: tuple[Moment, ...] = (
    _after_the_answer,
    _while_starting,
    _while_posting,
    _while_accepting,
    _while_asking,
    _while_reviewing,
)


def _deliver(site: Site, door: Process, due: Sequence[MergeRequest]) -> None:
    door.wait_ready()
    for change in due:
        site.deliver(change, to=door)


def _perhaps(site: Site, due: Sequence[MergeRequest], happened: Callable[[], bool]) -> None:
    """Wait for a moment, unless it cannot come any more because everything is done."""
    deadline = time.monotonic() + _SOON_S
    while not happened() and time.monotonic() < deadline:
        if not site.ledger.unfinished([site.acknowledged[change.iid] for change in due]):
            return
        time.sleep(0.002)


def _worst_recovery(site: Site, killed: Sequence[float]) -> float:
    """Return the longest time from a kill to the summary of a job that was waiting or running then."""
    waits = [0.0]
    for number, summed_up in site.forge.summed_up.items():
        hit = [moment for moment in killed if site.delivered_at[number] < moment < summed_up]
        waits += [summed_up - hit[-1]] if hit else []
    return max(waits)
