"""A job at work: the steps it checkpoints, what becomes of its result, and how it is stopped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import structlog
from dbos import DBOS

from reviewer.domain import Event
from reviewer.errors import ForgeAway, ForgeTransient, ReviewerError, StoreError, Superseded
from reviewer.ports import Json, Step
from reviewer.service.fence import Fence, JobFence, MergeRequestLocks
from reviewer.service.patience import insist
from reviewer.service.places import Places
from reviewer.service.store import Store

# What a job does. A result with a `verdict` is a review document and is kept as one.
Work = Callable[[Event, Step, Fence], Awaitable[Json]]

RETRY_DELAYS_S = (1.0, 5.0, 20.0)
# A forge is upgraded, or its machine restarted: its jobs are to go on by themselves afterwards.
AWAY_S = 86_400.0
# The engine looks once a second whether the job of a preemptible step was cancelled.
_ENGINE_NOTICES_S = 5.0
_DRAIN_POLL_S = 0.02


class Worker:
    """Runs the jobs of one executor, all in the engine's own event loop.

    Only a step that failed for a passing fault of a forge is tried again here, after `retry_delays_s`; while
    the forge is away, for `away_s` after the last of them. Every step may run again after a crash anyway.
    `freed` is called when a job that was taken over has left its place; of the others the engine tells.
    """

    def __init__(
        self,
        store: Store,
        locks: MergeRequestLocks,
        work: Work,
        *,
        executor: str,
        places: int,
        retry_delays_s: Sequence[float] = RETRY_DELAYS_S,
        away_s: float = AWAY_S,
        freed: Callable[[], None] = lambda: None,
    ) -> None:
        self._running: set[str] = set()
        self._expected: dict[str, int] = {}
        self._number = places
        self._places = Places(places)
        self._steps_running = 0
        self._store = store
        self._locks = locks
        self._work = work
        self._executor = executor
        self._retry_delays_s = retry_delays_s
        self._away_s = away_s
        self._freed = freed
        self._draining = False
        self._preemptible: dict[str, set[asyncio.Task[Json]]] = {}

    @property
    def active(self) -> set[str]:
        """The jobs that run here, or are about to."""
        return self._running | self._expected.keys()

    @property
    def free(self) -> int:
        """How many more jobs may begin here."""
        return self._number - len(self.active) + self._places.resting

    @property
    def crowded(self) -> set[str]:
        """The forges that are away, and that jobs enough are waiting for."""
        return self._places.crowded

    def expect(self, job: str) -> None:
        """Keep a place for a job that is about to begin."""
        self._expected[job] = 0

    def forget(self, job: str) -> None:
        """Give up the place of a job that did not begin."""
        self._expected.pop(job, None)

    def forget_ghosts(self) -> None:
        """Give up places of jobs that did not begin, now and at the call before this one."""
        for job, times in tuple(self._expected.items()):
            if times:
                self.forget(job)
            elif job in self._expected:
                self._expected[job] = times + 1

    async def run(self, job: str) -> Json:
        """Do a job from its last finished step on; return what the engine shall remember of it."""
        log = structlog.get_logger().bind(job=job)
        taken_over = job not in self._expected
        self._running.add(job)
        self.forget(job)
        try:
            # Jobs that were taken over come from the engine's queue, beside those that we begin.
            async with self._places.occupied(job):
                return await self._attempt(job)
        except Superseded:
            await insist(lambda: self._store.note_superseded(job, self._executor))
            log.info("job superseded")
            return None
        except Exception as err:  # one of the three places where everything is caught
            log.exception("job failed", error=type(err).__name__)
            sentence = _sentence(err)
            await insist(lambda: self._store.note_error(job, sentence))
            raise
        finally:
            self._running.discard(job)
            if taken_over:
                self._freed()

    def preempt(self, job: str) -> None:
        """Cancel the preemptible steps of a job that was cancelled; callable from any thread."""
        for task in tuple(self._preemptible.get(job, ())):
            task.get_loop().call_soon_threadsafe(task.cancel)

    def drain(self, seconds: float) -> None:
        """Begin no further step, and wait that long for the running ones; call it from another thread."""
        self._draining = True
        deadline = time.monotonic() + seconds
        while self._steps_running and time.monotonic() < deadline:
            time.sleep(_DRAIN_POLL_S)

    async def _attempt(self, job: str) -> Json:
        asked = await insist(lambda: self._store.job(job))
        if asked is None:
            raise StoreError(f"the job {job} was never written down")
        fence = JobFence(self._store, self._locks, job, asked.event, self._executor)
        await fence.check()
        result = await self._work(asked.event, self._step_of(job, asked.event.forge), fence)
        if isinstance(result, dict) and "verdict" in result:
            review = await insist(lambda: self._store.keep_review(job, asked.event, result))
            return {"review": review, "verdict": result["verdict"]}
        return result

    def _step_of(self, job: str, forge: str) -> Step:
        async def step(name: str, fn: Callable[[], Awaitable[Json]], *, preemptible: bool = True) -> Json:
            await self._begin_nothing_late()
            self._steps_running += 1
            try:
                body = self._body(job, forge, fn, preemptible=preemptible)
                return await DBOS.run_step_async({"name": name, "preemptible": preemptible}, body)
            finally:
                self._steps_running -= 1

        return step

    async def _begin_nothing_late(self) -> None:
        if self._draining:
            await asyncio.Event().wait()  # until the loop is stopped; the job goes on elsewhere

    def _body(
        self, job: str, forge: str, fn: Callable[[], Awaitable[Json]], *, preemptible: bool
    ) -> Callable[[], Coroutine[Any, Any, Json]]:
        async def body() -> Json:
            delays = self._retry_delays_s
            until = time.monotonic() + sum(delays) + self._away_s
            tries = 0
            while True:
                try:
                    result = await self._once(job, fn, preemptible=preemptible)
                except ForgeTransient as err:
                    patient = isinstance(err, ForgeAway) and time.monotonic() < until
                    if tries >= len(delays) and not patient:
                        raise
                    delay = delays[min(tries, len(delays) - 1)]
                    await self._rest(job, forge, max(delay, getattr(err, "retry_after", 0.0)), err)
                    tries += 1
                else:
                    # Not every step has asked the forge; those that wait for it find out.
                    self._places.wake(forge)
                    return result

        return body

    async def _rest(self, job: str, forge: str, seconds: float, err: ForgeTransient) -> None:
        structlog.get_logger().info("waiting for the forge", job=job, forge=forge, reason=str(err))
        self._steps_running -= 1
        try:
            await self._places.rest(job, forge, seconds)
            await self._begin_nothing_late()
        finally:
            self._steps_running += 1

    async def _once(self, job: str, fn: Callable[[], Awaitable[Json]], *, preemptible: bool) -> Json:
        if not preemptible:
            return await fn()
        task = asyncio.ensure_future(fn())
        tasks = self._preemptible.setdefault(job, set())
        tasks.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is None or current.cancelling():
                raise
            # `preempt` ended the work at once; the engine ends the step when it looks.
            await asyncio.sleep(_ENGINE_NOTICES_S)
            raise Superseded("the job was cancelled") from None
        finally:
            tasks.discard(task)
            if not tasks:
                self._preemptible.pop(job, None)


def _sentence(err: Exception) -> str:
    """Say why a job failed; only our own errors are worded to be shown."""
    return str(err) if isinstance(err, ReviewerError) else f"an unexpected {type(err).__name__}"
