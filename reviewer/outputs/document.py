"""The JSON result: what machines rely on, version 1. New keys may be added, none changes."""

from __future__ import annotations

import json
from typing import Any

from reviewer.domain import Finding, Review, Suppressed, Verdict
from reviewer.ports import Json

VERSION = 1


class JsonOutput:
    """Write the result as one JSON object."""

    def render(self, review: Review, verdict: Verdict) -> str:
        """Write the whole report; undecodable bytes of paths appear as escapes."""
        return dump(document(review, verdict))


def make(*, colored: bool) -> JsonOutput:
    """Return the writer."""
    return JsonOutput()


def dump(value: Any, *, strict: bool = False) -> str:
    """Write a value as JSON that is valid UTF-8.

    Half a surrogate pair (an undecodable byte of a path) becomes its JSON escape; `strict` puts a
    question mark there, for readers that would throw the whole report away.
    """
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return text.encode("utf-8", "replace" if strict else "backslashreplace").decode() + "\n"


def document(review: Review, verdict: Verdict) -> dict[str, Json]:
    """Return the result as plain values, ready for json."""
    return {
        "version": VERSION,
        "verdict": verdict.value,
        "head": review.ref.head,
        "base": review.ref.base,
        "findings": [_finding(finding) for finding in review.findings],
        "suppressed": [_suppressed(item) for item in review.suppressed],
        "rejected": [
            {"reason": item.reason, "path": item.path, "message": item.message, "model": item.model}
            for item in review.rejected
        ],
        "warnings": [
            {"code": item.code, "path": item.path, "message": item.message, "undecided": item.undecided}
            for item in review.warnings
        ],
        "coverage": {
            "files": review.coverage.files,
            "reviewed": review.coverage.reviewed,
            "skipped": review.coverage.skipped,
            "changed_lines": review.coverage.changed_lines,
            "changed_lines_seen_by_model": review.coverage.changed_lines_seen_by_model,
        },
        "usage": {
            "model_calls": review.usage.model_calls,
            "prompt_tokens": review.usage.prompt_tokens,
            "cached_tokens": review.usage.cached_tokens,
            "completion_tokens": review.usage.completion_tokens,
            "seconds": round(review.usage.seconds, 3),
        },
        "reanchored": review.reanchored,
        "remembered": review.remembered,
        "models": list(review.models),
        "overview": _overview(review),
    }


def _finding(finding: Finding) -> dict[str, Json]:
    suggestion: dict[str, Json] | None = None
    if finding.suggestion is not None:
        suggestion = {
            "start_line": finding.suggestion.start_line,
            "end_line": finding.suggestion.end_line,
            "replacement": finding.suggestion.replacement,
        }
    return {
        "rule_id": finding.rule_id,
        "source": finding.source.value,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "category": finding.category.value,
        "path": finding.path,
        "side": finding.side.value,
        "start_line": finding.start_line,
        "end_line": finding.end_line,
        "title": finding.title,
        "message": finding.message,
        "why": finding.why,
        "cwe": list(finding.cwe),
        "suggestion": suggestion,
        "fingerprint": finding.fingerprint,
        "model": finding.model,
        "evidence": finding.evidence,
    }


def _suppressed(item: Suppressed) -> dict[str, Json]:
    finding = item.finding
    return {
        "rule_id": finding.rule_id,
        "path": finding.path,
        "start_line": finding.start_line,
        "reason": item.reason,
        "note": item.note,
        "fingerprint": finding.fingerprint,
    }


def _overview(review: Review) -> dict[str, Any] | None:
    overview = review.overview
    if overview is None:
        return None
    return {
        "overview": overview.text,
        "risk": overview.risk,
        "files_first": list(overview.files_first),
        "missing_tests": list(overview.missing_tests),
        "untested": list(overview.untested),
        "labels": list(overview.labels),
    }
