"""Reading a delivery's body: so many bytes, in so much time, and never much memory for strangers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request

from reviewer.errors import StoreError, WebhookRejected

BODY_LIMIT = 25 * 1024 * 1024  # GitHub sends no more
BODY_S = 20.0
# What every request may bring anyway: an ordinary delivery is smaller.
ALLOWANCE = 128 * 1024
ROOM = 4 * BODY_LIMIT


class BodyRoom:
    """Memory for the bodies of all requests at once, beyond what each may have anyway.

    A body that grows waits for room, which holds its sender up. One loop's; `room` in bytes.
    """

    def __init__(self, room: int = ROOM, *, seconds: float = BODY_S) -> None:
        self._left = room
        self._seconds = seconds
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[bytes]:
        """Read a body and keep its room while the context lasts.

        Raises WebhookRejected (413 too large, 408 too slow) and StoreError where there is no room.
        """
        declared = request.headers.get("content-length", "")
        if len(declared) > 19 or (declared.isdecimal() and int(declared) > BODY_LIMIT):
            raise WebhookRejected("too large", status=413)
        held = _Held(self)
        try:
            try:
                async with asyncio.timeout(self._seconds):
                    body = await held.receive(request)
            except TimeoutError as err:
                if held.waits:
                    raise StoreError("there is no memory for another large delivery") from err
                raise WebhookRejected("too slow", status=408) from err
            yield body
        finally:
            await self._give(held.bytes)

    async def take(self, count: int) -> None:
        """Wait until there is room for so many bytes."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._left >= count)
            self._left -= count

    async def _give(self, count: int) -> None:
        if count:
            async with self._changed:
                self._left += count
                self._changed.notify_all()


class _Held:
    """What one request has taken of the room."""

    def __init__(self, room: BodyRoom) -> None:
        self.bytes = 0
        self.waits = False
        self._room = room

    async def receive(self, request: Request) -> bytes:
        body = bytearray()
        async for chunk in request.stream():
            if len(body) + len(chunk) > BODY_LIMIT:
                raise WebhookRejected("too large", status=413)
            wanted = max(0, len(body) + len(chunk) - ALLOWANCE) - self.bytes
            if wanted > 0:
                self.waits = True
                await self._room.take(wanted)
                self.waits = False
                self.bytes += wanted
            body += chunk
        return bytes(body)
