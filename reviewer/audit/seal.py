"""What makes the chain hold: HMACs under a key of its own, derived from the instance key.

Every entry's MAC covers its number, time and record and the MAC before it. A statement signs which entry
stood at a number: the head (the last one), the base (the last one that was pruned), a checkpoint (the
last one when somebody asked). Who has the instance key can forge all of it; who has only the database
cannot. A checkpoint kept elsewhere binds even the former.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from typing import Any, Literal

_PURPOSE = b"reviewer audit chain v1"


@dataclass(frozen=True, slots=True)
class Entry:
    """One note in the chain; `at` in milliseconds since the epoch, `record` is canonical JSON."""

    number: int
    at: int
    record: str
    mac: str


@dataclass(frozen=True, slots=True)
class Statement:
    """Signed: at `at`, the entry `number` had this MAC; `key` names the key, it is not the key."""

    kind: Literal["base", "head", "checkpoint"]
    number: int
    mac: str
    at: int
    key: str
    signature: str


class Seal:
    """Signs and checks under the key that is derived from an instance key for this purpose alone."""

    def __init__(self, instance_key: bytes) -> None:
        self._key = hmac.digest(instance_key, _PURPOSE, "sha256")
        self.key = self._sign("key", 0)[:16]
        self.genesis = self._sign("genesis", 0)

    def entry(self, number: int, at: int, record: str, previous: str) -> Entry:
        """Return the entry that follows the one whose MAC is `previous`."""
        return Entry(number, at, record, self._sign("entry", number, at, record, previous))

    def holds(self, entry: Entry, previous: str) -> bool:
        """Say whether an entry is untouched and follows the one whose MAC is `previous`."""
        expected = self._sign("entry", entry.number, entry.at, entry.record, previous)
        return hmac.compare_digest(expected.encode(), entry.mac.encode())

    def state(self, kind: Literal["base", "head", "checkpoint"], number: int, mac: str, at: int) -> Statement:
        """Sign which entry stands at a number."""
        return Statement(kind, number, mac, at, self.key, self._sign(kind, number, mac, at))

    def stands(self, statement: Statement) -> bool:
        """Say whether a statement was signed with this key."""
        expected = self._sign(statement.kind, statement.number, statement.mac, statement.at)
        return hmac.compare_digest(expected.encode(), statement.signature.encode())

    def _sign(self, *fields: str | int) -> str:
        return hmac.digest(self._key, canonical(list(fields)).encode(), "sha256").hex()


def canonical(value: Any) -> str:
    """Write JSON in the one way that is signed: keys sorted, no spaces, ASCII; floats do not occur."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
