"""The report as Markdown, for job summaries and files: what fails, where, why, what to do about it.

Everything a stranger wrote is neutralised.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from parsers.diff import Side
from reviewer.domain import Finding, Review, ReviewWarning, Severity, Suggestion, Suppressed, Verdict
from reviewer.outputs.places import span
from reviewer.stages.neutralise import code_span, fenced, neutralise, neutralise_line
from reviewer.stages.threshold import Bar

VERDICTS = {Verdict.PASS: "✅ Pass", Verdict.FAIL: "❌ Fail", Verdict.INCONCLUSIVE: "⚠️ Inconclusive"}
BYTE_LIMIT = 900_000
"""GitHub takes 1 MiB of job summary per step and shows nothing of a longer one."""

_Row = TypeVar("_Row")
_MOST_LINES = 12
_TEXT_LIMIT = 1_500


class MarkdownOutput:
    """Write the report as GitHub-flavoured Markdown."""

    def render(self, review: Review, verdict: Verdict) -> str:
        """Write the whole report, findings in order of importance."""
        return summarise(review, verdict)


def make(*, colored: bool) -> MarkdownOutput:
    """Return the writer."""
    return MarkdownOutput()


def summarise(review: Review, verdict: Verdict, bar: Bar | None = None) -> str:
    """Write the report; where the bar is told, what fails the gate comes first, under its own title.

    Long lists are cut, with what was left out counted, until the report fits a job summary.
    """
    for most in (200, 50, 15, 5):
        text = "\n\n".join(_sections(review, verdict, bar, most)) + "\n"
        if len(text.encode("utf-8", "replace")) <= BYTE_LIMIT:
            break
    return text


def _sections(review: Review, verdict: Verdict, bar: Bar | None, most: int) -> Iterator[str]:
    yield f"## {VERDICTS[verdict]}: {_counts(review.findings)}"
    yield _scope(review)
    failing = bar.blocking(review.findings) if bar else ()
    if bar and failing:
        yield f"### Fails the check: {_counts(failing)}, {_reached(bar)}"
        yield from _findings(failing, most)
        yield (
            "Fix these, or silence one that is mistaken with a comment on its line or alone on the line "
            "above, as shown at each; a reason belongs behind it. What is silenced stays listed here."
        )
    undecided = [item for item in review.warnings if item.undecided]
    yield from _list("Left undecided: run the job again once this is mended", undecided, _warning, most)
    if others := [finding for finding in review.findings if finding not in failing]:
        yield "### Found as well" if failing else "### Found"
        yield from _findings(others, most)
    if review.overview is not None:
        yield "### The change"
        yield neutralise(review.overview.text, _TEXT_LIMIT)
        yield from _list("No test mentions", review.overview.untested, code_span, most)
        yield from _list("Suggested labels", review.overview.labels, code_span, most)
    yield from _list("Suppressed", review.suppressed, _suppressed, most)
    limits = [item for item in review.warnings if not item.undecided]
    yield from _list("Not reviewed, or with limits", limits, _warning, most)
    reasons = sorted(Counter(item.reason for item in review.rejected).items())
    yield from _list("Drafts of the model that were rejected", reasons, _reason, most)


def _reached(bar: Bar) -> str:
    return f"at or above `{bar.fail_on}`" + (
        ", or as the thresholds of the gate say" if bar.thresholds else ""
    )


def _counts(findings: Iterable[Finding]) -> str:
    counted = Counter(finding.severity for finding in findings)
    return (
        ", ".join(f"{counted[level]} {level.value}" for level in Severity if counted[level]) or "no findings"
    )


def _scope(review: Review) -> str:
    coverage = review.coverage
    seen = f", {coverage.changed_lines_seen_by_model} of them seen by a model" if review.models else ""
    models = "".join(f" and {code_span(name)}" for name in review.models) or " alone"
    head = f" at {code_span(review.ref.head[:12])}" if review.ref.head else ""
    return (
        f"{coverage.reviewed} of {coverage.files} files{head}, {coverage.changed_lines} changed lines{seen}. "
        f"Reviewed by the rules{models}."
    )


def _findings(findings: Sequence[Finding], most: int) -> Iterator[str]:
    for finding in findings[:most]:
        yield from _finding(finding)
    if len(findings) > most:
        yield f"… and {len(findings) - most} more, all of them in the JSON report."


def _finding(finding: Finding) -> Iterator[str]:
    yield f"#### {finding.severity.value}: {neutralise_line(finding.title)}"
    by = f" · {code_span(finding.model)}" if finding.model else ""
    yield f"{_where(finding)} · {code_span(finding.rule_id)}{by}"
    if finding.evidence:
        yield _excerpt(finding.evidence)
    for part in (finding.message if finding.message != finding.title else "", finding.why):
        if part.strip():
            yield neutralise(part, _TEXT_LIMIT)
    if finding.suggestion is not None:
        yield from _suggestion(finding.suggestion)
    if finding.start_line is not None and finding.side is Side.NEW:
        yield f"Silence: {code_span(f'reviewer: ignore[{finding.rule_id}] reason')}"


def _suggestion(suggestion: Suggestion) -> Iterator[str]:
    lines = span(suggestion.start_line, suggestion.end_line)
    if not suggestion.replacement:
        yield f"Fix: delete {lines}."
        return
    yield f"Fix: replace {lines} with"
    yield fenced(suggestion.replacement)


def _excerpt(code: str) -> str:
    lines = code.split("\n")
    shown = [line[:200] + "…" if len(line) > 200 else line for line in lines[:_MOST_LINES]]
    return fenced("\n".join([*shown, *(["…"] if len(lines) > _MOST_LINES else [])]))


def _where(finding: Finding) -> str:
    if finding.start_line is None:
        return code_span(finding.path)
    last = f"-{finding.end_line}" if finding.end_line not in {None, finding.start_line} else ""
    side = " (removed)" if finding.side is Side.OLD else ""
    return code_span(f"{finding.path}:{finding.start_line}{last}") + side


def _suppressed(item: Suppressed) -> str:
    note = f": {neutralise_line(item.note)}" if item.note else ""
    return f"{_where(item.finding)} {code_span(item.finding.rule_id)} ({item.reason}{note})"


def _warning(item: ReviewWarning) -> str:
    where = f" {code_span(item.path)}" if item.path else ""
    return f"{code_span(item.code)}{where} {neutralise_line(item.message)}"


def _reason(row: tuple[str, int]) -> str:
    return f"{row[0]}: {row[1]}"


def _list(title: str, rows: Sequence[_Row], write: Callable[[_Row], str], most: int) -> Iterator[str]:
    if not rows:
        return
    lines = [f"- {write(row)}" for row in rows[:most]]
    if len(rows) > most:
        lines.append(f"- … and {len(rows) - most} more")
    yield f"### {title}"
    yield "\n".join(lines)
