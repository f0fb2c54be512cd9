"""Jobs wait in a table of ours until a worker has a place: by urgency, and projects in turn."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
oldest_program = "0002"  # the first release would take a waiting job for one that the engine has lost


def upgrade() -> None:
    """Add the waiting room; what is there already has been started, or ended."""
    added = {
        "jobs": (
            sa.Column("stage", sa.String(16), nullable=False, server_default="started"),
            sa.Column("priority", sa.SmallInteger, nullable=False, server_default="1"),
            sa.Column("turn", sa.BigInteger, nullable=False, server_default="0"),
            sa.Column("claimed_by", sa.String(64)),
        ),
        "executors": (
            sa.Column("role", sa.String(16), nullable=False, server_default="all"),
            sa.Column("places", sa.Integer, nullable=False, server_default="0"),
        ),
    }
    for table, columns in added.items():
        for column in columns:
            op.add_column(table, column)
    op.create_table(
        "projects",
        sa.Column("forge", sa.String(64), primary_key=True),
        sa.Column("project", sa.Text, primary_key=True),
        sa.Column("turn", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("seen", sa.Float, nullable=False, server_default="0"),
        sa.Column("polled", sa.Float, nullable=False, server_default="0"),
    )
    op.create_table(
        "chores",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("due", sa.Float, nullable=False),
    )
    waiting = sa.text("stage = 'waiting'")
    op.create_index(
        "jobs_waiting",
        "jobs",
        ["priority", "turn", "created"],
        postgresql_where=waiting,
        sqlite_where=waiting,
    )
    op.create_index("jobs_by_claimer", "jobs", ["claimed_by"])
    op.create_index("deliveries_by_received", "deliveries", ["received"])
    op.create_index("reviews_by_created", "reviews", ["created"])
    op.create_index("merge_requests_by_changed", "merge_requests", ["changed"])
    _refuse_the_first_release()


def _refuse_the_first_release() -> None:
    """Tell it in its own words: it reads this table when it starts."""
    if sa.inspect(op.get_bind()).has_table("reviewer_version"):
        op.execute("UPDATE reviewer_version SET version = 2")
