"""The connections themselves: how many, how long a request may take to arrive, and how large its head is.

uvicorn bounds none of the three before a request is whole: a client that sends a byte a minute keeps a
connection for ever, and a thousand of them keep everybody else out. Where there are too many, the one that
has kept us waiting longest has to go, so that a forge always gets in.
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from dataclasses import dataclass
from typing import Any

import h11
import structlog
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from reviewer.config import ServiceSettings
from reviewer.errors import ConfigError

HEAD_BYTES = 32 * 1024
MOST_HEADERS = 100
_QUIET_S = 10.0
_SPARE_FILES = 128  # for the database, mirrors and git, models and forges

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for a request's head and for its body, and how many connections there are at most."""

    connections: int = 512
    head_s: float = 10.0
    body_s: float = 30.0


def server_config(app: App, settings: ServiceSettings, limits: Limits | None = None) -> uvicorn.Config:
    """Configure the web server: plain HTTP, or TLS where a certificate is named.

    Raises ConfigError for a certificate or key that cannot be used.
    """
    chosen = limits or Limits(connections=_allowed(settings.max_connections))
    config = uvicorn.Config(
        plain_heads(app),
        http=bounded(chosen),
        h11_max_incomplete_event_size=HEAD_BYTES,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=10,
        backlog=1024,
        ssl_certfile=str(settings.tls_cert_file) if settings.tls_cert_file else None,
        ssl_keyfile=str(settings.tls_key_file) if settings.tls_key_file else None,
    )
    try:
        config.load()
    except OSError as err:  # ssl.SSLError is one
        raise ConfigError(
            f"the certificate or key for TLS cannot be used: {err.strerror or err}",
            key="service.tls_cert_file",
            remedy="tls_cert_file holds the certificate with its chain, tls_key_file its key, both as PEM",
        ) from err
    return config


def plain_heads(app: App) -> App:
    """Refuse a head with more than anybody needs (431), or one that says twice where the body ends (400).

    h11 bounds heads only while they are incomplete, and lets `Transfer-Encoding` win in silence.
    """

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        status = _refusal(scope.get("headers", ()))
        if status is None:
            await app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": status, "headers": [(b"connection", b"close")]})
        await send({"type": "http.response.body", "body": b""})

    return limited


def _refusal(headers: Collection[tuple[bytes, bytes]]) -> int | None:
    if len(headers) > MOST_HEADERS or sum(len(name) + len(value) for name, value in headers) > HEAD_BYTES:
        return 431
    names = {name for name, _ in headers}
    return 400 if {b"content-length", b"transfer-encoding"} <= names else None


def bounded(limits: Limits) -> type[H11Protocol]:
    """Return the protocol of connections that are cut off when they are late or too many."""
    queue = _Queue(limits)

    class Bounded(_Bounded):
        door = queue

    return Bounded


class _Queue:
    """The open connections, those that have kept us waiting longest first."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._late: dict[_Bounded, None] = {}
        self._idle: dict[_Bounded, None] = {}
        self._open = 0
        self._untold = 0
        self._quiet_until = 0.0

    def enter(self, connection: _Bounded) -> None:
        self._open += 1
        if self._open > self.limits.connections:
            next(iter((*self._late, *self._idle)), connection).cut_off("too many connections")

    def leave(self, connection: _Bounded) -> None:
        self._open -= 1
        self.arrived(connection)

    def tell(self, why: str) -> None:
        """Log that a connection was cut off: the first, then how many in each ten seconds."""
        self._untold += 1
        now = time.monotonic()
        if now >= self._quiet_until:
            structlog.get_logger().warning("connections were cut off", count=self._untold, reason=why)
            self._untold, self._quiet_until = 0, now + _QUIET_S

    def wait_for(self, connection: _Bounded) -> None:
        self._idle.pop(connection, None)
        self._late.setdefault(connection)

    def arrived(self, connection: _Bounded, *, idle: bool = False) -> None:
        self._late.pop(connection, None)
        self._idle.pop(connection, None)
        if idle:
            self._idle[connection] = None


class _Bounded(H11Protocol):
    """A connection whose requests have to arrive in time."""

    door: _Queue
    _timer: asyncio.TimerHandle | None = None
    _part = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self.door.enter(self)
        self._expect("head")

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect("")
        self.door.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._part and self.conn.their_state is h11.IDLE:
            self._expect("head")  # the next request of a connection that was kept
        super().data_received(data)

    def handle_events(self) -> None:
        super().handle_events()
        if self.conn.their_state is h11.SEND_BODY:
            self._expect("body")
        elif self.conn.their_state is not h11.IDLE:
            self._expect("")

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.IDLE and self._part != "head":
            self._expect("")
            self.door.arrived(self, idle=True)

    def cut_off(self, why: str) -> None:
        """Close at once; a client that waits for an answer hears 408 where one can still be given."""
        self._expect("")
        if self.transport.is_closing():
            return
        self.door.tell(why)
        if self.conn.our_state is h11.IDLE:
            headers = [(b"connection", b"close"), (b"content-length", b"0")]
            answer = self.conn.send(h11.Response(status_code=408, headers=headers, reason=b"Request Timeout"))
            self.transport.write(answer or b"")
            self.transport.close()
        else:
            self.transport.abort()

    def _expect(self, part: str) -> None:
        """Start the clock for a part of a request; `""` stops it."""
        if part == self._part:
            return
        self._part = part
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if part:
            self.door.wait_for(self)
            seconds = self.door.limits.head_s if part == "head" else self.door.limits.body_s
            self._timer = self.loop.call_later(
                seconds, self.cut_off, f"the {part} of a request took too long"
            )
        else:
            self.door.arrived(self)


def _allowed(wanted: int) -> int:
    """Return how many connections there may be; raise our limit of open files for them where we can."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else max(16, min(wanted, soft - _SPARE_FILES))
