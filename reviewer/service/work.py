"""What a job does about new code: read the merge request, review it, post it, return the document."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial

import structlog

from reviewer import pipeline
from reviewer.checkpoint import Checkpoint
from reviewer.config import Posting as PostingMode
from reviewer.config import Settings
from reviewer.domain import (
    ChangeRef,
    ChangeSet,
    Errand,
    Event,
    MergeRequest,
    Review,
    ReviewWarning,
    Ticket,
    Verdict,
)
from reviewer.errors import ConfigError, ForgeError, ForgeNotFound, StoreError
from reviewer.outputs.document import document, dump
from reviewer.pipeline import Engine, Posting
from reviewer.ports import Background, Codebase, Forge, Json, Step
from reviewer.service.fence import Fence
from reviewer.service.intake import priority_of
from reviewer.service.learning import Lessons
from reviewer.service.patience import insist

_MERGE_REQUEST = Checkpoint(MergeRequest)


@dataclass(frozen=True, slots=True)
class _Tickets:
    """The tickets that were read, or why none could be."""

    tickets: tuple[Ticket, ...] = ()
    problem: str = ""


_TICKETS = Checkpoint(_Tickets)


class ReviewWork:
    """Reviews merge requests of the configured forges.

    The engine is opened by the first job, in the event loop that all jobs share. Without `lessons`
    nothing is remembered between reviews. `backgrounds` are, by forge, what there is to know beside a change.
    """

    def __init__(
        self,
        settings: Settings,
        forges: Mapping[str, Forge],
        open_engine: Callable[[], Awaitable[Engine]],
        lessons: Lessons | None = None,
        *,
        backgrounds: Mapping[str, Background] | None = None,
    ) -> None:
        self._settings = settings
        self._forges = forges
        self._open_engine = open_engine
        self._lessons = lessons
        self._backgrounds = backgrounds or {}
        self._engine: asyncio.Task[Engine] | None = None

    async def __call__(self, event: Event, step: Step, fence: Fence) -> Json:
        """Return the review's document, or why there was nothing to review.

        Raises ForgeError, Superseded, and ConfigError if the engine cannot be made.
        """
        forge = self._forges.get(event.forge)
        if forge is None:
            raise ForgeNotFound(f"the forge {event.forge} is no longer configured")
        merge_request = await _describe(forge, event, step)
        if not merge_request.open:
            # What was said since the last push: nobody looks again.
            await self._learn(merge_request, None, step)
            return {"ignored": "the merge request is not open"}
        change = await _fetch(forge, merge_request, step)
        await self._learn(merge_request, change, step)
        engine = await self._opened()
        errand = _errand(event, merge_request, fence.job)
        background = self._backgrounds.get(event.forge)
        change = await self._with_tickets(change, merge_request, background, step)
        codebase = background.codebase(merge_request) if background else None
        reviewed, change = await self._review(event, change, engine, errand, step, codebase=codebase)
        verdict = pipeline.judge(reviewed, change, engine)
        posting = Posting(
            forge, merge_request, self._mode(event), run=merge_request.ref.head or "", hold=fence.hold
        )
        receipt = await pipeline.post(reviewed, verdict, change, engine, posting, step=step, errand=errand)
        if self._settings.gate.set_commit_status and posting.mode != "off":
            await self._set_status(forge, merge_request, reviewed, verdict, step)
        await self._note(reviewed, change, step)
        reviewed = replace(reviewed, warnings=(*reviewed.warnings, *receipt.failures))
        # Kept and answered with as UTF-8, which has no odd bytes of paths.
        kept: Json = json.loads(dump(document(reviewed, verdict), strict=True))
        return kept

    async def _opened(self) -> Engine:
        if self._engine is None or (self._engine.done() and self._engine.exception()):
            self._engine = asyncio.ensure_future(self._open_engine())
        return await asyncio.shield(self._engine)

    async def _review(
        self,
        event: Event,
        change: ChangeSet,
        engine: Engine,
        errand: Errand,
        step: Step,
        *,
        codebase: AbstractContextManager[Codebase] | None,
    ) -> tuple[Review, ChangeSet]:
        """Review; a repository whose settings cannot be read is judged by the instance's, and told so."""
        try:
            pipeline.check_settings(change, engine)
        except ConfigError as err:
            warning = ReviewWarning("repository-settings", str(err), undecided=True)
            change = replace(change, repository_settings=None, warnings=(*change.warnings, warning))
        lessons, ref = self._lessons, change.ref
        if lessons is None:
            return await pipeline.review(change, engine, step=step, errand=errand, codebase=codebase), change
        recalling = self._settings.review.incremental and not _is_anew(event)
        reviewed = await pipeline.review(
            change,
            engine,
            step=step,
            errand=errand,
            recalled=await insist(partial(lessons.recall, ref)),
            answered=partial(_recall_answers, lessons, ref) if recalling else None,
            keep=partial(_keep_answers, lessons, ref),
            codebase=codebase,
        )
        return reviewed, change

    async def _with_tickets(
        self, change: ChangeSet, merge_request: MergeRequest, background: Background | None, step: Step
    ) -> ChangeSet:
        """Put the tickets that the description names beside the change, a forge permitting."""

        async def read() -> _Tickets:
            if background is None or not self._settings.review.tickets:
                return _Tickets()
            try:
                return _Tickets(await asyncio.to_thread(background.tickets, merge_request))
            except ForgeError as err:
                return _Tickets(problem=str(err))

        found = await _TICKETS.run(step, "read the tickets", read)
        problems = (ReviewWarning("no-tickets", found.problem),) if found.problem else ()
        return replace(change, tickets=found.tickets, warnings=(*change.warnings, *problems))

    async def _learn(self, merge_request: MergeRequest, change: ChangeSet | None, step: Step) -> None:
        async def learn() -> Json:
            if self._lessons is not None:
                await insist(partial(self._lessons.learn, merge_request, change))
            return None

        await step("learn from the discussion", learn)

    async def _note(self, reviewed: Review, change: ChangeSet, step: Step) -> None:
        async def note() -> Json:
            if self._lessons is not None:
                await insist(partial(self._lessons.note, reviewed, change))
            return None

        await step("note what was found", note, preemptible=False)

    def _mode(self, event: Event) -> PostingMode:
        """Return how this project's reviews are posted; the one switch that stops all posting wins."""
        settings = self._settings.forge(event.forge)
        if settings is None or not self._settings.service.posting:
            return "off"
        overrides = settings.post_overrides.items()
        return next((mode for glob, mode in overrides if fnmatchcase(event.project, glob)), settings.post)

    async def _set_status(
        self, forge: Forge, merge_request: MergeRequest, reviewed: Review, verdict: Verdict, step: Step
    ) -> None:
        count = len(reviewed.findings)
        description = f"{count} {'finding' if count == 1 else 'findings'}"

        async def tell() -> Json:
            await asyncio.to_thread(forge.set_status, merge_request, verdict, description)
            return None

        await step("set the commit status", tell, preemptible=False)


