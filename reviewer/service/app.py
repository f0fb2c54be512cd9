"""The web side: takes deliveries, says how it is, and answers for reviews and verdicts.

Strangers learn nothing beyond a status: details stand in the log, without what they sent.
"""

from __future__ import annotations

import hmac
import ipaddress
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
from reviewer.service.payloads import Bot
from reviewer.service.store import Store
from reviewer.service.webhooks import Ignored, authenticate, parse

BODY_LIMIT = 25 * 1024 * 1024
RETRY_AFTER_S = 10

# What the database can look for; anything else is a caller's mistake, not ours.
ReviewId = Annotated[str, Path(pattern="^[0-9a-f]{1,64}$")]
Name = Annotated[str, Query(min_length=1, max_length=512, pattern=r"^[^\x00-\x1f]+$")]
Number = Annotated[int, Query(ge=1, lt=2**53)]
Sha = Annotated[str, Query(pattern="^[0-9a-f]{40,64}$")]

_UNFINISHED = frozenset({JobState.QUEUED, JobState.RUNNING})
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


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


def create_app(
    jobs: Jobs,
    store: Store,
    entrances: Mapping[str, Entrance],
    *,
    token: str | None = None,
    clock: Callable[[], float] = time.time,
) -> FastAPI:
    """Build the web application.

    `entrances` are by forge id. With a `token` the API wants it as bearer; without one it answers to
    loopback alone.
    """
    app = FastAPI(title="reviewer", openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(_deliveries(jobs, entrances, clock))
    app.include_router(_health(store))
    app.include_router(_api(app, store), prefix="/api", dependencies=[Depends(_Guard(token))])
    app.add_exception_handler(WebhookRejected, _say_rejected)
    app.add_exception_handler(StoreError, _say_not_durable)
    app.add_exception_handler(ClientDisconnect, _say_nothing)
    return app


def _deliveries(jobs: Jobs, entrances: Mapping[str, Entrance], clock: Callable[[], float]) -> APIRouter:
    router = APIRouter()

    def accept(entrance: Entrance, headers: Mapping[str, str], body: bytes) -> Response:
        authenticate(entrance.forge, entrance.secret, headers, body, clock())
        event = parse(entrance.forge, headers, body, entrance.bot())
        if isinstance(event, Ignored):
            return JSONResponse({"ignored": event.reason})
        return JSONResponse({"job": jobs.submit(event)}, status_code=202)

    @router.post("/webhooks/{forge}", responses={200: {}, 202: {}, 401: {}, 404: {}, 413: {}, 503: {}})
    async def take_delivery(forge: str, request: Request) -> Response:
        entrance = entrances.get(forge)
        if entrance is None:
            raise WebhookRejected("no such forge", status=404)
        body = await _read_body(request)
        # Hashing and parsing a large body, and the commit, would hold up every other request here.
        return await run_in_threadpool(accept, entrance, dict(request.headers), body)

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


async def _read_body(request: Request) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > BODY_LIMIT:
        raise WebhookRejected("too large", status=413)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise WebhookRejected("too large", status=413)
    return bytes(body)


class _Guard:
    """Lets in who knows the token or, where none is configured, who is on this machine."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: Request) -> None:
        if self._token:
            offered = request.headers.get("authorization", "")
            allowed = hmac.compare_digest(f"Bearer {self._token}".encode(), offered.encode())
        else:
            allowed = _is_local(request)
        if not allowed:
            raise HTTPException(401, "unauthorized", headers={"WWW-Authenticate": "Bearer"})


def _is_local(request: Request) -> bool:
    # Behind a proxy on this machine everyone would look local.
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _say_rejected(request: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, WebhookRejected) else 401
    structlog.get_logger().warning("delivery rejected", path=request.url.path[:100], status=status)
    words = {401: "unauthorized", 404: "not found", 413: "too large"}
    return JSONResponse({"error": words.get(status, "rejected")}, status_code=status)


def _say_not_durable(_: Request, error: Exception) -> Response:
    structlog.get_logger().error("the database did not answer", reason=str(error))
    return JSONResponse({"error": "try again"}, status_code=503, headers={"Retry-After": str(RETRY_AFTER_S)})


def _say_nothing(_: Request, __: Exception) -> Response:
    return Response(status_code=400)
