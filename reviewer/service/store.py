"""What the service remembers: what was asked, how far it got, and the reviews that came of it.

All calls block and raise StoreError. The job engine keeps a job's progress in its own tables; they
lie in the same database, so that one transaction covers both (`service.intake`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, and_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reviewer.database.connections import store_errors
from reviewer.database.tables import engine_table, jobs, merge_requests, reviews
from reviewer.domain import Command, Event, Job, JobState

_STATES = {
    "ENQUEUED": JobState.QUEUED,
    "DELAYED": JobState.QUEUED,
    "PENDING": JobState.RUNNING,
    "SUCCESS": JobState.DONE,
    "CANCELLED": JobState.CANCELLED,
}
_GAVE_UP = "the process died again and again while this job ran; it is not tried any more"


@dataclass(frozen=True, slots=True)
class StoredReview:
    """A review as it was kept; `document` is the JSON result."""

    id: str
    job: str
    verdict: str
    head: str | None
    document: dict[str, Any]


class Store:
    """Jobs and reviews in the database; `clock` gives seconds since the epoch."""

    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.shared = engine.dialect.name == "postgresql"
        self.progress = engine_table(shared=self.shared)
        self._engine = engine

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Open a transaction; it takes SQLite's write lock with its first change."""
        with store_errors(), self._engine.begin() as connection:
            yield connection

    def insert(self, into: Any) -> Any:
        """Return an INSERT that knows ON CONFLICT, in this database's dialect."""
        return postgresql.insert(into) if self.shared else sqlite.insert(into)

    # --- jobs -------------------------------------------------------------------------------------

    def jobs(self) -> Select[Any]:
        """Return the query over jobs and their progress."""
        progress = self.progress
        return select(jobs, progress.c.status, progress.c.updated_at).join(
            progress, progress.c.workflow_uuid == jobs.c.id, isouter=True
        )

    def job(self, job: str) -> Job | None:
        """Return a job and how far it got."""
        rows = self._rows(self.jobs().where(jobs.c.id == job))
        return as_job(rows[0]) if rows else None

    def newest_jobs(self, limit: int, state: JobState | None = None) -> list[Job]:
        """Return the jobs (of a state), newest first."""
        query = self.jobs() if state is None else self.jobs().where(self._is_in(state))
        return [as_job(row) for row in self._rows(query.order_by(jobs.c.created.desc()).limit(limit))]

    def _is_in(self, state: JobState) -> ColumnElement[bool]:
        """Say in SQL what `state_of` says."""
        status, stopped = self.progress.c.status, jobs.c.stage == "cancelled"
        if state is JobState.CANCELLED:
            return or_(stopped, status == "CANCELLED", and_(status == "SUCCESS", jobs.c.superseded))
        if state is JobState.QUEUED:
            return and_(~stopped, or_(status.is_(None), status.in_(("ENQUEUED", "DELAYED"))))
        if state is JobState.FAILED:
            return and_(~stopped, status.is_not(None), status.not_in(_STATES))
        if state is JobState.DONE:
            return and_(~stopped, status == "SUCCESS", ~jobs.c.superseded)
        return and_(~stopped, status == "PENDING")

    def newest_job_at(self, forge: str, project: str, number: int, head: str) -> Job | None:
        """Return the newest job that reviews a merge request at a head."""
        place = and_(jobs.c.forge == forge, jobs.c.project == project, jobs.c.number == number)
        query = self.jobs().where(place, jobs.c.head == head, jobs.c.generation.is_not(None))
        rows = self._rows(query.order_by(jobs.c.created.desc()).limit(1))
        return as_job(rows[0]) if rows else None

    def note_error(self, job: str, sentence: str) -> None:
        """Say why a job failed."""
        with self.transaction() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job).values(error=sentence))

    def note_superseded(self, job: str, executor: str) -> None:
        """Mark a job that stopped for a newer head, unless another process has it by now."""
        held = self.held_by(executor).where(self.progress.c.workflow_uuid == job).exists()
        with self.transaction() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job, held).values(superseded=True))

    def is_current(self, job: str, executor: str) -> bool:
        """Say whether a job runs in this process and its merge request has not moved on."""
        place = and_(
            merge_requests.c.forge == jobs.c.forge,
            merge_requests.c.project == jobs.c.project,
            merge_requests.c.number == jobs.c.number,
        )
        newest = or_(jobs.c.generation.is_(None), jobs.c.generation == merge_requests.c.generation)
        query = (
            self.held_by(executor)
            .join(jobs, jobs.c.id == self.progress.c.workflow_uuid)
            .join(merge_requests, place)
            .where(jobs.c.id == job, newest)
        )
        return bool(self._rows(query))

    def held_by(self, executor: str) -> Select[Any]:
        """Return the query over the ids of the jobs that an executor is running."""
        running = self.progress.c.status == "PENDING"
        return select(self.progress.c.workflow_uuid).where(running, self.progress.c.executor_id == executor)

    def ping(self) -> None:
        """Raise StoreError unless the database and the engine's tables answer."""
        self._rows(self.jobs().limit(1))

    # --- reviews ----------------------------------------------------------------------------------

    def keep_review(self, job: str, event: Event, document: dict[str, Any]) -> str:
        """Keep a review document (with `verdict` and `head`); the same job gives the same id."""
        review = _review_id(job)
        values = {
            "job": job,
            "forge": event.forge,
            "project": event.project,
            "number": event.number,
            "head": document.get("head") or event.head,
            "verdict": document["verdict"],
            "document": json.dumps(document),
            "created": self.clock(),
        }
        row = self.insert(reviews).values(id=review, **values)
        with self.transaction() as connection:
            connection.execute(row.on_conflict_do_update(index_elements=["id"], set_=values))
        return review

    def review(self, review: str) -> StoredReview | None:
        """Return one review."""
        return self._review(select(reviews).where(reviews.c.id == review))

    def review_of(self, job: str) -> str | None:
        """Return the id of a job's review."""
        rows = self._rows(select(reviews.c.id).where(reviews.c.id == _review_id(job)))
        return rows[0].id if rows else None

    def newest_review(self, forge: str, project: str, number: int, head: str) -> StoredReview | None:
        """Return the newest review of a merge request at a head."""
        place = and_(reviews.c.forge == forge, reviews.c.project == project, reviews.c.number == number)
        query = select(reviews).where(place, reviews.c.head == head)
        return self._review(query.order_by(reviews.c.created.desc()).limit(1))

    def _review(self, query: Select[Any]) -> StoredReview | None:
        rows = self._rows(query)
        if not rows:
            return None
        row = rows[0]
        return StoredReview(row.id, row.job, row.verdict, row.head, json.loads(row.document))

    def _rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        with self.transaction() as connection:
            return connection.execute(query).all()


def _review_id(job: str) -> str:
    return hashlib.sha256(job.encode()).hexdigest()[:20]


def state_of(row: Row[Any]) -> JobState:
    """Return the state of a job by its stage and the engine's status; what that has given up has failed."""
    if row.stage == "cancelled" or (row.status == "SUCCESS" and row.superseded):
        return JobState.CANCELLED
    if row.status is None:  # it waits, or is just being handed to the engine
        return JobState.QUEUED
    return _STATES.get(row.status, JobState.FAILED)


def as_job(row: Row[Any]) -> Job:
    """Read a row of `Store.jobs`."""
    gave_up = row.status == "MAX_RECOVERY_ATTEMPTS_EXCEEDED"
    return Job(
        id=row.id,
        event=read_event(row.event),
        state=state_of(row),
        created=row.created,
        updated=max(row.created, (row.updated_at or 0) / 1000),  # on SQLite the engine stamps whole seconds
        attempts=row.attempt,
        error=_GAVE_UP if gave_up else row.error,
    )


def read_event(text: str) -> Event:
    """Read an event that was written with `json.dumps(asdict(event))`."""
    fields = json.loads(text)
    command = fields.pop("command")
    return Event(**fields, command=None if command is None else Command(**command))
