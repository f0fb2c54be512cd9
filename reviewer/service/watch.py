"""Who looks on while the service works: metrics and traces. What they are told, they are only told.

A watch never raises, never waits and changes nothing. It is passed into the parts, so that a test can
bring its own and two services in one process do not count each other's work.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Protocol

from structlog.contextvars import bound_contextvars

from reviewer.domain import Errand, Event, ForgeCall, ModelCall, Receipt
from reviewer.ports import Json, Ledger, Step
from reviewer.service.fence import Fence
from reviewer.service.worker import Work
from reviewer.stages.redact import count_placeholders

Outcome = Literal[
    "accepted",
    "ignored",
    "refused",
    "limited",
    "too-large",
    "too-slow",
    "cut-off",
    "unknown-forge",
    "not-durable",
]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery that was answered; `began` in seconds since the epoch. `event` and `job` where it has them."""

    forge: str
    outcome: Outcome
    began: float
    event: Event | None = None
    job: str = ""


class Watch(Protocol):
    """Sees deliveries, jobs, their steps, their results and the calls to forges."""

    def delivered(self, delivery: Delivery) -> None:
        """See a delivery answered."""

    def working(self, event: Event, job: str) -> AbstractContextManager[object]:
        """See a job at work while the context lasts; how it ends is how the job does."""

    def stepping(self, name: str) -> AbstractContextManager[object]:
        """See a step of the job at work; one that is only remembered is not seen."""

    def reviewed(self, document: Mapping[str, Any]) -> None:
        """See the document of a review that is done."""

    def forge_called(self, call: ForgeCall) -> None:
        """See a call to a forge."""


class Watches:
    """Several that watch, as one."""

    def __init__(self, watches: Sequence[Watch] = ()) -> None:
        self._watches = tuple(watches)

    def delivered(self, delivery: Delivery) -> None:
        """Tell all."""
        for watch in self._watches:
            watch.delivered(delivery)

    @contextmanager
    def working(self, event: Event, job: str) -> Iterator[None]:
        """Tell all."""
        with ExitStack() as stack:
            for watch in self._watches:
                stack.enter_context(watch.working(event, job))
            yield

    @contextmanager
    def stepping(self, name: str) -> Iterator[None]:
        """Tell all."""
        with ExitStack() as stack:
            for watch in self._watches:
                stack.enter_context(watch.stepping(name))
            yield

    def reviewed(self, document: Mapping[str, Any]) -> None:
        """Tell all."""
        for watch in self._watches:
            watch.reviewed(document)

    def forge_called(self, call: ForgeCall) -> None:
        """Tell all."""
        for watch in self._watches:
            watch.forge_called(call)


class Ledgers:
    """Several ledgers as one; the last may refuse, when the others have heard already."""

    def __init__(self, ledgers: Sequence[Ledger]) -> None:
        self._ledgers = tuple(ledgers)

    def called(self, call: ModelCall, redactions: int = 0) -> None:
        """Tell all, and how many secrets were taken out of the prompt: their placeholders stand in it."""
        found = sum(count_placeholders(message.content) for message in call.messages)
        for ledger in self._ledgers:
            ledger.called(call, redactions or found)

    def posted(self, errand: Errand, receipt: Receipt) -> None:
        """Tell all."""
        for ledger in self._ledgers:
            ledger.posted(errand, receipt)


class Timed(AbstractContextManager["Timed"]):
    """Measures a block, and says how it ended: the exception's type, or None."""

    def __init__(
        self,
        ended: Callable[[float, type[BaseException] | None], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ended = ended
        self._clock = clock

    def __enter__(self) -> Timed:
        self._began = self._clock()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended(self._clock() - self._began, kind)


def watched(work: Work, watch: Watch) -> Work:
    """Return the same work, seen by a watch; its log lines name the job and the delivery."""

    async def seen(event: Event, step: Step, fence: Fence) -> Json:
        async def seen_step(
            name: str, fn: Callable[[], Awaitable[Json]], *, preemptible: bool = True
        ) -> Json:
            async def body() -> Json:
                with watch.stepping(name):
                    return await fn()

            return await step(name, body, preemptible=preemptible)

        with bound_contextvars(job=fence.job, delivery=event.delivery), watch.working(event, fence.job):
            result = await work(event, seen_step, fence)
            if isinstance(result, dict) and "verdict" in result:
                await asyncio.to_thread(watch.reviewed, result)
            return result

    return seen
