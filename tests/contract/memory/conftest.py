"""Memories over the databases that they may lie in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from reviewer.database.connections import open_database
from reviewer.database.migration import migrate
from reviewer.memory.database import Bounds, DatabaseMemory
from tests.fakes.memory import NOON


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    made = open_database(database, connections=2, timeout_s=20)
    migrate(made)
    yield made
    made.dispose()


@pytest.fixture
def memory(engine: Engine, clock: Clock) -> DatabaseMemory:
    return DatabaseMemory(engine, clock, Bounds(max_age_days=30, max_per_project=10))
