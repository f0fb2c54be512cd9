"""Keep the mirrors of a data folder within a quota: the one that was used longest ago goes first, with its index.

Never one in use: a mirror that is being written is locked, and one that was fetched within `idle_s` may
still be read by the review that fetched it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = 512  # st_blocks counts in these, whatever the file system's own are; see stat(2)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a clean-up left and took away; sizes in bytes on disk. `over` means that the quota did not hold."""

    mirrors: int
    size: int
    removed: int
    freed: int
    over: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    folder: Path
    size: int
    used: float


def enforce(
    data_dir: Path, *, quota: int, idle_s: float, limit: int = 50, clock: Callable[[], float] = time.time
) -> Kept:
    """Remove what is over the quota (bytes), at most `limit` mirrors, and indexes whose mirror is gone."""
    root, indexes = data_dir.absolute() / "mirrors", data_dir.absolute() / "indexes"
    _remove_leftovers(root)
    entries = sorted(_entries(root, indexes), key=lambda entry: entry.used)
    size = sum(entry.size for entry in entries)
    removed = freed = 0
    for entry in entries:
        if size - freed <= quota or removed >= limit or clock() - entry.used < idle_s:
            break
        if _remove(entry.folder, indexes):
            removed, freed = removed + 1, freed + entry.size
    _remove_orphans(root, indexes)
    return Kept(len(entries) - removed, size - freed, removed, freed, size - freed > quota)


def _entries(root: Path, indexes: Path) -> Iterator[_Entry]:
    for folder in root.iterdir() if root.is_dir() else ():
        if folder.is_dir() and not folder.suffix:
            lease = folder.with_suffix(".lock")
            used = max(path.stat().st_mtime for path in (lease, folder) if path.exists())
            yield _Entry(folder, _size(folder) + _size(indexes / folder.name), used)


def _size(folder: Path) -> int:
    total = 0
    for path, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(FileNotFoundError):  # git and SQLite put files away as they work
                total += Path(path, name).lstat().st_blocks * _BLOCK
    return total


def _remove(folder: Path, indexes: Path) -> bool:
    """Remove a mirror that nobody holds; its lock stays, since someone may be waiting for it."""
    lease = os.open(folder.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
        doomed = folder.with_suffix(".gone")
        folder.rename(doomed)  # at once, so that nobody meets half of it
    except BlockingIOError:
        return False
    finally:
        os.close(lease)
    shutil.rmtree(doomed)
    shutil.rmtree(indexes / folder.name, ignore_errors=True)
    return True


def _remove_leftovers(root: Path) -> None:
    """Finish what an earlier clean-up was stopped at."""
    for doomed in root.glob("*.gone"):
        shutil.rmtree(doomed)


def _remove_orphans(root: Path, indexes: Path) -> None:
    for index in indexes.iterdir() if indexes.is_dir() else ():
        if not (root / index.name).exists() and not (root / f"{index.name}.lock").exists():
            shutil.rmtree(index, ignore_errors=True)
