"""A small HTTP server on loopback, in a thread of its own, that can also misbehave on purpose."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

DEADLINE_S = 20.0


class Exchange:
    """One request and the answer to it. Every connection carries one exchange."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.method = ""
        self.path = ""
        self.headers: dict[str, str] = {}
        self.body = b""
        self.client_left = asyncio.Event()

    async def read(self) -> None:
        """Read the request."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        self.method, self.path, _ = first.split(" ", 2)
        pairs = (line.partition(":") for line in lines if line)
        self.headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        self.body = await self._reader.readexactly(int(self.headers.get("content-length", 0)))

    def json(self) -> dict[str, Any]:
        """Return the body as an object; empty if there is none."""
        parsed: dict[str, Any] = json.loads(self.body) if self.body else {}
        return parsed

    async def respond(self, status: int, payload: Any, headers: dict[str, str] | None = None) -> None:
        """Answer with JSON, or with bytes as they are."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        lines = {"content-type": "application/json", **(headers or {}), "content-length": str(len(body))}
        self._head(status, lines)
        self._writer.write(body)
        await self._writer.drain()

    def start_stream(self, content_type: str) -> None:
        """Begin an answer of unknown length."""
        self._head(200, {"content-type": content_type, "transfer-encoding": "chunked"})

    async def send(self, piece: bytes) -> None:
        """Send a piece of a stream."""
        self._writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        await self._writer.drain()

    async def end(self) -> None:
        """End a stream as HTTP has it."""
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()

    def cut(self) -> None:
        """Break the connection off."""
        self._writer.transport.abort()

    async def pause(self, seconds: float) -> None:
        """Wait, but not for a client that has left."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.client_left.wait(), seconds)

    async def watch(self) -> None:
        """Notice that the client closes the connection."""
        with suppress(ConnectionError):
            await self._reader.read()
        self.client_left.set()

    def _head(self, status: int, headers: dict[str, str]) -> None:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._writer.write(
            f"HTTP/1.1 {status} Scripted\r\n{lines}connection: close\r\n\r\n".encode("latin-1")
        )


class LoopbackServer(ABC):
    """Serve `answer` on 127.0.0.1 while the `with` block lasts; `url` has no final slash."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.url = ""
        self._tls = tls
        self._changed = threading.Condition()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._open: dict[asyncio.Task[None], Exchange] = {}
        self._thread = threading.Thread(target=self._run, name="loopback-server")
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None

    @abstractmethod
    async def answer(self, exchange: Exchange) -> None:
        """Answer one request."""

    def wait_until(self, condition: Callable[[], bool], deadline_s: float = DEADLINE_S) -> None:
        """Wait until something has happened on the server; TimeoutError if it does not."""
        end = time.monotonic() + deadline_s
        with self._changed:
            # Looked at again every so often as well: a condition may also rest on other things.
            while not condition():
                if time.monotonic() > end:
                    raise TimeoutError("what was waited for did not happen")
                self._changed.wait(0.05)

    def changed(self) -> None:
        """Wake those who wait."""
        with self._changed:
            self._changed.notify_all()

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(DEADLINE_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._loop is not None
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(DEADLINE_S)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self._tls)
        scheme = "https" if self._tls else "http"
        self.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        async with server:
            await self._stop.wait()
        for exchange in self._open.values():
            exchange.cut()
            exchange.client_left.set()
        await asyncio.gather(*self._open)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        exchange = self._open[task] = Exchange(reader, writer)
        watch: asyncio.Task[None] | None = None
        try:
            await exchange.read()
            watch = asyncio.create_task(exchange.watch())
            await self.answer(exchange)
        except (ConnectionError, asyncio.IncompleteReadError):
            exchange.client_left.set()
        finally:
            if watch is not None:
                watch.cancel()
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            del self._open[task]
            self.changed()
