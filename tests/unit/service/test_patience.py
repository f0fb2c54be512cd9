"""A job waits for a database that is away, locked or full; a mistake of ours is not waited for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from reviewer.database.connections import open_database, store_errors, will_pass
from reviewer.errors import StoreError
from reviewer.service.patience import insist


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "reviewer.db"


@pytest.fixture
def engine(file: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{file}", connections=1, timeout_s=0)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE notes (body TEXT)"))
    yield engine
    engine.dispose()


def write(engine: Engine, statement: str = "INSERT INTO notes VALUES (:body)", *, full: bool = False) -> str:
    with store_errors(), engine.begin() as connection:
        # A limit below what is there means: not a page more.
        connection.exec_driver_sql(f"PRAGMA max_page_count = {1 if full else 1_000_000}").close()
        connection.execute(text(statement), {"body": "x" * 100_000})
    return "written"


def test_a_full_disk_will_pass_and_makes_the_engine_wait(engine: Engine) -> None:
    with pytest.raises(StoreError) as caught:
        write(engine, full=True)
    assert will_pass(caught.value)
    cause = caught.value.__cause__
    assert isinstance(cause, DBAPIError)
    assert cause.connection_invalidated  # what the job engine calls a reason to try again


def test_a_lock_will_pass(engine: Engine, file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError) as caught:
            write(engine)
    assert will_pass(caught.value)


def test_a_postgres_that_is_not_there_will_pass_and_makes_the_engine_wait(tmp_path: Path) -> None:
    away = open_database(f"postgresql://nobody@/nothing?host={tmp_path}", connections=1, timeout_s=1)
    with pytest.raises(StoreError) as caught, store_errors(), away.connect():
        pass
    away.dispose()
    assert will_pass(caught.value)
    cause = caught.value.__cause__
    assert isinstance(cause, DBAPIError)
    assert cause.connection_invalidated


def test_a_mistake_will_not_pass(engine: Engine) -> None:
    with pytest.raises(StoreError) as caught:
        write(engine, "INSERT INTO nowhere VALUES (:body)")
    assert not will_pass(caught.value)


async def test_it_is_tried_again_until_there_is_room(engine: Engine) -> None:
    tries: list[bool] = []

    def call() -> str:
        tries.append(not tries)
        return write(engine, full=tries[-1])

    assert await insist(call) == "written"
    assert tries == [True, False]


async def test_a_mistake_is_told_at_once(engine: Engine) -> None:
    with pytest.raises(StoreError):
        await insist(lambda: write(engine, "INSERT INTO nowhere VALUES (:body)"))
