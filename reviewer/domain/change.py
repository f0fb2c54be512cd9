"""What is reviewed: a merge request or a range, and its files as they were read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from parsers.diff import FileDiff
from parsers.python_version import Version


@dataclass(frozen=True, slots=True)
class ChangeRef:
    """Name a change: a merge request at a head, or a local range (`forge` = "local", number 0).

    `base` is the merge base that the diff starts from, `start` the target branch's head (GitLab's
    `start_sha`). All three are full SHAs, or None where there is no commit (a bare diff, a worktree).
    """

    forge: str
    project: str
    number: int
    base: str | None
    start: str | None
    head: str | None


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """What a forge says of a merge request right now."""

    ref: ChangeRef
    title: str
    description: str
    author: str
    source_branch: str
    target_branch: str
    draft: bool
    open: bool
    url: str


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file of the change with its whole texts, as bytes.

    `old` and `new` are None where that side does not exist or was not read (binary, too large, a
    bare diff without a repository).
    """

    diff: FileDiff
    old: bytes | None
    new: bytes | None

    @property
    def path(self) -> str:
        """Return the new path (the old one of a deleted file)."""
        return self.diff.path


@dataclass(frozen=True, slots=True)
class ReviewWarning:
    """Something that was skipped, cut, refused or unreachable.

    `undecided` is true when, because of it, a reviewable changed line went unseen by all who should
    have seen it, or a required model or tool failed: the verdict is then inconclusive.
    """

    code: str
    message: str
    path: str | None = None
    undecided: bool = False


@dataclass(frozen=True, slots=True)
class Ticket:
    """An issue that a change is said to be about, as the forge has it; the texts are a stranger's."""

    number: int
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """All that is reviewed, read once.

    `repository_settings` is `.reviewer.toml` and `attributes` the `.gitattributes` above the files by
    their folder ("" is the root), all of the target side, never of the head; `python_version` is
    the oldest Python that the project declares there. `tickets` are those that
    the description names. `warnings` name what could not be read on the way.
    """

    ref: ChangeRef
    title: str
    description: str
    files: tuple[ChangedFile, ...]
    warnings: tuple[ReviewWarning, ...] = ()
    repository_settings: bytes | None = None
    attributes: Mapping[str, bytes] = field(default_factory=dict)
    python_version: Version | None = None
    tickets: tuple[Ticket, ...] = ()

    def file(self, path: str) -> ChangedFile | None:
        """Return the file of that new path."""
        return next((file for file in self.files if file.path == path), None)
