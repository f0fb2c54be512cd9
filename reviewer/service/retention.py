"""Forget what is old: jobs that have ended with all that belongs to them, deliveries, reviews.

Bounded work at a time, so that no delivery waits for it. Our own rows go first: the engine's rows of a
job that we know would otherwise look like a job that nobody runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import structlog
from sqlalchemy import Connection, and_, delete, or_, select

from reviewer.database.tables import deliveries, jobs, merge_requests, projects, reviews
from reviewer.service.store import Store

AT_A_TIME = 500
_DAY_S = 86_400.0
_UNENDED = ("PENDING", "ENQUEUED", "DELAYED")


class Retention:
    """Forgets what has not changed for `days`; `forget_work` deletes the engine's rows of jobs."""

    def __init__(
        self, store: Store, days: int, forget_work: Callable[[Sequence[str]], None], *, limit: int = AT_A_TIME
    ) -> None:
        self._store = store
        self._days = days
        self._forget_work = forget_work
        self._limit = limit

    def clean(self) -> bool:
        """Delete some of what is old; return whether there may be more. Raises StoreError."""
        before = self._store.clock() - self._days * _DAY_S
        with self._store.transaction() as connection:
            gone = {
                "jobs": self._delete_jobs(connection, before),
                "reviews": self._delete(connection, reviews, reviews.c.created < before),
                "deliveries": self._delete(connection, deliveries, _is_orphan(before)),
                "merge_requests": self._delete(connection, merge_requests, _is_quiet(before)),
                "projects": self._delete(connection, projects, projects.c.seen < before),
            }
        work = self._old_work(before)
        if work:
            self._forget_work(work)
        gone["engine rows"] = len(work)
        if any(gone.values()):
            structlog.get_logger().info(
                "forgot what is old", days=self._days, **{name: n for name, n in gone.items() if n}
            )
        return any(count >= self._limit for count in gone.values())

    def _delete_jobs(self, connection: Connection, before: float) -> int:
        progress = self._store.progress
        ended = or_(jobs.c.stage == "cancelled", progress.c.status.not_in(_UNENDED))
        # An answer to a delivery that may still be repeated is kept as long as the delivery is young.
        repeated = select(deliveries.c.job).where(
            deliveries.c.job == jobs.c.id, deliveries.c.received >= before
        )
        old = (
            select(jobs.c.id)
            .join(progress, progress.c.workflow_uuid == jobs.c.id, isouter=True)
            .where(jobs.c.created < before, ended, ~repeated.exists())
            .order_by(jobs.c.created)
            .limit(self._limit)
        )
        ids = connection.scalars(old).all()
        if ids:
            connection.execute(delete(jobs).where(jobs.c.id.in_(ids)))
        return len(ids)

    def _delete(self, connection: Connection, table: Any, condition: Any) -> int:
        keys = list(table.primary_key)
        rows = connection.execute(select(*keys).where(condition).limit(self._limit)).all()
        for row in rows:
            one = and_(*(key == value for key, value in zip(keys, row, strict=True)))
            connection.execute(delete(table).where(one))
        return len(rows)

    def _old_work(self, before: float) -> Sequence[str]:
        """Return the engine's ended rows of jobs that we know no longer."""
        progress = self._store.progress
        known = select(jobs.c.id).where(jobs.c.id == progress.c.workflow_uuid)
        query = (
            select(progress.c.workflow_uuid)
            .where(
                progress.c.updated_at < int(before * 1000),
                progress.c.status.not_in(_UNENDED),
                ~known.exists(),
            )
            .limit(self._limit)
        )
        with self._store.transaction() as connection:
            return connection.scalars(query).all()


def _is_orphan(before: float) -> Any:
    known = select(jobs.c.id).where(jobs.c.id == deliveries.c.job)
    return and_(deliveries.c.received < before, ~known.exists())


def _is_quiet(before: float) -> Any:
    known = select(jobs.c.id).where(
        jobs.c.forge == merge_requests.c.forge,
        jobs.c.project == merge_requests.c.project,
        jobs.c.number == merge_requests.c.number,
    )
    return and_(merge_requests.c.changed < before, ~known.exists())
