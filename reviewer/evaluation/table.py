"""The report as text for a terminal: contenders side by side, then the slices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reviewer.evaluation.measures import Estimate
from reviewer.evaluation.report import Report, Slice, Standing

_DRAFTS = "drafts of models -> posted"
_REASON = "  rejected: "


def render(report: Report) -> str:
    """Write the report; the same report gives the same text."""
    parts = [_head(report), _columns(_main_rows(report.contenders))]
    parts += [_compare(report)] if report.differences else []
    parts += [_columns(rows) for rows in _slice_tables(report.contenders)]
    parts += [f"note: {note}" for note in report.notes]
    return "\n\n".join(parts) + "\n"


def percent(value: float | None) -> str:
    """Write a share as a percentage."""
    return "-" if value is None else f"{100 * value:.1f} %"


def with_interval(figure: Estimate) -> str:
    """Write a share with its 95 % interval."""
    if figure.low is None or figure.high is None:
        return percent(figure.value)
    return f"{percent(figure.value)} ({100 * figure.low:.0f}-{100 * figure.high:.0f})"


def seconds(value: float | None) -> str:
    """Write seconds, with more digits where they are few."""
    return "-" if value is None else f"{value:.2f} s" if value < 10 else f"{value:.0f} s"


def matched_by(report: Report) -> str:
    """Say in words how findings were matched with goldens."""
    where = f"path and lines, at most {report.tolerance} apart"
    how = f"the judge {report.judge}" if report.judge else "akin categories (no judge)"
    return f"{where}, then {how}; one to one"


def facts_of(standing: Standing) -> list[tuple[str, str]]:
    """List a contender's figures as names and texts."""
    suggestions = standing.suggestions
    usage = standing.usage
    return [
        ("F1", with_interval(standing.f1)),
        ("precision", with_interval(standing.precision)),
        ("recall", with_interval(standing.recall)),
        ("silent on clean cases", with_interval(standing.silence)),
        ("findings", str(standing.findings)),
        ("found / missed", f"{standing.hits} / {standing.missed}"),
        ("wrong / repeated", f"{standing.wrong} / {standing.repeats}"),
        (_DRAFTS, f"{standing.drafts} -> {standing.admitted}"),
        *((f"{_REASON}{reason}", str(number)) for reason, number in standing.rejected.items()),
        ("re-anchored by quote", str(standing.reanchored)),
        ("anchoring errors", str(standing.anchoring_errors)),
        (
            "suggestions that parse",
            f"{suggestions.get('clean', 0) + suggestions.get('unchecked', 0)} of {sum(suggestions.values())}",
        ),
        ("model calls", f"{usage.model_calls:,}"),
        ("prompt tokens (cached)", f"{usage.prompt_tokens:,} ({usage.cached_tokens:,})"),
        ("completion tokens", f"{usage.completion_tokens:,}"),
        ("first answer, median / p90", _pair(standing.first_answer_s.median, standing.first_answer_s.p90)),
        ("first comment, median / p90", _pair(standing.first_comment_s.median, standing.first_comment_s.p90)),
        ("review, median / p90", _pair(standing.seconds.median, standing.seconds.p90)),
        ("incomplete reviews", str(standing.incomplete)),
    ]


def _pair(median: float | None, p90: float | None) -> str:
    return f"{seconds(median)} / {seconds(p90)}"


def _head(report: Report) -> str:
    return (
        f"{report.cases} cases of {', '.join(report.datasets)}: {report.goldens} defects to find, "
        f"{report.clean} clean cases\nmatched by {matched_by(report)}; in brackets 95 % intervals by bootstrap"
    )


def _main_rows(standings: Sequence[Standing]) -> list[list[str]]:
    facts = [dict(facts_of(standing)) for standing in standings]
    shared = [name for name, _ in facts_of(standings[0]) if not name.startswith(_REASON)]
    reasons = sorted({name for each in facts for name in each if name.startswith(_REASON)})
    at = shared.index(_DRAFTS) + 1
    head = ["", *(standing.name for standing in standings)]
    return [
        head,
        *(
            [name, *(each.get(name, "0") for each in facts)]
            for name in [*shared[:at], *reasons, *shared[at:]]
        ),
    ]


def _compare(report: Report) -> str:
    lines = ["F1 on the same cases, paired:"]
    for one in report.differences:
        low, high = one.f1.low or 0.0, one.f1.high or 0.0
        lines.append(
            f"  {one.left} - {one.right} = {100 * (one.f1.value or 0):+.1f} points "
            f"({100 * low:+.1f} to {100 * high:+.1f}); {one.left} ahead in {percent(one.left_ahead)} of resamples"
        )
    return "\n".join(lines)


def _slice_tables(standings: Sequence[Standing]) -> Iterator[list[list[str]]]:
    for title, field in (
        ("by language: precision, recall, silence", "by_language"),
        ("by category: found of all, wrong", "by_category"),
        ("by severity: found of all, wrong", "by_severity"),
        ("by source: right, wrong", "by_source"),
    ):
        groups = [getattr(standing, field) for standing in standings]
        keys = sorted({key for group in groups for key in group})
        head = [title, *(standing.name for standing in standings)]
        yield [head, *([f"  {key}", *(_cell(field, group.get(key)) for group in groups)] for key in keys)]


def _cell(field: str, part: Slice | None) -> str:
    if part is None:
        return "-"
    if field == "by_language":
        return f"{percent(part.precision)}, {percent(part.recall)}, {percent(part.silence)}"
    if field == "by_source":
        return f"{part.hits}, {part.false}"
    return f"{part.hits} of {part.hits + part.missed}, {part.false}"


def _columns(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]
        ).rstrip()
        for row in rows
    )
