"""GitLab Code Quality: what the merge request widget and the diff view read.

Fields as GitLab documents them: description, check_name, fingerprint, severity, location.
"""

from __future__ import annotations

import json

from reviewer.domain import Finding, Review, Severity, Verdict
from reviewer.ports import Json

LEVELS = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
}


class CodeQualityOutput:
    """Write the findings as a Code Quality report."""

    def render(self, review: Review, verdict: Verdict) -> str:
        """Write the whole report."""
        seen: dict[str, int] = {}
        issues = [_issue(finding, seen) for finding in review.findings]
        return (
            json.dumps(issues, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace").decode()
            + "\n"
        )


def make(*, colored: bool) -> CodeQualityOutput:
    """Return the writer."""
    return CodeQualityOutput()


def _issue(finding: Finding, seen: dict[str, int]) -> dict[str, Json]:
    # GitLab drops a second issue with the same fingerprint.
    count = seen[finding.fingerprint] = seen.get(finding.fingerprint, 0) + 1
    fingerprint = finding.fingerprint if count == 1 else f"{finding.fingerprint}-{count}"
    return {
        "description": f"{finding.title}: {finding.message}"
        if finding.message != finding.title
        else finding.title,
        "check_name": finding.rule_id,
        "fingerprint": fingerprint,
        "severity": LEVELS[finding.severity],
        "location": {
            "path": finding.path,
            "lines": {"begin": finding.start_line or 1, "end": finding.end_line or finding.start_line or 1},
        },
    }
