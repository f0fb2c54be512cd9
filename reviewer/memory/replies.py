"""Models' replies, kept in one SQLite file so that the same question is paid for once.

Replies quote code: the file is its owner's alone (0600, in a folder of 0700). Prompts are not in it,
only hashes of them. It is a cache and nothing more: whatever goes wrong with it costs a call to a model
and never a review, and a damaged file makes place for an empty one.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from reviewer.domain import Completion, Usage

FILE_NAME = "replies.db"

_VERSION = 1
_BUSY_S = 5.0
_DAY_S = 86_400.0
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
# Without waiting for the disk: what a power cut loses or damages here can be asked for again.
_PER_CONNECTION = "PRAGMA synchronous = OFF; PRAGMA secure_delete = ON;"
_SCHEMA = f"""
PRAGMA auto_vacuum = INCREMENTAL;
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, made REAL NOT NULL, reply BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS by_age ON replies (made);
PRAGMA user_version = {_VERSION};
COMMIT;
"""


def _warn(text: str) -> None:
    logging.getLogger(__name__).warning(text)


class ReplyFile:
    """Replies by key in a folder of their own; see `ports.ReplyCache`.

    Any number of threads and processes may use one folder: every look and every note opens the file
    anew. Replies older than `max_age_days` are as good as gone; the oldest go first where the file would
    grow beyond `max_mb`. `say` is told, once each, what went wrong.
    """

    def __init__(
        self,
        folder: Path,
        *,
        max_age_days: float,
        max_mb: float,
        now: Callable[[], float] = time.time,
        say: Callable[[str], None] = _warn,
    ) -> None:
        self._file = folder / FILE_NAME
        self._max_age_s = max_age_days * _DAY_S
        self._max_bytes = int(max_mb * (1 << 20))
        self._now = now
        self._say = say
        self._said: set[str] = set()

    def get(self, key: str) -> Completion | None:
        """Return the reply to the very same call."""
        with self._guarded("read"), self._connection() as db:
            found = db.execute(
                "SELECT reply FROM replies WHERE key = ? AND made > ?", (key, self._now() - self._max_age_s)
            ).fetchone()
            if found is None:
                return None
            reply = _unpack(found[0])
            if reply is None:
                db.execute("DELETE FROM replies WHERE key = ?", (key,))
            return reply
        return None

    def put(self, key: str, completion: Completion) -> None:
        """Keep a complete reply."""
        with self._guarded("written"), self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            db.execute("DELETE FROM replies WHERE made <= ?", (self._now() - self._max_age_s,))
            row = (key, self._now(), _pack(completion))
            db.execute("INSERT OR REPLACE INTO replies VALUES (?, ?, ?)", row)
            crowded = _used(db) > self._max_bytes
            while _used(db) > self._max_bytes and _drop_oldest(db):
                pass
            db.execute("COMMIT")
            if crowded:
                db.executescript("PRAGMA incremental_vacuum")  # `execute` would stop at the first page

    @contextlib.contextmanager
    def _guarded(self, purpose: str) -> Iterator[None]:
        """Let no failure out; begin the file anew where it is damaged."""
        seen = self._inode()
        try:
            yield
        except sqlite3.Error as err:
            if getattr(err, "sqlite_errorcode", 0) & 0xFF in _DAMAGE:
                self._begin_anew(seen, str(err))
            else:
                self._tell(f"the reply cache {self._file} cannot be {purpose}: {err}")
        except OSError as err:
            self._tell(f"the reply cache {self._file} cannot be {purpose}: {err.strerror}")

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite's journal takes the mode over
        with contextlib.closing(sqlite3.connect(self._file, timeout=_BUSY_S, isolation_level=None)) as db:
            db.executescript(_PER_CONNECTION)
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version != _VERSION:
                if version:
                    db.executescript("DROP TABLE IF EXISTS replies")  # of another release
                db.executescript(_SCHEMA)
            yield db

    def _begin_anew(self, damaged: int | None, reason: str) -> None:
        """Remove a damaged file, unless another process has put a new one in its place meanwhile."""
        try:
            with self._file.with_suffix(".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if self._inode() != damaged:
                    return
                self._file.with_name(f"{FILE_NAME}-journal").unlink(missing_ok=True)
                self._file.unlink(missing_ok=True)
        except OSError as err:
            self._tell(f"the damaged reply cache {self._file} cannot be removed: {err.strerror}")
        else:
            self._tell(f"the reply cache {self._file} was damaged ({reason}) and starts anew")

    def _inode(self) -> int | None:
        try:
            return self._file.stat().st_ino
        except OSError:
            return None

    def _tell(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._say(text)


def _used(db: sqlite3.Connection) -> int:
    """Return the bytes of the pages that hold something."""
    pages, free, size = (
        int(db.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def _drop_oldest(db: sqlite3.Connection) -> int:
    """Delete a tenth of the replies, the oldest; return how many went."""
    oldest = "SELECT key FROM replies ORDER BY made LIMIT (SELECT max(1, count(*) / 10) FROM replies)"
    return db.execute(f"DELETE FROM replies WHERE key IN ({oldest})").rowcount  # noqa: S608  # no values


def _pack(completion: Completion) -> bytes:
    return zlib.compress(json.dumps(asdict(completion)).encode())


def _unpack(packed: bytes) -> Completion | None:
    try:
        read = json.loads(zlib.decompress(packed))
        return Completion(**{**read, "usage": Usage(**read["usage"])})
    except (zlib.error, ValueError, TypeError, KeyError):
        return None
