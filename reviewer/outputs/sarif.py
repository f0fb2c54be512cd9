"""SARIF 2.1.0 (OASIS): what code scanning pages and editors read."""

from __future__ import annotations

import json
from urllib.parse import quote

from reviewer import __version__
from reviewer.domain import Finding, Review, Severity, Suggestion, Suppressed, Verdict
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


class SarifOutput:
    """Write the findings as one SARIF run; suppressed ones are in it, marked."""

    def render(self, review: Review, verdict: Verdict) -> str:
        """Write the whole report."""
        log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(review, verdict)]}
        return (
            json.dumps(log, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace").decode() + "\n"
        )


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
                "toolExecutionNotifications": [
                    _notification(item.code, item.message) for item in review.warnings
                ],
            }
        ],
        "results": results,
    }


def _notification(code: str, message: str) -> dict[str, Json]:
    return {"descriptor": {"id": code}, "level": "warning", "message": {"text": message}}


def _rule(rule_id: str, finding: Finding) -> dict[str, Json]:
    tags: list[Json] = [finding.category.value, *(f"external/cwe/{cwe.lower()}" for cwe in finding.cwe)]
    return {
        "id": rule_id,
        "shortDescription": {"text": finding.title},
        "fullDescription": {"text": finding.why or finding.message or finding.title},
        "defaultConfiguration": {"level": LEVELS[finding.severity]},
        "properties": {"tags": tags, "security-severity": SCORES[finding.severity]},
    }


def _result(finding: Finding, numbers: dict[str, int]) -> dict[str, Json]:
    artifact: dict[str, Json] = {
        "uri": quote(finding.path, errors="surrogateescape"),
        "uriBaseId": "%SRCROOT%",
    }
    physical: dict[str, Json] = {"artifactLocation": artifact}
    if finding.start_line is not None:
        physical["region"] = {
            "startLine": finding.start_line,
            "endLine": finding.end_line or finding.start_line,
        }
    result: dict[str, Json] = {
        "ruleId": finding.rule_id,
        "ruleIndex": numbers[finding.rule_id],
        "level": LEVELS[finding.severity],
        "message": {"text": finding.message or finding.title},
        "locations": [{"physicalLocation": physical}],
        "partialFingerprints": {"reviewer/v1": finding.fingerprint},
        "properties": {"confidence": finding.confidence.value, "source": finding.source.value},
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
