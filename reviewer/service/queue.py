"""The waiting room: jobs that no worker has begun, and the order in which they are.

What a person waits for goes first, then deliveries, then what we found ourselves. Within each, projects take
turns: a job's turn is one more than that of its project's job before, or than the turn being served if
that is later. So a project with two hundred jobs and one with a single job are served one after the
other. One job of a merge request runs at a time.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal_column, or_, select, update

from reviewer.database.tables import jobs
from reviewer.service.store import Store

# Any number will do as long as all processes of all versions agree on it.
_CLAIM_LOCK = 7_236_187_002
# Written out, not bound: only so does the partial index fit.
_WAITING = jobs.c.stage == literal_column("'waiting'")
_UNENDED = ("PENDING", "ENQUEUED", "DELAYED")


@dataclass(frozen=True, slots=True)
class QueueState:
    """How much work there is; `oldest_s` is the age of the job that has waited longest, 0 if none does."""

    waiting: int
    running: int
    oldest_s: float


class WaitingRoom:
    """The waiting jobs, as one executor sees them. Calls block and raise StoreError."""

    def __init__(self, store: Store, executor: str) -> None:
        self._store = store
        self._executor = executor

    def claim(self, places: int, *, without: Collection[str] = ()) -> list[str]:
        """Take the next jobs out, at most one for each free place, in the order they shall begin.

        Jobs of the forges `without` stay.
        """
        with self._store.transaction() as connection:
            if connection.scalar(select(jobs.c.id).where(_WAITING).limit(1)) is None:
                return []
            if self._store.shared:
                # One at a time: two could otherwise take two jobs of one merge request.
                connection.execute(select(func.pg_advisory_xact_lock(_CLAIM_LOCK)))
            next_ones = connection.scalars(self._next_ones(places, without)).all()
            if not next_ones:
                return []
            still = and_(jobs.c.id.in_(next_ones), _WAITING)
            values = {"stage": "started", "claimed_by": self._executor}
            taken = update(jobs).where(still).values(values).returning(jobs.c.id)
            claimed = set(connection.scalars(taken))
        return [job for job in next_ones if job in claimed]

    def begun(self, job: str) -> None:
        """Note that the engine has the job now."""
        with self._store.transaction() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job).values(claimed_by=None))

    def put_back(self, living: Collection[str], mine: Collection[str]) -> list[str]:
        """Let jobs wait again that were claimed but never begun: by executors that have ended, and by us.

        `mine` are the jobs that we are beginning right now.
        """
        progress = self._store.progress
        claimed = (
            select(jobs.c.id, jobs.c.claimed_by, progress.c.status)
            .join(progress, progress.c.workflow_uuid == jobs.c.id, isouter=True)
            .where(jobs.c.claimed_by.is_not(None))
        )
        with self._store.transaction() as connection:
            rows = connection.execute(claimed).all()
            lost = [row for row in rows if row.claimed_by not in living or row.claimed_by == self._executor]
            lost = [row for row in lost if row.id not in mine]
            again = [row.id for row in lost if row.status is None]
            for ids, values in ((again, {"stage": "waiting"}), ([row.id for row in lost], {})):
                if ids:
                    mending = {**values, "claimed_by": None}
                    connection.execute(update(jobs).where(jobs.c.id.in_(ids)).values(mending))
        return again

    def cancel(self, job: str) -> bool:
        """End a job that nobody has claimed; say whether there was one."""
        waiting = and_(jobs.c.id == job, _WAITING)
        with self._store.transaction() as connection:
            return bool(connection.execute(update(jobs).where(waiting).values(stage="cancelled")).rowcount)

    def _next_ones(self, places: int, without: Collection[str]) -> Any:
        """Return the query over the first jobs in line whose merge request is free."""
        progress, busy = self._store.progress, jobs.alias("busy")
        unended = or_(progress.c.status.is_(None), progress.c.status.in_(_UNENDED))
        taken = (
            select(busy.c.id)
            .join(progress, progress.c.workflow_uuid == busy.c.id, isouter=True)
            .where(_about_the_same(busy), busy.c.stage == "started", unended)
        )
        order = (jobs.c.priority, jobs.c.turn, jobs.c.created, jobs.c.id)
        place = func.row_number().over(
            partition_by=(jobs.c.forge, jobs.c.project, jobs.c.number), order_by=order
        )
        line = select(jobs.c.id, *order[:3], place.label("place")).where(
            _WAITING, ~taken.correlate(jobs).exists(), *([jobs.c.forge.not_in(without)] if without else ())
        )
        first = line.subquery("line")
        return (
            select(first.c.id)
            .where(first.c.place == 1)
            .order_by(first.c.priority, first.c.turn, first.c.created, first.c.id)
            .limit(places)
        )


def queue_state(store: Store) -> QueueState:
    """Measure the queue: what tells an autoscaler that workers are missing."""
    progress = store.progress
    waiting = select(func.count(), func.min(jobs.c.created)).where(_WAITING)
    running = select(func.count()).select_from(progress).where(progress.c.status == "PENDING")
    with store.transaction() as connection:
        count, oldest = connection.execute(waiting).one()
        at_work = connection.scalar(running) or 0
    return QueueState(count, at_work, max(0.0, store.clock() - oldest) if count else 0.0)


def _about_the_same(other: Any) -> ColumnElement[bool]:
    return and_(
        other.c.forge == jobs.c.forge, other.c.project == jobs.c.project, other.c.number == jobs.c.number
    )
