"""Answer where a name is defined and who mentions it, for any commit that was indexed.

Names are looked up as text and ranked by how near they are; every answer says how it was found and
how many others there were. A blob is outlined once in its life, whatever commits it is in.
"""

from __future__ import annotations

import contextlib
import heapq
import math
import re
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

from parsers.languages import LANGUAGES, detect
from parsers.outline import Outline, ReferenceKind
from parsers.source import decode
from reviewer.repo import packing
from reviewer.repo.answers import Answer, FoundDefinition, IndexReport, Mention, PruneReport
from reviewer.repo.blobs import Limits, read_blobs
from reviewer.repo.changes import Prefetch
from reviewer.repo.git import Git
from reviewer.repo.index_file import IndexFile
from reviewer.repo.index_rows import SCHEMA, BlobKey, IndexRows, Snapshot
from reviewer.repo.nearness import Asker, How, Target, are_related, closeness
from reviewer.repo.outlining import claimed_language, outline_blobs
from reviewer.repo.tree import TreeFile, list_files

READ_AT_MOST = 16  # outlines looked into for one answer: a name as common as `get` is in every file
_FULL_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_DROPPED_AT_ONCE = 500  # blobs in one transaction, so that others get their turn
_LOCK_WAIT_S = 600.0  # for another process that indexes
_FETCHED_AT_ONCE = 1000  # blobs
_SNAPSHOTS = 4  # commits whose file lists are kept at hand


