"""The report as Markdown, for job summaries and files; everything a stranger wrote is neutralised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from reviewer.domain import Finding, Review, ReviewWarning, Severity, Suppressed, Verdict
from reviewer.stages.neutralise import code_span, fenced, neutralise

VERDICTS = {Verdict.PASS: "✅ Pass", Verdict.FAIL: "❌ Fail", Verdict.INCONCLUSIVE: "⚠️ Inconclusive"}


class MarkdownOutput:
    """Write the report as GitHub-flavoured Markdown."""

    def render(self, review: Review, verdict: Verdict) -> str:
        """Write the whole report."""
        return "\n".join(_report(review, verdict)) + "\n"


def make(*, colored: bool) -> MarkdownOutput:
    """Return the writer."""
    return MarkdownOutput()


def _report(review: Review, verdict: Verdict) -> Iterator[str]:
    counts = {level: sum(finding.severity is level for finding in review.findings) for level in Severity}
    found = ", ".join(f"{count} {level.value}" for level, count in counts.items() if count) or "no findings"
    yield f"## {VERDICTS[verdict]}: {found}"
    yield ""
    yield f"Reviewed by {', '.join(code_span(name) for name in review.models) or 'the rules alone'}."
    if review.overview is not None:
        yield ""
        yield neutralise(review.overview.text)
    for finding in review.findings:
        yield ""
        yield from _finding(finding)
    yield from _list("Suppressed", (_suppressed(item) for item in review.suppressed))
    yield from _list("Not reviewed, or with limits", (_warning(item) for item in review.warnings))
    reasons = Counter(item.reason for item in review.rejected)
    yield from _list("Drafts rejected", (f"{reason}: {count}" for reason, count in sorted(reasons.items())))
    yield ""
    coverage = review.coverage
    yield (
        f"{coverage.reviewed} of {coverage.files} files, {coverage.changed_lines} changed lines, "
        f"{coverage.changed_lines_seen_by_model} seen by a model."
    )


def _finding(finding: Finding) -> Iterator[str]:
    yield f"### {finding.severity.value}: {neutralise(finding.title)}"
    yield ""
    yield f"{_where(finding)} · {code_span(finding.rule_id)}" + (
        f" · {code_span(finding.model)}" if finding.model else ""
    )
    if finding.evidence:
        yield ""
        yield fenced(finding.evidence)
    for part in (finding.message if finding.message != finding.title else "", finding.why):
        if part:
            yield ""
            yield neutralise(part)
    if finding.suggestion is not None:
        span = f"{finding.suggestion.start_line} to {finding.suggestion.end_line}"
        yield ""
        yield f"Replace lines {span} with:" if finding.suggestion.replacement else f"Delete lines {span}."
        if finding.suggestion.replacement:
            yield ""
            yield fenced(finding.suggestion.replacement)


def _where(finding: Finding) -> str:
    return code_span(f"{finding.path}:{finding.start_line}" if finding.start_line else finding.path)


def _suppressed(item: Suppressed) -> str:
    note = f": {neutralise(item.note)}" if item.note else ""
    return f"{_where(item.finding)} {code_span(item.finding.rule_id)} ({item.reason}{note})"


def _warning(item: ReviewWarning) -> str:
    where = f" {code_span(item.path)}" if item.path else ""
    return f"{code_span(item.code)}{where} {neutralise(item.message)}"


def _list(title: str, rows: Iterable[str]) -> Iterator[str]:
    lines = [f"- {row}" for row in rows]
    if lines:
        yield from ("", f"### {title}", "", *lines)
