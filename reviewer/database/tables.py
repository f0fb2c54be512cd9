"""Our own tables, beside those of the job engine in the same database."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TableClause,
    Text,
    column,
    func,
    insert,
    select,
    table,
)

from reviewer.database.connections import store_errors
from reviewer.errors import StoreError

VERSION = 1

# Any number will do as long as all processes of all versions agree on it.
_MIGRATION_LOCK = 7_236_187_001

metadata = MetaData()

versions = Table("reviewer_version", metadata, Column("version", Integer, primary_key=True))

# Which job answers a delivery. Several deliveries may share one: a resend, a second hook.
deliveries = Table(
    "deliveries",
    metadata,
    Column("forge", String(64), primary_key=True),
    Column("delivery", String(128), primary_key=True),
    Column("job", Text, nullable=False),
    Column("received", Float, nullable=False),
    Index("deliveries_by_job", "job"),
)

# The newest head we were told of; the generation rises with it, so that older jobs can tell.
merge_requests = Table(
    "merge_requests",
    metadata,
    Column("forge", String(64), primary_key=True),
    Column("project", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("head", String(64)),
    Column("generation", BigInteger, nullable=False),
    Column("changed", Float, nullable=False),
)

# What was asked; how far it got is the engine's to know. `generation` is null where no head matters.
jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("forge", String(64), nullable=False),
    Column("delivery", String(128), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("project", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("head", String(64)),
    Column("meaning", Text),
    Column("generation", BigInteger),
    Column("event", Text, nullable=False),
    Column("created", Float, nullable=False),
    Column("superseded", Boolean, nullable=False),
    Column("error", Text, nullable=False),
    Index("jobs_by_merge_request", "forge", "project", "number", "meaning"),
    Index("jobs_by_delivery", "forge", "delivery"),
    Index("jobs_by_created", "created"),
)

reviews = Table(
    "reviews",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("job", Text, nullable=False),
    Column("forge", String(64), nullable=False),
    Column("project", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("head", String(64)),
    Column("verdict", String(16), nullable=False),
    Column("document", Text, nullable=False),
    Column("created", Float, nullable=False),
    Index("reviews_by_head", "forge", "project", "number", "head"),
)

# The processes that run jobs, each with the moment it last said so.
executors = Table(
    "executors",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("started", BigInteger, nullable=False),
    Column("beat", Float, nullable=False),
)

# The engine's table of workflows, read and never written here; documented as its system table.
_ENGINE_COLUMNS = ("workflow_uuid", "status", "executor_id", "updated_at")


def engine_table(engine: Engine) -> TableClause:
    """Return the engine's workflow table as this database names it."""
    schema = "dbos" if engine.dialect.name == "postgresql" else None
    return table("workflow_status", *(column(name) for name in _ENGINE_COLUMNS), schema=schema)


def create_tables(engine: Engine) -> None:
    """Create what is missing, one process at a time; raise StoreError if a newer program was here."""
    with store_errors(), engine.begin() as connection:
        _lock(connection)
        metadata.create_all(connection)
        found = connection.scalar(select(func.max(versions.c.version)))
        if found is None:
            connection.execute(insert(versions).values(version=VERSION))
        elif found > VERSION:
            raise StoreError(
                f"the database is of version {found}, this program knows {VERSION}",
                remedy="install the newer program, or name another database",
            )


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
    else:
        # The driver opens a transaction only before INSERT, UPDATE and DELETE, not before CREATE TABLE.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
