"""The tables of the first release; one of its databases is taken over as it stands."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
oldest_program = "0001"


def upgrade() -> None:
    """Create what is missing: a database of the first release has all but the last table."""
    op.create_table(
        "deliveries",
        sa.Column("forge", sa.String(64), primary_key=True),
        sa.Column("delivery", sa.String(128), primary_key=True),
        sa.Column("job", sa.Text, nullable=False),
        sa.Column("received", sa.Float, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "merge_requests",
        sa.Column("forge", sa.String(64), primary_key=True),
        sa.Column("project", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True),
        sa.Column("head", sa.String(64)),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("changed", sa.Float, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("forge", sa.String(64), nullable=False),
        sa.Column("delivery", sa.String(128), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("head", sa.String(64)),
        sa.Column("meaning", sa.Text),
        sa.Column("generation", sa.BigInteger),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("superseded", sa.Boolean, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "reviews",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("job", sa.Text, nullable=False),
        sa.Column("forge", sa.String(64), nullable=False),
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("head", sa.String(64)),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "executors",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("pid", sa.BigInteger, nullable=False),
        sa.Column("started", sa.BigInteger, nullable=False),
        sa.Column("beat", sa.Float, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "revisions",
        sa.Column("revision", sa.String(32), primary_key=True),
        sa.Column("oldest_program", sa.String(32), nullable=False),
    )
    indexes = {
        "deliveries_by_job": ("deliveries", ["job"]),
        "jobs_by_merge_request": ("jobs", ["forge", "project", "number", "meaning"]),
        "jobs_by_delivery": ("jobs", ["forge", "delivery"]),
        "jobs_by_created": ("jobs", ["created"]),
        "reviews_by_head": ("reviews", ["forge", "project", "number", "head"]),
    }
    for name, (table, columns) in indexes.items():
        op.create_index(name, table, columns, if_not_exists=True)
