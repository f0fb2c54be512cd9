"""Two processes on one Postgres do not post in one merge request at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from reviewer.database.connections import open_database
from reviewer.database.migration import migrate
from reviewer.service.fence import MergeRequestLocks
from reviewer.service.recovery import Executor, Roster
from reviewer.service.store import Store

pytestmark = pytest.mark.xdist_group("jobs")


@pytest.fixture
def engines(new_postgres_database: Callable[[], str]) -> Iterator[tuple[Engine, Engine]]:
    """Two processes' connections to one database."""
    address = new_postgres_database()
    both = [open_database(address, connections=1, timeout_s=5) for _ in range(2)]
    yield both[0], both[1]
    for engine in both:
        engine.dispose()


async def test_one_holder_over_processes(engines: tuple[Engine, Engine]) -> None:
    story: list[str] = []
    first, second = (MergeRequestLocks(engine, shared=True) for engine in engines)
    inside, leave = asyncio.Event(), asyncio.Event()

    async def hold_long() -> None:
        async with first.hold("p/1"):
            inside.set()
            await leave.wait()
            story.append("first leaves")

    async def hold_next() -> None:
        async with second.hold("p/1"):
            story.append("second enters")

    long = asyncio.create_task(hold_long())
    await inside.wait()
    next_one = asyncio.create_task(hold_next())
    async with second.hold("p/2"):
        story.append("elsewhere")
    leave.set()
    await asyncio.gather(long, next_one)
    assert story == ["elsewhere", "first leaves", "second enters"]


async def test_a_holder_that_is_cancelled_lets_go(engines: tuple[Engine, Engine]) -> None:
    first, second = (MergeRequestLocks(engine, shared=True) for engine in engines)
    inside = asyncio.Event()

    async def hold_for_ever() -> None:
        async with first.hold("p/1"):
            inside.set()
            await asyncio.sleep(600)

    holder = asyncio.create_task(hold_for_ever())
    await inside.wait()
    holder.cancel()
    await asyncio.wait([holder])
    async with asyncio.timeout(10), second.hold("p/1"):
        pass


def _lock_sessions(engine: Engine) -> set[int]:
    query = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%%pg_try_advisory_lock%%' AND pid <> pg_backend_pid()"
    with engine.connect() as connection:
        return set(connection.exec_driver_sql(query).scalars())


async def test_a_session_that_breaks_while_it_waits_is_replaced(engines: tuple[Engine, Engine]) -> None:
    first, second = (MergeRequestLocks(engine, shared=True) for engine in engines)
    entered = asyncio.Event()

    async def hold_next() -> None:
        async with second.hold("p/1"):
            entered.set()

    async with first.hold("p/1"):
        before = _lock_sessions(engines[0])
        waiter = asyncio.create_task(hold_next())
        async with asyncio.timeout(30):
            while not (waiting := _lock_sessions(engines[0]) - before):
                await asyncio.sleep(0.05)
        with engines[0].connect() as connection:
            connection.exec_driver_sql(f"SELECT pg_terminate_backend({waiting.pop()})")
    async with asyncio.timeout(30):
        await entered.wait()
        await waiter


def test_whoever_is_silent_or_has_no_process_has_ended(engines: tuple[Engine, Engine]) -> None:
    engine = engines[0]
    migrate(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA dbos")
        connection.exec_driver_sql(
            "CREATE TABLE dbos.workflow_status (workflow_uuid TEXT, status TEXT, executor_id TEXT, queue_name TEXT, "
            "application_version TEXT)"
        )
        for name in ("me", "near", "near-dead", "far", "far-silent", "never-seen"):
            connection.exec_driver_sql(
                f"INSERT INTO dbos.workflow_status VALUES ('{name}', 'PENDING', '{name}')"
            )
    store = Store(engine, lambda: 0.0)
    for name, host, pid in (
        ("near", "here", 1),
        ("near-dead", "here", 2),
        ("far", "there", 2),
        ("far-silent", "there", 3),
    ):
        Roster(store, Executor(name, host, pid, 0)).beat()
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE executors SET beat = beat - 61 WHERE id = 'far-silent'")
    roster = Roster(store, Executor("me", "here", 9, 0), is_alive=lambda executor: executor.pid == 1)
    assert roster.gone() == ["far-silent", "near-dead", "never-seen"]
