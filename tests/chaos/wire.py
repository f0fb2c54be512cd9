"""Requests as no honest sender writes them, and what a running process answers to them."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx

from tests.chaos.process import Process

Headers = Mapping[str, str]

_HUNG_UP_S = 1.0
# What may be answered to a request that is not as it should be.
REFUSED = frozenset({400, 401, 404, 405, 408, 411, 413, 414, 429, 431, 501, 505})


def delivery(number: int) -> bytes:
    """Write the body of a delivery about a merge request."""
    return json.dumps(
        {
            "object_kind": "merge_request",
            "event_type": "merge_request",
            "user": {"id": 2, "username": "alice"},
            "project": {"id": 1, "path_with_namespace": "desk/orders"},
            "object_attributes": {"iid": number, "action": "open", "last_commit": {"id": "a" * 40}},
        }
    ).encode()


def expect(process: Process, forge: str, body: bytes, headers: Headers, *statuses: int) -> str:
    """Deliver, and return a complaint unless the answer is one of these; to hang up is an answer too."""
    raw = {name.encode(): value.encode() for name, value in headers.items()}
    with client(process) as http:
        try:
            status = http.post(f"/webhooks/{forge}", content=body, headers=raw).status_code
        except httpx.TransportError:
            return ""
    return "" if status in statuses or status in (400, 431) else f"answered {status}"


def expect_stream(process: Process, body: bytes, headers: Headers, status: int) -> str:
    """Deliver in chunks, without saying how much it will be."""

    def pieces() -> Iterator[bytes]:
        yield from (body[at : at + 65536] for at in range(0, len(body), 65536))

    with client(process) as http:
        try:
            got = http.post("/webhooks/lab", content=pieces(), headers=dict(headers)).status_code
        except httpx.TransportError:
            return ""
    return "" if got == status else f"answered {got}"


@contextmanager
def client(process: Process) -> Iterator[httpx.Client]:
    """Open a client of a process."""
    with httpx.Client(base_url=process.url, trust_env=False, timeout=60) as client:
        yield client


def speak(process: Process, first: str, headers: Headers, body: bytes) -> int | None:
    """Write a request with any first line and return the status; None as for `speak_raw`."""
    return speak_raw(process, first, [*headers.items(), ("Content-Length", str(len(body)))], body)


def speak_raw(process: Process, first: str, headers: list[tuple[str, str]], body: bytes) -> int | None:
    """Write a request as it is and return the status, None if the other side hung up or waits for more."""
    address = urlsplit(process.url)
    head = "".join(f"{name}: {value}\r\n" for name, value in (("Host", "x"), *headers))
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=_HUNG_UP_S) as wire:
        try:
            wire.sendall(f"{first}\r\n{head}\r\n".encode() + body)
            answer = wire.recv(4096)
        except (TimeoutError, ConnectionError):
            return None
    parts = answer.split(b" ", 2)
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else None
