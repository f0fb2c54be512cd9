"""What stands in a merge request and what should: threads, comments, the plan between them."""

from __future__ import annotations

from dataclasses import dataclass

from parsers.diff import Side
from parsers.positions import LinePair
from reviewer.domain.change import ReviewWarning


@dataclass(frozen=True, slots=True)
class Person:
    """An account of a forge; the number stays with it, the name may not."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Note:
    """One comment as the forge holds it; `by_bot` compares numeric user ids, never names."""

    id: str
    by_bot: bool
    author: str
    body: str


@dataclass(frozen=True, slots=True)
class Thread:
    """A discussion on the merge request.

    `resolved_by_bot` and `resolved_by` are None while it is open, and where nobody knows who it was.
    """

    id: str
    notes: tuple[Note, ...]
    resolved: bool
    resolvable: bool
    resolved_by_bot: bool | None = None
    resolved_by: Person | None = None


@dataclass(frozen=True, slots=True)
class Discussion:
    """All threads and stand-alone notes of a merge request, oldest first."""

    threads: tuple[Thread, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Comment:
    """An inline comment to create, in every form a forge may need.

    `start` and `end` are the diff's own pairs of line numbers of the first and the last line, both
    None for a comment on the file. `in_one_hunk` says whether GitHub would take the range.
    """

    fingerprint: str
    body: str
    path: str
    old_path: str
    side: Side
    start: LinePair | None
    end: LinePair | None
    in_one_hunk: bool


@dataclass(frozen=True, slots=True)
class Resolution:
    """A thread whose finding is gone: reply with `body`, then resolve."""

    thread: str
    note: str
    body: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The difference between what should stand in a merge request and what does.

    `keep` are thread ids left alone. `summary_note` is the id of the summary to edit, None to create.
    """

    create: tuple[Comment, ...]
    keep: tuple[str, ...]
    resolve: tuple[Resolution, ...]
    summary_note: str | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a plan: fingerprints by outcome; `failures` say why something was not placed."""

    posted: tuple[str, ...] = ()
    unplaced: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()
    failures: tuple[ReviewWarning, ...] = ()
