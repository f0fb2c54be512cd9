"""Say which files of a change are worth a model's time, and why the others are not.

Rules and secrets look at everything textual; triage decides only what a model sees and what coverage
counts: the *reviewable changed lines* are the added and removed lines of the reviewable files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from parsers.diff import FileStatus, LineKind
from parsers.source import decode
from reviewer.config import ReviewSettings
from reviewer.domain import ChangedFile, ChangeSet, ReviewWarning
from reviewer.errors import ConfigError
from reviewer.stages import generated
from reviewer.stages.attributes import Attributes, State
from reviewer.stages.globs import Globs

_VENDORED = ("linguist-vendored",)
_GENERATED = ("linguist-generated", "gitlab-generated")  # docs.gitlab.com: .gitattributes, collapsed files
_ODD_CHARACTER = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f\N{REPLACEMENT CHARACTER}]")
_ODD_SHARE = 0.05
_SUBMODULE, _SYMLINK = "160000", "120000"


@dataclass(frozen=True, slots=True)
class Triage:
    """The files a model should see, and a warning for every other one."""

    reviewable: tuple[ChangedFile, ...]
    skipped: tuple[ReviewWarning, ...]

    @property
    def changed_lines(self) -> int:
        """Count the reviewable changed lines, both sides."""
        return sum(count_changed_lines(file) for file in self.reviewable)


def count_changed_lines(file: ChangedFile) -> int:
    """Count the added and removed lines of a file."""
    return len(file.diff.added_lines) + len(file.diff.removed_lines)


def triage(change: ChangeSet, settings: ReviewSettings) -> Triage:
    """Sort the files of a change into reviewable ones and warnings.

    Codes: ignored, submodule, symlink, deleted, binary, no-text, lock-file, vendored, no-diff,
    generated, minified, file-too-large, unreadable. Only the last two leave the verdict undecided.
    Raises ConfigError for an ignore glob that is none.
    """
    attributes = Attributes(change.attributes)
    checks = (
        _ignore_check(ignore_globs(settings)),
        _kind_check,
        _vendored_check(attributes),
        _generated_check(attributes),
        _text_check(settings.max_file_bytes),
    )
    reviewable: list[ChangedFile] = []
    skipped: list[ReviewWarning] = []
    for file in change.files:
        reason = next((reason for check in checks if (reason := check(file))), None)
        if reason is None:
            reviewable.append(file)
        else:
            skipped.append(ReviewWarning(reason.code, reason.message, file.path, reason.undecided))
    return Triage(tuple(reviewable), tuple(skipped))


@dataclass(frozen=True, slots=True)
class _Reason:
    code: str
    message: str
    undecided: bool = False


_Check = Callable[[ChangedFile], _Reason | None]


def ignore_globs(settings: ReviewSettings) -> Globs:
    """Return the paths that are not reviewed; raises ConfigError for a glob that is none."""
    try:
        return Globs(settings.ignore)
    except ValueError as err:
        raise ConfigError(f"review.ignore: {err}", key="review.ignore") from err


def _ignore_check(spec: Globs) -> _Check:
    def check(file: ChangedFile) -> _Reason | None:
        ignored = spec.match(file.path)
        return _Reason("ignored", "matches an ignore glob of the configuration") if ignored else None

    return check


def _kind_check(file: ChangedFile) -> _Reason | None:
    diff = file.diff
    mode = diff.new_mode or diff.old_mode
    if mode == _SUBMODULE:
        return _Reason("submodule", "a submodule's commit, no code of this repository")
    if mode == _SYMLINK:
        return _Reason("symlink", "a symbolic link, not a file")
    if diff.status is FileStatus.DELETED:
        return _Reason("deleted", "the whole file was deleted")
    if diff.is_binary:
        return _Reason("binary", "a binary file")
    if not count_changed_lines(file):
        return _Reason("no-text", "renamed, copied, empty or with a new mode; no line changed")
    return None


def _vendored_check(attributes: Attributes) -> _Check:
    def check(file: ChangedFile) -> _Reason | None:
        if generated.is_lock_file(file.path):
            return _Reason("lock-file", "a lock file")
        marked = _marked(attributes, file, _VENDORED)
        if marked or (marked is None and all(map(generated.is_vendored, _paths(file)))):
            return _Reason("vendored", "code of others, kept in the tree")
        return None

    return check


def _generated_check(attributes: Attributes) -> _Check:
    def check(file: ChangedFile) -> _Reason | None:
        if all(attributes.of(path).get("diff") is False for path in _paths(file)):
            return _Reason("no-diff", "-diff in .gitattributes: its changes are not meant to be read")
        marked, text = _marked(attributes, file, _GENERATED), _believed_text(file)
        if marked:
            return _Reason("generated", "generated, says .gitattributes")
        if marked is None and all(map(generated.has_generated_name, _paths(file))):
            return _Reason("generated", "generated, by its name")
        if marked is None and generated.says_generated(text):
            return _Reason("generated", "generated, by a mark in its first lines")
        if generated.is_minified(file.path, text):
            return _Reason("minified", "minified: its lines are far too long to be read")
        return None

    return check


def _marked(attributes: Attributes, file: ChangedFile, names: tuple[str, ...]) -> bool | None:
    """Say whether attributes call a file so; None where they are silent or differ."""
    states = {_state(attributes.of(path), names) for path in _paths(file)}
    return states.pop() if len(states) == 1 else False if False in states else None


def _state(said: Mapping[str, State], names: tuple[str, ...]) -> bool | None:
    """Read the first of some attributes as Linguist does: whatever is not false is true."""
    found = next((said[name] for name in names if name in said), None)
    return None if found is None else found not in (False, b"false")


def _paths(file: ChangedFile) -> set[str]:
    """Return the paths that say what a file is: moving one must not take it out of its review."""
    return {file.path, file.diff.old_path} if file.diff.status is FileStatus.RENAMED else {file.path}


def _believed_text(file: ChangedFile) -> bytes:
    """Return the side that says what kind of file this is: the one that its author did not write here.

    Else a merge request could take a file out of its own review, by a mark or one long line. A new
    file has no other side: there the new one is believed, and the file listed. Of a bare diff only
    hunks are known; they count as the file where they start at its top.
    """
    if file.diff.status in {FileStatus.ADDED, FileStatus.COPIED}:
        whole, missing = file.new, LineKind.REMOVED
    else:
        whole, missing = file.old, LineKind.ADDED
    if whole is not None:
        return whole
    hunks = [hunk for hunk in file.diff.hunks if hunk.new_start <= 1]
    return b"\n".join(line.text for hunk in hunks for line in hunk.lines if line.kind is not missing)


def _text_check(max_file_bytes: int) -> _Check:
    def check(file: ChangedFile) -> _Reason | None:
        text = file.new
        if text is None:
            text = b"\n".join(line.text for hunk in file.diff.hunks for line in hunk.lines)
        if len(text) > max_file_bytes:
            message = f"{len(text)} bytes, more than max_file_bytes = {max_file_bytes}"
            return _Reason("file-too-large", message, undecided=True)
        if not _is_text(text):
            return _Reason("unreadable", "not text in any encoding we know", undecided=True)
        return None

    return check


def _is_text(data: bytes) -> bool:
    """Tell text, a few damaged characters in it allowed, from what only passes for it."""
    text = decode(data).text
    return len(_ODD_CHARACTER.findall(text)) <= _ODD_SHARE * len(text)
