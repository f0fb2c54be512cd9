"""The web side: takes deliveries, says how it is, and answers for reviews and verdicts.

Strangers learn nothing beyond a status: details stand in the log, without what they sent.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from reviewer.config import ForgeSettings
from reviewer.domain import JobState
from reviewer.errors import StoreError, WebhookRejected
from reviewer.ports import Jobs
from reviewer.service.bodies import BodyRoom
from reviewer.service.metrics import CONTENT_TYPE
from reviewer.service.payloads import Bot
from reviewer.service.store import Store
from reviewer.service.visitors import Attempts, Guard, Visitors
from reviewer.service.watch import Delivery, Outcome, Watch, Watches
from reviewer.service.webhooks import Ignored, authenticate, parse, refuse_unsigned

RETRY_AFTER_S = 10
_PAUSE_S = 60

# What the database can look for; anything else is a caller's mistake, not ours.
ReviewId = Annotated[str, Path(pattern="^[0-9a-f]{1,64}$")]
Name = Annotated[str, Query(min_length=1, max_length=512, pattern=r"^[^\x00-\x1f]+$")]
Number = Annotated[int, Query(ge=1, lt=2**53)]
Sha = Annotated[str, Query(pattern="^[0-9a-f]{40,64}$")]

_UNFINISHED = frozenset({JobState.QUEUED, JobState.RUNNING})
_ANSWERS = (200, 202, 401, 404, 408, 413, 429, 503)
_NOWHERE = "none"  # the label of deliveries to a forge that is not configured
_WORDS = {401: "unauthorized", 404: "not found", 408: "too slow", 413: "too large", 429: "too many attempts"}
_OUTCOMES: Mapping[int, Outcome] = {404: "unknown-forge", 408: "too-slow", 413: "too-large", 429: "limited"}


@dataclass(frozen=True, slots=True)
class Entrance:
    """How one forge's deliveries come in; `bot` is asked each time, since its user id may come late."""

    forge: ForgeSettings
    secret: str
    bot: Callable[[], Bot]


class ReviewAnswer(BaseModel):
    """A stored review; `document` is the JSON result."""

    id: str
    job: str
    head: str | None
    verdict: str
    document: dict[str, Any]


class VerdictAnswer(BaseModel):
    """What is known of a head; `verdict` and `review` are null until a job about it is done."""

    head: str
    verdict: str | None
    review: str | None
    job: str | None
    state: JobState | None


@dataclass(frozen=True, slots=True)
class Door:
    """What stands between strangers and the service; `metrics` writes the page of metrics."""

    token: str | None = None
    visitors: Visitors = field(default_factory=Visitors)
    watch: Watch = field(default_factory=Watches)
    metrics: Callable[[], bytes] | None = None


