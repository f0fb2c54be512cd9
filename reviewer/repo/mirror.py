"""Keep a bare, partial mirror of every project under review, and read merge requests from it.

Commits and trees are fetched once, file contents only where a change touches them, all in one
request. The mirror's own configuration names no remote: what is not here is missing, and nothing
is fetched behind anyone's back while a change is read.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import math
import os
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from parsers.diff import FileDiff
from reviewer.errors import ForgeRefused, ForgeUnavailable
from reviewer.repo.answers import IndexReport
from reviewer.repo.blobs import Limits, list_absent
from reviewer.repo.changes import RENAMES, Changes, Prefetch, read_changes, read_diff
from reviewer.repo.codebase import IndexedCode
from reviewer.repo.git import Git, GitFailed
from reviewer.repo.index import SymbolIndex
from reviewer.repo.remote import Remote, translated

FETCH_TIMEOUT_S = 300.0
_FETCH = (
    "fetch",
    "--quiet",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-recurse-submodules",
)
# Anything git would take for a pattern, an option or a second half of a refspec.
_NOT_IN_A_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[-/+]|^$")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the forge's refs pointed at: the merge request's head and the target branch's."""

    head: str
    target: str


class Mirror:
    """All mirrors below one data folder; safe for several threads and processes at once.

    Methods raise ForgeError subclasses.
    """

    def __init__(
        self, data_dir: Path, *, limits: Limits | None = None, timeout_s: float = FETCH_TIMEOUT_S
    ) -> None:
        self._root = data_dir.absolute() / "mirrors"
        self._limits = limits or Limits()
        self._timeout_s = timeout_s

    def fetch(self, remote: Remote, *, ref: str, branch: str, head: str | None = None) -> Fetched:
        """Fetch a merge request's ref (`refs/merge-requests/7/head`) and its target branch.

        `head` is the commit that the forge's API names: refs may lag behind it, so it is asked for
        by its SHA where the ref did not bring it.
        """
        wanted = [ref, f"refs/heads/{branch}"]
        with self._locked(remote) as git:
            _fetch(git, remote, self._timeout_s, *(_refspec(name) for name in wanted))
            if head is not None and list_absent(git, [head]):
                self._fetch_late(git, remote, head)
            tips = (git.text("rev-parse", "--verify", f"{_local(name)}^{{commit}}") for name in wanted)
            return Fetched(*tips)

    def merge_base(self, remote: Remote, left: str, right: str) -> str:
        """Return the best common ancestor of two fetched commits."""
        with translated(remote):
            return self._git(remote).text("merge-base", left, right)

    def read_changes(
        self, remote: Remote, *, base: str, head: str, settings_from: str, renames: str = RENAMES
    ) -> Changes:
        """Read the change between two fetched commits, fetching the contents it needs.

        Settings and attributes come from the commit `settings_from`. `renames` is how much alike a
        renamed file must be: pairs of line numbers depend on it, so it is the forge's own figure.
        """
        with translated(remote):
            return read_changes(
                self._git(remote),
                base,
                head,
                settings_from=settings_from,
                limits=self._limits,
                renames=renames,
                prefetch=self._prefetch(remote),
            )

    def read_diff(
        self, remote: Remote, *, base: str, head: str, renames: str = RENAMES
    ) -> tuple[FileDiff, ...]:
        """Diff two commits whose contents are here already."""
        with translated(remote):
            return read_diff(self._git(remote), base, head, limits=self._limits, renames=renames).files

    def open_index(self, remote: Remote) -> SymbolIndex:
        """Open the symbol index of a project; raises StoreError."""
        return SymbolIndex.open(self._root.with_name("indexes") / self._git(remote).folder.name)

    def update_index(
        self, remote: Remote, index: SymbolIndex, commit: str, *, max_seconds: float = math.inf
    ) -> IndexReport:
        """Index a fetched commit, fetching the contents that no earlier one brought in one request.

        Raises StoreError as well; `max_seconds` as in `SymbolIndex.update`.
        """
        with self.reading(remote) as git:
            return index.update(git, commit, prefetch=self._prefetch(remote), max_seconds=max_seconds)

    def codebase(self, remote: Remote, commit: str) -> IndexedCode:
        """Return the code of a fetched commit; nothing is read or fetched until it is asked."""

        def update(index: SymbolIndex, max_seconds: float) -> bool:
            report = self.update_index(remote, index, commit, max_seconds=max_seconds)
            if report.parsed:
                index.prune()
            return report.complete

        return IndexedCode(
            commit,
            open_index=lambda: self.open_index(remote),
            update=update,
            reading=lambda: self.reading(remote),
        )

    @contextlib.contextmanager
    def reading(self, remote: Remote) -> Iterator[Git]:
        """Lend git bound to a project's mirror, to read what was fetched."""
        with translated(remote):
            yield self._git(remote)

    def _prefetch(self, remote: Remote) -> Prefetch:
        """Return what fetches those of many blobs that are not here, in one request."""

        def prefetch(ids: Sequence[str]) -> None:
            absent = list_absent(self._git(remote), ids)
            if absent:
                with self._locked(remote) as git:
                    _fetch(git, remote, self._timeout_s, feed="\n".join(absent).encode())

        return prefetch

    def _fetch_late(self, git: Git, remote: Remote, head: str) -> None:
        try:
            _fetch(git, remote, self._timeout_s, f"{head}:{_local(head)}")
        except GitFailed as err:
            raise ForgeUnavailable(f"{remote.url}: {head} is not there yet: {err.words}") from err

    def _git(self, remote: Remote) -> Git:
        # A project's name is a stranger's: it never becomes a path.
        folder = self._root / hashlib.sha256(remote.url.encode()).hexdigest()[:32]
        return Git(folder, git_dir=folder)

    @contextlib.contextmanager
    def _locked(self, remote: Remote) -> Iterator[Git]:
        """Hold the mirror for writing, made on first use; git's failures come out as ForgeErrors."""
        git = self._git(remote)
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        lease = os.open(git.folder.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(lease, time.monotonic() + self._timeout_s, remote)
            os.utime(lease)  # when it was last used; the quota goes by that
            leased = replace(git, lease=lease)
            with translated(remote):
                _prepare(leased)
                yield leased
        finally:
            os.close(lease)


def _lock(lease: int, deadline: float, remote: Remote) -> None:
    while True:
        try:
            fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise ForgeUnavailable(f"{remote.url}: another process keeps its mirror locked") from None
            time.sleep(0.05)
        else:
            return


def _prepare(git: Git) -> None:
    """Make the mirror, or clear away what a killed git has left in it."""
    if git.folder.exists():
        # A running git holds the lease with us: whoever made these locks is gone.
        for stale in git.folder.rglob("*.lock"):
            stale.unlink()
        return
    draft = git.folder.with_suffix(".new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    Git(draft, lease=git.lease).run("init", "--quiet", "--bare", "--template=", ".")
    draft.rename(git.folder)


def _fetch(git: Git, remote: Remote, timeout_s: float, *refspecs: str, feed: bytes = b"") -> None:
    """Fetch refspecs, or the object ids in `feed`."""
    networked = replace(git, config=remote.config(), protocols="http:https")
    what = ("--stdin", "origin") if feed else ("origin", *refspecs)
    networked.run(*_FETCH, *what, feed=feed, timeout_s=timeout_s)


def _refspec(name: str) -> str:
    if _NOT_IN_A_REF.search(name.removeprefix("refs/heads/")):
        raise ForgeRefused(f"{name!r} is no name of a branch")
    return f"+{name}:{_local(name)}"


def _local(name: str) -> str:
    return f"refs/reviewer/{hashlib.sha256(name.encode()).hexdigest()[:24]}"
