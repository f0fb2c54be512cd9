"""An endpoint never sees more calls at once than it takes, however many processes ask."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from reviewer.database.slots import SharedSlots
from reviewer.domain import Priority
from reviewer.models.slots import LocalSlots
from tests.contract.jobs.lab import wait_for

pytestmark = [pytest.mark.xdist_group("jobs"), pytest.mark.network]

ROOT = Path(__file__).resolve().parents[3]


class Counting:
    """A model server that takes its time and counts how many calls are with it."""

    def __init__(self) -> None:
        self.now = self.most = self.served = 0
        self._lock = threading.Lock()
        counting = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with counting._lock:
                    counting.now += 1
                    counting.most = max(counting.most, counting.now)
                time.sleep(0.05)
                with counting._lock:
                    counting.now -= 1
                    counting.served += 1
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *_: object) -> None:  # noqa: A002  # the base's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def model() -> Iterator[Counting]:
    counting = Counting()
    yield counting
    counting.close()


@pytest.fixture
def address(new_postgres_database: Callable[[], str]) -> str:
    return new_postgres_database()


@pytest.fixture
def two(address: str) -> Iterator[tuple[SharedSlots, SharedSlots]]:
    """Two processes' slots."""
    both = SharedSlots(address, LocalSlots()), SharedSlots(address, LocalSlots())
    yield both
    for slots in both:
        slots.close()


ANNOUNCED = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'"
BREAK = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'reviewer places'"
)


def ask_server(address: str, question: LiteralString) -> int:
    with psycopg.connect(address, autocommit=True) as connection:
        row = connection.execute(question).fetchone()
        return int(row[0]) if row else 0


def start(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.contract.database.slots_driver", *arguments], cwd=ROOT
    )


def test_three_processes_and_two_places(address: str, model: Counting) -> None:
    workers = [start(address, "2", "20", model.url) for _ in range(3)]
    assert [worker.wait(120) for worker in workers] == [0, 0, 0]
    assert model.served == 60
    assert model.most == 2


def test_whoever_is_killed_leaves_his_place(address: str, model: Counting, tmp_path: Path) -> None:
    holders = []
    for number in range(2):
        mark = tmp_path / f"held-{number}"
        holders.append(start(address, "2", "hold", str(mark)))
        wait_for(mark.exists, "the place is held")
    waiting = start(address, "2", "4", model.url)
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(1.5)
        assert model.served == 0
    finally:
        for holder in holders:
            holder.kill()
            holder.wait()
    assert waiting.wait(60) == 0
    assert model.served == 4


async def test_people_elsewhere_go_first(address: str, two: tuple[SharedSlots, SharedSlots]) -> None:
    served: list[str] = []
    leave = asyncio.Event()
    inside = asyncio.Event()

    async def hold() -> None:
        async with two[0].take("gpu", 1, Priority.REVIEW):
            inside.set()
            await leave.wait()

    async def ask(slots: SharedSlots, priority: Priority) -> None:
        async with slots.take("gpu", 1, priority):
            served.append(priority.name)

    holder = asyncio.create_task(hold())
    await inside.wait()
    third = SharedSlots(address, LocalSlots())
    waiting = [asyncio.create_task(ask(third, Priority.BACKGROUND))]
    await asyncio.to_thread(wait_for, lambda: ask_server(address, ANNOUNCED) == 1, "they wait")
    waiting.append(asyncio.create_task(ask(two[1], Priority.PERSON)))
    await asyncio.to_thread(wait_for, lambda: ask_server(address, ANNOUNCED) == 2, "the person waits")
    leave.set()
    await asyncio.gather(holder, *waiting)
    assert served[0] == "PERSON"
    assert len(served) == 2
    third.close()


async def test_a_caller_that_gives_up_leaves_nothing_behind(two: tuple[SharedSlots, SharedSlots]) -> None:
    async def hold(slots: SharedSlots, seconds: float) -> None:
        async with slots.take("gpu", 1, Priority.REVIEW):
            await asyncio.sleep(seconds)

    for pause in (0.0, 0.001, 0.02, 0.1):
        caller = asyncio.create_task(hold(two[0], 600))
        await asyncio.sleep(pause)
        caller.cancel()
        await asyncio.wait([caller])
    async with asyncio.timeout(20), two[1].take("gpu", 1, Priority.BACKGROUND):
        pass


async def test_a_session_that_breaks_is_made_anew(address: str, two: tuple[SharedSlots, SharedSlots]) -> None:
    async with two[0].take("gpu", 1, Priority.REVIEW):
        assert ask_server(address, BREAK) == 1
    async with asyncio.timeout(20), two[0].take("gpu", 1, Priority.REVIEW):
        pass
    async with asyncio.timeout(20), two[1].take("gpu", 1, Priority.REVIEW):
        pass
