"""The statements of `intake`, built once: making them anew for every delivery took longer than running them.

Where the database takes several writes in one statement (Postgres), what belongs to a new job is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Table,
    and_,
    bindparam,
    func,
    literal,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from reviewer.database.tables import deliveries, engine_table, jobs, merge_requests, projects

# What decides about an event, of every job of its merge request: those are dozens at most.
_SHORT = (jobs.c.id, jobs.c.meaning, jobs.c.generation, jobs.c.stage, jobs.c.superseded)


@dataclass(frozen=True, slots=True)
class Statements:
    """Statements with named parameters; several that belong together are run in their order."""

    lock_told: Executable
    lock_seen: Executable
    look: Executable
    begin_generation: Executable
    cancel_waiting: Executable
    add_job: tuple[Executable, ...]
    answer: Executable


@cache
def statements(*, shared: bool) -> Statements:
    """Build them for Postgres (`shared`) or for SQLite."""
    insert = postgresql.insert if shared else sqlite.insert
    answer = _upsert(insert(deliveries), {"received": bindparam("now")}, {"job"})
    note_project = _upsert(
        insert(projects), {"polled": literal(0.0), "seen": bindparam("now")}, {"turn", "seen"}
    )
    add_job: Any = insert(jobs).values({column.name: bindparam(column.name) for column in _written(jobs)})
    if shared:
        add_job = (add_job.add_cte(answer.cte("answer"), note_project.cte("project")),)
    else:
        add_job = (add_job, answer, note_project)
    stopped = and_(jobs.c.id.in_(bindparam("pointless", expanding=True)), jobs.c.stage == "waiting")
    return Statements(
        lock_told=_lock(insert, told=True),
        lock_seen=_lock(insert, told=False),
        look=_look(shared=shared),
        begin_generation=update(merge_requests)
        .where(*_about(merge_requests))
        .values(head=bindparam("new_head"), generation=bindparam("new_generation")),
        cancel_waiting=update(jobs).where(stopped).values(stage="cancelled", superseded=True),
        add_job=add_job,
        answer=answer,
    )


def _written(table: Table) -> list[Any]:
    return [column for column in table.c if column.name != "claimed_by"]


def _upsert(insert: Any, fixed: dict[str, Any], renewed: set[str]) -> Any:
    """Insert a row of parameters named like its columns, or renew some of them where it is there."""
    table = insert.table
    row = insert.values({column.name: bindparam(column.name) for column in table.c} | fixed)
    keys = [column.name for column in table.primary_key]
    return row.on_conflict_do_update(
        index_elements=keys, set_={name: row.excluded[name] for name in sorted(renewed)}
    )


def _about(table: Table) -> tuple[ColumnElement[bool], ...]:
    return tuple(table.c[name] == bindparam(f"this_{name}") for name in ("forge", "project", "number"))


def _lock(insert: Any, *, told: bool) -> Executable:
    place: dict[str, Any] = {name: bindparam(f"this_{name}") for name in ("forge", "project", "number")}
    row = insert(merge_requests).values(**place, generation=0, changed=bindparam("now"))
    changed = row.excluded.changed if told else merge_requests.c.changed
    lock = row.on_conflict_do_update(index_elements=list(place), set_={"changed": changed})
    held = merge_requests.c
    statement: Executable = lock.returning(held.head, held.generation, held.changed)
    return statement


def _look(*, shared: bool) -> Executable:
    """Read what is known of the delivery, of its merge request's jobs, and whose turn it is."""
    delivery: Any = bindparam("this_delivery")
    answered = select(deliveries.c.job).where(
        deliveries.c.forge == bindparam("this_forge"), deliveries.c.delivery == delivery
    )
    attempts = select(func.max(jobs.c.attempt)).where(
        jobs.c.forge == bindparam("this_forge"), jobs.c.delivery == delivery
    )
    facts = select(
        answered.scalar_subquery().label("answered"),
        attempts.scalar_subquery().label("attempts"),
        _next_turn(shared=shared).label("turn"),
    ).subquery("facts")
    progress = engine_table(shared=shared)
    return (
        select(*_SHORT, progress.c.status, facts.c.answered, facts.c.attempts, facts.c.turn)
        .select_from(facts)
        .join(jobs, or_(jobs.c.id == facts.c.answered, and_(*_about(jobs))), isouter=True)
        .join(progress, progress.c.workflow_uuid == jobs.c.id, isouter=True)
        .order_by(jobs.c.created.desc())
    )


def _next_turn(*, shared: bool) -> ColumnElement[Any]:
    """Give a project's next job its place: behind its own last one, and behind what is being served.

    Served is whatever stands first in line; with nobody in line, whatever was last in it.
    """
    first = select(func.min(jobs.c.turn)).where(
        jobs.c.stage == literal_column("'waiting'"), jobs.c.priority == bindparam("this_priority")
    )
    last = select(func.max(projects.c.turn))
    mine = select(projects.c.turn).where(
        projects.c.forge == bindparam("this_forge"), projects.c.project == bindparam("this_project")
    )
    served = func.coalesce(first.scalar_subquery() - 1, last.scalar_subquery(), 0)
    greatest = func.greatest if shared else func.max
    return greatest(served, func.coalesce(mine.scalar_subquery(), 0)) + literal(1)
