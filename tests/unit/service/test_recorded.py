"""Whatever writes into a merge request is noted before it does, or does not happen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from reviewer.domain import Command, Errand, Event
from reviewer.errors import StoreError
from reviewer.ports import Json, Step
from reviewer.service.fence import Fence
from reviewer.service.recorded import recorded

COMMAND = Command("review", "", note="1", thread=None, actor="ann", actor_id=7)
EVENT = Event("main", "desk/orders", 12, "command", "d1", head="a" * 40, command=COMMAND)


class OpenFence:
    job = "j1"

    async def check(self) -> None:
        return None

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        yield


class Log:
    def __init__(self, trail: list[str], *, broken: bool = False) -> None:
        self.trail = trail
        self.broken = broken
        self.errands: list[Errand] = []

    def posting(self, errand: Errand, what: str) -> None:
        if self.broken:
            raise StoreError("the database failed")
        self.errands.append(errand)
        self.trail.append(f"noted {what}")


async def straight(name: str, fn: Callable[[], Awaitable[Json]], *, preemptible: bool = True) -> Json:
    return await fn()


async def run(trail: list[str], log: Log) -> None:
    async def work(event: Event, step: Step, fence: Fence) -> Json:
        def write(line: str) -> Callable[[], Awaitable[Json]]:
            async def fn() -> Json:
                trail.append(line)
                return None

            return fn

        await step("unit 1.1", write("asked a model"))
        await step("post inline comments", write("posted"), preemptible=False)
        await step("note what was posted", write("told the log"), preemptible=False)
        return None

    await recorded(work, log)(EVENT, straight, OpenFence())


async def test_a_writing_step_is_noted_before_it_begins() -> None:
    trail: list[str] = []
    log = Log(trail)
    await run(trail, log)
    assert trail == ["asked a model", "noted post inline comments", "posted", "told the log"]
    [errand] = log.errands
    assert (errand.actor, errand.job) == ("ann", "j1")
    assert errand.ref is not None
    assert (errand.ref.project, errand.ref.number, errand.ref.head) == ("desk/orders", 12, "a" * 40)


async def test_what_cannot_be_noted_is_not_written() -> None:
    trail: list[str] = []
    with pytest.raises(StoreError):
        await run(trail, Log(trail, broken=True))
    assert trail == ["asked a model"]


async def test_a_step_that_is_remembered_is_not_noted_again() -> None:
    trail: list[str] = []
    log = Log(trail)

    async def remembered(name: str, fn: Callable[[], Awaitable[Json]], *, preemptible: bool = True) -> Json:
        return None

    async def work(event: Event, step: Step, fence: Fence) -> Json:
        async def fn() -> Json:
            raise AssertionError("it was done before")

        return await step("post inline comments", fn, preemptible=False)

    await recorded(work, log)(EVENT, remembered, OpenFence())
    assert log.errands == []
