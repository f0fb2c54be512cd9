"""Read what a command line points at: files, lines of files, folders, git ranges, standard input."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from parsers.diff import FileStatus
from parsers.source import decode, split_lines
from reviewer.commands.subject import Span, Subject, select
from reviewer.config import ReviewSettings
from reviewer.domain import ChangeSet, ReviewWarning
from reviewer.errors import NothingToReview, UsageError
from reviewer.forges import local
from reviewer.repo.worktree import MOST_BYTES, Worktree
from reviewer.stages.triage import triage

STDIN = "-"
UNNAMED = "stdin"  # what standard input is called where nobody says what it is
FOLDER_FILES = 200  # of one folder

_LINES = re.compile(r"(?P<path>.+?):(?P<first>\d{1,9})(?:-(?P<last>\d{1,9}))?")
_DIFF = re.compile(rb"^(?:diff --git |--- [^\n]*\r?\n\+\+\+ [^\n]*\r?\n@@ )", re.MULTILINE)
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_SNIFF = 8000


@dataclass(frozen=True, slots=True)
class Place:
    """Where target words are read: paths are relative to `folder`, standard input comes from `stdin`.

    `stdin_path` says what standard input is; without it a unified diff is recognised by its form.
    """

    worktree: Worktree
    folder: Path
    settings: ReviewSettings
    stdin: Callable[[int], bytes]
    stdin_path: str | None = None


@dataclass(slots=True)
class _Chosen:
    """What was pointed at so far."""

    texts: dict[str, bytes] = field(default_factory=dict)
    spans: dict[str, list[Span]] = field(default_factory=dict)
    subjects: list[Subject] = field(default_factory=list)
    warnings: list[ReviewWarning] = field(default_factory=list)

    def add(self, path: str, text: bytes, span: Span | None) -> None:
        self.texts[path] = text
        whole = (1, len(split_lines(text)))
        self.spans.setdefault(path, []).append(span or whole)


def read_targets(words: Sequence[str], place: Place) -> tuple[Subject, ...]:
    """Return what the words point at, lines of files together in one subject.

    Raises UsageError for what is not there or cannot be read, NothingToReview if all of it is empty.
    """
    chosen = _Chosen()
    for word in words:
        if word == STDIN:
            _take_stdin(chosen, place)
        else:
            _take(chosen, word, place)
    files = [(path, text, chosen.spans[path]) for path, text in chosen.texts.items() if text.strip()]
    if files:
        picked = select(files, project=place.worktree.root.name)
        whole = replace(picked, change=replace(picked.change, warnings=tuple(chosen.warnings)))
        chosen.subjects.insert(0, whole)
    if not any(subject.change.files for subject in chosen.subjects):
        raise NothingToReview(f"there is nothing in {', '.join(words)}")
    return tuple(chosen.subjects)


def read_change(worktree: Worktree, *, staged: bool, worktree_too: bool) -> Subject:
    """Return what is staged, all uncommitted changes, or what HEAD has over the default branch.

    Raises UsageError, and NothingToReview for an empty change.
    """
    change = local.open_range(worktree.root, staged=staged, worktree=worktree_too)
    if not change.files and not change.warnings:
        raise NothingToReview("the change is empty: there is nothing to describe")
    return Subject(change, selected=False)


def _take(chosen: _Chosen, word: str, place: Place) -> None:
    if not word:
        raise UsageError("a target is empty")
    file = place.folder / word
    lines = _LINES.fullmatch(word)
    if _exists(file):
        if file.is_dir():
            _take_folder(chosen, place.worktree.locate(file), place)
        else:
            _take_file(chosen, file, None, place)
    elif lines and _exists(place.folder / lines["path"]):
        first = int(lines["first"])
        _take_file(chosen, place.folder / lines["path"], (first, int(lines["last"] or first)), place)
    else:
        _take_range(chosen, word, place)


def _exists(file: Path) -> bool:
    try:
        return file.exists()
    except (OSError, ValueError):  # a name too long, or with a NUL
        return False


def _take_file(chosen: _Chosen, file: Path, span: Span | None, place: Place) -> None:
    path = place.worktree.locate(file)
    if file.is_dir():
        raise UsageError(f"{path} is a folder: it has no lines")
    text = place.worktree.read(path)
    _check_text(path, text)
    if span is None and len(text) > place.settings.max_file_bytes:
        raise UsageError(
            f"{path} has {len(text):,} bytes, more than review.max_file_bytes = {place.settings.max_file_bytes:,}",
            remedy=f"name the lines that matter: {path}:10-40",
        )
    if span is not None:
        total = len(split_lines(text))
        if not 1 <= span[0] <= span[1] <= total:
            raise UsageError(f"{path} has {total} lines: {span[0]}-{span[1]} are no lines of it")
    chosen.add(path, text, span)


def _take_folder(chosen: _Chosen, folder: str, place: Place) -> None:
    """Take the files of a folder that a review would read too."""
    listed = place.worktree.list_folder(folder)
    found = []
    for path in listed[:FOLDER_FILES]:
        try:
            found.append((path, place.worktree.read(path), ()))
        except UsageError as err:
            chosen.warnings.append(ReviewWarning("unreadable", str(err), path))
    texts = [(path, text, spans) for path, text, spans in found if text and b"\0" not in text[:_SNIFF]]
    sorted_out = triage(_as_new(select(texts, project="").change), place.settings)
    for file in sorted_out.reviewable:
        chosen.add(file.path, file.new or b"", None)
    chosen.warnings += sorted_out.skipped
    if len(listed) > FOLDER_FILES:
        left = len(listed) - FOLDER_FILES
        chosen.warnings.append(ReviewWarning("budget", f"{left} further files were not read", folder))


def _as_new(change: ChangeSet) -> ChangeSet:
    """Have the files believed what they say of themselves, as those are that a change adds."""
    return replace(
        change,
        files=tuple(replace(file, diff=replace(file.diff, status=FileStatus.ADDED)) for file in change.files),
    )


def _take_range(chosen: _Chosen, word: str, place: Place) -> None:
    if place.worktree.git is None:
        raise UsageError(f"{word}: no such file, and {place.worktree.root} is no git repository")
    try:
        change = local.open_range(place.worktree.root, word)
    except UsageError as err:
        raise UsageError(f"{word}: neither a file nor a range that git knows ({err})") from err
    chosen.subjects.append(Subject(change, selected=False))


def _take_stdin(chosen: _Chosen, place: Place) -> None:
    text = place.stdin(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise UsageError(f"standard input has more than {MOST_BYTES:,} bytes")
    if place.stdin_path is None and _DIFF.search(text):
        repo = place.worktree.root if place.worktree.git else None
        chosen.subjects.append(Subject(local.open_diff(text, repo), selected=False))
        return
    name = place.stdin_path
    path = place.worktree.locate(place.folder / name) if name else UNNAMED
    _check_text(path, text)
    chosen.add(path, text, None)


def _check_text(path: str, text: bytes) -> None:
    if (
        b"\0" in text[:_SNIFF]
        and not text.startswith(_UTF_16)
        and not decode(text).encoding.startswith("utf-32")
    ):
        raise UsageError(f"{path} is a binary file")
