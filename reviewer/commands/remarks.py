"""What is to be fixed: findings of the rules on the lines that were pointed at, or those of a report."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from parsers.diff import Side
from parsers.source import decode
from reviewer.commands.subject import Subject, selected_lines
from reviewer.domain import ChangedFile, ChangeRef, ChangeSet, Finding, ReviewWarning, Source
from reviewer.errors import UsageError
from reviewer.outputs.reading import NotAResult, read_back
from reviewer.stages.fingerprint import identify
from reviewer.stages.suppress import apply_suppressions

_SHORTEST_FINGERPRINT = 6


def read_report(text: bytes, name: str) -> tuple[Finding, ...]:
    """Read the findings of a JSON result of `review`; raises UsageError for anything else."""
    try:
        document = json.loads(text)
        if not isinstance(document, dict):
            raise NotAResult("it is no object")
        found = read_back(document, ChangeRef("local", "", 0, None, None, None)).findings
    except (ValueError, RecursionError) as err:  # NotAResult is a ValueError too
        raise UsageError(f"{name} is no JSON result of reviewer: {err}") from err
    return tuple(finding for finding in found if finding.side is Side.NEW)


def standing(findings: Iterable[Finding], change: ChangeSet) -> tuple[Finding, ...]:
    """Give the rules' findings fingerprints, and leave out those that a comment in the code silences."""
    identified = identify(tuple(findings), change)
    return apply_suppressions(identified, change, today=datetime.now(UTC).date()).kept


def choose(findings: Sequence[Finding], wanted: str) -> tuple[Finding, ...]:
    """Return those of a rule id, or the one of a fingerprint (its beginning is enough); raises UsageError."""
    chosen = [one for one in findings if one.rule_id == wanted]
    if not chosen and len(wanted) >= _SHORTEST_FINGERPRINT:
        chosen = [one for one in findings if one.fingerprint.startswith(wanted.lower())]
    if not chosen:
        there = ", ".join(dict.fromkeys(one.rule_id for one in findings)) or "none"
        raise UsageError(f"there is no finding {wanted} here; those there are: {there}")
    return tuple(chosen)


def on_lines(
    findings: Iterable[Finding], subjects: Iterable[Subject]
) -> tuple[tuple[Finding, ...], tuple[ReviewWarning, ...]]:
    """Keep the findings of a report that lie on the lines pointed at and whose code still stands there."""
    files = {file.path: file for subject in subjects for file in subject.change.files}
    kept: list[Finding] = []
    warnings: list[ReviewWarning] = []
    for finding in findings:
        file = files.get(finding.path)
        if file is None or not _touches(finding, file):
            continue
        if _still_stands(finding, file):
            kept.append(finding)
        else:
            message = f"{finding.rule_id}: the code has changed since the report: left out"
            warnings.append(ReviewWarning("stale", message, finding.path))
    return tuple(kept), tuple(warnings)


def tell(findings: Iterable[Finding]) -> str:
    """Write findings down for a prompt, one paragraph each."""
    return "\n".join(_tell(finding) for finding in findings)


def _tell(finding: Finding) -> str:
    lines = dict.fromkeys((finding.start_line, finding.end_line))
    place = "" if None in lines else f":{'-'.join(map(str, lines))}"
    words = " ".join(filter(None, (finding.title, finding.message, finding.why)))
    told = f"- {finding.path}{place} [{finding.rule_id}, {finding.severity}] {' '.join(words.split())}"
    if finding.suggestion and finding.suggestion.replacement:
        told += f"\n  possible new text of these lines:\n{finding.suggestion.replacement}"
    return told


def _touches(finding: Finding, file: ChangedFile) -> bool:
    if finding.start_line is None or finding.end_line is None:
        return True
    return any(finding.start_line <= line <= finding.end_line for line in selected_lines(file))


def _still_stands(finding: Finding, file: ChangedFile) -> bool:
    """Say whether the quoted line is in the file; a masked one cannot be looked for."""
    quoted = [" ".join(line.split()) for line in finding.evidence.split("\n") if line.strip()]
    if not quoted or finding.source is Source.SECRET or any("<redacted:" in line for line in quoted):
        return True
    return quoted[0] in {" ".join(line.split()) for line in decode(file.new or b"").text.split("\n")}
