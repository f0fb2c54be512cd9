"""A store on a fresh SQLite file, with the engine's table as the job engine would leave it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from reviewer.database.connections import open_database
from reviewer.database.migration import migrate
from reviewer.domain import Command, Event
from reviewer.service import intake
from reviewer.service.store import Store

HEADS = {letter: letter * 40 for letter in "abcdef"}


@dataclass
class Clock:
    """Time that passes when a test says so."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Bench:
    """The store with a queue that only writes rows."""

    engine: Engine
    clock: Clock
    store: Store
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def waiting(self) -> list[str]:
        """The jobs that wait for a worker, in no order."""
        with self.engine.begin() as connection:
            return list(connection.scalars(text("SELECT id FROM jobs WHERE stage = 'waiting'")))

    def accept(self, event: Event) -> intake.Accepted:
        self.clock.now += 1
        return intake.accept(self.store, event)

    def retry(self, job: str) -> str:
        return intake.retry(self.store, job)

    def tell(
        self, trigger: str, head: str | None = "a", *, delivery: str = "", number: int = 1
    ) -> intake.Accepted:
        """Deliver an event about a head, named by a letter."""
        sha = HEADS[head] if head else None
        name = delivery or f"d{next(self.numbers)}"
        return self.accept(Event("main", "desk/orders", number, trigger, name, head=sha))

    def command(self, verb: str, *, note: str = "1", head: str | None = None) -> intake.Accepted:
        command = Command(verb, "", note=note, thread=None, actor="ann", actor_id=7)
        sha = HEADS[head] if head else None
        name = f"d{next(self.numbers)}"
        return self.accept(Event("main", "desk/orders", 1, "command", name, head=sha, command=command))

    def set_progress(self, job: str, status: str, executor: str | None = None) -> None:
        """Have the engine begin a job, or go on with it."""
        row = {"job": job, "status": status, "executor": executor}
        with self.engine.begin() as connection:
            connection.execute(text("UPDATE jobs SET stage = 'started' WHERE id = :job"), row)
            connection.execute(
                text(
                    "INSERT INTO workflow_status VALUES (:job, :status, :executor, 1000000, NULL, '1') "
                    "ON CONFLICT (workflow_uuid) DO UPDATE SET status = :status, executor_id = :executor"
                ),
                row,
            )


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    engine = open_database(f"sqlite:///{tmp_path / 'reviewer.db'}", connections=2, timeout_s=5)
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TABLE workflow_status "
                "(workflow_uuid TEXT PRIMARY KEY, status TEXT, executor_id TEXT, updated_at BIGINT, "
                "queue_name TEXT, application_version TEXT)"
            )
        )
    clock = Clock(time.time())
    yield Bench(engine, clock, Store(engine, clock))
    engine.dispose()
