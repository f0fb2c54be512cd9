"""The service as a forge and an operator meet it: over real sockets, and through signals."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from reviewer.domain import Event
from reviewer.errors import ConfigError
from reviewer.ports import Json, Step
from reviewer.service.fence import Fence
from reviewer.service.server import Running, running
from tests.contract.jobs.lab import HEAD_A, wait_for
from tests.contract.service.serving import settings_for

pytestmark = pytest.mark.xdist_group("jobs")

ROOT = Path(__file__).resolve().parents[3]
SECRET = "not-for-strangers"
HOOK = {"x-gitlab-token": SECRET}
MERGE_REQUEST = json.dumps(
    {
        "object_kind": "merge_request",
        "project": {"path_with_namespace": "desk/orders"},
        "object_attributes": {"iid": 12, "action": "open", "last_commit": {"id": HEAD_A}},
    }
).encode()
QUERY = {"forge": "main", "project": "desk/orders", "mr": "12", "head": HEAD_A}


async def review(event: Event, step: Step, fence: Fence) -> Json:
    return {"verdict": "fail", "head": event.head, "findings": ["one"]}


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'reviewer.db'}"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    database = f"sqlite:///{tmp_path_factory.mktemp('service') / 'reviewer.db'}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOOK_SECRET", SECRET)
        with running(settings_for(database), review, drain_s=5) as service:
            yield service


def speak_http(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, trust_env=False, timeout=20)


def test_from_delivery_to_verdict(service: Running) -> None:
    with speak_http(service.url) as http:
        answers = [http.post("/webhooks/main", content=MERGE_REQUEST, headers=HOOK) for _ in range(4)]
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.json()["job"] for answer in answers}) == 1
        done = wait_for(lambda: verdict(http), "there is a verdict")
        assert (done["verdict"], done["state"]) == ("fail", "done")
        kept = http.get(f"/api/v1/reviews/{done['review']}").json()
        assert kept["document"]["findings"] == ["one"]
        assert http.get("/readyz").status_code == 200
        assert "server" not in http.get("/healthz").headers


def verdict(http: httpx.Client) -> Any:
    answer = http.get("/api/v1/verdict", params=QUERY).json()
    return answer if answer.get("verdict") else None


def test_an_endless_body_is_cut_off(service: Running) -> None:
    chunk = b" " * (1024 * 1024)

    def endless() -> Iterator[bytes]:
        for _ in range(64):
            yield chunk

    with speak_http(service.url) as http:
        try:
            status = http.post("/webhooks/main", content=endless(), headers=HOOK).status_code
        except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
            status = 413  # the server has hung up on us: as good
        assert status == 413
        assert http.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01 hello over TLS\r\n\r\n",
        b"POST /webhooks/main HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /webhooks/main HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n"
        b"Connection: close\r\n\r\n0\r\n\r\n",
        b"POST /webhooks/%00 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        b"POST /webhooks/main HTTP/1.1\r\nHost: x\r\nX-Gitlab-Token: \xff\xfe\r\nContent-Length: 0\r\n"
        b"Connection: close\r\n\r\n",
        b"GET /webhooks/../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ],
)
def test_odd_bytes_on_the_wire(service: Running, sent: bytes) -> None:
    address = httpx.URL(service.url)
    with socket.create_connection((address.host, address.port or 0), timeout=10) as wire:
        wire.sendall(sent)
        answer = b""
        while part := wire.recv(4096):
            answer += part
    assert answer.split(b" ", 2)[1][:1] == b"4"


def test_half_a_delivery_is_no_delivery(service: Running) -> None:
    before = list(service.jobs.list())
    address = httpx.URL(service.url)
    with socket.create_connection((address.host, address.port or 0), timeout=10) as wire:
        head = f"POST /webhooks/main HTTP/1.1\r\nHost: x\r\nX-Gitlab-Token: {SECRET}\r\nContent-Length: 900\r\n\r\n"
        wire.sendall(head.encode() + MERGE_REQUEST[:50])
    with speak_http(service.url) as http:
        assert http.get("/healthz").status_code == 200
    assert list(service.jobs.list()) == before


def test_a_port_that_is_taken(service: Running, tmp_path: Path) -> None:
    port = httpx.URL(service.url).port or 0
    settings = settings_for(f"sqlite:///{tmp_path / 'other.db'}", port=port)  # never opened
    with pytest.raises(ConfigError, match=str(port)) as caught, running(settings, review):
        pass
    assert caught.value.key == "service.port"


def test_no_start_without_the_secret(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOOK_SECRET", raising=False)
    with pytest.raises(ConfigError, match="HOOK_SECRET"), running(settings_for(database), review):
        pass


# --- a process of its own -------------------------------------------------------------------------


@contextmanager
def served(database: str, journal: Path) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.contract.service.serving", database, str(journal)],
        cwd=ROOT,
        env={**os.environ, "HOOK_SECRET": SECRET},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        url = next(line["url"] for line in map(json.loads, process.stderr) if line["event"] == "serving")
        with speak_http(url) as http:
            yield process, http
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def written(journal: Path) -> list[str]:
    return journal.read_text().split() if journal.exists() else []


def test_sigterm_lets_the_running_step_end(database: str, tmp_path: Path) -> None:
    journal, hold = tmp_path / "journal", tmp_path / "journal.hold"
    hold.touch()
    with served(database, journal) as (process, http):
        assert http.post("/webhooks/main", content=MERGE_REQUEST, headers=HOOK).status_code == 202
        wait_for(lambda: written(journal) == ["begun"], "the step has begun")
        process.send_signal(signal.SIGTERM)
        wait_for(lambda: is_closed(http), "no more deliveries are taken")
        assert process.poll() is None
        hold.unlink()
        assert process.wait(timeout=20) == 0
    assert written(journal) == ["begun", "ended"]
    with served(database, journal) as (_, http):
        assert wait_for(lambda: verdict(http), "the job is done")["verdict"] == "pass"
    assert written(journal) == ["begun", "ended"]


def is_closed(http: httpx.Client) -> bool:
    try:
        http.get("/healthz")
    except httpx.TransportError:
        return True
    return False


def test_kill_9_right_after_the_acknowledgement(database: str, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with served(database, journal) as (process, http):
        job = http.post("/webhooks/main", content=MERGE_REQUEST, headers=HOOK).json()["job"]
        process.kill()
    with served(database, journal) as (_, http):
        done = wait_for(lambda: verdict(http), "the job is done")
    assert done["job"] == job
    assert written(journal)[-1] == "ended"
