"""Processes that only take deliveries beside processes that only work, on one Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from reviewer.domain import Event, JobState, ProcessRole
from reviewer.errors import ConfigError
from reviewer.ports import Json, Step
from reviewer.service.fence import Fence
from reviewer.service.jobs import DurableJobs
from reviewer.service.queue import QueueState
from tests.contract.jobs.lab import ENDED, HEAD_A, HEAD_B, Signal, opened, wait_for

pytestmark = pytest.mark.xdist_group("jobs")


async def never(event: Event, step: Step, fence: Fence) -> Json:
    raise AssertionError("a web process does no work")


def test_one_takes_and_the_other_works(new_database: Callable[[str], str]) -> None:
    database = new_database("postgres")
    asking, closed = Signal(), Signal()

    async def work(event: Event, step: Step, fence: Fence) -> Json:
        async def ask_model() -> Json:
            asking.set()
            try:
                await asyncio.sleep(60)
            finally:
                closed.set()
            return None

        if event.head == HEAD_A:
            await step("model", ask_model)
        return {"verdict": "pass", "head": event.head}

    # The web process comes first, and finds no tables of the engine.
    with opened(database, never, role=ProcessRole.WEB) as web:
        job = web.submit(Event("main", "desk/p", 1, "opened", "d1", head=HEAD_A))
        assert web.queue().waiting == 1
        with opened(database, work, role=ProcessRole.WORKER, workers=2):
            asking.wait()
            assert web.queue() == QueueState(waiting=0, running=1, oldest_s=0.0)
            newer = web.submit(Event("main", "desk/p", 1, "pushed", "d2", head=HEAD_B))
            closed.wait()  # the worker learns from the database that the first one was cancelled
            wait_for(lambda: state(web, newer) in ENDED, "the newer head is reviewed")
            assert (state(web, job), state(web, newer)) == (JobState.CANCELLED, JobState.DONE)
            failed = web.submit(Event("main", "desk/q", 1, "opened", "d3", head=HEAD_A))
            wait_for(lambda: state(web, failed) is JobState.RUNNING, "the next one runs")
            web.cancel(failed)
            wait_for(lambda: state(web, failed) is JobState.CANCELLED, "it was cancelled from elsewhere")


def state(jobs: DurableJobs, job: str) -> JobState:
    found = jobs.status(job)
    assert found is not None
    return found.state


@pytest.mark.parametrize("role", [ProcessRole.WEB, ProcessRole.WORKER])
def test_sqlite_has_no_roles(new_database: Callable[[str], str], role: ProcessRole) -> None:
    with pytest.raises(ConfigError, match=f"the role {role} needs several processes") as caught:
        DurableJobs(new_database("sqlite"), never, role=role)
    assert "postgresql://" in caught.value.remedy
