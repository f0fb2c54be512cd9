"""The last words of a gate in a job's log: what fails, and what its author can do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parsers.diff import Side
from parsers.languages import detect
from reviewer.domain import Finding, Review, Source, Verdict
from reviewer.outputs.places import span
from reviewer.outputs.text import visible
from reviewer.stages.threshold import Bar

MOST_ROWS = 20


def close(review: Review, verdict: Verdict, bar: Bar | None = None) -> str:
    """Write what is to be done, line by line; empty where the gate passes.

    Where the bar is not told, all findings of a failed review are listed.
    """
    lines: list[str] = []
    if verdict is Verdict.FAIL:
        lines += _failing(bar.blocking(review.findings) if bar else review.findings, bar)
    undecided = [warning for warning in review.warnings if warning.undecided]
    if undecided and verdict is not Verdict.PASS:
        lines += ["", "Left undecided; run the job again once this is mended:"]
        lines += [f"  {warning.message}" for warning in undecided[:MOST_ROWS]]
        lines += _more(len(undecided))
    return "".join(f"{visible(line)}\n" for line in lines)


def _failing(findings: Sequence[Finding], bar: Bar | None) -> Iterator[str]:
    yield ""
    yield f"What fails the gate{f' ({_bar(bar)})' if bar else ''}:"
    for finding in findings[:MOST_ROWS]:
        where = f"{finding.path}:{finding.start_line}" if finding.start_line else finding.path
        yield f"  {where}  {finding.severity}  {finding.rule_id}  {finding.title}"
        yield f"      fix: {_fix(finding)}"
        if finding.start_line is not None and finding.side is Side.NEW:
            yield f"      or say why it is right, on the line or alone above it: {_comment(finding)}"
    yield from _more(len(findings))


def _bar(bar: Bar) -> str:
    also = ", or what the thresholds of the gate say" if bar.thresholds else ""
    return f"{bar.fail_on} or above, at {bar.confidence} confidence or above{also}"


def _fix(finding: Finding) -> str:
    if finding.suggestion is not None:
        lines = span(finding.suggestion.start_line, finding.suggestion.end_line)
        return f"{'replace' if finding.suggestion.replacement else 'delete'} {lines} as shown above"
    if finding.source is Source.RULE:
        return f"see above, and reviewer rules show {finding.rule_id}"
    if finding.source is Source.SECRET:
        return "take it out, and change it where it is valid: it is in the history now"
    return "see above"


def _comment(finding: Finding) -> str:
    """Write the comment that silences a finding, as the language of its file has comments."""
    words = f"reviewer: ignore[{finding.rule_id}] REASON"
    language = detect(finding.path)
    if language is None or language.line_comments:
        return f"{language.line_comments[0] if language else '#'} {words}"
    opener, closer = language.block_comments[0] if language.block_comments else ("", "")
    return f"{opener} {words} {closer}".strip()


def _more(count: int) -> list[str]:
    return [f"  … and {count - MOST_ROWS} more, all of them in the reports"] if count > MOST_ROWS else []
