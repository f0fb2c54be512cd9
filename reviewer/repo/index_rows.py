"""Keep outlines of blobs, and which blobs a commit has.

A name's row lists the blobs that define or mention it, a commit's row the blobs of its files, both
as packed numbers. A question about a name intersects the two and reads the outlines of what is left.
Commits share their blobs; a commit's own list, of differences, deflates to about a byte for a file.
"""

from __future__ import annotations

import time
import zlib
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from sqlite3 import Connection
from typing import NamedTuple

from parsers.outline import Outline
from reviewer.errors import StoreError
from reviewer.repo import packing
from reviewer.repo.packing import PackedOutline

_DEFINES, _MENTIONS = 1, 2
_SAMPLED = 64  # outlines that a dictionary is made of, at least

SCHEMA = """
CREATE TABLE dictionary (only INTEGER PRIMARY KEY CHECK (only = 1), bytes BLOB NOT NULL);
CREATE TABLE blobs (
    id INTEGER PRIMARY KEY, oid BLOB NOT NULL, language TEXT NOT NULL, skipped TEXT, outline BLOB,
    UNIQUE (oid, language)
);
CREATE INDEX unread ON blobs (skipped) WHERE skipped NOT NULL;
CREATE TABLE names (name TEXT PRIMARY KEY, places BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE paths (path BLOB PRIMARY KEY, id INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE commits (
    id TEXT PRIMARY KEY, made INTEGER NOT NULL, used INTEGER NOT NULL, absent INTEGER NOT NULL,
    files BLOB NOT NULL
) WITHOUT ROWID;
"""


class NotIndexed(StoreError):
    """A commit was asked about that is not in the index, or no longer."""


