"""What is remembered between reviews."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
oldest_program = "0002"  # an older one remembers nothing, and is not in the way


def upgrade() -> None:
    """Create the three tables; see `memory_tables`."""
    op.create_table(
        "memory_dismissals",
        *_merge_request(),
        sa.Column("fingerprint", sa.String(64), primary_key=True),
        sa.Column("gesture", sa.String(16), primary_key=True),
        sa.Column("person", sa.BigInteger, primary_key=True),
        sa.Column("record", sa.Text, nullable=False),
        sa.Column("made", sa.Float, nullable=False),
    )
    op.create_table(
        "memory_findings",
        *_merge_request(),
        sa.Column("fingerprint", sa.String(64), primary_key=True),
        sa.Column("record", sa.Text, nullable=False),
        sa.Column("noted", sa.Float, nullable=False),
    )
    op.create_table(
        "memory_answers",
        *_merge_request(),
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("used", sa.Float, nullable=False),
    )
    op.create_index("memory_dismissals_by_time", "memory_dismissals", ["forge", "project", "made"])
    op.create_index("memory_findings_by_time", "memory_findings", ["forge", "project", "noted"])
    op.create_index("memory_answers_by_time", "memory_answers", ["forge", "project", "used"])


def _merge_request() -> tuple[sa.Column[str], sa.Column[str], sa.Column[int]]:
    return (
        sa.Column("forge", sa.String(64), primary_key=True),
        sa.Column("project", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True),
    )
