"""Bring our own tables up to the newest revision, and tell whether this program fits a database.

A revision is a module in `revisions/`, numbered in order. It declares the oldest program that keeps
working on its tables (`oldest_program`, that program's newest revision); the database remembers this, so
that an older program can tell whether a newer one has only added things. Alembic is imported only
where something has to be done.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, func, insert, inspect, select

from reviewer.database.connections import store_errors
from reviewer.database.tables import revisions
from reviewer.errors import StoreError

REVISIONS = Path(__file__).with_name("revisions")
VERSION_TABLE = "reviewer_revision"

# Any number will do as long as all processes of all versions agree on it.
_MIGRATION_LOCK = 7_236_187_001
# A table that another program is using is waited for no longer: that one's deliveries wait with us.
_LOCK_TIMEOUT = "10s"

_NEWER = "install the newer program, or name another database"
_current = Table(VERSION_TABLE, MetaData(), Column("version_num", String(32), primary_key=True))


def migrate(engine: Engine, folder: Path = REVISIONS) -> None:
    """Apply the revisions that are missing, one process at a time, all or none.

    Raises StoreError if a newer program was here and this one cannot work with what it has left.
    """
    with store_errors(), engine.begin() as connection:
        _lock(connection)
        if not _is_usable(connection, _known(folder)):
            _upgrade(connection, folder)


def check_revision(engine: Engine, folder: Path = REVISIONS) -> None:
    """Raise StoreError unless this program can work with the database as it is; change nothing."""
    with store_errors(), engine.begin() as connection:
        if not _is_usable(connection, _known(folder)):
            raise StoreError(
                "the database has not been brought up to this program",
                remedy="start `reviewer serve` of this version once",
            )


def _known(folder: Path) -> list[str]:
    return sorted(file.name.partition("_")[0] for file in folder.glob("[0-9]*.py"))


def _is_usable(connection: Connection, known: list[str]) -> bool:
    """Say whether nothing is left to apply."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return False
    found = connection.scalar(select(_current.c.version_num))
    if found is None or found in known[:-1]:
        return False
    if found != known[-1]:
        _check_newer(connection, found, known[-1])
    return True


def _check_newer(connection: Connection, found: str, ours: str) -> None:
    query = select(func.max(revisions.c.oldest_program)).where(revisions.c.revision > ours)
    needed = connection.scalar(query)
    if needed is None or needed > ours:
        raise StoreError(
            f"the database is at revision {found}, this program knows {ours} "
            f"and would have to know {needed or found} at least",
            remedy=_NEWER,
        )


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
    else:
        # The driver opens a transaction only before INSERT, UPDATE and DELETE, not before CREATE TABLE.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _upgrade(connection: Connection, folder: Path) -> None:
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext, RevisionStep
    from alembic.script import Script, ScriptDirectory

    scripts = ScriptDirectory(folder, version_locations=[folder])
    applied: list[Script] = []

    def steps(heads: tuple[str, ...], _: MigrationContext) -> Iterator[RevisionStep]:
        missing = list(scripts.iterate_revisions("head", heads[0] if heads else "base"))
        for script in reversed(missing):
            applied.append(script)
            yield RevisionStep(scripts.revision_map, script, True)

    options = {"fn": steps, "version_table": VERSION_TABLE}
    context = MigrationContext.configure(connection, opts=options)
    with Operations.context(context):
        context.run_migrations()
    for script in applied:
        row = {"revision": script.revision, "oldest_program": script.module.oldest_program}
        connection.execute(insert(revisions).values(row))
