"""The places of a process's jobs, and the rest that jobs take while their forge is away.

A job that rests leaves its place to others. Of one forge no more jobs rest than there are places: the next ones
stay in the queue, where nobody has begun them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Places:
    """Room for `number` jobs at work. Only the properties may be read outside the event loop of the jobs."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._free = asyncio.Semaphore(number)
        self._resting: dict[str, str] = {}  # forges by job
        self._back: dict[str, asyncio.Event] = {}

    @property
    def resting(self) -> int:
        """How many jobs need no place at present."""
        return len(self._resting)

    @property
    def crowded(self) -> set[str]:
        """The forges of which no further job should begin."""
        counts = Counter(tuple(self._resting.values()))
        return {forge for forge, count in counts.items() if count >= self._number}

    @asynccontextmanager
    async def occupied(self, job: str) -> AsyncIterator[None]:
        """Wait for a place and keep it, rests aside, until the job has ended."""
        await self._free.acquire()
        try:
            yield
        finally:
            # A job that is stopped in its rest has no place to give back.
            if self._resting.pop(job, None) is None:
                self._free.release()

    async def rest(self, job: str, forge: str, seconds: float) -> None:
        """Give the job's place up for so long, or until `wake`; return when it has one again."""
        back = self._back.setdefault(forge, asyncio.Event())
        self._resting[job] = forge
        self._free.release()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await back.wait()
        await self._free.acquire()
        del self._resting[job]

    def wake(self, forge: str) -> None:
        """Let the jobs that rest for a forge go on."""
        back = self._back.pop(forge, None)
        if back is not None:
            back.set()
