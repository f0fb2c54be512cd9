"""The memory in the database: ports.Memory, and what its operator may do with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Table,
    and_,
    delete,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from reviewer.database.connections import store_errors
from reviewer.database.memory_tables import answers, dismissals, findings
from reviewer.domain import ChangeRef, Dismissal, Gesture, Recollection, Trace
from reviewer.memory.records import read_dismissal, read_found, write_dismissal, write_found
from reviewer.ports import Json

DAY_S = 86_400.0
_AT_ONCE = 200  # keys in one statement: SQLite takes some thousand parameters

# What is kept, and since when; the answers last, which have no fingerprint.
_TIMES: tuple[tuple[Table, ColumnElement[float]], ...] = (
    (dismissals, dismissals.c.made),
    (findings, findings.c.noted),
    (answers, answers.c.used),
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long and how much is remembered of one project: days (0 for ever), and rows of each kind."""

    max_age_days: int = 365
    max_per_project: int = 10_000


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows were deleted."""

    dismissals: int
    findings: int
    answers: int


class DatabaseMemory:
    """What was learnt, on SQLite or Postgres; `clock` gives seconds since the epoch.

    What is older than the bounds is not recalled; it is deleted when something new of its project is kept,
    and by `clean`.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float], bounds: Bounds) -> None:
        self._engine = engine
        self._clock = clock
        self._bounds = bounds

    # --- ports.Memory -----------------------------------------------------------------------------

    def recall(self, ref: ChangeRef) -> Recollection:
        """Return the project's dismissals that still hold, and what was said in the merge request."""
        newest = dismissals.c.made.desc()
        held = select(dismissals.c.record).where(
            _of_project(dismissals, ref), dismissals.c.made > self._oldest()
        )
        said = select(findings.c.fingerprint, findings.c.record).where(_of(findings, ref))
        with store_errors(), self._engine.begin() as connection:
            made = connection.scalars(held.order_by(newest).limit(self._bounds.max_per_project)).all()
            told = connection.execute(said).all()
        found = {row.fingerprint: read_found(row.record) for row in told}
        return Recollection(
            tuple(map(read_dismissal, made)),
            {name: trace for name, (trace, _) in found.items()},
            {name: head for name, (_, head) in found.items()},
        )

    def note_findings(self, ref: ChangeRef, found: Sequence[Trace]) -> None:
        """Note what a review of the merge request has found."""
        rows = [
            {
                **_place(ref),
                "fingerprint": one.fingerprint,
                "record": write_found(one, ref.head),
                "noted": self._clock(),
            }
            for one in found
        ]
        self._keep(findings, findings.c.noted, rows)

    def dismiss(self, made: Sequence[Dismissal]) -> None:
        """Keep dismissals; one that is made again counts from then on."""
        rows = [
            {
                "forge": one.forge,
                "project": one.project,
                "number": one.number,
                "fingerprint": one.finding.fingerprint,
                "gesture": one.gesture.value,
                "person": one.by.id,
                "record": write_dismissal(one),
                "made": one.at,
            }
            for one in made
        ]
        self._keep(dismissals, dismissals.c.made, rows)

    def withdraw(self, ref: ChangeRef, fingerprints: Collection[str]) -> None:
        """Forget the gestures (not the commands) of a merge request that are no longer there."""
        gone = dismissals.c.fingerprint.in_(fingerprints)
        gesture = dismissals.c.gesture != Gesture.IGNORE.value
        with store_errors(), self._engine.begin() as connection:
            connection.execute(delete(dismissals).where(_of(dismissals, ref), gone, gesture))

    def answers(self, ref: ChangeRef, keys: Collection[str]) -> Mapping[str, Json]:
        """Return what models answered in earlier reviews of the merge request, by key."""
        found: dict[str, Json] = {}
        wanted = list(dict.fromkeys(keys))
        with store_errors(), self._engine.begin() as connection:
            for start in range(0, len(wanted), _AT_ONCE):
                some = answers.c.key.in_(wanted[start : start + _AT_ONCE])
                mine = and_(_of(answers, ref), some, answers.c.used > self._oldest())
                rows = connection.execute(select(answers.c.key, answers.c.answer).where(mine)).all()
                found |= {row.key: json.loads(row.answer) for row in rows}
                if rows:
                    connection.execute(update(answers).where(mine).values(used=self._clock()))
        return found

    def keep_answers(self, ref: ChangeRef, told: Mapping[str, Json]) -> None:
        """Keep what models have answered."""
        rows = [
            {**_place(ref), "key": key, "answer": json.dumps(answer), "used": self._clock()}
            for key, answer in told.items()
        ]
        self._keep(answers, answers.c.used, rows)

    # --- for the operator -------------------------------------------------------------------------

    def dismissed(self, project: str | None = None) -> Sequence[Dismissal]:
        """Return the dismissals that are kept, newest first; of one project, or of all."""
        query = select(dismissals.c.record).order_by(dismissals.c.made.desc(), dismissals.c.fingerprint)
        if project is not None:
            query = query.where(dismissals.c.project == project)
        with store_errors(), self._engine.begin() as connection:
            return [read_dismissal(record) for record in connection.scalars(query)]

    def prune(
        self,
        *,
        older_than_days: float | None = None,
        project: str | None = None,
        fingerprint: str | None = None,
    ) -> Forgotten:
        """Delete what fits all that is named; a fingerprint may be the beginning of one, and names no answers."""
        before = None if older_than_days is None else self._clock() - older_than_days * DAY_S

        def fitting(rows: Table, time: ColumnElement[float]) -> ColumnElement[bool]:
            conditions: list[ColumnElement[bool]] = []
            if before is not None:
                conditions.append(time < before)
            if project is not None:
                conditions.append(rows.c.project == project)
            if fingerprint is not None:
                conditions.append(rows.c.fingerprint.startswith(fingerprint, autoescape=True))
            return and_(True, *conditions)

        with store_errors(), self._engine.begin() as connection:
            deleted = [
                connection.execute(delete(rows).where(fitting(rows, time))).rowcount
                for rows, time in (_TIMES[:-1] if fingerprint else _TIMES)
            ]
        return Forgotten(*deleted, *([0] if fingerprint else []))

    def clean(self) -> bool:
        """Delete some of what is too old, of all projects; return whether there may be more."""
        gone = 0
        with store_errors(), self._engine.begin() as connection:
            for rows, time in _TIMES:
                keys = list(rows.primary_key)
                old = select(*keys).where(time <= self._oldest()).limit(_AT_ONCE)
                found = [tuple(row) for row in connection.execute(old)]
                if found:
                    connection.execute(delete(rows).where(tuple_(*keys).in_(found)))
                gone = max(gone, len(found))
        return gone >= _AT_ONCE

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    # --- inside -----------------------------------------------------------------------------------

    def _oldest(self) -> float:
        days = self._bounds.max_age_days
        return self._clock() - days * DAY_S if days else 0.0

    def _keep(self, into: Table, time: ColumnElement[float], rows: Sequence[dict[str, Any]]) -> None:
        if not rows:
            return
        with store_errors(), self._engine.begin() as connection:
            for row in rows:
                connection.execute(self._insert_or_replace(into, row))
            for forge, project in {(row["forge"], row["project"]) for row in rows}:
                self._bound(connection, into, time, forge, project)

    def _insert_or_replace(self, into: Table, row: dict[str, Any]) -> Any:
        insert = (
            (postgresql if self._engine.dialect.name == "postgresql" else sqlite).insert(into).values(row)
        )
        keys = [column.name for column in into.primary_key]
        return insert.on_conflict_do_update(
            index_elements=keys, set_={name: value for name, value in row.items() if name not in keys}
        )

    def _bound(
        self, connection: Connection, rows: Table, time: ColumnElement[float], forge: str, project: str
    ) -> None:
        """Delete what is too old, and the oldest of what is too many."""
        of_project = and_(rows.c.forge == forge, rows.c.project == project)
        conditions = [time <= self._oldest()]
        last = connection.scalar(
            select(time)
            .where(of_project)
            .order_by(time.desc())
            .offset(self._bounds.max_per_project - 1)
            .limit(1)
        )
        if last is not None:
            conditions.append(time < last)  # those of one moment stay together
        connection.execute(delete(rows).where(of_project, or_(*conditions)))


def _place(ref: ChangeRef) -> dict[str, Any]:
    return {"forge": ref.forge, "project": ref.project, "number": ref.number}


def _of_project(rows: Table, ref: ChangeRef) -> ColumnElement[bool]:
    return and_(rows.c.forge == ref.forge, rows.c.project == ref.project)


def _of(rows: Table, ref: ChangeRef) -> ColumnElement[bool]:
    return and_(_of_project(rows, ref), rows.c.number == ref.number)
