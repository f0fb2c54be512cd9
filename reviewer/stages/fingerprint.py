"""Give findings a name that lasts over pushes, rebases and rewordings.

The name is a hash over named fields: the rule (none for a model's findings, whose category drifts
from run to run), the path before any rename, the side, the enclosing definitions, the text of the
first anchored line without its spacing, and which of several equal lines in that definition it is.
Line numbers and a model's wording are never part of it.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from parsers.context import context
from parsers.diff import FileStatus, Side
from parsers.languages import detect
from parsers.source import SourceTooLarge, parse
from reviewer.domain import ChangedFile, ChangeSet, Finding, Source, Trace
from reviewer.stages.sides import changed_lines, numbered_lines

_DIGITS = 32
_AT_ONE_PLACE = 4  # findings of a model on one line that are told apart


@dataclass(frozen=True, slots=True)
class _Identity:
    """The named fields; `occurrence` counts the equal lines above in the same definition."""

    rule: str
    path: str
    side: Side
    scope: str
    text: str
    occurrence: int


def identify(findings: Sequence[Finding], change: ChangeSet) -> tuple[Finding, ...]:
    """Return the findings, in the same order, with their fingerprints (32 hexadecimal digits)."""
    sides = _read_sides(findings, change)
    identities = [_identity(finding, change, sides) for finding in findings]
    fingerprints, seen = [""] * len(findings), Counter[_Identity]()
    # Findings at one place are counted in the order of their rules, not in the caller's.
    for index in sorted(range(len(findings)), key=lambda index: findings[index].rule_id):
        fingerprints[index] = _digest(identities[index], seen[identities[index]])
        seen[identities[index]] += 1
    return tuple(
        replace(finding, fingerprint=fingerprint)
        for finding, fingerprint in zip(findings, fingerprints, strict=True)
    )


def trace(findings: Sequence[Finding], change: ChangeSet) -> tuple[Trace, ...]:
    """Return what is remembered of findings (with fingerprints), in the same order.

    A secret leaves neither code nor words behind.
    """
    sides = _read_sides(findings, change)
    return tuple(_trace(finding, _identity(finding, change, sides)) for finding in findings)


def _trace(finding: Finding, identity: _Identity) -> Trace:
    secret = Source.SECRET in (finding.source.value, finding.category.value)
    return Trace(
        fingerprint=finding.fingerprint,
        rule_id=finding.rule_id,
        source=finding.source,
        severity=finding.severity,
        category=finding.category,
        path=finding.path,
        scope=identity.scope,
        code="" if secret else identity.text,
        title=finding.title,
        message="" if secret else finding.message,
    )


def model_fingerprints(change: ChangeSet) -> frozenset[str]:
    """Return every fingerprint that a model's finding on a changed line can have.

    A model that does not repeat itself has not taken its word back: while a finding's fingerprint is
    among these, the code it was about still stands there.
    """
    return frozenset(
        _digest(_Identity("", _lasting_path(file), side, *place), number)
        for file in change.files
        for side in Side
        for place in _places(file, side)
        for number in range(_AT_ONE_PLACE)
    )


def standing(traces: Sequence[Trace], change: ChangeSet) -> frozenset[str]:
    """Return the fingerprints of those findings whose line still stands among the changed ones, where it stood."""
    asked = {one.path for one in traces}
    there = {
        (path, scope, text)
        for file in change.files
        if asked & {file.path, file.diff.old_path}
        for side in Side
        for scope, text, _ in (("", "", 0), *_places(file, side))
        for path in (file.path, file.diff.old_path)
    }
    return frozenset(one.fingerprint for one in traces if (one.path, one.scope, one.code) in there)


def _places(file: ChangedFile, side: Side) -> list[tuple[str, str, int]]:
    lines = changed_lines(file, side)
    view = _SideView(file, side, lines)
    return [view.place(line) for line in lines]


class _SideView:
    """One side of a file, and the definitions around the lines that are asked for."""

    def __init__(self, file: ChangedFile, side: Side, asked: Collection[int]) -> None:
        lines = numbered_lines(file, side) if asked else {}
        self._lines = {number: " ".join(line.split()) for number, line in lines.items()}
        self._equal: defaultdict[str, list[int]] = defaultdict(list)
        for number, line in self._lines.items():
            self._equal[line].append(number)
        self._scopes = _scopes(file, side, asked) if asked else {}

    def first_text(self, start: int, end: int) -> int:
        """Return the first line of a range that is not blank."""
        return next((number for number in range(start, end + 1) if self._lines.get(number)), start)

    def place(self, line: int) -> tuple[str, str, int]:
        """Return the scope, the text and the occurrence of a line."""
        scope, first = self._scopes.get(line, ("", 1))
        text = self._lines.get(line, "")
        equal = self._equal.get(text, [])
        return scope, text, bisect_left(equal, line) - bisect_left(equal, first)


def _scopes(file: ChangedFile, side: Side, lines: Collection[int]) -> dict[int, tuple[str, int]]:
    """Map lines to the dotted name and the first line of what encloses them; none where we cannot parse."""
    content = file.new if side is Side.NEW else file.old
    path = file.path if side is Side.NEW else file.diff.old_path
    language = detect(path, content) if content else None
    if content is None or language is None:
        return {}
    try:
        chains = context(parse(content, language), language, lines).chains
    except SourceTooLarge:
        return {}
    return {line: (chain[-1].qualified, chain[-1].start_line) for line, chain in chains.items() if chain}


def _read_sides(findings: Sequence[Finding], change: ChangeSet) -> dict[tuple[str, Side], _SideView]:
    asked: defaultdict[tuple[str, Side], set[int]] = defaultdict(set)
    for finding in findings:
        if finding.start_line is not None and finding.end_line is not None:
            asked[finding.path, finding.side].update(range(finding.start_line, finding.end_line + 1))
    files = {file.path: file for file in change.files}
    return {
        (path, side): _SideView(files[path], side, lines)
        for (path, side), lines in asked.items()
        if path in files
    }


def _identity(finding: Finding, change: ChangeSet, sides: dict[tuple[str, Side], _SideView]) -> _Identity:
    file = change.file(finding.path)
    path = _lasting_path(file) if file else finding.path
    rule = "" if finding.source is Source.MODEL else finding.rule_id
    view = sides.get((finding.path, finding.side))
    if view is None or finding.start_line is None or finding.end_line is None:
        return _Identity(rule, path, finding.side, "", "", 0)
    scope, text, occurrence = view.place(view.first_text(finding.start_line, finding.end_line))
    if finding.source is Source.SECRET:
        # A fingerprint is published: it must not let anyone try passwords against it.
        text = finding.evidence
    return _Identity(rule, path, finding.side, scope, text, occurrence)


def _lasting_path(file: ChangedFile) -> str:
    return file.diff.old_path if file.diff.status is FileStatus.RENAMED else file.path


def _digest(identity: _Identity, number: int) -> str:
    fields = [
        identity.rule,
        identity.path,
        identity.side.value,
        identity.scope,
        identity.text,
        identity.occurrence,
        number,
    ]
    return hashlib.sha256(json.dumps(fields).encode()).hexdigest()[:_DIGITS]
