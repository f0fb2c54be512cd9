"""A delivery becomes a job, or meets the job it already has: one transaction, one answer.

The row of the merge request is locked first, so that deliveries about it come one after another.
Every job belongs to a generation of its merge request; new code or a new target branch begins the
next one, which is how an older job learns that it must not post (`Store.is_current`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, func, select, update

from reviewer.database.tables import deliveries, jobs, merge_requests
from reviewer.domain import Event, JobState
from reviewer.errors import UsageError
from reviewer.service.store import Store, state_of

# They ask for nothing but a review of this very code: told twice, it is done once.
_CODE_TRIGGERS = frozenset({"opened", "pushed", "ready"})
_UNFINISHED = frozenset({JobState.QUEUED, JobState.RUNNING})
_STOPPED = frozenset({JobState.FAILED, JobState.CANCELLED})

# Put a job into the queue, behind the other jobs of its partition, inside the transaction.
Enqueue = Callable[[Connection, str, str], None]


class Accepted(NamedTuple):
    """The job that answers a delivery, and the unfinished jobs that it makes pointless."""

    job: str
    superseded: tuple[str, ...] = ()


def accept(store: Store, event: Event, enqueue: Enqueue) -> Accepted:
    """Record a delivery with its job and enqueue that, or find the job that it already has.

    A delivery seen before gets the same job, and a new attempt if that failed. Raises StoreError.
    """
    with store.transaction() as connection:
        intake = _Intake(store, connection, event, enqueue)
        current = intake.lock_merge_request()
        known = intake.seen()
        if known is not None and state_of(known) is not JobState.FAILED:
            return Accepted(known.id)
        twin = intake.same_meaning(current)
        if twin is not None:
            intake.answer_with(twin.id)
            return Accepted(twin.id)
        if known is not None:
            return Accepted(intake.add_job(current.generation, intake.next_attempt()))
        if not _brings_new_code(event, current.head):
            return Accepted(intake.add_job(current.generation))
        generation = intake.begin_generation(current)
        return Accepted(intake.add_job(generation), intake.unfinished_before(generation))


def retry(store: Store, job: str, enqueue: Enqueue) -> str:
    """Start a new attempt of a failed or cancelled job; raise UsageError for any other."""
    asked = store.job(job)
    if asked is None:
        raise UsageError(f"there is no job {job}")
    with store.transaction() as connection:
        intake = _Intake(store, connection, asked.event, enqueue)
        current = intake.lock_merge_request()
        newest = intake.seen()
        if newest is not None and state_of(newest) not in _STOPPED:
            raise UsageError(f"the job {newest.id} is {state_of(newest)}, there is nothing to retry")
        return intake.add_job(current.generation, intake.next_attempt())


class _Intake:
    """The statements of one transaction about one event."""

    def __init__(self, store: Store, connection: Connection, event: Event, enqueue: Enqueue) -> None:
        self._store = store
        self._connection = connection
        self._event = event
        self._enqueue = enqueue

    def lock_merge_request(self) -> Row[Any]:
        """Hold everyone else off this merge request; return its head and generation."""
        event = self._event
        place = {"forge": event.forge, "project": event.project, "number": event.number}
        row = self._store.insert(merge_requests).values(**place, generation=0, changed=self._store.clock())
        lock = row.on_conflict_do_update(index_elements=list(place), set_={"changed": row.excluded.changed})
        held = lock.returning(merge_requests.c.head, merge_requests.c.generation)
        return self._connection.execute(held).one()

    def seen(self) -> Row[Any] | None:
        """Find the job that this delivery was answered with."""
        same = and_(deliveries.c.forge == self._event.forge, deliveries.c.delivery == self._event.delivery)
        query = self._store.jobs().join(deliveries, deliveries.c.job == jobs.c.id).where(same)
        return self._connection.execute(query).first()

    def same_meaning(self, current: Row[Any]) -> Row[Any] | None:
        """Find a job that another delivery asked the same of, and that was not stopped."""
        meaning = _meaning(self._event)
        if meaning is None:
            return None
        query = self._store.jobs().where(self._about(jobs), jobs.c.meaning == meaning)
        if self._event.command is None:
            # A head that comes back after another one stood there is news.
            query = query.where(jobs.c.generation == current.generation)
        rows = self._connection.execute(query.order_by(jobs.c.created.desc()))
        return next((row for row in rows if state_of(row) not in _STOPPED), None)

    def begin_generation(self, current: Row[Any]) -> int:
        """Make everything that was asked before about this merge request a thing of the past."""
        generation: int = current.generation + 1
        values = {"head": self._event.head or current.head, "generation": generation}
        self._connection.execute(update(merge_requests).where(self._about(merge_requests)).values(values))
        return generation

    def unfinished_before(self, generation: int) -> tuple[str, ...]:
        """Return the jobs of older generations that still wait or run."""
        query = self._store.jobs().where(self._about(jobs), jobs.c.generation < generation)
        return tuple(row.id for row in self._connection.execute(query) if state_of(row) in _UNFINISHED)

    def next_attempt(self) -> int:
        """Return the number that the next job of this delivery bears."""
        mine = and_(jobs.c.forge == self._event.forge, jobs.c.delivery == self._event.delivery)
        return 1 + (self._connection.scalar(select(func.max(jobs.c.attempt)).where(mine)) or 0)

    def add_job(self, generation: int, attempt: int = 1) -> str:
        """Write a job down and put it into the queue; return its id."""
        event = self._event
        job = f"{event.forge}:{event.delivery}:{attempt}"
        values = {
            "id": job,
            "attempt": attempt,
            "forge": event.forge,
            "delivery": event.delivery,
            "project": event.project,
            "number": event.number,
            "head": event.head,
            "meaning": _meaning(event),
            "generation": generation if _is_about_code(event) else None,
            "event": json.dumps(asdict(event)),
            "created": self._store.clock(),
            "superseded": False,
            "error": "",
        }
        self._connection.execute(self._store.insert(jobs).values(values))
        self.answer_with(job)
        self._enqueue(self._connection, job, f"{event.forge}/{event.project}/{event.number}")
        return job

    def answer_with(self, job: str) -> None:
        """Remember which job answers this delivery."""
        event = self._event
        row = self._store.insert(deliveries).values(
            forge=event.forge, delivery=event.delivery, job=job, received=self._store.clock()
        )
        keep = row.on_conflict_do_update(index_elements=["forge", "delivery"], set_={"job": row.excluded.job})
        self._connection.execute(keep)

    def _about(self, rows: Table) -> ColumnElement[bool]:
        event = self._event
        return and_(
            rows.c.forge == event.forge, rows.c.project == event.project, rows.c.number == event.number
        )


def _meaning(event: Event) -> str | None:
    """Name what is asked for, the same for every delivery that asks it; None if each counts."""
    if event.command is not None:
        return f"note:{event.command.note}"
    if event.trigger in _CODE_TRIGGERS and event.head is not None:
        return f"code:{event.head}"
    return None


def _is_about_code(event: Event) -> bool:
    return event.command is None or event.command.verb == "review"


def _brings_new_code(event: Event, head: str | None) -> bool:
    if not _is_about_code(event):
        return False
    return event.trigger == "retargeted" or (event.head is not None and event.head != head)
