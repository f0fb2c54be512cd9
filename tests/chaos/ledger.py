"""What the database and the model's own record say of jobs, read from outside."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Row, Select, column, func, inspect, or_, select, table

from reviewer.database.connections import open_database
from reviewer.database.tables import jobs
from reviewer.domain import Job, JobState
from reviewer.service.store import Store
from tests.chaos.code import number_in
from tests.contract.jobs.lab import ENDED
from tests.fakes.models.script import Asked
from tests.fakes.models.server import ScriptedModels

_FEW, _ALL = 10, 1_000_000
# The steps of a job in which a model talks, by the beginnings of their names.
_TALKS = ("unit", "summary", "verify")


class Ledger:
    """Reads how far jobs are, and notices when a model is asked again what is known already.

    `look` says, while a job's process lies dead, which conversations are remembered from now on. A
    conversation is told by its first question; a job's conversations come one after another here.
    """

    def __init__(self, address: str, models: ScriptedModels) -> None:
        self._engine = open_database(address, connections=1, timeout_s=30)
        schema = "dbos" if self._engine.dialect.name == "postgresql" else None
        self._store = Store(self._engine, time.time)
        steps = ("workflow_uuid", "function_name")
        self._steps = table("operation_outputs", *map(column, steps), schema=schema)
        self._models = models
        self._remembered: set[tuple[int, str]] = set()
        self._conversations: defaultdict[int, dict[str, None]] = defaultdict(dict)
        self._heard = 0
        self.repeated = 0
        self.talked = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.dispose()

    def connect_anew(self) -> None:
        """Use no connection from before the database went away."""
        self._engine.dispose()

    def states(self, named: Collection[str]) -> dict[str, JobState]:
        """Return the state of each of these jobs that is known."""
        few = len(named) <= _FEW
        found = map(self._store.job, named) if few else self._store.newest_jobs(_ALL)
        wanted = set(named)
        return {job.id: job.state for job in found if job is not None and job.id in wanted}

    def unfinished(self, named: Collection[str]) -> set[str]:
        """Return those of these jobs that have not ended."""
        states = self.states(named)
        return {job for job in named if states.get(job) not in ENDED}

    def word(self, job: str) -> str:
        """Tell where a job stands, and why it failed if it did."""
        found = self._store.job(job)
        return "unknown" if found is None else f"{found.state} {found.error}".strip()

    def known(self, project: str) -> list[Job]:
        """Return all jobs of a project."""
        return [job for job in self._store.newest_jobs(_ALL) if job.event.project == project]

    def generations(self) -> dict[str, int]:
        """Return which generation of its merge request each job belongs to."""
        return {row.id: row.generation for row in self._rows(select(jobs.c.id, jobs.c.generation))}

    def rows(self) -> int:
        """Count the rows of all tables, the engine's included."""
        names = inspect(self._engine).get_table_names()
        tables = (select(func.count()).select_from(table(name)).scalar_subquery() for name in names)
        with self._engine.connect() as connection:
            return int(sum(connection.execute(select(*tables)).one()))

    def columns(self, name: str) -> set[str]:
        """Name the columns that a table has now."""
        return {column["name"] for column in inspect(self._engine).get_columns(name)}

    def holder(self, job: str) -> str | None:
        """Return the executor that has a job."""
        progress = self._store.progress
        rows = self._rows(select(progress.c.executor_id).where(progress.c.workflow_uuid == job))
        return rows[0].executor_id if rows else None

    def look(self, known: dict[int, str]) -> None:
        """Take in what is remembered now; `known` are the jobs by the number of their change."""
        talks = self._talks()
        self._listen()
        for number, job in known.items():
            for conversation in list(self._conversations[number])[: talks.get(job, 0)]:
                self._remembered.add((number, conversation))

    def close(self, known: dict[int, str]) -> None:
        """Take in the end, when all jobs have ended; `talked` counts the remembered conversations."""
        self._listen()
        talks = self._talks()
        self.talked = sum(talks.get(job, 0) for job in known.values())

    def _listen(self) -> None:
        """Take in the questions that have come since."""
        asked = self._models.asked[self._heard :]
        for one in asked:
            number = number_in(one)
            if number is not None:
                conversation = _first_question(one)
                self.repeated += (number, conversation) in self._remembered
                self._conversations[number].setdefault(conversation)
        self._heard += len(asked)

    def _talks(self) -> dict[str, int]:
        steps = self._steps
        talk = or_(*(steps.c.function_name.startswith(name) for name in _TALKS))
        query = select(steps.c.workflow_uuid.label("name"), func.count().label("number")).where(talk)
        found = self._rows(query.group_by(steps.c.workflow_uuid))
        return {row.name: row.number for row in found}

    def _rows(self, query: Select[Any]) -> list[Row[Any]]:
        with self._engine.connect() as connection:
            return list(connection.execute(query))


def _first_question(asked: Asked) -> str:
    return next((one["content"] for one in asked.messages if one["role"] == "user"), "")
