"""The tables of what is remembered between reviews; times are seconds since the epoch.

Texts that strangers wrote lie in JSON alone: it takes the bytes that a database's text does not.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, String, Table, Text

from reviewer.database.tables import metadata

# Who dismissed which finding in which merge request, and how; `record` is the whole of it.
dismissals = Table(
    "memory_dismissals",
    metadata,
    Column("forge", String(64), primary_key=True),
    Column("project", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("fingerprint", String(64), primary_key=True),
    Column("gesture", String(16), primary_key=True),
    Column("person", BigInteger, primary_key=True),
    Column("record", Text, nullable=False),
    Column("made", Float, nullable=False),
    Index("memory_dismissals_by_time", "forge", "project", "made"),
)

# What the reviews of a merge request have found so far.
findings = Table(
    "memory_findings",
    metadata,
    Column("forge", String(64), primary_key=True),
    Column("project", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("fingerprint", String(64), primary_key=True),
    Column("record", Text, nullable=False),
    Column("noted", Float, nullable=False),
    Index("memory_findings_by_time", "forge", "project", "noted"),
)

# What models answered, by what they were asked; `answer` is JSON.
answers = Table(
    "memory_answers",
    metadata,
    Column("forge", String(64), primary_key=True),
    Column("project", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("answer", Text, nullable=False),
    Column("used", Float, nullable=False),
    Index("memory_answers_by_time", "forge", "project", "used"),
)
