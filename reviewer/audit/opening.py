"""Open the audit log of an installation: for the service, which writes it, and for those who look at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from reviewer.audit.chain import Chain
from reviewer.audit.ledger import AuditLog
from reviewer.audit.prompts import open_vault
from reviewer.audit.seal import Seal
from reviewer.config import Settings
from reviewer.database.connections import ACCEPT_TIMEOUT_S, open_database
from reviewer.errors import StoreError

_SQLITE = "sqlite:///"
# Appending waits for the chain's lock: more connections would only wait for each other.
_CONNECTIONS = 2


@dataclass(frozen=True, slots=True)
class OpenLog:
    """A log that can be looked at, and the seal it is checked with."""

    seal: Seal
    chain: Chain


def open_ledger(settings: Settings, key: bytes, failed: Callable[[], None] = lambda: None) -> AuditLog:
    """Open what the service writes to; `failed` hears whenever that does not succeed.

    Nothing is connected to before the first note. Raises ConfigError where prompts are to be kept and
    there is no key for them.
    """
    chain = Chain(_engine(settings), Seal(key))
    vault = open_vault(settings.privacy)
    return AuditLog(
        chain,
        required=settings.audit.required,
        vault=vault,
        keep_days=settings.audit.keep_days,
        failed=failed,
    )


@contextmanager
def look(settings: Settings, key: bytes) -> Iterator[OpenLog]:
    """Open the log to read it; raise StoreError where there is no database, for looking must not make one."""
    address = settings.service.database
    if address.startswith(_SQLITE) and not Path(address.removeprefix(_SQLITE)).exists():
        raise StoreError(
            f"there is no database {address.removeprefix(_SQLITE)}",
            remedy="check service.database and --config",
        )
    engine = _engine(settings)
    seal = Seal(key)
    try:
        yield OpenLog(seal, Chain(engine, seal))
    finally:
        engine.dispose()


def _engine(settings: Settings) -> Engine:
    return open_database(settings.service.database, connections=_CONNECTIONS, timeout_s=ACCEPT_TIMEOUT_S)
