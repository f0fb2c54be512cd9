"""Admit drafts: only here does a model's claim become a finding, or a rejection with its reason.

A draft has to quote code that is there, on lines that the change touches, and to say something that
has not been said. What it suggests has to hold as well, or the finding stands without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from parsers.diff import Side
from reviewer.domain import (
    Category,
    ChangedFile,
    ChangeSet,
    Confidence,
    Draft,
    Finding,
    Rejected,
    Source,
    Suggestion,
)
from reviewer.stages.anchor import anchor
from reviewer.stages.guidelines import Guideline
from reviewer.stages.likeness import SAME_WORDS, likeness, lines, overlap
from reviewer.stages.quote import Place, QuotableText, QuoteNotFound
from reviewer.stages.redact import redact as known_patterns
from reviewer.stages.restoring import leave_secrets_alone
from reviewer.stages.sides import changed_lines, numbered_lines
from reviewer.stages.suggestion import prove


@dataclass(frozen=True, slots=True)
class Admission:
    """What became of drafts; `reanchored` counts the findings whose quote corrected the claimed line.

    A draft whose suggestion was dropped, a blank one apart, is in both: as a finding without it, and
    as rejected for `suggestion-invalid`. (Models write a blank one where they mean null.)
    """

    findings: tuple[Finding, ...]
    rejected: tuple[Rejected, ...]
    reanchored: int


@dataclass(frozen=True, slots=True)
class _Admitted:
    draft: Draft
    finding: Finding
    suggestion_dropped: bool


class _Refusal(Exception):
    """Why a draft is not admitted."""


def admit(
    drafts: Iterable[Draft],
    change: ChangeSet,
    *,
    redact: Callable[[str], str],
    known: Sequence[Finding] = (),
    guidelines: Iterable[Guideline] = (),
    least: Confidence = Confidence.MEDIUM,
) -> Admission:
    """Turn drafts into findings, most severe first, and say why the others are none.

    `redact` is what took the secrets out of the prompt, line by line; `known` are the findings of
    rules and tools, which a model need not repeat; `guidelines` are those that the model was told;
    below `least` confidence a draft is not believed.
    """
    court = _Court(change, redact, known, guidelines, least)
    admitted: list[_Admitted] = []
    rejected: list[Rejected] = []
    for draft in sorted(drafts, key=lambda draft: (-draft.severity.rank, -draft.confidence.rank)):
        try:
            admitted.append(court.hear(draft))
        except _Refusal as refusal:
            rejected.append(Rejected(str(refusal), draft.path, redact(draft.title), draft.model))
    rejected += [
        Rejected("suggestion-invalid", one.finding.path, one.finding.title, one.draft.model)
        for one in admitted
        if one.suggestion_dropped
    ]
    moved = sum(_is_reanchored(one) for one in admitted)
    return Admission(tuple(one.finding for one in admitted), tuple(rejected), moved)


class _Court:
    """Hears drafts about one change; each side of a file is read and indexed once."""

    def __init__(
        self,
        change: ChangeSet,
        redact: Callable[[str], str],
        known: Iterable[Finding],
        guidelines: Iterable[Guideline],
        least: Confidence,
    ) -> None:
        self._change = change
        self._guidelines = {guideline.id: guideline for guideline in guidelines}
        self._redact = redact
        self._said = list(known)
        self._least = least
        self._lines: dict[tuple[str, Side], dict[int, str]] = {}
        self._texts: dict[tuple[str, Side], QuotableText] = {}

    def hear(self, draft: Draft) -> _Admitted:
        """Find where a draft belongs, and what of it is new; raise _Refusal."""
        if not draft.quote.strip() or not (draft.title + draft.message).strip():
            raise _Refusal("empty")
        if draft.confidence.rank < self._least.rank:
            raise _Refusal("low-confidence")
        file = _named_file(draft, self._change.files)
        place, anchored = self._locate(draft, file)
        finding = self._finding(draft, file, place, anchored)
        if any(_repeats(finding, other) for other in self._said):
            raise _Refusal("duplicate")
        self._said.append(finding)
        if draft.replacement is None or not draft.replacement.strip():
            return _Admitted(draft, finding, suggestion_dropped=False)
        suggestion = self._suggest(draft.replacement, file, draft.side, place)
        return _Admitted(draft, replace(finding, suggestion=suggestion), suggestion is None)

    def _locate(self, draft: Draft, file: ChangedFile) -> tuple[Place, tuple[int, int]]:
        try:
            place = self._text(file, draft.side).find(draft.quote, draft.start_line)
        except QuoteNotFound as err:
            raise _Refusal(err.reason) from err
        anchored = anchor(file, draft.side, place.start, place.end)
        if anchored is None:
            raise _Refusal("outside-diff")
        return place, anchored

    def _finding(self, draft: Draft, file: ChangedFile, place: Place, anchored: tuple[int, int]) -> Finding:
        lines = self._lines[file.path, draft.side]
        quoted = "\n".join(lines.get(number, "") for number in range(place.start, place.end + 1))
        guideline = self._guidelines.get(draft.guideline)
        if guideline is not None and not guideline.concerns(file):
            guideline = None
        return Finding(
            rule_id=guideline.id if guideline else f"model/{draft.category.value}",
            source=Source.MODEL,
            severity=guideline.severity if guideline else draft.severity,
            confidence=draft.confidence,
            category=draft.category,
            path=file.path,
            side=draft.side,
            start_line=anchored[0],
            end_line=anchored[1],
            title=self._hide(draft.title),
            message=self._hide(draft.message),
            model=draft.model,
            evidence=self._hide(quoted),
        )

    def _hide(self, text: str) -> str:
        """Take the secrets out of what is kept, even where prompts were allowed to hold them."""
        return known_patterns(self._redact(text)).text

    def _suggest(self, replacement: str, file: ChangedFile, side: Side, place: Place) -> Suggestion | None:
        """Prove a replacement; where the quote is a piece of a line, nobody knows what it replaces."""
        if side is Side.OLD or not place.whole:
            return None
        lines = replacement.replace("\r\n", "\n").split("\n")
        text = "\n".join(place.unmark(lines) or lines)
        own = self._lines[file.path, side]
        narrowed = leave_secrets_alone(text, own, place.start, place.end, self._redact)
        if narrowed is None:
            return None
        start, end, text = narrowed
        return prove(file, own, start, end, text, python_version=self._change.python_version)

    def _text(self, file: ChangedFile, side: Side) -> QuotableText:
        key = (file.path, side)
        if key not in self._texts:
            self._lines[key] = numbered_lines(file, side)
            self._texts[key] = QuotableText(self._lines[key], changed_lines(file, side), side, self._redact)
        return self._texts[key]


def _named_file(draft: Draft, files: Sequence[ChangedFile]) -> ChangedFile:
    """Return the file that a draft names, else the only one whose path ends, or is the end of, that name."""
    name = draft.path.strip().replace("\\", "/").removeprefix("./")
    named = [file for file in files if name in (file.path, file.diff.old_path)]
    alike = [file for file in files if f"/{file.path}".endswith(f"/{name}") or name.endswith(f"/{file.path}")]
    for candidates in ([file for file in named if file.path == name], named, alike):
        if name and len(candidates) == 1:
            return candidates[0]
    raise _Refusal("unknown-path")


def _is_reanchored(admitted: _Admitted) -> bool:
    claimed, finding = admitted.draft.start_line, admitted.finding
    if claimed is None or finding.start_line is None or finding.end_line is None:
        return False
    return not finding.start_line <= claimed <= finding.end_line


# --- repeats --------------------------------------------------------------------------------------


def _repeats(finding: Finding, other: Finding) -> bool:
    """Say whether a finding says of overlapping lines what another has said.

    Beside a rule's finding the same category is enough (of a secret, any word on security), beside a
    model's the same category on the very same lines. Otherwise the words decide.
    """
    if not overlap(finding, other):
        return False
    if other.source is Source.SECRET and finding.category in (Category.SECRET, Category.SECURITY):
        return True
    same_lines = lines(finding) == lines(other)
    if finding.category is other.category and (same_lines or other.source is not Source.MODEL):
        return True
    return likeness(finding, other) >= SAME_WORDS
