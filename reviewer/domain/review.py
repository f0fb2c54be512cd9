"""The outcome: everything there is to say of a change."""

from __future__ import annotations

from dataclasses import dataclass

from reviewer.domain.asking import Usage
from reviewer.domain.change import ChangeRef, ReviewWarning
from reviewer.domain.findings import Finding, Rejected, Suppressed


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was looked at: files and changed lines, both sides counted."""

    files: int = 0
    reviewed: int = 0
    skipped: int = 0
    changed_lines: int = 0
    changed_lines_seen_by_model: int = 0


@dataclass(frozen=True, slots=True)
class Overview:
    """What a model says of the change as a whole.

    `untested` names the changed definitions that no test mentions, counted from the code. `labels` are
    suggestions out of the operator's list.
    """

    text: str
    risk: str
    files_first: tuple[str, ...] = ()
    missing_tests: tuple[str, ...] = ()
    untested: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Review:
    """Everything there is to say of a change; findings ranked, most important first.

    `reanchored` counts model findings whose quote corrected the line that the model had named,
    `remembered` the units that nobody was asked about, because nothing had changed since an earlier review.
    """

    ref: ChangeRef
    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]
    rejected: tuple[Rejected, ...]
    warnings: tuple[ReviewWarning, ...]
    coverage: Coverage
    usage: Usage
    models: tuple[str, ...] = ()
    overview: Overview | None = None
    reanchored: int = 0
    remembered: int = 0