class SymbolIndex:
    """The index of one repository, kept in a folder of its own; processes share it, threads do not.

    Commits are full ids, of trees too. Methods raise StoreError: NotIndexed for a commit that
    `update` has not seen, IndexDamaged when the file turned out damaged: an empty one is open then.
    """

    def __init__(self, folder: Path) -> None:
        self._file = IndexFile(folder, schema=SCHEMA, version=packing.FORMAT)
        self._snapshots: dict[tuple[str, int], Snapshot] = {}

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the index in `folder`; it begins anew where there is none, a damaged or an outdated one."""
        return cls(folder)

    def close(self) -> None:
        """Close the file; everything is on disk already."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def size(self) -> int:
        """Return the bytes on disk."""
        return self._file.size

    def update(
        self, git: Git, commit: str, *, prefetch: Prefetch | None = None, max_seconds: float = math.inf
    ) -> IndexReport:
        """Index a commit: outline the blobs that no earlier one brought, and note its files.

        Every commit is listed whole, which takes 60 ms for 6,000 files, so that nothing depends on
        which commit was indexed before. `prefetch` is called with the ids of the blobs that will be read
        next, a thousand at most. One process indexes at a time; what a killed one had outlined stays.
        After `max_seconds` nothing more is begun. Raises GitFailed, and ValueError for what is no full id.
        """
        started = time.monotonic()
        if not _FULL_ID.fullmatch(commit):
            raise ValueError(f"{commit!r} is no full id")
        keys = {file.path: key for file in list_files(git, commit) if (key := _key_of(file))}
        with self._file.lock("update", wait_s=min(max_seconds, _LOCK_WAIT_S)):
            with self._transaction() as rows:
                new = {key: path for path, key in keys.items() if rows.find_blob(key) is None}
            absent, left = 0, len(new)
            for portion in _outline_all(git, new, prefetch):
                with self._transaction(write=True) as rows:
                    rows.add_blobs({key: one for key, one in portion.items() if one is not None})
                absent += list(portion.values()).count(None)
                left -= len(portion)
                if time.monotonic() - started > max_seconds:
                    break
            skipped = Counter[str]() if left else self._note_commit(commit, keys)
            if new:
                self._file.release_space()
        return IndexReport(
            files=len(keys),
            parsed=len(new) - absent - left,
            reused=sum(key not in new for key in keys.values()),
            skipped=skipped,
            seconds=time.monotonic() - started,
            complete=not left,
        )

    def _note_commit(self, commit: str, keys: Mapping[str, BlobKey]) -> Counter[str]:
        """Write a commit's files down and count, by reason, those without an outline."""
        with self._transaction(write=True) as rows:
            numbers = {path: rows.find_blob(key) for path, key in keys.items()}
            blob_of = {path: number for path, number in numbers.items() if number is not None}
            absent = len(numbers) - len(blob_of)
            if not rows.touch_commit(commit):
                rows.put_commit(commit, blob_of, absent=absent)
            reasons = rows.skipped()
        skipped = Counter(reasons[number] for number in blob_of.values() if number in reasons)
        return skipped + Counter({"absent": absent})

    def definitions(
        self, commit: str, name: str, asking: str | None = None, *, limit: int = 20
    ) -> Answer[FoundDefinition]:
        """Say where a name is defined, the nearest to the file `asking` first; at most `limit` places.

        Only languages that call each other by name are looked at.
        """
        with self._asking(commit) as (rows, snapshot):
            asker = _asker(rows, snapshot, asking)
            files = _files(snapshot, rows.places(name).defined, asking)
            first = heapq.nsmallest(
                READ_AT_MOST,
                files,
                lambda file: _order(asker.how(Target.of(file[0], "", name)), file[0], asker),
            )
            found = []
            for path, blob in first:
                if (outline := rows.outline(blob)) is not None:
                    how = asker.how(Target.of(path, outline.package, name))
                    found += [FoundDefinition(path, row, how) for row in outline.definitions_of(name)]
        found.sort(key=lambda one: (*_order(one.how, one.path, asker), one.row.start_line))
        unread = len(files) - len(first)
        return Answer(tuple(found[:limit]), len(found) + unread, capped=unread > 0)

    def mentions(
        self,
        commit: str,
        name: str,
        defined_in: str | None = None,
        *,
        kinds: Collection[ReferenceKind] = ("call", "type", "import"),
        limit: int = 20,
    ) -> Answer[Mention]:
        """Say which lines mention a name, those that most likely mean that of `defined_in` first."""
        with self._asking(commit) as (rows, snapshot):
            definer = _asker(rows, snapshot, defined_in)
            target = Target.of(definer.path, definer.package, name)
            files = _files(snapshot, rows.places(name).mentioned, defined_in)
            hinted = rows.places(target.stem).mentioned  # whoever imports the file says what it is called
            likely = [file for file in files if file[0] == target.path or file[1] in hinted]
            first = heapq.nsmallest(
                READ_AT_MOST,
                likely if len(likely) >= READ_AT_MOST else files,
                lambda file: (
                    *(file[0] != target.path, file[1] not in hinted),
                    *(-closeness(file[0], target.path), file[0]),
                ),
            )
            read = {path: one for path, blob in first if (one := rows.outline(blob))}
        spots = []
        for path, outline in read.items():
            how = Asker(path, outline.package, outline.imports).how(target)
            spots += [
                (_order(how, path, definer), line, kind, how)
                for line, kind in outline.mentions_of(name)
                if kind in kinds
            ]
        nearest = sorted(spots)[:limit]
        around = {
            path: read[path].around({line for (*_, at), line, *_ in nearest if at == path})
            for path in {path for (*_, path), *_ in nearest}
        }
        found = [
            Mention(path, line, kind, around[path][line], how) for (*_, path), line, kind, how in nearest
        ]
        unread = len(files) - len(first)
        return Answer(tuple(found), len(spots) + unread, capped=unread > 0)

    def files_mentioning(self, commit: str, name: str) -> tuple[str, ...]:
        """Return the files that define, call, import or otherwise mention a name, as their outlines have it."""
        with self._asking(commit) as (rows, snapshot):
            places = rows.places(name)
            found = {path for path, _ in _files(snapshot, {*places.defined, *places.mentioned}, None)}
        return tuple(sorted(found))

    def excerpts(
        self, git: Git, commit: str, spans: Sequence[tuple[str, int, int]]
    ) -> tuple[tuple[str, ...], ...]:
        """Read lines of files, given as path, first and last line; what is not held has none.

        One run of git for all. Raises GitFailed.
        """
        with self._asking(commit) as (rows, snapshot):
            oids = {
                path: rows.oid(snapshot.blob_of[path]) for path, _, _ in spans if path in snapshot.blob_of
            }
        blobs = read_blobs(git, list(oids.values()), Limits())
        texts = {path: _lines(blobs[oid].content) for path, oid in oids.items() if oid in blobs}
        return tuple(tuple(texts.get(path, ())[first - 1 : last]) for path, first, last in spans)

    def prune(self, *, commits: int = 50, blobs: int = 20_000, limit: int = 10_000) -> PruneReport:
        """Forget all commits but the last used, and blobs of none of them but the newest.

        `commits` and `blobs` say how many of each stay, `limit` how many blobs one call drops at
        most; what is over then goes with the next call.
        """
        with self._file.lock("update"):
            with self._transaction(write=True) as rows:
                forgotten = rows.forget_commits(commits)
            dropped = 0
            while dropped < limit:
                with self._transaction(write=True) as rows:
                    some = rows.forget_blobs(blobs, min(_DROPPED_AT_ONCE, limit - dropped))
                dropped += some
                if not some:
                    break
            self._file.release_space()
        return PruneReport(forgotten, dropped)

    @contextlib.contextmanager
    def _transaction(self, *, write: bool = False) -> Iterator[IndexRows]:
        with self._file.transaction(write=write) as db:
            yield IndexRows(db)

    @contextlib.contextmanager
    def _asking(self, commit: str) -> Iterator[tuple[IndexRows, Snapshot]]:
        """See the index as it is now, and a commit's files."""
        with self._transaction() as rows:
            key = (commit, rows.commit_made(commit))
            if key not in self._snapshots:
                while len(self._snapshots) >= _SNAPSHOTS:
                    del self._snapshots[next(iter(self._snapshots))]
                self._snapshots[key] = rows.read_commit(commit)
            yield rows, self._snapshots[key]


