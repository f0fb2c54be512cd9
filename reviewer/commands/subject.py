"""What a command is about: lines that somebody pointed at, or a change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from parsers.diff import FileDiff, FileStatus, Hunk, Line, LineKind
from parsers.source import split_lines
from reviewer.domain import ChangedFile, ChangeRef, ChangeSet, Finding, ReviewWarning, Usage

Span = tuple[int, int]  # first and last line, 1-based


@dataclass(frozen=True, slots=True)
class Subject:
    """Files, with the lines of them that a command is about: those that `change` adds.

    `selected` says that somebody pointed at them; else they are what a range or a diff changes, and
    its removed lines belong to it.
    """

    change: ChangeSet
    selected: bool


@dataclass(frozen=True, slots=True)
class Request:
    """One request: what it is about and what is asked of it.

    `question` is the question or instruction, in the words of whoever asked. `findings` are those to
    be fixed, None where the rules are to look for themselves; `finding` names one of them, by its rule
    or its fingerprint. `wide` lets a fix leave the lines that were pointed at. `path` is where a test is
    to go, empty for a proposal.
    """

    subjects: tuple[Subject, ...]
    question: str = ""
    findings: tuple[Finding, ...] | None = None
    finding: str = ""
    wide: bool = False
    path: str = ""

    @property
    def files(self) -> tuple[ChangedFile, ...]:
        """Return the files of all subjects."""
        return tuple(file for subject in self.subjects for file in subject.change.files)


@dataclass(frozen=True, slots=True)
class NewText:
    """A file as it becomes; `old` is None where there was none."""

    path: str
    old: bytes | None
    new: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request.

    `text` is what to show: Markdown, or code. `files` are new texts of files, for `fix` and `test`.
    `read` names the places that a model saw, `facts` is the answer for machines where it has parts.
    """

    text: str
    files: tuple[NewText, ...] = ()
    read: tuple[str, ...] = ()
    facts: dict[str, object] = field(default_factory=dict)
    warnings: tuple[ReviewWarning, ...] = ()
    model: str = ""
    usage: Usage = field(default_factory=Usage)


def select(files: Iterable[tuple[str, bytes, Sequence[Span]]], *, project: str) -> Subject:
    """Make a subject of spans of files; without a span all lines count."""
    chosen = tuple(_select(path, content, spans) for path, content, spans in files)
    ref = ChangeRef("local", project, 0, None, None, None)
    return Subject(ChangeSet(ref, "", "", chosen), selected=True)


def selected_lines(file: ChangedFile) -> frozenset[int]:
    """Return the lines of a file that a subject is about."""
    return frozenset(file.diff.added_lines)


def places(file: ChangedFile) -> str:
    """Name a file and the lines that are asked about, as they can be given on a command line."""
    total = len(split_lines(file.new)) if file.new is not None else 0
    spans = _runs(file.diff.added_lines)
    if spans == [(1, total)] or not spans:
        return file.path
    return ", ".join(f"{file.path}:{first}-{last}" for first, last in spans)


def _select(path: str, content: bytes, spans: Sequence[Span]) -> ChangedFile:
    lines = split_lines(content)
    numbers = {n for first, last in spans or [(1, len(lines))] for n in range(first, last + 1)}
    hunks = tuple(_hunk(content, lines, first, last) for first, last in _runs(sorted(numbers)))
    diff = FileDiff(path, path, FileStatus.MODIFIED, is_binary=False, hunks=hunks, new_mode="100644")
    return ChangedFile(diff, old=None, new=content)


def _hunk(content: bytes, lines: Sequence[bytes], first: int, last: int) -> Hunk:
    ended = content.endswith(b"\n")
    rows = tuple(
        Line(LineKind.ADDED, None, n, lines[n - 1], has_newline=ended or n < len(lines))
        for n in range(first, last + 1)
    )
    return Hunk(first - 1, 0, first, len(rows), "", rows)


def _runs(numbers: Sequence[int]) -> list[Span]:
    runs: list[Span] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs
