"""The last look before posting: is this job still the one that may speak in its merge request?"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol
from weakref import WeakValueDictionary

import structlog
from sqlalchemy import Connection, Engine, func, select

from reviewer.database.connections import store_errors, will_pass
from reviewer.domain import Event
from reviewer.errors import StoreError, Superseded
from reviewer.service.patience import insist
from reviewer.service.store import Store

_RETRY_S = 0.2


class Fence(Protocol):
    """What a job asks before it posts; `job` is its id."""

    job: str

    async def check(self) -> None:
        """Raise Superseded if a newer head came, the job was cancelled, or another process has it."""

    def hold(self) -> AbstractAsyncContextManager[None]:
        """Let no other job post in this merge request meanwhile; checks once it is our turn."""


class MergeRequestLocks:
    """One holder per merge request: in this process, and on Postgres over all processes.

    On Postgres the lock belongs to a database session of its own, so it ends with its process.
    """

    def __init__(self, engine: Engine, *, shared: bool) -> None:
        self._engine = engine
        self._shared = shared
        self._local: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def hold(self, place: str) -> AsyncIterator[None]:
        """Wait for the lock of a place and hold it."""
        lock = self._local.setdefault(place, asyncio.Lock())
        async with lock:
            if not self._shared:
                yield
                return
            session = await self._take(place)
            try:
                yield
            finally:
                await asyncio.to_thread(session.close)

    async def _take(self, place: str) -> Connection:
        """Return a session that has the lock; one that breaks while it waits makes room for another."""
        while True:
            session = await insist(self._open_session)
            taken = False
            try:
                while not taken:
                    taken = await asyncio.to_thread(_try_lock, session, place)
                    if not taken:
                        await asyncio.sleep(_RETRY_S)
            except StoreError as err:
                if not will_pass(err):
                    raise
                structlog.get_logger().warning("waiting with a new session", reason=str(err))
            else:
                return session
            finally:
                if not taken:
                    await asyncio.to_thread(session.close)

    def _open_session(self) -> Connection:
        with store_errors():
            session = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            session.detach()  # closing it then ends the session, and the lock with it
            return session


class JobFence:
    """The fence of one job in one executor."""

    def __init__(self, store: Store, locks: MergeRequestLocks, job: str, event: Event, executor: str) -> None:
        self._store = store
        self._locks = locks
        self.job = job
        self._event = event
        self._executor = executor

    async def check(self) -> None:
        """Raise Superseded unless this job is still the one that may post."""
        if not await insist(lambda: self._store.is_current(self.job, self._executor)):
            raise Superseded(
                f"{self._event.project} {self._event.number} has moved on, or the job was stopped"
            )

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Hold the merge request's lock, having checked."""
        async with self._locks.hold(f"{self._event.forge}/{self._event.project}/{self._event.number}"):
            await self.check()
            yield


def _try_lock(session: Connection, place: str) -> bool:
    key = int.from_bytes(hashlib.sha256(place.encode()).digest()[:8], "big", signed=True)
    with store_errors():
        return bool(session.scalar(select(func.pg_try_advisory_lock(key))))