def _outline_all(
    git: Git, new: Mapping[BlobKey, str], prefetch: Prefetch | None
) -> Iterator[Mapping[BlobKey, Outline | str | None]]:
    """Outline blobs; what has to be fetched for it comes in parts, so that little is in vain when time is up."""
    keys = list(new)
    for at in range(0, len(keys), _FETCHED_AT_ONCE):
        some = {key: new[key] for key in keys[at : at + _FETCHED_AT_ONCE]}
        if prefetch is not None:
            prefetch([key.oid for key in some])
        yield from outline_blobs(git, some)


def _key_of(file: TreeFile) -> BlobKey | None:
    language = claimed_language(file)
    return None if language is None else BlobKey(file.blob, language)


def _asker(rows: IndexRows, snapshot: Snapshot, path: str | None) -> Asker:
    blob = None if path is None else snapshot.blob_of.get(path)
    outline = None if blob is None else rows.outline(blob)
    return Asker(path or "", outline.package, outline.imports) if outline else Asker(path or "")


def _files(snapshot: Snapshot, blobs: Iterable[int], beside: str | None) -> list[tuple[str, int]]:
    """Return the files of a commit that have these blobs, in languages that the file `beside` may call."""
    here = [blob for blob in blobs if blob in snapshot.paths_of]
    if beside and (language := detect(beside)) is not None:
        related = {"", *(other for other in LANGUAGES if are_related(language.name, other))}
        here = [blob for blob in here if snapshot.language_of[blob] in related]
    return [(path, blob) for blob in here for path in snapshot.paths_of[blob]]


def _order(how: How, path: str, asker: Asker) -> tuple[int, int, str]:
    return list(How).index(how), -closeness(path, asker.path), path


def _lines(content: bytes | None) -> list[str]:
    text = decode(content or b"").text.removesuffix("\n")
    return [line.removesuffix("\r") for line in text.split("\n")] if text else []
