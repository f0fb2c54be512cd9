"""Places at model endpoints over all processes of an installation: advisory locks of one Postgres session.

A place is a lock, so it ends with its process however that ends. Within a process people go first
(`local`); between processes whoever waits announces it, and calls of lesser urgency hold back for a
while. If the session breaks, its places are free although their calls go on: for as long as those
calls take, an endpoint may see more than its limit.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg
from sqlalchemy import make_url

from reviewer.domain import Priority
from reviewer.errors import StoreError
from reviewer.ports import Slots

_LOOK_S = (0.05, 0.25)  # between two looks, at first and at last
HOLD_BACK_S = 30.0  # for those of more urgency elsewhere; then everybody is equal
_WITHOUT_DATABASE_S = 60.0
_CONNECT_S = 5
# A machine that has lost its power says nothing: the server asks after it.
_KEEPALIVE = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"

# Stops at the first lock it gets.
_TAKE = "SELECT place FROM unnest(%s::bigint[]) AS place WHERE pg_try_advisory_lock(place) LIMIT 1"
_IS_ANNOUNCED = (
    "SELECT NOT CASE WHEN pg_try_advisory_lock(%(key)s) THEN pg_advisory_unlock(%(key)s) ELSE false END"
)


class SharedSlots:
    """Hands out places over all processes of a Postgres; see `ports.Slots`.

    `local` orders the calls of this process. `take` raises StoreError if the database stays away.
    """

    def __init__(self, address: str, local: Slots) -> None:
        self._local = local
        self._session = _Session(address)

    @asynccontextmanager
    async def take(self, endpoint: str, limit: int, priority: Priority) -> AsyncIterator[None]:
        """Wait until fewer than `limit` calls run at the endpoint anywhere, and hold a place."""
        async with self._local.take(endpoint, limit, priority):
            place = await self._wait(endpoint, limit, priority)
            try:
                yield
            finally:
                await asyncio.shield(asyncio.to_thread(self._session.give_back, place))

    async def _wait(self, endpoint: str, limit: int, priority: Priority) -> int:
        began, pause = time.monotonic(), _LOOK_S[0]
        place = await self._look(endpoint, limit, priority, began)
        if place is not None:
            return place
        await asyncio.to_thread(self._session.announce, endpoint, priority)
        try:
            while True:
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, _LOOK_S[1])
                place = await self._look(endpoint, limit, priority, began)
                if place is not None:
                    return place
        finally:
            await asyncio.shield(asyncio.to_thread(self._session.withdraw, endpoint, priority))

    async def _look(self, endpoint: str, limit: int, priority: Priority, began: float) -> int | None:
        patient = time.monotonic() - began < HOLD_BACK_S
        look = asyncio.ensure_future(
            asyncio.to_thread(self._session.look, endpoint, limit, priority if patient else Priority.PERSON)
        )
        try:
            return await asyncio.shield(look)
        except asyncio.CancelledError:
            # A place that was got in the same moment goes back.
            look.add_done_callback(self._give_back_late)
            raise

    def _give_back_late(self, look: asyncio.Future[int | None]) -> None:
        if not look.cancelled() and look.exception() is None and (place := look.result()) is not None:
            threading.Thread(target=self._session.give_back, args=(place,), daemon=True).start()

    def close(self) -> None:
        """End the session, and with it all places."""
        self._session.close()


class _Session:
    """The database session that holds this process's places; callable from any thread."""

    def __init__(self, address: str) -> None:
        self._address = make_url(address).set(drivername="postgresql").render_as_string(hide_password=False)
        self._lock = threading.Lock()
        self._wire: psycopg.Connection | None = None
        self._held: set[int] = set()
        self._waiting: Counter[tuple[str, Priority]] = Counter()
        self._away_since: float | None = None

    def look(self, endpoint: str, limit: int, priority: Priority) -> int | None:
        """Take a place if one is free and nobody of more urgency waits; return its number."""
        with self._lock:
            try:
                return self._take(endpoint, limit, priority)
            except psycopg.Error as err:
                self._drop()
                self._away_since = self._away_since or time.monotonic()
                if time.monotonic() - self._away_since > _WITHOUT_DATABASE_S:
                    raise StoreError("no places at models: the database does not answer") from err
                return None

    def give_back(self, place: int) -> None:
        """Free a place."""
        with self._lock:
            if place in self._held:  # else the session has broken meanwhile, and freed it
                self._held.discard(place)
                self._quietly("SELECT pg_advisory_unlock(%s)", place)

    def announce(self, endpoint: str, priority: Priority) -> None:
        """Let the others know that a call of this urgency waits."""
        with self._lock:
            self._waiting[endpoint, priority] += 1
            if self._waiting[endpoint, priority] == 1:
                self._quietly("SELECT pg_advisory_lock_shared(%s)", _announcement(endpoint, priority))

    def withdraw(self, endpoint: str, priority: Priority) -> None:
        """Let the others know that it waits no longer."""
        with self._lock:
            self._waiting[endpoint, priority] -= 1
            if self._waiting[endpoint, priority] == 0:
                self._quietly("SELECT pg_advisory_unlock_shared(%s)", _announcement(endpoint, priority))

    def close(self) -> None:
        """End the session."""
        with self._lock:
            self._drop()

    def _take(self, endpoint: str, limit: int, priority: Priority) -> int | None:
        wire = self._connected()
        for other in Priority:
            if other < priority and self._is_announced(wire, endpoint, other):
                return None
        # A lock that this session holds already would be given to it once more.
        places = [key for number in range(limit) if (key := _place(endpoint, number)) not in self._held]
        row = wire.execute(_TAKE, [places]).fetchone() if places else None
        if row is None:
            return None
        self._held.add(row[0])
        return int(row[0])

    def _is_announced(self, wire: psycopg.Connection, endpoint: str, priority: Priority) -> bool:
        if self._waiting[endpoint, priority]:
            return True
        row = wire.execute(_IS_ANNOUNCED, {"key": _announcement(endpoint, priority)}).fetchone()
        return bool(row and row[0])

    def _connected(self) -> psycopg.Connection:
        if self._wire is None or self._wire.closed:
            self._drop()
            self._wire = psycopg.connect(
                self._address,
                autocommit=True,
                connect_timeout=_CONNECT_S,
                application_name="reviewer places",
                options=_KEEPALIVE,
            )
            for (endpoint, priority), waiting in self._waiting.items():
                if waiting:
                    key = _announcement(endpoint, priority)
                    self._wire.execute("SELECT pg_advisory_lock_shared(%s)", [key])
        self._away_since = None
        return self._wire

    def _quietly(self, statement: str, key: int) -> None:
        try:
            self._connected().execute(statement.encode(), [key])
        except psycopg.Error:
            self._drop()  # the server frees what this session held

    def _drop(self) -> None:
        self._held.clear()
        if self._wire is not None:
            with suppress(psycopg.Error):
                self._wire.close()
            self._wire = None


def _place(endpoint: str, number: int) -> int:
    return _key(f"reviewer place {number} {endpoint}")


def _announcement(endpoint: str, priority: Priority) -> int:
    return _key(f"reviewer waits {int(priority)} {endpoint}")


def _key(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
