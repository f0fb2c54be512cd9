"""What is remembered from one review to the next: what was said, what people dismissed, what models answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reviewer.domain.posting import Person
from reviewer.domain.scales import Category, Severity, Source


class Gesture(StrEnum):
    """How somebody dismissed a finding."""

    RESOLVED = "resolved"
    THUMBS_DOWN = "thumbs-down"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Trace:
    """A finding as it is remembered: nothing of it changes with a rebase or with lines moving.

    `scope` is the dotted name of the definition around it, `code` its first anchored line without the
    spacing; both may be empty.
    """

    fingerprint: str
    rule_id: str
    source: Source
    severity: Severity
    category: Category
    path: str
    scope: str
    code: str
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class Dismissal:
    """Somebody said in a merge request that a finding is none of theirs; holds for the whole project.

    `at` is in seconds since the epoch, `words` are theirs and may be empty.
    """

    forge: str
    project: str
    number: int
    finding: Trace
    gesture: Gesture
    by: Person
    at: float
    words: str = ""


@dataclass(frozen=True, slots=True)
class Recollection:
    """What holds for a merge request before it is reviewed.

    `said` are the findings of its earlier reviews by fingerprint, `heads` says at which head each was
    found last.
    """

    dismissals: tuple[Dismissal, ...] = ()
    said: Mapping[str, Trace] = field(default_factory=dict)
    heads: Mapping[str, str] = field(default_factory=dict)