async def _describe(forge: Forge, event: Event, step: Step) -> MergeRequest:
    async def ask() -> MergeRequest:
        return await asyncio.to_thread(forge.describe, event.project, event.number)

    return await _MERGE_REQUEST.run(step, "describe the merge request", ask)


async def _fetch(forge: Forge, merge_request: MergeRequest, step: Step) -> ChangeSet:
    """Read the change in a step, for its retries; it is too big to be remembered, so it is read again after a crash."""
    read: list[ChangeSet] = []

    async def fetch() -> Json:
        read.append(await asyncio.to_thread(forge.fetch, merge_request))
        return None

    await step("fetch the change", fetch)
    return read[-1] if read else await asyncio.to_thread(forge.fetch, merge_request)


def _is_anew(event: Event) -> bool:
    """Say whether somebody asks for another review of everything, not for the rest of one."""
    return event.command is not None and event.command.verb == "review"


def _errand(event: Event, merge_request: MergeRequest, job: str) -> Errand:
    """Say on whose behalf models are asked: of whoever commanded it, who is waiting, else of the author."""
    command = event.command
    return Errand(
        ref=merge_request.ref,
        job=job,
        actor=command.actor if command else merge_request.author,
        priority=priority_of(event),
        fresh=_is_anew(event),
    )


def _recall_answers(lessons: Lessons, ref: ChangeRef, keys: Collection[str]) -> Mapping[str, Json]:
    """Look up earlier answers; they only save calls, so a database that is away costs no more than those."""
    try:
        return lessons.memory.answers(ref, keys)
    except StoreError as err:
        structlog.get_logger().warning("earlier answers not looked up", reason=str(err))
        return {}


def _keep_answers(lessons: Lessons, ref: ChangeRef, told: Mapping[str, Json]) -> None:
    """Keep answers for the next review, if the database is there."""
    try:
        lessons.memory.keep_answers(ref, told)
    except StoreError as err:
        structlog.get_logger().warning("answers not kept for the next review", reason=str(err))
