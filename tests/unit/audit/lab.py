"""A chain on a fresh SQLite file, and hands that tamper with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from reviewer.audit.chain import Chain, Note
from reviewer.audit.seal import Seal, Statement
from reviewer.audit.verification import Report, verify
from reviewer.database.audit_tables import audit_chain, audit_entries, audit_prompts
from reviewer.database.connections import open_database
from reviewer.database.tables import metadata
from reviewer.domain import ChangeRef, Errand, Message, ModelCall, Role, Usage

KEY = b"k" * 64
OTHER_KEY = b"o" * 64
DAY_MS = 86_400_000
ERRAND = Errand(ref=ChangeRef("main", "desk/orders", 12, "a" * 40, "a" * 40, "b" * 40), job="j1", actor="ann")


@dataclass
class Clock:
    """Time that passes when a test says so."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def a_call(prompt: str = "the code", reply: str = "a reply", **changes: Any) -> ModelCall:
    values: dict[str, Any] = {
        "errand": ERRAND,
        "role": Role.REVIEW,
        "purpose": "unit 1",
        "model": "coder",
        "served": "deepseek-coder-v2:16b",
        "digest": "sha256:1234",
        "endpoint": "http://127.0.0.1:11434",
        "outcome": "ok",
        "began": 1_800_000_000.25,
        "usage": Usage(1, 900, 300, 80, 2.5),
        "first_token_s": 0.4,
        "messages": (Message("system", "Review."), Message("user", prompt)),
        "reply": reply,
    }
    return ModelCall(**{**values, **changes})


class AuditLab:
    """The database of an audit log; entries are made by `fill`."""

    def __init__(self, folder: Path, address: str | None = None) -> None:
        self.clock = Clock()
        self.seal = Seal(KEY)
        self.engine: Engine = open_database(
            address or f"sqlite:///{folder / 'audit.db'}", connections=3, timeout_s=5
        )
        metadata.create_all(self.engine, tables=[audit_chain, audit_entries, audit_prompts])
        self.chain = Chain(self.engine, self.seal, self.clock)

    def fill(self, count: int) -> None:
        for number in range(count):
            self.clock.now += 1
            self.chain.append([Note({"kind": "test", "what": number}, round(self.clock.now * 1000))])

    def sql(self, statement: str, **values: Any) -> None:
        with self.engine.begin() as connection:
            assert connection.execute(text(statement), values).rowcount

    def row(self, query: str) -> Any:
        with self.engine.connect() as connection:
            return connection.execute(text(query)).first()

    def verify(self, *checkpoints: Statement, key: bytes = KEY) -> Report:
        with self.chain.read() as snapshot:
            return verify(
                Seal(key), snapshot.base, snapshot.entries, ends=[snapshot.head], checkpoints=checkpoints
            )

    def problems(self, *checkpoints: Statement, key: bytes = KEY) -> list[tuple[str, int]]:
        return [(problem.kind, problem.number) for problem in self.verify(*checkpoints, key=key).problems]
