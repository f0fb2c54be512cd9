"""Prove a suggested change before anyone is asked to commit it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from parsers.diff import LineKind, Side
from parsers.edits import EditVerdict, check
from parsers.positions import same_hunk
from parsers.python_version import Version
from parsers.source import decode
from reviewer.domain import ChangedFile, ChangeSet, Finding, Rejected, Suggestion
from reviewer.stages.neutralise import is_postable
from reviewer.stages.replacement import readings
from reviewer.stages.sides import numbered_lines

_MOST_LINES = 101  # GitLab replaces at most 100 lines above the one that is commented
_PROVEN = (EditVerdict.CLEAN, EditVerdict.UNCHECKED)


def prove(
    file: ChangedFile,
    lines: dict[int, str],
    start: int,
    end: int,
    replacement: str,
    *,
    python_version: Version | None = None,
) -> Suggestion | None:
    """Return a suggestion for new-side lines start..end (1-based, inclusive), None if it does not hold.

    It holds if it lies in one hunk, changes something but not back to the old side, still parses (or
    is in a language that we do not parse), and hides neither secrets nor invisible characters.
    """
    text = replacement.replace("\r\n", "\n").strip("\n")
    if file.new is None or end - start >= _MOST_LINES or not same_hunk(file.diff, Side.NEW, start, end):
        return None
    if not is_postable(text) or "<redacted:" in text:
        return None
    for candidate in readings(text, lines, start, end):
        if _restores_old_side(file, start, end, candidate):
            return None
        found = check(file.path, file.new, start, end, candidate, python_version=python_version)
        if found.verdict in _PROVEN:
            return Suggestion(start, end, candidate)
        if found.verdict is EditVerdict.NO_OP:
            return None
    return None


def holds(file: ChangedFile, suggestion: Suggestion, python_version: Version | None = None) -> bool:
    """Say whether a suggestion may be posted exactly as it is, as `prove` has it."""
    text, start, end = suggestion.replacement, suggestion.start_line, suggestion.end_line
    if file.new is None or not is_postable(text) or "<redacted:" in text:
        return False
    if _restores_old_side(file, start, end, text):
        return False
    return check(file.path, file.new, start, end, text, python_version=python_version).verdict in _PROVEN


def keep_proven(
    findings: Iterable[Finding], change: ChangeSet
) -> tuple[tuple[Finding, ...], tuple[Rejected, ...]]:
    """Take suggestions that do not hold off the findings of rules and tools; return what was taken off."""
    kept: list[Finding] = []
    dropped: list[Rejected] = []
    for finding in findings:
        file, claimed = change.file(finding.path), finding.suggestion
        if claimed is None or file is None:
            kept.append(finding)
            continue
        proven = _proven(file, claimed, change.python_version)
        kept.append(replace(finding, suggestion=proven))
        if proven is None:
            dropped.append(Rejected("suggestion-invalid", finding.path, finding.title))
    return tuple(kept), tuple(dropped)


def _proven(file: ChangedFile, claimed: Suggestion, python_version: Version | None) -> Suggestion | None:
    start, end = claimed.start_line, claimed.end_line
    if claimed.replacement:
        lines = numbered_lines(file, Side.NEW)
        return prove(file, lines, start, end, claimed.replacement, python_version=python_version)
    found = file.new and check(file.path, file.new, start, end, "", python_version=python_version)
    return claimed if found and found.verdict in _PROVEN else None


def _restores_old_side(file: ChangedFile, start: int, end: int, text: str) -> bool:
    """Say whether the text brings back lines that this very change has removed there."""
    wanted = [" ".join(line.split()) for line in text.split("\n") if line.strip()]
    old = [(line, removed) for line, removed in _old_lines(file, start, end) if line]
    return any(
        [line for line, _ in window] == wanted and any(removed for _, removed in window)
        for window in (old[index : index + len(wanted)] for index in range(len(old)))
    )


def _old_lines(file: ChangedFile, start: int, end: int) -> Iterator[tuple[str, bool]]:
    """Yield what stood where new-side lines start..end stand, and whether the change removed it."""
    for hunk in file.diff.hunks:
        removed: list[str] = []
        last = hunk.new_start - 1
        for line in hunk.lines:
            text = " ".join(decode(line.text).text.split())
            if line.kind is LineKind.REMOVED:
                removed.append(text)
                continue
            last = line.new_line or last
            if start <= last <= end:
                yield from ((gone, True) for gone in removed)
                removed = []
                if line.kind is LineKind.CONTEXT:
                    yield text, False
            elif line.kind is LineKind.CONTEXT:
                removed = []
