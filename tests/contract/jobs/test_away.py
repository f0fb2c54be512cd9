"""A forge that is away: its jobs wait for it without being in anybody's way."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from reviewer.domain import Event, JobState
from reviewer.errors import ForgeAway, ForgeUnavailable
from reviewer.ports import Json, Step
from reviewer.service.fence import Fence
from reviewer.service.jobs import DurableJobs
from reviewer.service.worker import Work
from tests.contract.jobs.lab import HEAD_A, HEAD_B, PATIENCE_S, Signal, opened, wait_for

pytestmark = pytest.mark.xdist_group("jobs")

OFTEN = (0.01, 0.01)
LONG = (3600.0,)


def event(forge: str, number: int, head: str = HEAD_A) -> Event:
    return Event(forge, "desk/p", number, "opened", f"{forge}-{number}-{head[0]}", head=head)


def asking(answer: Callable[[Event], Json]) -> Work:
    """Make work of one step, in which the forge is asked."""

    async def work(event: Event, step: Step, fence: Fence) -> Json:
        async def ask() -> Json:
            return answer(event)

        return await step("ask the forge", ask)

    return work


def away_where(away: Callable[[Event], bool], waiting: Signal) -> Work:
    """Make work whose forge is away for some events; `waiting` is set when it has been found out."""

    def answer(event: Event) -> Json:
        if away(event):
            waiting.set()
            raise ForgeAway("no route to the forge")
        return None

    return asking(answer)


def states(jobs: DurableJobs) -> dict[str, JobState]:
    return {job.id: job.state for job in jobs.list()}


def test_a_forge_that_is_away_is_waited_for(database: str) -> None:
    faults = [ForgeAway("no route to the forge") for _ in range(20)]

    def answer(_: Event) -> Json:
        if faults:
            raise faults.pop()
        return None

    with opened(database, asking(answer), retry_delays_s=OFTEN) as jobs:
        job = jobs.submit(event("main", 1))
        wait_for(lambda: states(jobs)[job] is JobState.DONE, "the job is done")


def test_what_is_not_ready_is_waited_for_a_little_while(database: str) -> None:
    tries: list[str] = []

    def answer(event: Event) -> Json:
        tries.append(event.delivery)
        raise ForgeUnavailable("500", status=500)

    with opened(database, asking(answer), retry_delays_s=OFTEN) as jobs:
        job = jobs.submit(event("main", 1))
        wait_for(lambda: states(jobs)[job] is JobState.FAILED, "the job has failed")
    assert len(tries) == 3


def test_waiting_for_one_forge_holds_up_no_other(database: str) -> None:
    waiting = Signal()
    work = away_where(lambda event: event.forge == "away", waiting)
    with opened(database, work, workers=1, retry_delays_s=LONG) as jobs:
        begun = jobs.submit(event("away", 1))
        waiting.wait()
        behind = jobs.submit(event("away", 2))
        elsewhere = [jobs.submit(event("near", number)) for number in range(3)]
        wait_for(lambda: {states(jobs)[job] for job in elsewhere} == {JobState.DONE}, "the others are done")
        assert states(jobs)[begun] is JobState.RUNNING
        assert states(jobs)[behind] is JobState.QUEUED  # no more of them wait than there are places


def test_a_job_that_waits_for_its_forge_holds_up_no_stop(database: str) -> None:
    waiting, busy, stopping = Signal(), Signal(), Signal()

    async def work(event: Event, step: Step, fence: Fence) -> Json:
        async def ask() -> Json:
            if event.forge == "away":
                waiting.set()
                raise ForgeAway("no route to the forge")
            busy.set()
            await stopping.arrives()
            await asyncio.sleep(0.5)  # meanwhile the other one's pause ends
            return None

        return await step("ask the forge", ask)

    jobs = DurableJobs(database, work, retry_delays_s=OFTEN)
    for forge in ("near", "away"):
        jobs.submit(event(forge, 1))
    waiting.wait()
    busy.wait()
    closing = threading.Thread(target=jobs.close, args=(3 * PATIENCE_S,), daemon=True)
    closing.start()
    stopping.set()
    closing.join(PATIENCE_S)
    assert not closing.is_alive()


def test_when_the_forge_is_back_all_go_on_at_once(database: str) -> None:
    there = False
    asked: list[int] = []

    def answer(event: Event) -> Json:
        asked.append(event.number)
        if not there:
            raise ForgeAway("no route to the forge")
        return None

    with opened(database, asking(answer), workers=2, retry_delays_s=(0.01, 0.01, 3600.0)) as jobs:
        jobs.submit(event("main", 1))
        wait_for(lambda: asked.count(1) == 3, "the first one waits for an hour")
        there = True
        jobs.submit(event("main", 2))
        wait_for(lambda: set(states(jobs).values()) == {JobState.DONE}, "both are done")
    assert asked[-2:] == [2, 1]


def test_a_push_ends_the_wait_of_the_job_before(database: str) -> None:
    waiting = Signal()
    work = away_where(lambda event: event.head == HEAD_A, waiting)
    with opened(database, work, workers=1, retry_delays_s=LONG) as jobs:
        old = jobs.submit(event("main", 1))
        waiting.wait()
        new = jobs.submit(event("main", 1, HEAD_B))
        wait_for(lambda: states(jobs)[new] is JobState.DONE, "the new job is done")
        assert states(jobs)[old] is JobState.CANCELLED
