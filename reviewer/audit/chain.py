"""The chain in the database: append at its end, read it whole, prune its beginning.

Calls block and raise StoreError. Who appends or prunes holds the lock of the one row in `audit_chain`, so
that any number of threads and processes make one chain.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reviewer.audit import record
from reviewer.audit.prompts import Kept
from reviewer.audit.seal import Entry, Seal, Statement, canonical
from reviewer.audit.verification import verify
from reviewer.database.audit_tables import audit_chain, audit_entries, audit_prompts
from reviewer.database.connections import store_errors
from reviewer.errors import StoreError

_PAGE = 1000
_ONLY = 1  # the id of the one row in audit_chain


@dataclass(frozen=True, slots=True)
class Note:
    """What is to be appended: a record, when it happened, and its prompt where that is kept."""

    record: record.Record
    at: int
    keep: Callable[[int], Kept] | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The chain at one moment; `entries` may be read once, in order."""

    base: Statement
    head: Statement
    entries: Iterator[Entry]


class Chain:
    """The audit log's chain in one database; `clock` gives seconds since the epoch."""

    def __init__(self, engine: Engine, seal: Seal, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._seal = seal
        self._clock = clock
        self._postgres = engine.dialect.name == "postgresql"

    def append(self, notes: Sequence[Note]) -> list[Entry]:
        """Add notes at the end, all or none; return once they would survive a crash."""
        with store_errors(), self._engine.begin() as connection:
            return self._append(connection, self._lock(connection), notes)

    @contextmanager
    def read(self, since: int = 0) -> Iterator[Snapshot]:
        """Open a snapshot of all entries at or after `since` (milliseconds since the epoch).

        Its base then is the entry before the first of them. Raises StoreError where there is no log.
        """
        with store_errors(), self._engine.connect() as connection:
            self._freeze(connection)
            row = self._ends(connection)
            base = _base(row)
            if since:
                number = self._before(connection, since, base)
                base = self._seal.state("base", number, self._mac(connection, number, base), self._now())
            yield Snapshot(base, _head(row), _entries(connection, base.number))

    def entry(self, number: int) -> Entry | None:
        """Return one entry."""
        with store_errors(), self._engine.connect() as connection:
            row = connection.execute(select(audit_entries).where(audit_entries.c.number == number)).first()
            return Entry(row.number, row.at, row.record, row.mac) if row else None

    def checkpoint(self) -> Statement:
        """Sign which entry is the last one now; kept elsewhere, it proves a tail that was cut later."""
        with store_errors(), self._engine.connect() as connection:
            row = self._ends(connection)
            if not self._seal.stands(_head(row)):
                raise StoreError(
                    "the end of the audit log was not signed with this instance's key",
                    remedy="reviewer audit verify says more",
                )
            return self._seal.state("checkpoint", row.number, row.mac, self._now())

    def prune(self, before: int) -> int:
        """Remove the oldest entries, up to the first that is not older than `before` (milliseconds).

        They are verified first: what was tampered with stays. The removal is an entry itself. Returns how
        many were removed; raises StoreError if the chain does not hold.
        """
        with store_errors(), self._engine.begin() as connection:
            row = self._lock(connection)
            base = _base(row)
            last = self._before(connection, before, base)
            if last <= base.number:
                return 0
            old = (entry for entry in _entries(connection, base.number) if entry.number <= last)
            broken = verify(self._seal, base, old).problems
            if broken:
                raise StoreError(
                    f"the audit log is not pruned, for it does not hold: {broken[0].message}",
                    remedy="export it, then ask reviewer audit verify",
                )
            mac = self._mac(connection, last, base)
            connection.execute(delete(audit_entries).where(audit_entries.c.number <= last))
            connection.execute(delete(audit_prompts).where(audit_prompts.c.number <= last))
            self._write_base(connection, self._seal.state("base", last, mac, self._now()))
            note = Note(record.of_pruning(base.number + 1, last), self._now())
            self._append(connection, row, [note])
            return last - base.number

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    # --- kept prompts -----------------------------------------------------------------------------

    def kept(self, number: int) -> Kept | None:
        """Return the prompt that was kept of an entry, unless it is due to go."""
        known = audit_prompts.c
        query = select(audit_prompts).where(known.number == number, known.due > self._clock())
        with store_errors(), self._engine.connect() as connection:
            row = connection.execute(query).first()
            return Kept(row.due, row.nonce, row.ciphertext) if row else None

    def forget_prompts(self) -> int:
        """Delete the prompts that are due; return how many."""
        with store_errors(), self._engine.begin() as connection:
            return connection.execute(
                delete(audit_prompts).where(audit_prompts.c.due <= self._clock())
            ).rowcount

    # --- statements of a transaction --------------------------------------------------------------

    def _append(self, connection: Connection, end: Row[Any], notes: Sequence[Note]) -> list[Entry]:
        number, mac = end.number, end.mac
        if not self._seal.stands(_head(end)):
            # Going on as if nothing were wrong would sign what somebody made of the end.
            number, mac = self._true_end(connection, end)
            notes = [Note(record.of_break(number), self._now()), *notes]
        entries: list[Entry] = []
        for note in notes:
            number += 1
            entries.append(self._seal.entry(number, note.at, canonical(dict(note.record)), mac))
            mac = entries[-1].mac
        rows = [{"number": e.number, "at": e.at, "record": e.record, "mac": e.mac} for e in entries]
        if rows:
            connection.execute(insert(audit_entries), rows)
        for entry, note in zip(entries, notes, strict=True):
            if note.keep:
                kept = note.keep(entry.number)
                values = {"due": kept.due, "nonce": kept.nonce, "ciphertext": kept.ciphertext}
                connection.execute(insert(audit_prompts).values(number=entry.number, **values))
        head = self._seal.state("head", number, mac, self._now())
        connection.execute(
            update(audit_chain).values(number=number, mac=mac, at=head.at, signature=head.signature)
        )
        return entries

    def _lock(self, connection: Connection) -> Row[Any]:
        """Hold everyone else off the chain; begin it where there is none."""
        lock = update(audit_chain).values(id=_ONLY).returning(*audit_chain.c)
        row = connection.execute(lock).first()
        if row is None:
            self._begin(connection)
            row = connection.execute(lock).one()
        if row.key != self._seal.key:
            raise StoreError(
                "the audit log was begun with another instance key",
                remedy="put the file of service.secret_key_file back, or give the service another database",
            )
        return row

    def _begin(self, connection: Connection) -> None:
        seal, now = self._seal, self._now()
        head = seal.state("head", 0, seal.genesis, now)
        orphans = connection.scalar(select(func.count()).select_from(audit_entries))
        base = seal.state("base", 0, seal.genesis, now)
        make = postgresql.insert if self._postgres else sqlite.insert
        row = make(audit_chain).values(
            id=_ONLY,
            key=seal.key,
            number=0,
            mac=seal.genesis,
            at=now,
            signature="" if orphans else head.signature,
            base_number=0,
            base_mac=seal.genesis,
            base_at=now,
            base_signature=base.signature,
        )
        connection.execute(row.on_conflict_do_nothing())

    def _true_end(self, connection: Connection, end: Row[Any]) -> tuple[int, str]:
        last = select(audit_entries).order_by(audit_entries.c.number.desc()).limit(1)
        row = connection.execute(last).first()
        return (row.number, row.mac) if row else (end.base_number, end.base_mac)

    def _write_base(self, connection: Connection, base: Statement) -> None:
        values = {"base_number": base.number, "base_mac": base.mac, "base_at": base.at}
        connection.execute(update(audit_chain).values(base_signature=base.signature, **values))

    def _freeze(self, connection: Connection) -> None:
        """See one moment of the database, whatever is appended meanwhile."""
        if self._postgres:
            connection.execution_options(isolation_level="REPEATABLE READ")
        else:
            # The driver opens a transaction before changes only, and each query would see its own moment.
            connection.exec_driver_sql("BEGIN")

    def _ends(self, connection: Connection) -> Row[Any]:
        row = connection.execute(select(audit_chain)).first()
        if row is None:
            raise StoreError("there is no audit log in this database yet")
        return row

    def _before(self, connection: Connection, moment: int, base: Statement) -> int:
        """Return the number of the entry before the first that is not older than a moment."""
        first = select(func.min(audit_entries.c.number)).where(audit_entries.c.at >= moment)
        found = connection.scalar(first)
        if found is not None:
            return int(found) - 1
        return int(connection.scalar(select(func.max(audit_entries.c.number))) or base.number)

    def _mac(self, connection: Connection, number: int, base: Statement) -> str:
        found = connection.scalar(select(audit_entries.c.mac).where(audit_entries.c.number == number))
        return base.mac if found is None else str(found)

    def _now(self) -> int:
        return round(self._clock() * 1000)


def _entries(connection: Connection, after: int) -> Iterator[Entry]:
    query = select(audit_entries).where(audit_entries.c.number > after).order_by(audit_entries.c.number)
    # Asked of the statement: asked of the connection, its next statement would be read page by page too.
    rows = connection.execute(query.execution_options(yield_per=_PAGE))
    return (Entry(row.number, row.at, row.record, row.mac) for row in rows)


def _base(row: Row[Any]) -> Statement:
    return Statement("base", row.base_number, row.base_mac, row.base_at, row.key, row.base_signature)


def _head(row: Row[Any]) -> Statement:
    return Statement("head", row.number, row.mac, row.at, row.key, row.signature)
