"""Make a change set out of a repository on this machine, or out of a bare diff."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from parsers.diff import DiffSyntaxError, FileDiff, FileStatus, Side, parse
from parsers.second_reading import disagreements
from reviewer.domain import ChangedFile, ChangeRef, ChangeSet
from reviewer.errors import UsageError
from reviewer.ports import Codebase
from reviewer.repo.blobs import Limits, read_blobs
from reviewer.repo.changes import problem_warning, read_changes
from reviewer.repo.checkout import Checkout, open_checkout
from reviewer.repo.codebase import IndexedCode, as_store_errors
from reviewer.repo.git import Git, GitFailed
from reviewer.repo.index import SymbolIndex
from reviewer.repo.patching import derive, fits

_BLOB_ID = re.compile(r"[0-9a-f]{4,64}")
_READABLE = frozenset({"100644", "100755", None})  # neither links nor submodules


@dataclass(frozen=True, slots=True)
class _Range:
    """What to compare: tree-ishes, and the commits that name them (None where there is none)."""

    base_tree: str
    head_tree: str
    base: str | None
    start: str | None
    head: str | None
    settings_from: str | None


def open_range(
    repo: Path,
    git_range: str | None = None,
    *,
    staged: bool = False,
    worktree: bool = False,
    index: Path | None = None,
) -> ChangeSet:
    """Read a change of the repository that `repo` lies in.

    `git_range` is `a...b` (from the merge base to b), `a..b`, or one commit (its own change, for a
    merge commit against its first parent); an omitted end is HEAD. Without one: what is staged, the
    whole worktree (untracked files included, ignored ones not) against HEAD, or HEAD against its
    merge base with the default branch. `index` names another index file for `staged`, as
    `GIT_INDEX_FILE` does in a hook. Settings come from the merge base, else HEAD.

    Raises UsageError, in git's words, for what git does not know.
    """
    with _git_words(repo), open_checkout(repo) as checkout:
        if staged or worktree:
            found = _uncommitted(checkout, worktree=worktree, index=index)
        else:
            found = _resolve(checkout, git_range)
        changes = read_changes(
            checkout.shadow, found.base_tree, found.head_tree, settings_from=found.settings_from
        )
        title, description = checkout.message(found.head) if found.head else ("", "")
        return ChangeSet(
            ref=ChangeRef("local", checkout.name, 0, found.base, found.start, found.head),
            title=title,
            description=description,
            files=changes.files,
            warnings=changes.warnings,
            repository_settings=changes.repository_settings,
            attributes=changes.attributes,
            python_version=changes.python_version,
        )


def open_diff(diff: bytes, repo: Path | None = None) -> ChangeSet:
    """Read a unified diff; `repo` supplies the files' texts where they agree with it.

    Without a repository only added and deleted files have texts: theirs are in the diff. No
    settings are read. Raises UsageError for a diff of which nothing can be read, and for a folder
    that is no repository.
    """
    try:
        parsed = parse(diff)
    except DiffSyntaxError as err:
        raise UsageError(f"the diff cannot be read: {err}") from err
    name = "diff"
    if repo is None:
        files = tuple(_with_texts(file) for file in parsed.files)
    else:
        with _git_words(repo), open_checkout(repo) as checkout:
            name = checkout.name
            files = tuple(_looked_up(checkout, parsed.files))
    return ChangeSet(
        ref=ChangeRef("local", name, 0, None, None, None),
        title="",
        description="",
        files=files,
        warnings=tuple(
            problem_warning(problem) for problem in (*parsed.problems, *disagreements(diff, parsed))
        ),
    )


@contextlib.contextmanager
def open_codebase(repo: Path, change: ChangeSet, cache_dir: Path) -> Iterator[Codebase | None]:
    """Open the code around a change of the repository that `repo` lies in; None where it has no commit.

    Its index is kept below `cache_dir`, for the next review. What is not committed is not in it: of
    changed files nothing is quoted then. Raises UsageError.
    """
    with _git_words(repo), open_checkout(repo) as checkout:
        commit = change.ref.head or checkout.find_commit("HEAD")
        if commit is None:
            yield None
            return
        place = hashlib.sha256(os.fsencode(checkout.git_dir)).hexdigest()[:32]

        def update(index: SymbolIndex, max_seconds: float) -> bool:
            with as_store_errors():
                report = index.update(checkout.shadow, commit, max_seconds=max_seconds)
            if report.parsed:
                index.prune()
            return report.complete

        @contextlib.contextmanager
        def reading() -> Iterator[Git]:
            with as_store_errors():
                yield checkout.shadow

        with IndexedCode(
            commit,
            open_index=lambda: SymbolIndex.open(cache_dir / "indexes" / place),
            update=update,
            reading=reading,
            outdated=() if change.ref.head else [file.path for file in change.files],
        ) as code:
            yield code


@contextlib.contextmanager
def _git_words(repo: Path) -> Iterator[None]:
    try:
        yield
    except GitFailed as err:
        raise UsageError(f"{repo}: {err.words}") from err


def _resolve(checkout: Checkout, git_range: str | None) -> _Range:
    if git_range is None:
        return _from_default_branch(checkout)
    symmetric = "..." in git_range
    left, dots, right = git_range.partition("..." if symmetric else "..")
    if not dots:
        return _single(checkout, checkout.commit(git_range))
    start, head = checkout.commit(left or "HEAD"), checkout.commit(right or "HEAD")
    if symmetric:
        return _from_merge_base(checkout, start, head)
    try:
        common = checkout.merge_base(start, head)
    except GitFailed:
        common = start
    return _Range(start, head, start, start, head, settings_from=common)


def _from_default_branch(checkout: Checkout) -> _Range:
    head = checkout.commit("HEAD")
    target = checkout.default_branch()
    if target is None:
        raise GitFailed(
            "no default branch found (origin/HEAD, main, master): name a range such as BRANCH...HEAD"
        )
    return _from_merge_base(checkout, target, head)


def _from_merge_base(checkout: Checkout, start: str, head: str) -> _Range:
    base = checkout.merge_base(start, head)
    return _Range(base, head, base, start, head, settings_from=base)


def _single(checkout: Checkout, commit: str) -> _Range:
    parent = checkout.parent(commit)
    return _Range(parent or checkout.empty_tree(), commit, parent, parent, commit, settings_from=parent)


def _uncommitted(checkout: Checkout, *, worktree: bool, index: Path | None) -> _Range:
    base = checkout.find_commit("HEAD")
    tree = checkout.snapshot(worktree=worktree, index=index)
    return _Range(base or checkout.empty_tree(), tree, base, base, None, settings_from=base)


def _looked_up(checkout: Checkout, files: tuple[FileDiff, ...]) -> Iterator[ChangedFile]:
    named = {blob for file in files for blob in (file.old_blob, file.new_blob) if blob}
    ids = sorted(blob for blob in named if _BLOB_ID.fullmatch(blob))
    blobs = {one: blob.content for one, blob in read_blobs(checkout.shadow, ids, Limits()).items()}
    for file in files:
        yield _with_texts(
            file,
            old=[blobs.get(file.old_blob or ""), _worktree_text(checkout.top, file.old_path)],
            new=[blobs.get(file.new_blob or ""), _worktree_text(checkout.top, file.path)],
        )


def _with_texts(
    file: FileDiff, *, old: Iterable[bytes | None] = (), new: Iterable[bytes | None] = ()
) -> ChangedFile:
    """Take the first text of each side that agrees with the diff, or make it out of the other side."""
    if file.is_binary or not _READABLE.issuperset({file.old_mode, file.new_mode}):
        return ChangedFile(file, old=None, new=None)
    if file.status is FileStatus.ADDED:
        return ChangedFile(file, old=None, new=derive(b"", file, Side.NEW))
    if file.status is FileStatus.DELETED:
        return ChangedFile(file, old=derive(b"", file, Side.OLD), new=None)
    before = next((text for text in old if text is not None and fits(text, file, Side.OLD)), None)
    after = next((text for text in new if text is not None and fits(text, file, Side.NEW)), None)
    if before is None and after is not None:
        before = derive(after, file, Side.OLD)
    if after is None and before is not None:
        after = derive(before, file, Side.NEW)
    return ChangedFile(file, old=before, new=after)


def _worktree_text(top: Path | None, path: str) -> bytes | None:
    """Read a file of the worktree; the path is a stranger's: it may not lead out of it or through links."""
    if top is None or "\0" in path or not path:
        return None
    file = top / path
    if Path(path).is_absolute() or file.resolve() != top.resolve() / Path(path) or not file.is_file():
        return None
    with contextlib.suppress(OSError):
        if file.stat().st_size <= Limits().blob_bytes:
            return file.read_bytes()
    return None
