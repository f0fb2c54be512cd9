"""Nothing is written into a merge request before the audit log knows that it is going to be.

A step that must not be stopped half-way writes somewhere; that is what `preemptible=False` says. So the
note is taken here, for all of them, and not wherever somebody writes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from reviewer.domain import ChangeRef, Errand, Event
from reviewer.ports import Json, Step
from reviewer.service.fence import Fence
from reviewer.service.worker import Work

_OURS = "note "  # steps named so write into our own database


class WriteAhead(Protocol):
    """Takes note of what is about to be written."""

    def posting(self, errand: Errand, what: str) -> None:
        """Note it; raise StoreError where it must not be written unrecorded."""


def recorded(work: Work, log: WriteAhead) -> Work:
    """Return the same work, each of whose writing steps is noted before it begins."""

    async def noted(event: Event, step: Step, fence: Fence) -> Json:
        errand = Errand(
            ref=ChangeRef(event.forge, event.project, event.number, None, None, event.head),
            job=fence.job,
            actor=event.command.actor if event.command else "",
        )

        async def watched(name: str, fn: Callable[[], Awaitable[Json]], *, preemptible: bool = True) -> Json:
            async def write() -> Json:
                await asyncio.to_thread(log.posting, errand, name)
                return await fn()

            writes = not (preemptible or name.startswith(_OURS))
            return await step(name, write if writes else fn, preemptible=preemptible)

        return await work(event, watched, fence)

    return noted