def create_app(
    jobs: Jobs,
    store: Store,
    entrances: Mapping[str, Entrance],
    *,
    door: Door | None = None,
    clock: Callable[[], float] = time.time,
) -> FastAPI:
    """Build the web application.

    `entrances` are by forge id. With the door's `token` the API wants it as bearer; without one it
    answers to loopback alone.
    """
    door = door or Door()
    app = FastAPI(title="reviewer", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    guarded = [Depends(Guard(door.token, door.visitors))]
    app.include_router(_deliveries(jobs, entrances, door, clock))
    app.include_router(_health(store))
    app.include_router(_api(app, store), prefix="/api", dependencies=guarded)
    if door.metrics is not None:
        app.include_router(_metrics(door.metrics), dependencies=guarded)
    app.add_exception_handler(WebhookRejected, _say_rejected)
    app.add_exception_handler(StoreError, _say_not_durable)
    app.add_exception_handler(ClientDisconnect, _say_nothing)
    return app


def _deliveries(
    jobs: Jobs, entrances: Mapping[str, Entrance], door: Door, clock: Callable[[], float]
) -> APIRouter:
    router = APIRouter()
    room = BodyRoom()
    attempts = {name: Attempts(entrance.forge.rate_limit) for name, entrance in entrances.items()}
    nowhere = Attempts(max((entrance.forge.rate_limit for entrance in entrances.values()), default=0))

    def accept(entrance: Entrance, headers: Mapping[str, str], body: bytes, answer: _Answer) -> Response:
        authenticate(entrance.forge, entrance.secret, headers, body, clock())
        event = parse(entrance.forge, headers, body, entrance.bot())
        if isinstance(event, Ignored):
            answer.found("ignored")
            return JSONResponse({"ignored": event.reason})
        with structlog.contextvars.bound_contextvars(forge=event.forge, delivery=event.delivery):
            job = jobs.submit(event)
        answer.found("accepted", event=event, job=job)
        return JSONResponse({"job": job}, status_code=202)

    def knock(forge: str, headers: Mapping[str, str]) -> Entrance:
        entrance = entrances.get(forge)
        if entrance is None:
            raise WebhookRejected("no such forge", status=404)
        refuse_unsigned(entrance.forge, entrance.secret, headers, clock())
        return entrance

    @router.post("/webhooks/{forge}", responses={status: {} for status in _ANSWERS})
    async def take_delivery(forge: str, request: Request) -> Response:
        bucket = attempts.get(forge, nowhere)
        with _Answer(door.watch, forge if forge in entrances else _NOWHERE, clock) as answer:
            headers = dict(request.headers)
            try:
                entrance = knock(forge, headers)
                async with room.read(request) as body:
                    # Hashing and parsing a large body, and the commit, would hold up every other request here.
                    return await run_in_threadpool(accept, entrance, headers, body, answer)
            except WebhookRejected as err:
                if bucket.failed(door.visitors.address(request)):
                    raise WebhookRejected("too many attempts", status=429) from err
                raise

    return router


class _Answer(AbstractContextManager["_Answer"]):
    """Tells a watch how a delivery was answered, whatever came of it."""

    def __init__(self, watch: Watch, forge: str, clock: Callable[[], float]) -> None:
        self._watch = watch
        self._delivery = Delivery(forge, "cut-off", clock())

    def found(self, outcome: Outcome, **more: Any) -> None:
        """Note what it is going to be answered."""
        self._delivery = replace(self._delivery, outcome=outcome, **more)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, WebhookRejected):
            self.found(_OUTCOMES.get(error.status, "refused"))
        elif isinstance(error, StoreError):
            self.found("not-durable")
        self._watch.delivered(self._delivery)


def _metrics(page: Callable[[], bytes]) -> APIRouter:
    router = APIRouter()

    @router.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return Response(page(), media_type=CONTENT_TYPE)

    return router


def _health(store: Store) -> APIRouter:
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    def readyz() -> dict[str, str]:
        store.ping()
        return {"status": "ready"}

    return router


def _api(app: FastAPI, store: Store) -> APIRouter:
    router = APIRouter()

    @router.get("/openapi.json", include_in_schema=False)
    def openapi() -> dict[str, Any]:
        return app.openapi()

    @router.get("/v1/reviews/{review}")
    def review(review: ReviewId) -> ReviewAnswer:
        found = store.review(review)
        if found is None:
            raise HTTPException(404, "no such review")
        return ReviewAnswer(
            id=found.id, job=found.job, head=found.head, verdict=found.verdict, document=found.document
        )

    @router.get("/v1/verdict")
    def verdict(forge: Name, project: Name, mr: Number, head: Sha) -> VerdictAnswer:
        job = store.newest_job_at(forge, project, mr, head)
        found = store.newest_review(forge, project, mr, head)
        if job is None and found is None:
            raise HTTPException(404, "nothing is known of this head")
        if job is not None and job.state in _UNFINISHED:
            found = None  # a verdict is about to change
        return VerdictAnswer(
            head=head,
            verdict=found.verdict if found else None,
            review=found.id if found else None,
            job=job.id if job else None,
            state=job.state if job else None,
        )

    return router


def _say_rejected(request: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, WebhookRejected) else 401
    if status == 429:  # they are counted; a line for each would fill the disk
        headers = {"Retry-After": str(_PAUSE_S)}
        return JSONResponse({"error": _WORDS[status]}, status_code=status, headers=headers)
    structlog.get_logger().warning("delivery rejected", path=request.url.path[:100], status=status)
    return JSONResponse({"error": _WORDS.get(status, "rejected")}, status_code=status)


def _say_not_durable(_: Request, error: Exception) -> Response:
    structlog.get_logger().error("the database did not answer", reason=str(error))
    return JSONResponse({"error": "try again"}, status_code=503, headers={"Retry-After": str(RETRY_AFTER_S)})


def _say_nothing(_: Request, __: Exception) -> Response:
    return Response(status_code=400)
