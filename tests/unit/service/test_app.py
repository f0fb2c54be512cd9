"""The web side, spoken to without a network: statuses, who is let in, and that nothing breaks it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewer.domain import Event, Job
from reviewer.errors import StoreError
from reviewer.service import bodies
from reviewer.service.app import Door, Entrance, create_app
from reviewer.service.payloads import Bot
from tests.unit.service.conftest import HEADS, Bench
from tests.unit.service.payloads import (
    SECRET,
    SIGNING_SECRET,
    encode,
    github,
    github_headers,
    github_pull_request,
    gitlab,
    gitlab_merge_request,
    signed_headers,
)

NOW = 1_800_000_000
LOCAL, STRANGER = ("127.0.0.1", 5), ("10.1.2.3", 5)
TOKEN = {"x-gitlab-token": SECRET}


@dataclass
class Queue:
    """Jobs that are only written down."""

    submitted: list[Event] = field(default_factory=list)
    broken: bool = False

    def submit(self, event: Event) -> str:
        if self.broken:
            raise StoreError("disk full at /secret/place")
        self.submitted.append(event)
        return f"job-{event.delivery}"

    def status(self, job: str) -> Job | None:
        raise NotImplementedError

    def list(self, limit: int = 50) -> Sequence[Job]:
        raise NotImplementedError

    def retry(self, job: str) -> str:
        raise NotImplementedError

    def cancel(self, job: str) -> None:
        raise NotImplementedError

    def close(self, drain_s: float) -> None:
        raise NotImplementedError


ENTRANCES = {
    "main": Entrance(gitlab(), SECRET, lambda: Bot("reviewer")),
    "signed": Entrance(gitlab(webhook_auth="signature"), SIGNING_SECRET, lambda: Bot("reviewer")),
    "hub": Entrance(github(), SECRET, lambda: Bot("reviewer")),
}


def visit(
    bench: Bench | None, queue: Queue, *, token: str | None = None, client: tuple[str, int] = LOCAL
) -> httpx.AsyncClient:
    store: Any = bench.store if bench else None
    app = create_app(queue, store, ENTRANCES, door=Door(token), clock=lambda: NOW)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=client), base_url="http://service")


async def test_a_delivery_is_accepted() -> None:
    queue = Queue()
    async with visit(None, queue, client=STRANGER) as http:
        body = encode(gitlab_merge_request())
        answer = await http.post("/webhooks/main", content=body, headers=TOKEN | {"Idempotency-Key": "k1"})
        assert (answer.status_code, answer.json()) == (202, {"job": "job-k1"})
        signed = await http.post("/webhooks/signed", content=body, headers=signed_headers(body, NOW))
        assert signed.json() == {"job": "job-msg_1"}
        pull = encode(github_pull_request("opened"))
        assert (
            await http.post("/webhooks/hub", content=pull, headers=github_headers(pull))
        ).status_code == 202
    assert [event.project for event in queue.submitted] == ["desk/orders"] * 3


async def test_what_calls_for_nothing_is_said_so() -> None:
    async with visit(None, Queue()) as http:
        answer = await http.post("/webhooks/main", content=b"{", headers=TOKEN)
        assert (answer.status_code, answer.json()) == (200, {"ignored": "the body is not JSON"})


@pytest.mark.parametrize(
    ("forge", "headers", "status"),
    [
        ("main", {}, 401),
        ("main", {"x-gitlab-token": "guess"}, 401),
        ("other", TOKEN, 404),
        ("main/x", TOKEN, 404),
    ],
)
async def test_strangers_learn_nothing(forge: str, headers: dict[str, str], status: int) -> None:
    queue = Queue()
    async with visit(None, queue) as http:
        answer = await http.post(f"/webhooks/{forge}", content=b"{", headers=headers)
    assert answer.status_code == status
    assert len(answer.content) < 40
    assert queue.submitted == []


async def test_a_large_body_is_refused_by_its_announcement() -> None:
    async with visit(None, Queue()) as http:
        length = {"content-length": str(bodies.BODY_LIMIT + 1)}
        assert (await http.post("/webhooks/main", content=b"{}", headers=TOKEN | length)).status_code == 413


async def test_a_large_body_is_refused_while_it_comes() -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(26):
            yield b" " * (1024 * 1024)

    async with visit(None, Queue()) as http:
        assert (await http.post("/webhooks/main", content=body(), headers=TOKEN)).status_code == 413


async def test_what_is_not_durable_is_not_acknowledged() -> None:
    async with visit(None, Queue(broken=True)) as http:
        answer = await http.post("/webhooks/main", content=encode(gitlab_merge_request()), headers=TOKEN)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "secret" not in answer.text


async def test_health_answers_everyone(bench: Bench) -> None:
    async with visit(bench, Queue(), token="t", client=STRANGER) as http:
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/readyz")).status_code == 200
        bench.engine.dispose()
        with bench.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE workflow_status")
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/readyz")).status_code == 503


API = (
    "/api/openapi.json",
    "/api/v1/reviews/0123",
    f"/api/v1/verdict?forge=m&project=p&mr=1&head={HEADS['a']}",
)


@pytest.mark.parametrize(
    ("token", "client", "headers", "let_in"),
    [
        (None, LOCAL, {}, True),
        (None, ("::1", 5), {}, True),
        (None, STRANGER, {}, False),
        (None, ("localhost", 5), {}, False),
        (None, LOCAL, {"x-forwarded-for": "10.1.2.3"}, False),
        (None, STRANGER, {"x-forwarded-for": "127.0.0.1"}, False),
        ("t0ken", LOCAL, {}, False),
        ("t0ken", STRANGER, {"authorization": "Bearer t0ken"}, True),
        ("t0ken", STRANGER, {"authorization": "Bearer t0ke"}, False),
        ("t0ken", STRANGER, {"authorization": "t0ken"}, False),
        ("", STRANGER, {"authorization": "Bearer "}, False),
    ],
)
async def test_the_api_is_for_those_who_may(
    bench: Bench, token: str | None, client: tuple[str, int], headers: dict[str, str], let_in: bool
) -> None:
    async with visit(bench, Queue(), token=token, client=client) as http:
        answers = [await http.get(path, headers=headers) for path in API]
    assert {answer.status_code != 401 for answer in answers} == {let_in}


async def test_a_review_and_its_verdict(bench: Bench) -> None:
    query = {"forge": "main", "project": "desk/orders", "mr": "1", "head": HEADS["a"]}
    async with visit(bench, Queue()) as http:
        assert (await http.get("/api/v1/verdict", params=query)).status_code == 404
        job = bench.tell("opened", "a").job
        queued = (await http.get("/api/v1/verdict", params=query)).json()
        assert queued == {"head": HEADS["a"], "verdict": None, "review": None, "job": job, "state": "queued"}

        found = bench.store.job(job)
        assert found is not None
        review = bench.store.keep_review(job, found.event, {"verdict": "fail", "findings": []})
        bench.set_progress(job, "SUCCESS")
        done = (await http.get("/api/v1/verdict", params=query)).json()
        assert (done["verdict"], done["review"], done["state"]) == ("fail", review, "done")
        document = (await http.get(f"/api/v1/reviews/{review}")).json()["document"]
        assert document == {"verdict": "fail", "findings": []}

        bench.tell("retargeted", "a")
        assert (await http.get("/api/v1/verdict", params=query)).json()["verdict"] is None
        assert (await http.get("/api/v1/reviews/0123")).status_code == 404


async def test_openapi_names_every_path(bench: Bench) -> None:
    async with visit(bench, Queue()) as http:
        paths = (await http.get("/api/openapi.json")).json()["paths"]
    assert set(paths) == {
        "/webhooks/{forge}",
        "/healthz",
        "/readyz",
        "/api/v1/reviews/{review}",
        "/api/v1/verdict",
    }


header_names = st.sampled_from(
    [
        "x-gitlab-token",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "idempotency-key",
        "x-github-event",
        "x-hub-signature-256",
        "x-github-delivery",
        "content-length",
        "content-type",
        "content-encoding",
        "authorization",
    ]
)
header_values = st.binary(max_size=40) | st.sampled_from(
    [SECRET.encode(), str(NOW).encode(), b"v1,AAAA", b"25"]
)


@settings(max_examples=300)
@given(
    forge=st.sampled_from([*ENTRANCES, "none"]),
    headers=st.dictionaries(header_names, header_values, max_size=6),
    body=st.binary(max_size=100) | st.sampled_from([encode(gitlab_merge_request()), b"[" * 50_000]),
    method=st.sampled_from(["POST", "POST", "POST", "GET", "PUT", "OPTIONS"]),
)
async def test_whatever_is_sent_there_is_no_5xx(
    forge: str, headers: dict[str, bytes], body: bytes, method: str
) -> None:
    async with visit(None, Queue()) as http:
        answer = await http.request(
            method,
            f"/webhooks/{forge}",
            content=body,
            headers=[(name.encode(), value) for name, value in headers.items()],
        )
    assert answer.status_code in {200, 202, 401, 404, 405, 413}


@settings(max_examples=200)
@given(values=st.dictionaries(st.sampled_from(["forge", "project", "mr", "head"]), st.text(max_size=60)))
async def test_whatever_is_asked_there_is_no_5xx(values: dict[str, str]) -> None:
    class Empty:
        def newest_job_at(self, *_: object) -> None:
            return None

        newest_review = newest_job_at

    app = create_app(Queue(), Empty(), {}, clock=lambda: NOW)  # type: ignore[arg-type]
    transport = httpx.ASGITransport(app, client=LOCAL)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
        answer = await http.get("/api/v1/verdict", params=values)
    assert answer.status_code in {404, 422}
