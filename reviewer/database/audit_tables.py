"""The tables of the audit log: the entries, the ends of their chain, and the prompts that are kept."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, String, Table, Text

from reviewer.database.tables import metadata

# One row a note, without gaps. `record` is canonical JSON, `at` in milliseconds since the epoch.
audit_entries = Table(
    "audit_entries",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("record", Text, nullable=False),
    Column("mac", String(64), nullable=False),
    Index("audit_entries_by_time", "at"),
)

# One row: the last entry (the head) and the last one that was pruned (the base), each signed. Whoever
# appends holds this row's lock, so several processes make one chain.
audit_chain = Table(
    "audit_chain",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("key", String(32), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("mac", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("signature", String(64), nullable=False),
    Column("base_number", BigInteger, nullable=False),
    Column("base_mac", String(64), nullable=False),
    Column("base_at", BigInteger, nullable=False),
    Column("base_signature", String(64), nullable=False),
)

# Prompts and replies, encrypted; gone when due, which the chain does not notice: it has their hashes.
audit_prompts = Table(
    "audit_prompts",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("due", Float, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Index("audit_prompts_by_due", "due"),
)
