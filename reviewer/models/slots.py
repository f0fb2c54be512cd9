"""Places at model endpoints within one process: people first, and nobody waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from reviewer.domain import Priority

PATIENCE = 8  # places that go past whoever has waited longest, before one goes to him


class LocalSlots:
    """Hands out the places at each endpoint; see `ports.Slots`. It belongs to one event loop.

    The smaller priority goes first, within one priority whoever came first. After `PATIENCE` places in
    a row that went past whoever had waited longest, the next one is his: one place in nine goes by age
    alone, so that the k-th oldest call waits for at most 9 k places, however many people keep coming.
    """

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}

    @asynccontextmanager
    async def take(self, endpoint: str, limit: int, priority: Priority) -> AsyncIterator[None]:
        """Wait until fewer than `limit` calls run at the endpoint, and hold a place."""
        queue = self._queues.setdefault(endpoint, _Queue())
        queue.limit = limit
        await queue.enter(priority)
        try:
            yield
        finally:
            queue.leave()
            if queue.empty:
                self._queues.pop(endpoint, None)

    def waiting(self, endpoint: str) -> int:
        """Count the calls that wait for a place."""
        queue = self._queues.get(endpoint)
        return len(queue.waiting) if queue else 0


@dataclass(eq=False, slots=True)
class _Waiter:
    priority: Priority
    place: asyncio.Future[None]


@dataclass(slots=True)
class _Queue:
    """The calls at one endpoint; `waiting` is in the order of arrival."""

    limit: int = 1
    running: int = 0
    passed: int = 0  # places in a row that went past the oldest
    waiting: list[_Waiter] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not self.running and not self.waiting

    async def enter(self, priority: Priority) -> None:
        waiter = _Waiter(priority, asyncio.get_running_loop().create_future())
        self.waiting.append(waiter)
        self._hand_out()
        try:
            await waiter.place
        except asyncio.CancelledError:
            # The place may have been granted in the same turn of the loop: it goes to the next one then.
            if waiter.place.cancelled():
                self.waiting.remove(waiter)
            else:
                self.leave()
            raise

    def leave(self) -> None:
        self.running -= 1
        self._hand_out()

    def _hand_out(self) -> None:
        while self.running < self.limit and (waiter := self._next()):
            self.waiting.remove(waiter)
            self.running += 1
            waiter.place.set_result(None)

    def _next(self) -> _Waiter | None:
        """Choose among those who still wait; one whose task was just cancelled does not."""
        waiting = [waiter for waiter in self.waiting if not waiter.place.done()]
        if not waiting:
            return None
        oldest = waiting[0]
        chosen = oldest if self.passed >= PATIENCE else min(waiting, key=lambda waiter: waiter.priority)
        self.passed = 0 if chosen is oldest else self.passed + 1
        return chosen
