"""Running jobs whose work a test writes, and a way to wait for what they do."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from reviewer.domain import Command, Event, Job, JobState
from reviewer.ports import Json, Step
from reviewer.service.fence import Fence
from reviewer.service.jobs import DurableJobs
from reviewer.service.worker import Work

PATIENCE_S = 20.0
HEAD_A, HEAD_B, HEAD_C = "a" * 40, "b" * 40, "c" * 40
ENDED = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED})


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    """Return the first true value of a condition; fail after PATIENCE_S seconds."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"still not so: {what}")


class Signal:
    """A threading event that coroutines can wait for without holding up their loop."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        self._event.set()

    def wait(self) -> None:
        assert self._event.wait(PATIENCE_S), "the signal never came"

    def is_set(self) -> bool:
        return self._event.is_set()

    async def arrives(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not self._event.is_set():
            assert time.monotonic() < deadline, "the signal never came"
            await asyncio.sleep(0.01)


class Lab:
    """DurableJobs on a database, with work by project."""

    def __init__(self, database: str, **options: Any) -> None:
        self.database = database
        self._works: dict[str, Work] = {}
        self._names = count(1)
        self.jobs = DurableJobs(database, self._work, **options)

    async def _work(self, event: Event, step: Step, fence: Fence) -> Json:
        return await self._works[event.project](event, step, fence)

    def project(self, work: Work) -> str:
        """Return a new project whose jobs do this."""
        name = f"desk/p{next(self._names)}"
        self._works[name] = work
        return name

    def tell(
        self,
        project: str,
        trigger: str = "opened",
        head: str | None = HEAD_A,
        *,
        delivery: str = "",
        number: int = 1,
        verb: str | None = None,
    ) -> str:
        """Submit an event."""
        name = delivery or f"{project.replace('/', '-')}-{next(self._names)}"
        command = Command(verb, "", note=name, thread=None, actor="ann", actor_id=7) if verb else None
        return self.jobs.submit(Event("main", project, number, trigger, name, head=head, command=command))

    def state(self, job: str) -> JobState:
        found = self.jobs.status(job)
        assert found is not None
        return found.state

    def ended(self, job: str) -> Job:
        """Wait until a job has ended."""
        wait_for(lambda: self.state(job) in ENDED, f"{job} has ended")
        found = self.jobs.status(job)
        assert found is not None
        return found

    def close(self, drain_s: float = 5.0) -> None:
        self.jobs.close(drain_s)


@contextmanager
def opened(database: str, work: Work, **options: Any) -> Iterator[DurableJobs]:
    """Run jobs on a database for a while; what is taken over is taken over at the start."""
    jobs = DurableJobs(database, work, **{"beat_s": 3600.0, **options})
    try:
        yield jobs
    finally:
        jobs.close(5.0)
