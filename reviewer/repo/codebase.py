"""The code around a change, looked up by name in the repository's symbol index (ports.Codebase)."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Self

from parsers.context import CodeContext
from parsers.signatures import SignatureChange
from reviewer.domain import Related
from reviewer.errors import StoreError
from reviewer.repo.git import Git, GitFailed
from reviewer.repo.index import SymbolIndex
from reviewer.repo.related import surroundings

Update = Callable[[SymbolIndex, float], bool]


class IndexedCode:
    """One commit of a repository; safe for several threads, which wait for each other; to be closed by `with`.

    `update` indexes the commit within some seconds and says whether that was enough. Of the files
    `outdated` the commit holds other texts than the change does: they are not quoted. Methods raise
    StoreError, and whatever `reading` and `update` make of git's failures.
    """

    def __init__(
        self,
        commit: str,
        *,
        open_index: Callable[[], SymbolIndex],
        update: Update,
        reading: Callable[[], AbstractContextManager[Git]],
        outdated: Collection[str] = (),
    ) -> None:
        self._commit = commit
        self._open_index = open_index
        self._update = update
        self._reading = reading
        self._outdated = frozenset(outdated)
        self._lock = threading.Lock()
        self._index: SymbolIndex | None = None
        self._over = False

    def prepare(self, max_seconds: float) -> bool:
        """Index what is new; see ports.Codebase."""
        with self._asking() as index:
            return self._update(index, max_seconds)

    def related(
        self,
        path: str,
        context: CodeContext,
        changes: Sequence[SignatureChange],
        *,
        max_lines: int,
        body_lines: int,
    ) -> tuple[Related, ...]:
        """Find what the lines use and who uses them; see ports.Codebase."""
        with self._asking() as index, self._reading() as git:
            found = surroundings(
                *(index, git, self._commit, path, context),
                changes=changes,
                max_lines=max_lines,
                body_lines=body_lines,
            )
        return tuple(one for one in found if one.path not in self._outdated)

    def files_mentioning(self, name: str) -> tuple[str, ...]:
        """Return the files that mention a name."""
        with self._asking() as index:
            return index.files_mentioning(self._commit, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        # Whoever gives up while a thread still asks does not wait for it: it closes the index itself.
        if self._lock.acquire(blocking=False):
            try:
                self._close()
            finally:
                self._lock.release()

    @contextlib.contextmanager
    def _asking(self) -> Iterator[SymbolIndex]:
        """Lend the index, opened with the first question: it has the commit's list of files at hand then."""
        with self._lock:
            if self._index is None:
                self._index = self._open_index()
            try:
                yield self._index
            finally:
                if self._over:
                    self._close()

    def _close(self) -> None:
        if self._index is not None:
            self._index.close()
            self._index = None


@contextlib.contextmanager
def as_store_errors() -> Iterator[None]:
    """Raise git's failures as StoreError, where there is no forge to blame."""
    try:
        yield
    except GitFailed as err:
        raise StoreError(f"git: {err.words}") from err
