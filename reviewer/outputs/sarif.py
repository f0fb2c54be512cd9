"""SARIF 2.1.0 (OASIS): what code scanning pages and editors read.

Beyond the standard it has what GitHub's "SARIF support for code scanning" asks for: a region with a
line in every result, `security-severity` for security rules, `problem.severity` for the others.
"""

from __future__ import annotations

from urllib.parse import quote

from reviewer import __version__
from reviewer.domain import (
    Category,
    Finding,
    Review,
    ReviewWarning,
    Severity,
    Source,
    Suggestion,
    Suppressed,
    Verdict,
)
from reviewer.outputs.document import dump
from reviewer.outputs.places import explain, new_lines
from reviewer.ports import Json

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
}
# GitHub sorts by this number: over 9.0 critical, over 7.0 high, over 4.0 medium.
SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.0"}
PROBLEMS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "recommendation",
}
_SECURITY = frozenset({Category.SECURITY, Category.SECRET, Category.PRIVACY})


class SarifOutput:
    """Write the findings as one SARIF run; suppressed ones are in it, marked."""

    def render(self, review: Review, verdict: Verdict) -> str:
        """Write the whole report."""
        return dump({"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(review, verdict)]}, strict=True)


def make(*, colored: bool) -> SarifOutput:
    """Return the writer."""
    return SarifOutput()


def _run(review: Review, verdict: Verdict) -> dict[str, Json]:
    everything = [*review.findings, *(item.finding for item in review.suppressed)]
    rules: dict[str, Finding] = {}
    for finding in everything:
        rules.setdefault(finding.rule_id, finding)
    numbers = {rule_id: number for number, rule_id in enumerate(rules)}
    results: list[Json] = [_result(finding, numbers) for finding in review.findings]
    results += [_silenced(item, numbers) for item in review.suppressed]
    return {
        "tool": {
            "driver": {
                "name": "reviewer",
                "version": __version__,
                "rules": [_rule(rule_id, finding) for rule_id, finding in rules.items()],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": verdict is not Verdict.INCONCLUSIVE,
                "toolExecutionNotifications": [_notification(item) for item in review.warnings],
            }
        ],
        "results": results,
    }


def _notification(item: ReviewWarning) -> dict[str, Json]:
    notification: dict[str, Json] = {
        "descriptor": {"id": item.code},
        "level": "error" if item.undecided else "warning",
        "message": {"text": item.message},
    }
    if item.path is not None:
        notification["locations"] = [{"physicalLocation": {"artifactLocation": _artifact(item.path)}}]
    return notification


def _rule(rule_id: str, finding: Finding) -> dict[str, Json]:
    title, why = finding.title, finding.why or finding.message or finding.title
    if finding.source is Source.MODEL:  # one id for many findings: none of them describes the others
        title = f"Found by a model: {finding.category.value}"
        why = f"{title}. The message of each result says what is wrong and why it matters."
    tags: list[Json] = [finding.category.value, *(f"external/cwe/{cwe.lower()}" for cwe in finding.cwe)]
    properties: dict[str, Json] = {"tags": tags}
    if finding.category in _SECURITY:
        properties["security-severity"] = SCORES[finding.severity]
        if finding.category is not Category.SECURITY:
            tags.append("security")
    else:
        properties["problem.severity"] = PROBLEMS[finding.severity]
    return {
        "id": rule_id,
        "shortDescription": {"text": title},
        "fullDescription": {"text": why},
        "help": {"text": why},
        "defaultConfiguration": {"level": LEVELS[finding.severity]},
        "properties": properties,
    }


def _artifact(path: str) -> dict[str, Json]:
    return {"uri": quote(path, errors="surrogateescape"), "uriBaseId": "%SRCROOT%"}


def _result(finding: Finding, numbers: dict[str, int]) -> dict[str, Json]:
    first, last = new_lines(finding)
    artifact = _artifact(finding.path)
    region: dict[str, Json] = {"startLine": first, "endLine": last}
    result: dict[str, Json] = {
        "ruleId": finding.rule_id,
        "ruleIndex": numbers[finding.rule_id],
        "level": LEVELS[finding.severity],
        "message": {"text": explain(finding)},
        "locations": [{"physicalLocation": {"artifactLocation": artifact, "region": region}}],
        "partialFingerprints": {"reviewer/v1": finding.fingerprint},
        "properties": {
            "severity": finding.severity.value,
            "confidence": finding.confidence.value,
            "source": finding.source.value,
            "side": finding.side.value,
        },
    }
    if finding.suggestion is not None:
        result["fixes"] = [_fix(finding.suggestion, artifact)]
    return result


def _silenced(item: Suppressed, numbers: dict[str, int]) -> dict[str, Json]:
    kind = "inSource" if item.reason == "inline" else "external"
    suppression: dict[str, Json] = {"kind": kind, "justification": item.note or item.reason}
    return {**_result(item.finding, numbers), "suppressions": [suppression]}


def _fix(suggestion: Suggestion, artifact: dict[str, Json]) -> dict[str, Json]:
    # Whole lines: from the first column to the start of the line after the last one.
    region: dict[str, Json] = {
        "startLine": suggestion.start_line,
        "startColumn": 1,
        "endLine": suggestion.end_line + 1,
        "endColumn": 1,
    }
    text = suggestion.replacement + "\n" if suggestion.replacement else ""
    change: dict[str, Json] = {
        "artifactLocation": artifact,
        "replacements": [{"deletedRegion": region, "insertedContent": {"text": text}}],
    }
    return {"description": {"text": "Suggested change"}, "artifactChanges": [change]}
