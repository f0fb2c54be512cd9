"""Open the one SQLite file of an index: shared by processes, made anew when it is damaged.

The file's name carries a number that grows with every new beginning. SQLite removes the log beside
a name when that name's last user closes it; whoever still had a dropped file open would otherwise
remove the log of the file in its place.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import sqlite3
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

from reviewer.errors import StoreError

_BUSY_S = 30.0
_LOCK_WAIT_S = 300.0
_NAME = re.compile(r"symbols-(\d+)\.db")
_LOG_BYTES = 1 << 20
_PAGE_BYTES = 8192  # most outlines fit into a page; larger ones spill and leave the rest of one empty
_PER_CONNECTION = f"""
PRAGMA synchronous = NORMAL;
PRAGMA wal_autocheckpoint = {_LOG_BYTES // _PAGE_BYTES};
PRAGMA journal_size_limit = {_LOG_BYTES};
"""
_RELEASE = f"""
PRAGMA incremental_vacuum;
PRAGMA busy_timeout = 0;
PRAGMA wal_checkpoint(TRUNCATE);
PRAGMA busy_timeout = {_BUSY_S * 1000:.0f};
"""
_SETTINGS = f"""
PRAGMA page_size = {_PAGE_BYTES};
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
"""


class IndexDamaged(StoreError):
    """The file was no sound database; it is dropped, and an empty one has its place."""


class IndexFile:
    """The database in a folder of its own; not for two threads at once.

    `schema` makes the tables, `version` is that of what is in them: a file of another version is
    dropped. Opening, and what runs inside of `transaction`, raises StoreError, for a damaged file
    IndexDamaged, once: after that an empty file is open.
    """

    def __init__(self, folder: Path, *, schema: str, version: int) -> None:
        self._folder = folder
        self._schema = f"{_SETTINGS} BEGIN IMMEDIATE; {schema} PRAGMA user_version = {version}; COMMIT;"
        self._version = version
        with _as_store_errors(folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self.lock("open"):
                self.db = self._open()

    def close(self) -> None:
        """Close the file; what was committed stays."""
        self.db.close()

    @property
    def size(self) -> int:
        """Return the bytes that the file and its log take on disk."""
        files = (file for number in self._numbers() for file in self._folder.glob(f"symbols-{number}.db*"))
        return sum(file.stat().st_size for file in files if file.suffix != ".db-shm")

    @contextlib.contextmanager
    def transaction(self, *, write: bool) -> Iterator[sqlite3.Connection]:
        """See one state throughout; write all or nothing."""
        with self._guarded():
            self.db.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            try:
                yield self.db
                self.db.execute("COMMIT")
            finally:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")

    def release_space(self) -> None:
        """Give freed pages back to the disk and empty the log; not while others are busy with it."""
        with self._guarded():
            self.db.executescript(_RELEASE)  # `execute` would stop at the first page

    @contextlib.contextmanager
    def lock(self, purpose: str, *, wait_s: float = _LOCK_WAIT_S) -> Iterator[None]:
        """Be the only one, in whatever process, that does this here; a killed one lets go.

        Raises StoreError where somebody else goes on with it for longer than that.
        """
        with _as_store_errors(self._folder):
            lease = os.open(self._folder / f"{purpose}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._wait(lease, time.monotonic() + wait_s)
            yield
        finally:
            os.close(lease)

    def _wait(self, lease: int, deadline: float) -> None:
        while True:
            try:
                fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise StoreError(f"{self._folder}: another process keeps the index locked") from None
                time.sleep(0.02)
            else:
                return

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """Raise SQLite's failures as ours; a damaged file makes place for an empty one."""
        with _as_store_errors(self._folder):
            try:
                yield
            except (sqlite3.Error, zlib.error) as err:
                if isinstance(err, sqlite3.Error) and not _is_damage(err):
                    raise
                self.db.close()
                with self.lock("open"):
                    self.db = self._begin_anew()
                raise IndexDamaged(f"{self._folder} was damaged ({err}) and starts anew") from err

    def _open(self) -> sqlite3.Connection:
        """Open the newest file; where that is damaged or of another version, a new one."""
        numbers = self._numbers()
        if not numbers:
            return self._begin_anew()
        db = self._connect(max(numbers))
        try:
            (version,) = db.execute("PRAGMA user_version").fetchone()
        except sqlite3.DatabaseError as err:
            db.close()
            if not _is_damage(err):
                raise
            return self._begin_anew()
        if version != self._version:
            db.close()
            return self._begin_anew()
        db.executescript(_PER_CONNECTION)
        return db

    def _begin_anew(self) -> sqlite3.Connection:
        old = self._numbers()
        db = self._connect(max(old, default=0) + 1)
        db.executescript(self._schema + _PER_CONNECTION)
        for number in old:
            for file in self._folder.glob(f"symbols-{number}.db*"):
                file.unlink(missing_ok=True)
        return db

    def _connect(self, number: int) -> sqlite3.Connection:
        file = self._folder / f"symbols-{number}.db"
        return sqlite3.connect(file, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)

    def _numbers(self) -> list[int]:
        names = (_NAME.fullmatch(file.name) for file in self._folder.iterdir())
        return [int(name[1]) for name in names if name]


@contextlib.contextmanager
def _as_store_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as err:
        raise StoreError(f"{folder}: {err.strerror}") from err
    except sqlite3.Error as err:
        raise StoreError(f"{folder}: {err}") from err


def _is_damage(err: sqlite3.Error) -> bool:
    return getattr(err, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
