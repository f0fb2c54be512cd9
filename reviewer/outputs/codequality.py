"""GitLab Code Quality: what the merge request widget and the diff view read.

Fields as GitLab documents them: description, check_name, fingerprint, severity, location.
"""

from __future__ import annotations

from reviewer.domain import Finding, Review, Severity, Verdict
from reviewer.outputs.document import dump
from reviewer.outputs.places import explain, new_lines
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
        return dump([_issue(finding, seen) for finding in review.findings], strict=True)


def make(*, colored: bool) -> CodeQualityOutput:
    """Return the writer."""
    return CodeQualityOutput()


def _issue(finding: Finding, seen: dict[str, int]) -> dict[str, Json]:
    # GitLab drops a second issue with the same fingerprint.
    count = seen[finding.fingerprint] = seen.get(finding.fingerprint, 0) + 1
    begin, end = new_lines(finding)
    return {
        "description": " ".join(explain(finding).split()),
        "check_name": finding.rule_id,
        "fingerprint": finding.fingerprint if count == 1 else f"{finding.fingerprint}-{count}",
        "severity": LEVELS[finding.severity],
        "location": {"path": finding.path, "lines": {"begin": begin, "end": end}},
    }
