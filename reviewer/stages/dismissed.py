"""Which findings people have dismissed before: the same ones, and those that are so like them.

Who counts is decided where a gesture is learnt: only people who may command on the project. What
their gesture can do is decided here, by what the finding is today:

- A secret is never dismissed.
- What a rule or another tool finds of high severity or above takes an `ignore`; resolving a thread
  or a thumbs-down does nothing to the gate there.
- Everything else may be dismissed by any gesture.

The same finding is one of the same fingerprint: a rebase, a move within its definition or another
wording changes nothing of that. Beyond that a finding is taken for a dismissed one only if

- it is of the same rule, or both are a model's and of the same category;
- it stands in the same file, or in a definition of the same name;
- its line is the same but for spacing; or it resembles it, and so do a model's words (a rule says the
  same of every line, so its words prove nothing and the line has to be closer); and
- it is not more severe than the dismissed one was.

Of a rule's findings of high severity or above only the same line in the same definition of the same
file passes for the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from heapq import merge
from typing import NamedTuple

from reviewer.domain import Category, Dismissal, Gesture, Severity, Source, Trace
from reviewer.stages.likeness import SAME_WORDS, alike

SIMILAR_CODE = 0.5
"""From here on a model speaks of the same line, if it says the same."""

CLOSE_CODE = 0.8
"""From here on a rule does."""

_UNTOUCHABLE = frozenset({Source.SECRET.value, Category.SECRET.value})


class Match(NamedTuple):
    """The dismissal that a finding falls under, and whether it is about this very finding."""

    dismissal: Dismissal
    same: bool

    @property
    def note(self) -> str:
        """Say who it was, when, how and why, and of which other finding if of another."""
        made = self.dismissal
        day = datetime.fromtimestamp(made.at, UTC).date().isoformat()
        like = "" if self.same else f" ≈ {made.finding.path} {made.finding.fingerprint[:12]}"
        words = f": {made.words}" if made.words else ""
        return f"{made.by.name}, {day}, {made.gesture.value}{like}{words}"


class Dismissals:
    """The dismissals of one project, the newest first where several fit."""

    def __init__(self, dismissals: Iterable[Dismissal] = ()) -> None:
        self._of_finding: defaultdict[str, list[Dismissal]] = defaultdict(list)
        self._in_path: defaultdict[str, list[Dismissal]] = defaultdict(list)
        self._in_scope: defaultdict[str, list[Dismissal]] = defaultdict(list)
        for made in sorted(dismissals, key=_newest_first):
            self._of_finding[made.finding.fingerprint].append(made)
            self._in_path[made.finding.path].append(made)
            if made.finding.scope:
                self._in_scope[made.finding.scope].append(made)

    def match(self, finding: Trace) -> Match | None:
        """Return the dismissal under which a finding falls; one of this very finding goes before others."""
        for made in self._of_finding.get(finding.fingerprint, ()):
            if can_dismiss(made.gesture, finding):
                return Match(made, same=True)
        near = (self._in_path.get(finding.path, ()), self._in_scope.get(finding.scope, ()))
        for made in merge(*near, key=_newest_first):
            if can_dismiss(made.gesture, finding) and is_like(finding, made.finding):
                return Match(made, same=False)
        return None


def _newest_first(made: Dismissal) -> float:
    return -made.at


def is_secret(finding: Trace) -> bool:
    """Say whether a finding is about a secret, whoever found it."""
    return bool(_UNTOUCHABLE & {finding.source.value, finding.category.value})


def can_dismiss(gesture: Gesture, finding: Trace) -> bool:
    """Say whether a gesture of somebody with rights is enough for a finding."""
    if is_secret(finding):
        return False
    return gesture is Gesture.IGNORE or not _is_strict(finding)


def is_like(finding: Trace, dismissed: Trace) -> bool:
    """Say whether a finding is so like a dismissed one that it passes for the same; see the module."""
    if not _of_one_kind(finding, dismissed) or finding.severity.rank > dismissed.severity.rank:
        return False
    same_path, same_scope = finding.path == dismissed.path, finding.scope == dismissed.scope
    same_code = bool(finding.code) and finding.code == dismissed.code
    if _is_strict(finding):
        return same_code and same_path and same_scope
    if not (same_path or (same_scope and finding.scope)):
        return False
    if same_code:
        return True
    code = alike(finding.code, dismissed.code)
    if finding.source is not Source.MODEL:
        return code >= CLOSE_CODE
    words = alike(f"{finding.title} {finding.message}", f"{dismissed.title} {dismissed.message}")
    return code >= SIMILAR_CODE and words >= SAME_WORDS


def _is_strict(finding: Trace) -> bool:
    return finding.source is not Source.MODEL and finding.severity.rank >= Severity.HIGH.rank


def _of_one_kind(finding: Trace, dismissed: Trace) -> bool:
    if finding.rule_id == dismissed.rule_id:
        return True
    both_a_models = Source.MODEL is finding.source is dismissed.source
    return both_a_models and finding.category is dismissed.category
