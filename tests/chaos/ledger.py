"""What the database and the model's own record say of jobs, read from outside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Row, Select, column, func, or_, select, table

from reviewer.database.connections import open_database
from tests.chaos.code import number_in
from tests.fakes.models.script import Asked
from tests.fakes.models.server import ScriptedModels

ENDED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
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
        names = ("workflow_uuid", "status", "executor_id", "recovery_attempts")
        self._progress = table("workflow_status", *map(column, names), schema=schema)
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

    def states(self, jobs: Collection[str]) -> dict[str, str]:
        """Return the engine's word for each of these jobs that it knows."""
        progress = self._progress
        found = self._rows(select(progress.c.workflow_uuid, progress.c.status))
        wanted = set(jobs)
        return {row.workflow_uuid: row.status for row in found if row.workflow_uuid in wanted}

    def unfinished(self, jobs: Collection[str]) -> set[str]:
        """Return those of these jobs that have not ended."""
        states = self.states(jobs)
        return {job for job in jobs if states.get(job) not in ENDED}

    def count(self) -> dict[str, int]:
        """Count all jobs by the engine's word for their state."""
        status = self._progress.c.status
        query = select(status.label("name"), func.count().label("number"))
        return _counts(self._rows(query.group_by(status)))

    def holder(self, job: str) -> str | None:
        """Return the executor that has a job."""
        progress = self._progress
        rows = self._rows(select(progress.c.executor_id).where(progress.c.workflow_uuid == job))
        return rows[0].executor_id if rows else None

    def look(self, jobs: dict[int, str]) -> None:
        """Take in what is remembered now; `jobs` are by the number of their change."""
        talks = self._talks()
        self._listen()
        for number, job in jobs.items():
            for conversation in list(self._conversations[number])[: talks.get(job, 0)]:
                self._remembered.add((number, conversation))

    def close(self, jobs: dict[int, str]) -> None:
        """Take in the end, when all jobs have ended; `talked` counts the remembered conversations."""
        self._listen()
        talks = self._talks()
        self.talked = sum(talks.get(job, 0) for job in jobs.values())

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
        return _counts(self._rows(query.group_by(steps.c.workflow_uuid)))

    def _rows(self, query: Select[Any]) -> list[Row[Any]]:
        with self._engine.connect() as connection:
            return list(connection.execute(query))


def _counts(rows: list[Row[Any]]) -> dict[str, int]:
    return {row.name: row.number for row in rows}


def _first_question(asked: Asked) -> str:
    return next((one["content"] for one in asked.messages if one["role"] == "user"), "")
