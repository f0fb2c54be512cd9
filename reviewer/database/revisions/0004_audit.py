"""The audit log: its entries, the ends of their chain, and the prompts that are kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
oldest_program = "0002"  # an older one writes no log, and is not in the way


def upgrade() -> None:
    """Create the three tables; see `audit_tables`."""
    op.create_table(
        "audit_entries",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
        sa.Column("mac", sa.String(64), nullable=False),
    )
    op.create_index("audit_entries_by_time", "audit_entries", ["at"])
    op.create_table(
        "audit_chain",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("key", sa.String(32), nullable=False),
        *_end(""),
        *_end("base_"),
    )
    op.create_table(
        "audit_prompts",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("due", sa.Float, nullable=False),
        sa.Column("nonce", sa.LargeBinary, nullable=False),
        sa.Column("ciphertext", sa.LargeBinary, nullable=False),
    )
    op.create_index("audit_prompts_by_due", "audit_prompts", ["due"])


def _end(which: str) -> tuple[sa.Column[int], sa.Column[str], sa.Column[int], sa.Column[str]]:
    return (
        sa.Column(f"{which}number", sa.BigInteger, nullable=False),
        sa.Column(f"{which}mac", sa.String(64), nullable=False),
        sa.Column(f"{which}at", sa.BigInteger, nullable=False),
        sa.Column(f"{which}signature", sa.String(64), nullable=False),
    )
