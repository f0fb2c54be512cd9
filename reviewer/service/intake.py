"""A delivery becomes a job, or meets the job it already has: one transaction, one answer.

Three trips to the database: the row of the merge request is locked, so that deliveries about it come one
after another; what is known of it is read; what follows is written. Every job belongs to a generation of
its merge request; new code or a new target branch begins the next one, which is how an older job learns
that it must not post (`Store.is_current`). The job waits in our own table (`queue`) until a worker has a
place for it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row

from reviewer.domain import Event, JobState, Priority
from reviewer.errors import UsageError
from reviewer.service.intake_statements import statements
from reviewer.service.store import Store, state_of

# They ask for nothing but a review of this very code: told twice, it is done once.
_CODE_TRIGGERS = frozenset({"opened", "pushed", "ready", "poll"})
_UNFINISHED = frozenset({JobState.QUEUED, JobState.RUNNING})
_STOPPED = frozenset({JobState.FAILED, JobState.CANCELLED})


class Accepted(NamedTuple):
    """The job that answers a delivery, and the begun jobs that it makes pointless; `added` if it is new."""

    job: str
    superseded: tuple[str, ...] = ()
    added: bool = False


def accept(store: Store, event: Event) -> Accepted:
    """Record a delivery with its job, waiting for a worker, or find the job that it already has.

    A delivery seen before gets the same job, and a new attempt if that failed. Raises StoreError.
    """
    with store.transaction() as connection:
        intake = _Intake(store, connection, event)
        return _take(intake, event, intake.lock_merge_request())


def notice(store: Store, event: Event, seen_at: float) -> Accepted | None:
    """Do the same for what we saw ourselves, at a time in seconds since the epoch.

    It is none of our business if the forge has told us of the merge request since.
    """
    with store.transaction() as connection:
        intake = _Intake(store, connection, event)
        current = intake.lock_merge_request(told=False)
        if current.generation and current.changed >= seen_at:
            return None
        return _take(intake, event, current)


def _take(intake: _Intake, event: Event, current: Row[Any]) -> Accepted:
    before = intake.look()
    if before.known is not None and state_of(before.known) is not JobState.FAILED:
        return Accepted(before.known.id)
    twin = before.twin(current.generation, event)
    if twin is not None:
        intake.answer_with(twin.id)
        return Accepted(twin.id)
    if before.known is not None or not _brings_new_code(event, current.head):
        return Accepted(intake.add_job(current.generation, before), added=True)
    generation = intake.begin_generation(current)
    stopped = before.unfinished_before(generation)
    intake.cancel_waiting([row.id for row in stopped if row.stage == "waiting"])
    job = intake.add_job(generation, before)
    return Accepted(job, tuple(row.id for row in stopped if row.stage != "waiting"), added=True)


def retry(store: Store, job: str) -> str:
    """Start a new attempt of a failed or cancelled job; raise UsageError for any other."""
    asked = store.job(job)
    if asked is None:
        raise UsageError(f"there is no job {job}")
    with store.transaction() as connection:
        intake = _Intake(store, connection, asked.event)
        current = intake.lock_merge_request()
        before = intake.look()
        newest = before.known
        if newest is not None and state_of(newest) not in _STOPPED:
            raise UsageError(f"the job {newest.id} is {state_of(newest)}, there is nothing to retry")
        return intake.add_job(current.generation, before)


def priority_of(event: Event) -> Priority:
    """Say who is served first: whoever waits for an answer, then new code, then what we found ourselves."""
    if event.command is not None or event.trigger == "api":
        return Priority.PERSON
    return Priority.BACKGROUND if event.trigger == "poll" else Priority.REVIEW


class _Before(NamedTuple):
    """What the database knows of a delivery's merge request, newest job first."""

    known: Row[Any] | None
    jobs: Sequence[Row[Any]]
    meaning: str | None
    attempts: int
    turn: int

    def twin(self, generation: int, event: Event) -> Row[Any] | None:
        """Find a job that another delivery asked the same of, and that was not stopped."""
        if self.meaning is None:
            return None
        same = (row for row in self.jobs if row.meaning == self.meaning)
        if event.command is None:
            # A head that comes back after another one stood there is news.
            same = (row for row in same if row.generation == generation)
        return next((row for row in same if state_of(row) not in _STOPPED), None)

    def unfinished_before(self, generation: int) -> list[Row[Any]]:
        """Return the jobs of older generations that still wait or run."""
        older = (row for row in self.jobs if row.generation is not None and row.generation < generation)
        return [row for row in older if state_of(row) in _UNFINISHED]


