"""Our own tables, beside those of the job engine in the same database; `revisions/` leads to them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    TableClause,
    Text,
    column,
    table,
    text,
)

metadata = MetaData()

# What was done to these tables, and the oldest program that can still work with it (`migration`).
revisions = Table(
    "revisions",
    metadata,
    Column("revision", String(32), primary_key=True),
    Column("oldest_program", String(32), nullable=False),
)

# Which job answers a delivery. Several deliveries may share one: a resend, a second hook.
deliveries = Table(
    "deliveries",
    metadata,
    Column("forge", String(64), primary_key=True),
    Column("delivery", String(128), primary_key=True),
    Column("job", Text, nullable=False),
    Column("received", Float, nullable=False),
    Index("deliveries_by_job", "job"),
    Index("deliveries_by_received", "received"),
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
    Index("merge_requests_by_changed", "changed"),
)

_WAITING = text("stage = 'waiting'")

# What was asked. `generation` is null where no head matters. `stage` is waiting until a worker claims the
# job, then started: from there on the engine knows how far it got; or cancelled, before it began.
# Waiting jobs go by `priority` (`domain.Priority`) and by `turn` (`service.queue`).
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
    Column("stage", String(16), nullable=False, server_default="started"),
    Column("priority", SmallInteger, nullable=False, server_default="1"),
    Column("turn", BigInteger, nullable=False, server_default="0"),
    Column("claimed_by", String(64)),
    Index("jobs_by_merge_request", "forge", "project", "number", "meaning"),
    Index("jobs_by_delivery", "forge", "delivery"),
    Index("jobs_by_created", "created"),
    Index("jobs_by_claimer", "claimed_by"),
    Index("jobs_waiting", "priority", "turn", "created", postgresql_where=_WAITING, sqlite_where=_WAITING),
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
    Index("reviews_by_created", "created"),
)

# The processes of the service, each with the moment it last said so, and how many jobs it runs at once.
executors = Table(
    "executors",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("started", BigInteger, nullable=False),
    Column("beat", Float, nullable=False),
    Column("role", String(16), nullable=False, server_default="all"),
    Column("places", Integer, nullable=False, server_default="0"),
)

# The projects that deliveries came from: the turn of their last job, and when we last looked ourselves.
projects = Table(
    "projects",
    metadata,
    Column("forge", String(64), primary_key=True),
    Column("project", Text, primary_key=True),
    Column("turn", BigInteger, nullable=False, server_default="0"),
    Column("seen", Float, nullable=False, server_default="0"),
    Column("polled", Float, nullable=False, server_default="0"),
)

# What one process does for all of them, now and then, and when it is due next.
chores = Table(
    "chores",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("due", Float, nullable=False),
)

# The engine's table of workflows, read and never written here; documented as its system table.
_ENGINE_COLUMNS = (
    *("workflow_uuid", "status", "executor_id", "updated_at", "queue_name", "application_version"),
)


def engine_table(*, shared: bool) -> TableClause:
    """Return the engine's workflow table as Postgres (`shared`) or SQLite names it."""
    schema = "dbos" if shared else None
    return table("workflow_status", *(column(name) for name in _ENGINE_COLUMNS), schema=schema)
