"""A service on loopback whose door is tried, and raw sockets to try it with."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn

from reviewer.config import ForgeSettings, ServiceSettings
from reviewer.errors import StoreError
from reviewer.service.app import Door, Entrance, create_app
from reviewer.service.edge import Limits, server_config
from reviewer.service.payloads import Bot
from tests.contract.jobs.lab import wait_for
from tests.unit.service.payloads import SECRET, SIGNING_SECRET
from tests.unit.service.test_app import Queue

NOW = 1_800_000_000


def forge(name: str, kind: Any = "gitlab", **options: Any) -> ForgeSettings:
    return ForgeSettings(id=name, kind=kind, url="http://127.0.0.1:9", **options)


def entrances(rate_limit: int = 30) -> dict[str, Entrance]:
    bot = Bot("reviewer")
    return {
        "main": Entrance(forge("main", rate_limit=rate_limit), SECRET, lambda: bot),
        "signed": Entrance(
            forge("signed", webhook_auth="signature", rate_limit=rate_limit), SIGNING_SECRET, lambda: bot
        ),
        "hub": Entrance(forge("hub", "github", rate_limit=rate_limit), SECRET, lambda: bot),
    }


@dataclass
class House:
    """The service's address, and the jobs that it was asked for."""

    url: str
    queue: Queue
    statuses: list[int] = field(default_factory=list)

    def http(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, trust_env=False, timeout=30, **options)

    def connect(self) -> socket.socket:
        address = httpx.URL(self.url)
        return socket.create_connection((address.host, address.port or 0), timeout=30)

    def answer(self, sent: bytes) -> bytes:
        """Send bytes and return everything that comes back until the connection ends."""
        with self.connect() as wire:
            wire.sendall(sent)
            return read_all(wire)


def read_all(wire: socket.socket) -> bytes:
    answer = b""
    try:
        while part := wire.recv(65536):
            answer += part
    except ConnectionResetError:
        pass
    return answer


@contextmanager
def open_house(
    limits: Limits | None = None, *, door: Door | None = None, rate_limit: int = 30, **settings: Any
) -> Iterator[House]:
    queue = Queue()
    app: Any = create_app(queue, _NoStore(), entrances(rate_limit), door=door, clock=lambda: NOW)  # type: ignore[arg-type]
    config = server_config(app, ServiceSettings(**settings), limits)
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    wait_for(lambda: server.started, "the server has started")
    scheme = "https" if isinstance(config.ssl, ssl.SSLContext) else "http"
    try:
        yield House(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}", queue)
    finally:
        server.should_exit = True
        thread.join(timeout=30)
        listener.close()


class _NoStore:
    def ping(self) -> None:
        raise StoreError("there is none")
