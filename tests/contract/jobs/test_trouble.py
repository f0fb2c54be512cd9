"""Connections that break, bells that ring elsewhere, chores that fail."""

from __future__ import annotations

import io
import logging
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from dbos import _sys_db
from sqlalchemy import Engine
from sqlalchemy.event import listen, remove
from sqlalchemy.pool import Pool

from reviewer.database.connections import open_database
from reviewer.database.migration import migrate
from reviewer.domain import Event, JobState, ProcessRole
from reviewer.errors import StoreError
from reviewer.ports import Json, Step
from reviewer.service.bell import Bell
from reviewer.service.chores import Chore, Chores
from reviewer.service.fence import Fence
from reviewer.service.store import Store
from tests.contract.jobs.lab import HEAD_A, PATIENCE_S, Lab, opened, wait_for

pytestmark = pytest.mark.xdist_group("jobs")

BREAK = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def nothing(event: Event, step: Step, fence: Fence) -> Json:
    return None


@pytest.fixture
def address(new_postgres_database: Callable[[], str]) -> str:
    return new_postgres_database()


@pytest.fixture
def engine(address: str) -> Iterator[Engine]:
    engine = open_database(address, connections=3, timeout_s=5)
    yield engine
    engine.dispose()


def break_connections(address: str) -> int:
    with psycopg.connect(address, autocommit=True) as connection:
        row = connection.execute(BREAK).fetchone()
        return int(row[0]) if row else 0


def test_a_delivery_is_taken_although_the_connection_has_just_broken(address: str) -> None:
    with opened(address, nothing, role=ProcessRole.WEB) as web:
        for number in (1, 2):
            job = web.submit(Event("main", "desk/p", number, "opened", f"d{number}", head=HEAD_A))
            assert web.status(job) is not None
            assert break_connections(address) > 0
        assert web.submit(Event("main", "desk/p", 3, "opened", "d3", head=HEAD_A)) == "main:d3:1"


def test_a_worker_goes_on_when_its_connections_have_broken(address: str) -> None:
    with opened(address, nothing, beat_s=0.2) as jobs:
        first = jobs.submit(Event("main", "desk/p", 1, "opened", "d1", head=HEAD_A))
        wait_for(lambda: done(jobs.status(first)), "the first job is done")
        assert break_connections(address) > 0
        second = jobs.submit(Event("main", "desk/p", 2, "opened", "d2", head=HEAD_A))
        wait_for(lambda: done(jobs.status(second)), "the second job is done")


def done(job: object) -> bool:
    return getattr(job, "state", None) is JobState.DONE


def test_a_bell_is_heard_in_other_processes(address: str, engine: Engine) -> None:
    other = open_database(address, connections=3, timeout_s=5)
    with (
        closing(Bell(engine, shared=True, listening=False)) as here,
        closing(Bell(other, shared=True, listening=True)) as there,
    ):
        rang = threading.Event()

        def listen() -> None:
            if there.wait(PATIENCE_S):
                rang.set()

        listener = threading.Thread(target=listen)
        listener.start()

        def ring() -> bool:  # again and again, since the other one may not listen yet
            here.ring()
            return rang.is_set()

        wait_for(ring, "it rang there")
        listener.join()
    other.dispose()


def test_a_chore_that_fails_is_done_again_and_holds_up_no_other(engine: Engine) -> None:
    migrate(engine)
    tries: list[str] = []

    def fail() -> bool:
        tries.append("fail")
        raise StoreError("the disk is full")

    def succeed() -> bool:
        tries.append("succeed")
        return False

    todo = [Chore("a", 0.05, fail), Chore("b", 0.05, succeed, shared=False)]
    with closing(Chores(Store(engine, lambda: 0.0 + len(tries)), todo, look_s=0.01)):
        wait_for(lambda: min(tries.count("fail"), tries.count("succeed")) > 2, "both were done three times")


def test_a_log_handler_whose_stream_is_closed_does_not_keep_the_engine_from_starting(tmp_path: Path) -> None:
    stream = io.StringIO()
    logging.getLogger("dbos").handlers = [logging.StreamHandler(stream)]
    stream.close()
    with closing(Lab(f"sqlite:///{tmp_path / 'reviewer.db'}")) as lab:
        assert lab.jobs.list() == []


def test_while_the_engine_waits_for_a_full_disk_it_locks_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "reviewer.db"
    full, waiting, go_on = threading.Event(), threading.Event(), threading.Event()

    def wait(seconds: float) -> None:
        if sys._getframe(1).f_code.co_name != "wrapper":  # of `db_retry`
            time.sleep(seconds)
            return
        waiting.set()
        go_on.wait(PATIENCE_S)

    def bound(connection: Any, _record: Any, _proxy: Any) -> None:
        pages = 1 if full.is_set() else 1_000_000  # fewer than there are: as many as there are
        connection.execute(f"PRAGMA max_page_count = {pages}").close()

    async def work(event: Event, step: Step, fence: Fence) -> Json:
        async def read() -> Json:
            full.set()
            return "long" * 100_000

        return await step("read", read)

    monkeypatch.setattr(_sys_db, "time", SimpleNamespace(**{**vars(time), "sleep": wait}))
    listen(Pool, "checkout", bound)
    try:
        with opened(f"sqlite:///{file}", work) as jobs:
            job = jobs.submit(Event("main", "desk/p", 1, "opened", "d1", head=HEAD_A))
            wait_for(waiting.is_set, "the engine waits for room")
            with closing(sqlite3.connect(file, timeout=5)) as other:
                other.execute("BEGIN IMMEDIATE")
                other.rollback()
            full.clear()
            go_on.set()
            wait_for(lambda: done(jobs.status(job)), "the job is done")
    finally:
        remove(Pool, "checkout", bound)
