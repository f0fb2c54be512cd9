"""Look things up in the repository around a subject: files, texts, where names are defined.

One tree of it is read (the worktree as it is, or a commit), through git and the symbol index. What
cannot be looked up is missing from the answers, and `warnings` says why.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from parsers.context import context as read_context
from parsers.languages import detect
from parsers.source import SourceTooLarge, parse
from reviewer.asking.panel import Progress
from reviewer.commands.subject import selected_lines
from reviewer.domain import ChangedFile, Related, ReviewWarning
from reviewer.errors import StoreError
from reviewer.pipeline import silent
from reviewer.repo.answers import FoundDefinition
from reviewer.repo.blobs import Limits, read_blobs
from reviewer.repo.checkout import Checkout, open_checkout
from reviewer.repo.git import Git, GitFailed
from reviewer.repo.index import SymbolIndex
from reviewer.repo.related import surroundings
from reviewer.repo.tree import list_files
from reviewer.repo.worktree import Worktree

INDEX_SECONDS = 30.0  # for what no earlier run has indexed
RELATED_LINES = 80  # of definitions elsewhere that one file's lines use
_TEXTS = Limits(blob_bytes=1_000_000)


@dataclass(slots=True)
class Library:
    """What can be looked up; empty answers where there is no repository (`git` is None)."""

    git: Git | None = None
    tree: str = ""
    index: SymbolIndex | None = None
    warnings: list[ReviewWarning] = field(default_factory=list)
    _blobs: dict[str, str] = field(default_factory=dict)

    @property
    def paths(self) -> tuple[str, ...]:
        """List the files of the tree, in git's order."""
        return tuple(self._blobs)

    def read(self, paths: Iterable[str]) -> dict[str, bytes]:
        """Read files of the tree; what is not there, or too large, has no text."""
        wanted = {path: self._blobs[path] for path in paths if path in self._blobs}
        if self.git is None or not wanted:
            return {}
        blobs = read_blobs(self.git, list(wanted.values()), _TEXTS)
        texts = {path: blobs[blob].content for path, blob in wanted.items() if blob in blobs}
        return {path: text for path, text in texts.items() if text is not None}

    def related(self, file: ChangedFile) -> tuple[Related, ...]:
        """Find the definitions elsewhere that a file's lines call and use, the nearest first."""
        language = detect(file.path, file.new or b"")
        if self.git is None or self.index is None or file.new is None or language is None:
            return ()
        try:
            around = read_context(parse(file.new, language), language, selected_lines(file))
            return surroundings(self.index, self.git, self.tree, file.path, around, max_lines=RELATED_LINES)
        except SourceTooLarge:
            return ()
        except (GitFailed, StoreError) as err:
            self._give_up(str(err))
            return ()

    def definitions(self, name: str, limit: int) -> tuple[tuple[FoundDefinition, ...], int]:
        """Say where a name is defined, at most `limit` places, and how many there are in all."""
        if self.index is None:
            return (), 0
        try:
            answer = self.index.definitions(self.tree, name, limit=limit)
        except StoreError as err:
            self._give_up(str(err))
            return (), 0
        return answer.found, answer.candidates

    def _give_up(self, why: str) -> None:
        self.index = None
        self.warnings.append(ReviewWarning("index-failed", f"definitions elsewhere are not shown: {why}"))


@contextlib.contextmanager
def open_library(
    worktree: Worktree, cache_dir: Path, *, commit: str | None = None, progress: Progress = silent
) -> Iterator[Library]:
    """Open the library of a worktree as it is now, or of one of its commits.

    The index lies below `cache_dir`, one for each repository.
    """
    if worktree.git is None:
        yield Library()
        return
    with contextlib.ExitStack() as stack:
        try:
            checkout = stack.enter_context(open_checkout(worktree.root))
            library = _read_tree(checkout, commit)
        except GitFailed as err:
            message = f"nothing is looked up in the repository: {err.words}"
            yield Library(warnings=[ReviewWarning("index-failed", message)])
            return
        try:
            name = hashlib.sha256(str(checkout.git_dir).encode("utf-8", "surrogateescape")).hexdigest()[:24]
            library.index = stack.enter_context(SymbolIndex.open(cache_dir / "index" / name))
            progress("indexing the repository", 0, 0)
            _bring_up_to_date(library, checkout.shadow)
        except (GitFailed, StoreError, OSError) as err:
            library.index = None
            message = f"definitions elsewhere are not shown: {err}"
            library.warnings.append(ReviewWarning("index-failed", message))
        yield library


def _read_tree(checkout: Checkout, commit: str | None) -> Library:
    warnings = []
    try:
        tree = commit or checkout.snapshot(worktree=checkout.top is not None)
    except GitFailed as err:  # a merge that is not resolved, say
        tree = checkout.commit("HEAD")
        warnings.append(ReviewWarning("stale", f"the last commit is looked at, for {err.words}"))
    blobs = {file.path: file.blob for file in list_files(checkout.shadow, tree)}
    return Library(checkout.shadow, tree, None, warnings, blobs)


def _bring_up_to_date(library: Library, git: Git) -> None:
    if library.index is None:
        return
    report = library.index.update(git, library.tree, max_seconds=INDEX_SECONDS)
    if not report.complete:
        library.index = None
        message = (
            f"the index of the repository is not complete after {INDEX_SECONDS:.0f} s; the next run goes on"
        )
        library.warnings.append(ReviewWarning("index-incomplete", message))
        return
    if report.parsed:
        library.index.prune()
