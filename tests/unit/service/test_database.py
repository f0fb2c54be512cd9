"""Which addresses are taken, and that a SQLite file is opened so that it keeps what it was given."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from reviewer.database.connections import open_database, sqlite_file
from reviewer.database.migration import migrate
from reviewer.errors import ConfigError, StoreError


@pytest.mark.parametrize(
    "address",
    ["", "reviewer.db", "mysql://db/x", "sqlite://", "sqlite:///:memory:", "postgresql://host", "::"],
)
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_database(address, connections=1, timeout_s=1)
    assert caught.value.key == "service.database"


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    file = sqlite_file(f"sqlite:///{tmp_path / 'sub' / 'reviewer.db'}")
    assert file is not None
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sqlite_file("postgresql://localhost/reviewer") is None


def test_what_is_committed_is_on_the_disk(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'x.db'}", connections=1, timeout_s=1)
    with engine.begin() as connection:
        settings = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    engine.dispose()
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 1000}


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    file.write_text("nothing of the kind, but long enough to be looked at " * 40)
    engine = open_database(f"sqlite:///{file}", connections=1, timeout_s=1)
    with pytest.raises(StoreError) as caught:
        migrate(engine)
    engine.dispose()
    assert "nothing of the kind" not in str(caught.value)
