"""Connections to the one database: a SQLite file on one machine, or Postgres by URL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from reviewer.errors import ConfigError, StoreError

# A forge gives up on a delivery after ten seconds: better an honest 503 before that.
ACCEPT_TIMEOUT_S = 5
WORK_TIMEOUT_S = 30


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
        return engine
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=timeout_s,
        pool_pre_ping=True,
        connect_args={"connect_timeout": timeout_s, "application_name": "reviewer"},
    )


def sqlite_file(address: str) -> Path | None:
    """Return the file behind a SQLite address, None for Postgres; creates it for its owner alone."""
    url = _parse(address)
    if url.get_backend_name() != "sqlite":
        return None
    file = Path(url.database or "")
    file.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    return file


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


def _prepare_sqlite(connection: Any, _: Any) -> None:
    # IMMEDIATE: two writers queue up instead of failing when the second one upgrades its read lock.
    connection.isolation_level = "IMMEDIATE"
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()
