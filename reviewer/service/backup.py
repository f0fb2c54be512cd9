"""Copy the SQLite database of a service while it runs, and put a copy back while it does not.

A copy is one SQLite file. Mirrors and indexes are not in it: they are made again from the forge. The instance
key is in it only where that is asked for: who has the key can forge the marks on our comments.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from reviewer.database.migration import VERSION_TABLE
from reviewer.errors import ConfigError, StoreError, UsageError

_KEY_TABLE = "backup_key"
_PAGES = 2048  # copied at a time; between two pieces the service may write
_BUSY_S = 30.0


def database_file(address: str) -> Path:
    """Return the file of a SQLite address; raise UsageError for Postgres, which has tools of its own."""
    url = make_url(address)
    if url.get_backend_name() != "sqlite":
        raise UsageError(
            "the database is a Postgres",
            remedy="use `pg_dump --format=custom --file=FILE` and `pg_restore --clean --if-exists`: "
            "the schemas public and dbos belong together",
        )
    return Path(url.database or "")


def back_up(database: Path, target: Path, *, key_file: Path | None = None) -> int:
    """Write a consistent copy (0600), with the key if its file is named; return its size in bytes.

    Raises UsageError if the target is there, ConfigError if there is no database, StoreError if it is damaged.
    """
    if target.exists():
        raise UsageError(f"{target} exists", remedy="name a file that does not")
    if not database.exists():
        raise ConfigError(f"there is no database {database}", key="service.database")
    with _draft(target) as draft:
        _copy(database, draft)
        if key_file is not None:
            _put_key(draft, key_file)
        _check(draft)
    return target.stat().st_size


def restore(source: Path, database: Path, *, key_file: Path) -> Path | None:
    """Put a copy in the database's place; return where the former one lies now.

    A key in the copy becomes the key file. Raises UsageError if the copy is none or another key is there,
    StoreError if a process uses the database or the copy is damaged.
    """
    if not source.is_file():
        raise UsageError(f"there is no file {source}")
    _check(source)
    key = _key_in(source)
    if key is not None and key_file.exists() and key_file.read_bytes() != key:
        raise UsageError(
            f"the key in {source} is another one than {key_file}", remedy=f"move {key_file} away first"
        )
    database.parent.mkdir(parents=True, exist_ok=True)
    with _alone(database), _draft(database, replace=True) as draft:
        _copy(source, draft)
        with _opened(draft) as copy:
            copy.execute(f"DROP TABLE IF EXISTS {_KEY_TABLE}")
        former = _put_aside(database)
    if key is not None and not key_file.exists():
        key_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(key)
    return former


@contextlib.contextmanager
def _draft(target: Path, *, replace: bool = False) -> Iterator[Path]:
    """Write beside the target, and move it there when all is well."""
    draft = target.with_name(f"{target.name}.{os.getpid()}.new")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as err:
        raise UsageError(f"{draft} cannot be written: {err.strerror}") from err
    try:
        yield draft
        if replace:
            draft.replace(target)
        else:
            os.link(draft, target)  # unlike a rename it overwrites nothing
    finally:
        draft.unlink(missing_ok=True)


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(file, timeout=_BUSY_S, isolation_level=None)) as connection:
            yield connection
    except sqlite3.Error as err:
        raise StoreError(f"{file}: {err}") from err


def _copy(source: Path, draft: Path) -> None:
    with _opened(source) as original, _opened(draft) as copy:
        original.backup(copy, pages=_PAGES, sleep=0.01)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it


def _check(file: Path) -> None:
    with _opened(file) as copy:
        found = copy.execute("PRAGMA integrity_check").fetchone()[0]
        if found != "ok":
            raise StoreError(f"{file} is damaged: {found}")
        names = {row[0] for row in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not {"jobs", VERSION_TABLE} <= names:
        raise UsageError(f"{file} is no database of this program")


def _put_key(draft: Path, key_file: Path) -> None:
    try:
        key = key_file.read_bytes()
    except OSError as err:
        raise ConfigError(f"{key_file}: {err.strerror}", key="service.secret_key_file") from err
    with _opened(draft) as copy:
        copy.execute(f"CREATE TABLE {_KEY_TABLE} (key BLOB NOT NULL)")
        copy.execute(f"INSERT INTO {_KEY_TABLE} VALUES (?)", (key,))  # noqa: S608  # our own constant


def _key_in(source: Path) -> bytes | None:
    with _opened(source) as copy:
        known = copy.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (_KEY_TABLE,)).fetchone()
        row = copy.execute(f"SELECT key FROM {_KEY_TABLE}").fetchone() if known else None  # noqa: S608
    return bytes(row[0]) if row else None


@contextlib.contextmanager
def _alone(database: Path) -> Iterator[None]:
    """Hold the lock that a running service holds."""
    with database.with_name(f"{database.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise StoreError(
                f"{database} is in use by another process", remedy="stop `reviewer serve` first"
            ) from err
        yield


def _put_aside(database: Path) -> Path | None:
    if not database.exists():
        return None
    with _opened(database) as former:
        former.execute("PRAGMA journal_mode=DELETE")  # takes its log in, which a file alone would miss
    aside = database.with_name(f"{database.name}.before-restore")
    database.replace(aside)
    return aside
