"""Say which files of a change are worth a model's time, and why the others are not.

Rules and secrets look at everything textual; triage decides only what a model sees and what coverage
counts: the *reviewable changed lines* are the added and removed lines of the reviewable files.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from parsers.diff import FileStatus, LineKind
from parsers.source import decode
from reviewer.config import ReviewSettings
from reviewer.domain import ChangedFile, ChangeSet, ReviewWarning
from reviewer.errors import ConfigError
from reviewer.stages.globs import Globs

LOCK_FILES = frozenset(
    {
        "bun.lock", "cargo.lock", "composer.lock", "deno.lock", "flake.lock", "gemfile.lock", "go.sum",
        "go.work.sum", "gradle.lockfile", "mix.lock", "npm-shrinkwrap.json", "package-lock.json",
        "package.resolved", "packages.lock.json", "pdm.lock", "pipfile.lock", "pnpm-lock.yaml",
        "podfile.lock", "poetry.lock", "pubspec.lock", "pylock.toml", "uv.lock", "yarn.lock",
    }
)  # fmt: skip
VENDOR_FOLDERS = frozenset(
    {"vendor", "node_modules", "third_party", "thirdparty", "bower_components", "site-packages"}
)
GENERATED_NAMES = Globs(
    [
        "*.pb.go", "*.pb.gw.go", "*.pb.cc", "*.pb.h", "*_pb2.py", "*_pb2.pyi", "*_pb2_grpc.py", "*_pb.js",
        "*_pb.d.ts", "*.g.dart", "*.freezed.dart", "*.designer.cs", "*.g.cs", "*.map", "*.snap",
    ]
)  # fmt: skip
MINIFIED_NAMES = Globs(["*.min.js", "*.min.css", "*.min.mjs"])

# Go's convention (go.dev/s/generatedcode), the one Phabricator and others share, and their relatives.
_GENERATED_MARK = re.compile(
    r"code generated\b.*\bdo not edit|@generated\b|<auto-?generated|"
    r"\b(?:automatically|auto-?) ?generated\b.*\bdo not (?:edit|modify)",
    re.IGNORECASE,
)
_HEAD_LINES = 10
_HEAD_BYTES = 4096
_MINIFIED_AVERAGE = 400  # bytes per line: no code written by hand comes near it
_MINIFIED_LINE = 5000
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

    Codes: ignored, submodule, symlink, deleted, binary, no-text, vendored, lock-file, generated,
    minified, file-too-large, unreadable. Only the last two leave the verdict undecided. Raises
    ConfigError for an ignore glob that is none.
    """
    checks = (
        _ignore_check(settings.ignore),
        _kind_check,
        _vendored_check(change.attributes),
        _generated_check(change.attributes),
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


def _ignore_check(globs: tuple[str, ...]) -> _Check:
    try:
        spec = Globs(globs)
    except ValueError as err:
        raise ConfigError(f"{err}", key="review.ignore") from err

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


def _vendored_check(attributes: bytes | None) -> _Check:
    vendored = _attribute_globs(attributes, "linguist-vendored")

    def check(file: ChangedFile) -> _Reason | None:
        path = PurePosixPath(file.path)
        if path.name.lower() in LOCK_FILES:
            return _Reason("lock-file", "a lock file")
        marked = vendored.decide(file.path)
        if marked or (marked is None and VENDOR_FOLDERS & set(path.parts[:-1])):
            return _Reason("vendored", "code of others, kept in the tree")
        return None

    return check


def _generated_check(attributes: bytes | None) -> _Check:
    generated = _attribute_globs(attributes, "linguist-generated")

    def check(file: ChangedFile) -> _Reason | None:
        marked = generated.decide(file.path)
        if marked:
            return _Reason("generated", "linguist-generated in .gitattributes")
        if marked is None and GENERATED_NAMES.match(file.path):
            return _Reason("generated", "generated, by its name")
        if marked is None and _says_generated(file):
            return _Reason("generated", "generated, by a mark in its first lines")
        if MINIFIED_NAMES.match(file.path) or _looks_minified(_believed_text(file)):
            return _Reason("minified", "minified: its lines are far too long to be read")
        return None

    return check


def _attribute_globs(attributes: bytes | None, name: str) -> Globs:
    """Turn one attribute of `.gitattributes` into globs: set matches, unset negates, the last one wins.

    Unlike git, a folder's name covers the files in it.
    """
    globs: list[str] = []
    for line in (attributes or b"").decode("utf-8", "replace").splitlines():
        pattern, *settings = line.split() or ("#",)
        if pattern.startswith(("#", "!")):  # git forbids negative patterns here
            continue
        if {name, f"{name}=true"} & set(settings):
            globs.append(pattern)
        elif {f"-{name}", f"{name}=false", f"!{name}"} & set(settings):
            globs.append(f"!{pattern}")
    return Globs(glob for glob in globs if _is_glob(glob))


def _is_glob(text: str) -> bool:
    try:
        Globs([text])
    except ValueError:  # git passes over what it cannot read in .gitattributes, and so do we
        return False
    return True


def _says_generated(file: ChangedFile) -> bool:
    head = _believed_text(file)[:_HEAD_BYTES]
    return any(_GENERATED_MARK.search(line) for line in decode(head).text.split("\n")[:_HEAD_LINES])


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


def _looks_minified(text: bytes) -> bool:
    lines = text.split(b"\n")
    return len(text) > _MINIFIED_AVERAGE * len(lines) and max(map(len, lines)) > _MINIFIED_LINE
