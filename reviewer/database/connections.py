"""Connections to the one database: a SQLite file on one machine, or Postgres by URL."""

from __future__ import annotations

import math
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    DisconnectionError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from reviewer.errors import ConfigError, StoreError

# A forge gives up on a delivery after ten seconds: better an honest 503 before that.
ACCEPT_TIMEOUT_S = 5
WORK_TIMEOUT_S = 30
_REST_S = 5.0


def open_database(address: str, *, connections: int, timeout_s: int) -> Engine:
    """Return an engine that loses nothing it has committed.

    `address` is `sqlite:///file` or `postgresql://...`; `timeout_s` bounds the wait for a lock and for
    a connection. Raises ConfigError for any other address.
    """
    url = _parse(address)
    if url.get_backend_name() == "sqlite":
        engine = create_engine(
            url,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=timeout_s,
            connect_args={"timeout": timeout_s},
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "handle_error", _count_as_lost)
        return engine
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=timeout_s,
        connect_args={"connect_timeout": timeout_s, "application_name": "reviewer"},
    )
    event.listen(engine, "handle_error", _count_as_lost)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", partial(_ping_after_a_rest, engine))
    return engine


def sqlite_file(address: str) -> Path | None:
    """Return the file behind a SQLite address, None for Postgres; creates it for its owner alone."""
    url = _parse(address)
    if url.get_backend_name() != "sqlite":
        return None
    file = Path(url.database or "")
    file.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    return file


def is_lost_connection(error: StoreError) -> bool:
    """Say whether a connection broke, so that the same on a new one may succeed."""
    cause = error.__cause__
    return isinstance(cause, DBAPIError) and cause.connection_invalidated


def will_pass(error: StoreError) -> bool:
    """Say whether the database itself was away, locked or full, so that the same may succeed later."""
    cause = error.__cause__
    if isinstance(cause, (PoolTimeoutError, DisconnectionError)):
        return True
    if not isinstance(cause, OperationalError):
        return isinstance(cause, DBAPIError) and cause.connection_invalidated
    # SQLite calls a mistake in a statement an operational error too.
    return getattr(cause.orig, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn what the database says into StoreError, without the statement and its values."""
    try:
        yield
    except SQLAlchemyError as err:
        raise StoreError(f"the database failed: {type(err).__name__}") from err


def _parse(address: str) -> URL:
    try:
        url = make_url(address)
    except ArgumentError as err:
        raise ConfigError("the database address cannot be read", key="service.database") from err
    usable = url.get_backend_name() in {"sqlite", "postgresql"} and url.database not in {None, "", ":memory:"}
    if not usable:
        raise ConfigError(
            "the database is neither a SQLite file nor Postgres",
            key="service.database",
            remedy="write sqlite:///reviewer.db or postgresql://user@host/name",
        )
    return url


def _note_use(_: Any, record: Any) -> None:
    record.info["used"] = time.monotonic()


def _ping_after_a_rest(engine: Engine, connection: Any, record: Any, _: Any) -> None:
    """Make sure of a connection that nobody has used for a while; asking each time would cost a trip."""
    if time.monotonic() - record.info.get("used", math.inf) < _REST_S:
        return
    try:
        engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error as err:
        raise DisconnectionError("it was gone") from err


def _prepare_sqlite(connection: Any, _: Any) -> None:
    # IMMEDIATE: two writers queue up instead of failing when the second one upgrades its read lock.
    connection.isolation_level = "IMMEDIATE"
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _count_as_lost(context: ExceptionContext) -> None:
    """Let a full disk and a refused connection count as a lost one: the job engine then waits, else the job fails.

    By itself it knows neither: psycopg says "connection is bad" where it looks for "connection failed".
    """
    error = context.original_exception
    full = getattr(error, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
    if full and context.connection is not None:
        # Closed alone, it keeps its lock for as long as anyone keeps a cursor of it: the engine keeps the error, and
        # with it the cursors, for the whole pause before it tries again.
        with suppress(sqlite3.Error):
            context.connection.connection.rollback()
    if full or (context.connection is None and not isinstance(error, sqlite3.Error)):
        context.is_disconnect = True
