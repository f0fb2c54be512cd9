"""What is found: drafts of a model, findings that are proven, and what became of the others."""

from __future__ import annotations

from dataclasses import dataclass

from parsers.diff import Side
from reviewer.domain.scales import Category, Confidence, Severity, Source


@dataclass(frozen=True, slots=True)
class Suggestion:
    """New text for whole new-side lines; without a final line end, empty to delete them."""

    start_line: int
    end_line: int
    replacement: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem proven to lie on the change.

    `start_line` and `end_line` lie on changed lines of `side`, both None for the file as a whole.
    `title` is one line; `message` says what is wrong here, `why` why it matters and what to do.
    `evidence` quotes the lines (masked where they hold a secret). `fingerprint` names the finding
    over pushes; it is given by `stages.fingerprint`, empty before.
    """

    rule_id: str
    source: Source
    severity: Severity
    confidence: Confidence
    category: Category
    path: str
    side: Side
    start_line: int | None
    end_line: int | None
    title: str
    message: str
    why: str = ""
    cwe: tuple[str, ...] = ()
    suggestion: Suggestion | None = None
    fingerprint: str = ""
    model: str | None = None
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a model claims, before anything of it is believed; `guideline` is the id that it names, if any."""

    path: str
    quote: str
    side: Side
    start_line: int | None
    end_line: int | None
    severity: Severity
    category: Category
    confidence: Confidence
    title: str
    message: str
    replacement: str | None
    model: str
    guideline: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A draft that was not admitted, and why.

    Reasons: quote-not-found, quote-ambiguous, outside-diff, unknown-path, duplicate, refuted, low-confidence,
    malformed, empty. A suggestion that was dropped while its finding stays is counted as
    suggestion-invalid.
    """

    reason: str
    path: str
    message: str
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that someone has silenced: `reason` is inline, baseline, moved or memory.

    `note` holds their words, or where the code was before.
    """

    finding: Finding
    reason: str
    note: str = ""
