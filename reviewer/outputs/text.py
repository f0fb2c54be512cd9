"""The report for a terminal: findings in file order with their lines, then the verdict. Plain when piped."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

from rich.console import Console
from rich.text import Text

from parsers.diff import Side
from reviewer.domain import Finding, Review, ReviewWarning, Severity, Source, Suggestion, Suppressed, Verdict
from reviewer.outputs.places import span
from reviewer.outputs.wrapping import crop, wrap

STYLES = {
    Severity.CRITICAL: "bold white on red",
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
}
VERDICT_STYLES = {Verdict.PASS: "bold green", Verdict.FAIL: "bold red", Verdict.INCONCLUSIVE: "bold yellow"}
MOST_WARNINGS = 12
MOST_LINES = 8
MOST_CELLS = 160
INDENT = " " * 10


class TextOutput:
    """Write the report as lines of text; `colored` adds ANSI colours."""

    def __init__(self, *, colored: bool) -> None:
        self._colored = colored

    def render(self, review: Review, verdict: Verdict) -> str:
        """Write the whole report; control characters out of the code under review are made visible."""
        out = StringIO()
        console = Console(
            file=out,
            force_terminal=self._colored,
            color_system="standard" if self._colored else None,
            width=10_000,
            soft_wrap=True,
            highlight=False,
            markup=False,
            emoji=False,
            no_color=not self._colored,
        )
        for line in _report(review, verdict):
            console.print(line)
        return out.getvalue()


def make(*, colored: bool) -> TextOutput:
    """Return the writer."""
    return TextOutput(colored=colored)


def visible(text: str) -> str:
    """Show control characters as escapes, so that no code under review can drive a terminal."""
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    if char == "\t":
        return "    "
    if char == "\u3000":  # the space of Chinese and Japanese prose
        return char
    return f"\\x{ord(char):02x}" if ord(char) < 0x100 else f"\\u{ord(char):04x}"


def _report(review: Review, verdict: Verdict) -> Iterator[Text]:
    yield Text(_who(review), style="dim")
    for finding in sorted(review.findings, key=_place):
        yield Text("")
        yield from _finding(finding)
    if review.overview is not None:
        yield Text("")
        overview = f"overview  {review.overview.text} (risk: {review.overview.risk})"
        yield from (Text(line) for line in wrap(visible(" ".join(overview.split()))))
        for name in review.overview.untested:
            yield Text(visible(f"no test mentions {name}"), style="dim")
    if review.suppressed:
        yield Text("")
        for item in review.suppressed:
            yield Text(visible(_suppressed(item)), style="dim")
    if review.warnings:
        yield Text("")
        yield from _warnings(review.warnings)
    yield Text("")
    yield from _verdict(review, verdict)


def _who(review: Review) -> str:
    if review.models:
        return f"Reviewed by the rules and {', '.join(review.models)}."
    reason = next(
        (item.message for item in review.warnings if item.code in {"model-unreachable", "no-model"}), ""
    )
    return f"Reviewed by the rules alone{f': {visible(reason)}' if reason else '.'}"


def _place(finding: Finding) -> tuple[str, int, int, str]:
    return (finding.path, finding.start_line or 0, -finding.severity.rank, finding.rule_id)


def _suppressed(item: Suppressed) -> str:
    finding = item.finding
    where = f"{finding.path}:{finding.start_line}" if finding.start_line else finding.path
    note = f": {item.note}" if item.note else ""
    return f"suppressed  {where}  {finding.rule_id} ({item.reason}{note})"


def _finding(finding: Finding) -> Iterator[Text]:
    where = f"{finding.path}:{finding.start_line}" if finding.start_line else finding.path
    side = " (removed)" if finding.side is Side.OLD else ""
    by = f", {finding.model}" if finding.source is Source.MODEL and finding.model else ""
    yield Text.assemble(
        (visible(where), "bold"),
        f"{side}  ",
        (finding.severity.value, STYLES[finding.severity]),
        f"  {visible(finding.title)}",
        (f"  [{visible(finding.rule_id)}{by}]", "dim"),
    )
    if finding.evidence:
        yield from _evidence(finding.evidence.split("\n"), finding.start_line or 1)
    for part in (finding.message if finding.message != finding.title else "", finding.why):
        for text in part.splitlines():
            yield from (Text(f"{INDENT}{line}".rstrip()) for line in wrap(visible(text)))
    if finding.suggestion is not None:
        yield from _suggestion(finding.suggestion)


def _evidence(lines: list[str], first: int) -> Iterator[Text]:
    for number, text in enumerate(lines[:MOST_LINES], start=first):
        yield Text.assemble((f"  {number:>5} │ ", "dim"), crop(visible(text), MOST_CELLS))
    if len(lines) > MOST_LINES:
        yield Text(f"        │ … {len(lines) - MOST_LINES} more", style="dim")


def _suggestion(suggestion: Suggestion) -> Iterator[Text]:
    where = span(suggestion.start_line, suggestion.end_line)
    if not suggestion.replacement:
        yield Text(f"{INDENT}fix: delete {where}", style="green")
        return
    yield Text(f"{INDENT}fix: replace {where} with", style="green")
    for text in suggestion.replacement.split("\n"):
        yield Text(f"        + {visible(text)}", style="green")


def _warnings(warnings: tuple[ReviewWarning, ...]) -> Iterator[Text]:
    shown = sorted(warnings, key=lambda item: not item.undecided)[:MOST_WARNINGS]
    for item in shown:
        where = f"  {visible(item.path)}" if item.path else ""
        style = "yellow" if item.undecided else "dim"
        yield Text.assemble(("warning", style), f"  {item.code}{where}  {visible(item.message)}")
    if len(warnings) > len(shown):
        yield Text(f"warning  {len(warnings) - len(shown)} more; --format json lists all", style="dim")


def _verdict(review: Review, verdict: Verdict) -> Iterator[Text]:
    counts = {level: sum(finding.severity is level for finding in review.findings) for level in Severity}
    found = ", ".join(f"{count} {level.value}" for level, count in counts.items() if count) or "no findings"
    coverage = review.coverage
    drafts = len(review.rejected)
    yield Text.assemble((verdict.value.upper(), VERDICT_STYLES[verdict]), f"  {found}")
    parts = [f"{coverage.reviewed} of {coverage.files} files", f"{coverage.changed_lines} changed lines"]
    if review.models:
        parts.append(f"{coverage.changed_lines_seen_by_model} seen by the model")
    if drafts:
        parts.append(f"{drafts} {'draft' if drafts == 1 else 'drafts'} rejected")
    if review.usage.model_calls:
        usage = review.usage
        parts.append(
            f"{usage.model_calls} model calls, {usage.prompt_tokens} + {usage.completion_tokens} tokens"
        )
    yield Text(", ".join(parts), style="dim")
