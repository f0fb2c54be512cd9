"""A bell that wakes whoever waits for work: in this process, and through Postgres in the others.

Ringing never waits. A ring that is lost (a connection broke) costs a delay, since workers look now and then anyway.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import cast

import psycopg
import structlog
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

_CHANNEL = "reviewer_jobs"
_LISTEN_S = 5.0
_RECONNECT_S = 2.0


class Bell:
    """Rings here; with `shared` in all processes of the database, if `listening` it hears them too."""

    def __init__(self, engine: Engine, *, shared: bool, listening: bool) -> None:
        self._engine = engine
        self._shared = shared
        self._here = threading.Event()
        self._elsewhere = threading.Event()
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        if shared:
            self._threads.append(threading.Thread(target=self._tell, name="bell", daemon=True))
            if listening:
                self._threads.append(threading.Thread(target=self._listen, name="bell-listener", daemon=True))
        for thread in self._threads:
            thread.start()

    def ring(self, *, elsewhere: bool = True) -> None:
        """Wake whoever waits."""
        self._here.set()
        if elsewhere:
            self._elsewhere.set()

    def wait(self, seconds: float) -> bool:
        """Wait for the next ring, or that long; say which."""
        rang = self._here.wait(seconds)
        self._here.clear()
        return rang

    def close(self) -> None:
        """Wake whoever waits, for the last time."""
        self._closing.set()
        self.ring()
        for thread in self._threads:
            thread.join(timeout=_LISTEN_S + 1)

    def _tell(self) -> None:
        """Pass rings on, many at once as one, beside the transactions that caused them."""
        while True:
            self._elsewhere.wait()
            self._elsewhere.clear()
            if self._closing.is_set():
                return
            with suppress(SQLAlchemyError), self._engine.begin() as connection:
                connection.execute(text(f"NOTIFY {_CHANNEL}"))

    def _listen(self) -> None:
        while not self._closing.is_set():
            try:
                self._hear()
            except (SQLAlchemyError, psycopg.Error) as err:
                structlog.get_logger().warning("bell not heard", error=type(err).__name__)
                self._closing.wait(_RECONNECT_S)

    def _hear(self) -> None:
        pooled = self._engine.raw_connection()
        wire = cast("psycopg.Connection", pooled.driver_connection)
        pooled.detach()  # it listens until it ends, and goes back to no pool
        with wire:
            wire.autocommit = True
            wire.execute(f"LISTEN {_CHANNEL}")
            while not self._closing.is_set():
                for _ in wire.notifies(timeout=1.0, stop_after=1):
                    self._here.set()