class BlobKey(NamedTuple):
    """What makes an outline: a blob, and the language that its file's name claims."""

    oid: str
    language: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The indexed files of a commit, both ways round; blobs by their number here."""

    blob_of: Mapping[str, int]
    paths_of: Mapping[int, Sequence[str]]
    language_of: Mapping[int, str]


class Places(NamedTuple):
    """The numbers of the blobs that define a name, and of those that mention it."""

    defined: frozenset[int]
    mentioned: frozenset[int]


class IndexRows:
    """The tables, inside of a transaction."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        row = db.execute("SELECT bytes FROM dictionary").fetchone()
        self._dictionary: bytes = row[0] if row else b""

    def find_blob(self, key: BlobKey) -> int | None:
        """Return a blob's number, whether it has an outline or was skipped."""
        query = "SELECT id FROM blobs WHERE oid = ? AND language = ?"
        row = self._db.execute(query, (bytes.fromhex(key.oid), key.language)).fetchone()
        return row[0] if row else None

    def add_blobs(self, outlines: Mapping[BlobKey, Outline | str]) -> None:
        """Add blobs that are not here, with their outlines or the reason why they have none."""
        written = {key: packing.write(one) for key, one in outlines.items() if isinstance(one, Outline)}
        self._choose_dictionary(list(written.values()))
        places: dict[str, array[int]] = {}
        for key, one in outlines.items():
            if isinstance(one, str):
                self._insert_blob(key, skipped=one)
                continue
            number = self._insert_blob(key, outline=packing.pack(written[key], self._dictionary))
            for name, bits in _bits_of(one).items():
                places.setdefault(name, array("I")).append(number << 2 | bits)
        self._db.executemany(
            "INSERT INTO names VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET places = CAST(places || excluded.places AS BLOB)",
            [(name, numbers.tobytes()) for name, numbers in sorted(places.items())],
        )

    def _insert_blob(self, key: BlobKey, *, skipped: str | None = None, outline: bytes | None = None) -> int:
        added = self._db.execute(
            "INSERT INTO blobs (oid, language, skipped, outline) VALUES (?, ?, ?, ?)",
            (bytes.fromhex(key.oid), key.language, skipped, outline),
        )
        return added.lastrowid or 0

    def _choose_dictionary(self, written: Sequence[bytes]) -> None:
        """Make a dictionary, for good, as soon as there is enough to make it of."""
        if not self._dictionary and len(written) >= _SAMPLED:
            self._dictionary = packing.make_dictionary(written)
            self._db.execute("INSERT INTO dictionary VALUES (1, ?)", (self._dictionary,))

    def outline(self, number: int) -> PackedOutline | None:
        """Read a blob's outline; one that was skipped, or is gone, has none."""
        row = self._db.execute("SELECT outline FROM blobs WHERE id = ?", (number,)).fetchone()
        return packing.unpack(row[0], self._dictionary) if row and row[0] else None

    def skipped(self) -> dict[int, str]:
        """Return why blobs have no outline, for all that have none."""
        return dict(self._db.execute("SELECT id, skipped FROM blobs WHERE skipped NOT NULL"))

    def oid(self, number: int) -> str:
        """Return the id by which git knows a blob."""
        (oid,) = self._db.execute("SELECT oid FROM blobs WHERE id = ?", (number,)).fetchone()
        return str(oid.hex())

    def places(self, name: str) -> Places:
        """Return where a name occurs, over all commits."""
        row = self._db.execute("SELECT places FROM names WHERE name = ?", (name,)).fetchone()
        packed = _numbers(row[0]) if row else ()
        return Places(
            frozenset(number >> 2 for number in packed if number & _DEFINES),
            frozenset(number >> 2 for number in packed if number & _MENTIONS),
        )

    def put_commit(self, commit: str, blob_of: Mapping[str, int], *, absent: int) -> None:
        """Write down a commit's files; `absent` of them could not be read."""
        numbers = self._number_paths(blob_of)
        files = sorted((numbers[path], blob) for path, blob in blob_of.items())
        self._db.execute(
            "INSERT OR REPLACE INTO commits SELECT ?, ?, coalesce(max(used), 0) + 1, ?, ? FROM commits",
            (commit, time.time_ns(), absent, _pack_files(files)),
        )

    def touch_commit(self, commit: str) -> bool:
        """Make a commit the last one used; say whether it is here with all its files."""
        touched = self._db.execute(
            "UPDATE commits SET used = (SELECT max(used) + 1 FROM commits) WHERE id = ? AND absent = 0",
            (commit,),
        )
        return touched.rowcount > 0

    def commit_made(self, commit: str) -> int:
        """Return when a commit's files were written down (ns), which tells one list from another.

        Raises NotIndexed.
        """
        row = self._db.execute("SELECT made FROM commits WHERE id = ?", (commit,)).fetchone()
        if row is None:
            raise NotIndexed(f"{commit} is not in the index")
        return int(row[0])

    def read_commit(self, commit: str) -> Snapshot:
        """Read a commit's files, which must be here."""
        (packed,) = self._db.execute("SELECT files FROM commits WHERE id = ?", (commit,)).fetchone()
        names = {number: path for path, number in self._db.execute("SELECT path, id FROM paths")}
        blob_of = {
            names[path].decode("utf-8", "surrogateescape"): blob for path, blob in _unpack_files(packed)
        }
        paths_of: dict[int, list[str]] = {}
        for path, blob in blob_of.items():
            paths_of.setdefault(blob, []).append(path)
        languages = self._db.execute("SELECT id, language FROM blobs")
        return Snapshot(blob_of, paths_of, {blob: name for blob, name in languages if blob in paths_of})

    def _number_paths(self, paths: Iterable[str]) -> dict[str, int]:
        known = dict(self._db.execute("SELECT path, id FROM paths"))
        coming = max(known.values(), default=0)
        numbers: dict[str, int] = {}
        for path in paths:
            raw = path.encode("utf-8", "surrogateescape")
            if raw not in known:
                coming += 1
                known[raw] = coming
                self._db.execute("INSERT INTO paths VALUES (?, ?)", (raw, coming))
            numbers[path] = known[raw]
        return numbers

    def forget_commits(self, keep: int) -> int:
        """Drop all commits but the `keep` last used; return how many went."""
        return self._db.execute(
            "DELETE FROM commits WHERE id NOT IN (SELECT id FROM commits ORDER BY used DESC LIMIT ?)",
            (keep,),
        ).rowcount

    def forget_blobs(self, keep: int, limit: int) -> int:
        """Drop the oldest blobs that no commit has, `keep` of them excepted, at most `limit`; count them."""
        snapshots = self._db.execute("SELECT files FROM commits").fetchall()
        files = {file for (packed,) in snapshots for file in _unpack_files(packed)}
        live = {blob for _, blob in files}
        known = [number for (number,) in self._db.execute("SELECT id FROM blobs ORDER BY id DESC")]
        dead = [number for number in known if number not in live][keep:][-limit:]
        self._forget_places(dead)
        self._db.executemany("DELETE FROM blobs WHERE id = ?", [(number,) for number in dead])
        if not dead:
            used = {path for path, _ in files}
            stale = [row for row in self._db.execute("SELECT id FROM paths") if row[0] not in used]
            self._db.executemany("DELETE FROM paths WHERE id = ?", stale)
        return len(dead)

    def _forget_places(self, blobs: Iterable[int]) -> None:
        gone: dict[str, set[int]] = {}
        for number in blobs:
            outline = self.outline(number)
            for name in outline.names() if outline else ():
                gone.setdefault(name, set()).add(number)
        for name, numbers in gone.items():
            row = self._db.execute("SELECT places FROM names WHERE name = ?", (name,)).fetchone()
            known = _numbers(row[0]) if row else ()
            left = array("I", (place for place in known if place >> 2 not in numbers))
            if left:
                self._db.execute("UPDATE names SET places = ? WHERE name = ?", (left.tobytes(), name))
            else:
                self._db.execute("DELETE FROM names WHERE name = ?", (name,))


def _bits_of(outline: Outline) -> dict[str, int]:
    defined, mentioned = packing.names_of(outline)
    return {
        name: _DEFINES * (name in defined) | _MENTIONS * (name in mentioned) for name in defined | mentioned
    }


def _numbers(packed: bytes) -> array[int]:
    numbers = array("I")
    numbers.frombytes(packed)
    return numbers


def _pack_files(files: Sequence[tuple[int, int]]) -> bytes:
    """Pack pairs of path and blob: their differences are nearly all alike and deflate to little."""
    columns = array("i")
    for column in zip(*files, strict=True):
        columns.extend(number - before for before, number in zip((0, *column), column, strict=False))
    return zlib.compress(columns.tobytes())


def _unpack_files(packed: bytes) -> Iterator[tuple[int, int]]:
    columns = array("i")
    columns.frombytes(zlib.decompress(packed))
    half = len(columns) // 2
    return zip(accumulate(columns[:half]), accumulate(columns[half:]), strict=True)
