"""The report as one HTML file: no script, nothing loaded from anywhere, light and dark."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape
from importlib import resources

from reviewer.evaluation import plots
from reviewer.evaluation.dataset import Golden
from reviewer.evaluation.measures import Estimate
from reviewer.evaluation.report import CaseResult, CaseRow, Report, Standing
from reviewer.evaluation.results import Reported
from reviewer.evaluation.table import facts_of, matched_by, percent, seconds

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_POSTED = "posted"
_COLORS = 8
_MEASURES: tuple[tuple[str, Callable[[Standing], Estimate]], ...] = (
    ("F1", lambda one: one.f1),
    ("precision", lambda one: one.precision),
    ("recall", lambda one: one.recall),
    ("silence", lambda one: one.silence),
)


def render(report: Report) -> str:
    """Write the page. Every text in it may come from a stranger's code or a model, and is escaped."""
    style = (resources.files("reviewer.evaluation") / "page.css").read_text(encoding="utf-8")
    body = "\n".join(_body(report))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width"><title>reviewer eval</title>'
        f"<style>\n{style}</style></head><body>\n{body}\n</body></html>\n"
    )


def _body(report: Report) -> Iterator[str]:
    names = [one.name for one in report.contenders]
    yield f"<h1>{escape(' against '.join(names))}</h1>"
    yield (
        f'<p class="muted">{report.cases} cases of {escape(", ".join(report.datasets))}: {report.goldens} defects '
        f"to find, {report.clean} clean cases. Matched by {escape(matched_by(report))}. Bars beside dots are 95 % "
        "intervals by bootstrap over cases.</p>"
    )
    yield from (f'<p class="note">Note: {escape(note)}.</p>' for note in report.notes)
    yield _keys(names)
    yield from _section("Quality", _quality(report.contenders))
    yield from _differences(report)
    yield from _section("Drafts: what was posted and why the rest was not", *_drafts(report.contenders))
    yield from _section("Recall by category", _recall(report.contenders, "by_category"))
    yield from _section("Recall by severity", _recall(report.contenders, "by_severity"))
    yield from _section("Recall by language", _recall(report.contenders, "by_language"))
    yield from _section("Seconds for a review", _times(report))
    yield from _section("All figures", _figures(report.contenders))
    yield "<h2>Cases</h2>"
    yield from (_case(row) for row in report.rows)


def _section(title: str, *parts: str) -> Iterator[str]:
    yield f"<h2>{escape(title)}</h2>"
    yield from parts


def _keys(names: Sequence[str], kind: str = "fill") -> str:
    squares = (
        f'<span class="key"><svg viewBox="0 0 12 12" aria-hidden="true"><rect class="{kind}{at % _COLORS}" '
        f'width="12" height="12" rx="2"/></svg>{escape(name)}</span>'
        for at, name in enumerate(names)
    )
    return f"<p>{''.join(squares)}</p>"


def _quality(standings: Sequence[Standing]) -> str:
    rows = [
        (f"{title}, {one.name}", at % _COLORS, figure_of(one))
        for title, figure_of in _MEASURES
        for at, one in enumerate(standings)
    ]
    return plots.intervals("F1, precision, recall and silence with 95 % intervals", rows)


def _differences(report: Report) -> Iterator[str]:
    for one in report.differences:
        value, low, high = (100 * (part or 0.0) for part in (one.f1.value, one.f1.low, one.f1.high))
        yield (
            f"<p>F1 of {escape(one.left)} less that of {escape(one.right)}, on the same cases: "
            f"<strong>{value:+.1f} points</strong> ({low:+.1f} to {high:+.1f}); {escape(one.left)} is ahead in "
            f"{percent(one.left_ahead)} of the resamples.</p>"
        )


def _drafts(standings: Sequence[Standing]) -> tuple[str, str]:
    reasons = dict.fromkeys(reason for one in standings for reason in one.rejected)
    order = [_POSTED, *reasons]
    rows = [(one.name, {_POSTED: one.admitted, **one.rejected}) for one in standings]
    return _keys(order, "part"), plots.stacks("drafts posted and rejected, by reason", rows, order)


def _recall(standings: Sequence[Standing], field: str) -> str:
    groups = [getattr(one, field) for one in standings]
    rows = []
    for key in sorted({key for group in groups for key in group}):
        for at, (one, group) in enumerate(zip(standings, groups, strict=True)):
            part = group.get(key)
            if part is not None and part.hits + part.missed:
                text = f"{part.hits} of {part.hits + part.missed}"
                rows.append((f"{key}, {one.name}", at % _COLORS, part.recall, text))
    return plots.bars(f"recall {field.replace('_', ' ')}", rows, most=1.0)


def _times(report: Report) -> str:
    series = [
        (one.name, at % _COLORS, [row.results[at].seconds for row in report.rows])
        for at, one in enumerate(report.contenders)
    ]
    return plots.steps("share of cases reviewed within so many seconds", series, "s")


def _figures(standings: Sequence[Standing]) -> str:
    head = "".join(f"<th>{escape(one.name)}</th>" for one in standings)
    facts = [dict(facts_of(one)) for one in standings]
    rows = (
        f"<tr><td>{escape(name.strip())}</td>{_cells(each.get(name, '0') for each in facts)}</tr>"
        for name in dict.fromkeys(name for each in facts for name in each)
    )
    return f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _cells(texts: Iterable[str]) -> str:
    return "".join(f"<td>{escape(text)}</td>" for text in texts)


def _case(row: CaseRow) -> str:
    state = " · ".join(f"{escape(one.contender)}: {_outcome(row, one)}" for one in row.results)
    expected = "".join(f"<li>expected: {_golden(golden)}</li>" for golden in row.goldens)
    expected = expected or "<li>expected: nothing</li>"
    said = "".join(_said(one) for one in row.results)
    return (
        f"<details><summary><code>{escape(row.id)}</code> {escape(row.title)} "
        f'<span class="muted">{state}</span></summary><ul>{expected}{said}</ul></details>'
    )


def _outcome(row: CaseRow, one: CaseResult) -> str:
    if not one.complete:
        return '<span class="miss">incomplete</span>'
    if not row.goldens:
        return (
            f'<span class="miss">{len(one.wrong)} wrong</span>'
            if one.wrong
            else '<span class="hit">silent</span>'
        )
    kind = "hit" if not one.missed else "miss"
    wrong = f", {len(one.wrong)} wrong" if one.wrong else ""
    return f'<span class="{kind}">{len(one.found)} of {len(row.goldens)}</span>{wrong}'


def _golden(golden: Golden) -> str:
    where = f"<code>{escape(golden.path)}:{golden.start_line or ''}</code> " if golden.path else ""
    return f"{where}{escape(golden.severity)}: {escape(golden.text)}"


def _said(one: CaseResult) -> str:
    told = [
        *(f'<li class="hit">{escape(one.contender)}: {_finding(finding)}</li>' for finding in one.right),
        *(
            f'<li class="miss">{escape(one.contender)}, wrong: {_finding(finding)}</li>'
            for finding in one.wrong
        ),
    ]
    return (
        "".join(told) or f'<li class="muted">{escape(one.contender)}: nothing, in {seconds(one.seconds)}</li>'
    )


def _finding(finding: Reported) -> str:
    return f"<code>{escape(finding.path)}:{finding.start_line or ''}</code> {escape(finding.title)}"