class _Intake:
    """The statements of one transaction about one event."""

    def __init__(self, store: Store, connection: Connection, event: Event) -> None:
        self._connection = connection
        self._event = event
        self._meaning = _meaning(event)
        self._statements = statements(shared=store.shared)
        self._this = {
            "this_forge": event.forge,
            "this_project": event.project,
            "this_number": event.number,
            "this_delivery": event.delivery,
            "this_priority": int(priority_of(event)),
            "now": store.clock(),
        }

    def lock_merge_request(self, *, told: bool = True) -> Row[Any]:
        """Hold everyone else off this merge request; return its head, generation and when we were told."""
        lock = self._statements.lock_told if told else self._statements.lock_seen
        held: Row[Any] = self._connection.execute(lock, self._this).one()
        return held

    def look(self) -> _Before:
        """Read, in one statement, what decides about the event."""
        rows: Sequence[Row[Any]] = self._connection.execute(self._statements.look, self._this).all()
        found = [row for row in rows if row.id is not None]
        known = next((row for row in found if row.id == row.answered), None)
        return _Before(known, found, self._meaning, rows[0].attempts or 0, rows[0].turn)

    def begin_generation(self, current: Row[Any]) -> int:
        """Make everything that was asked before about this merge request a thing of the past."""
        generation = int(current.generation) + 1
        values = {"new_head": self._event.head or current.head, "new_generation": generation}
        self._connection.execute(self._statements.begin_generation, {**self._this, **values})
        return generation

    def cancel_waiting(self, pointless: Sequence[str]) -> None:
        """End jobs that no worker has claimed yet; one that is claimed meanwhile finds out by itself."""
        if pointless:
            self._connection.execute(self._statements.cancel_waiting, {"pointless": pointless})

    def add_job(self, generation: int, before: _Before) -> str:
        """Write a job down, waiting; return its id."""
        event, attempt = self._event, before.attempts + 1
        job = f"{event.forge}:{event.delivery}:{attempt}"
        values = {
            "id": job,
            "job": job,
            "attempt": attempt,
            "forge": event.forge,
            "delivery": event.delivery,
            "project": event.project,
            "number": event.number,
            "head": event.head,
            "meaning": self._meaning,
            "generation": generation if _is_about_code(event) else None,
            "event": json.dumps(asdict(event)),
            "created": self._this["now"],
            "now": self._this["now"],
            "superseded": False,
            "error": "",
            "stage": "waiting",
            "priority": self._this["this_priority"],
            "turn": before.turn,
        }
        for statement in self._statements.add_job:
            self._connection.execute(statement, values)
        return job

    def answer_with(self, job: str) -> None:
        """Remember which job answers this delivery."""
        event = self._event
        values = {"forge": event.forge, "delivery": event.delivery, "job": job, "now": self._this["now"]}
        self._connection.execute(self._statements.answer, values)


def _meaning(event: Event) -> str | None:
    """Name what is asked for, the same for every delivery that asks it; None if each counts."""
    if event.command is not None:
        return f"note:{event.command.note}"
    if event.trigger in _CODE_TRIGGERS and event.head is not None:
        return f"code:{event.head}"
    return None


def _is_about_code(event: Event) -> bool:
    if event.trigger == "closed":
        return False
    return event.command is None or event.command.verb == "review"


def _brings_new_code(event: Event, head: str | None) -> bool:
    if not _is_about_code(event):
        return False
    return event.trigger == "retargeted" or (event.head is not None and event.head != head)
