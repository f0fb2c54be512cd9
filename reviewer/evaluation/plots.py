"""Plots as SVG, written by hand: no library, no script, colours from the page's style sheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from reviewer.evaluation.measures import Estimate

_ROW = 26
_LEFT = 170
_WIDTH = 760
_PLOT = _WIDTH - _LEFT - 70


def intervals(title: str, rows: Sequence[tuple[str, int, Estimate]]) -> str:
    """Draw shares as dots with their 95 % intervals; a row is its label, its colour's number, its figure."""
    parts = [*_scale(len(rows))]
    for number, (label, color, figure) in enumerate(rows):
        y = _y(number)
        parts.append(_label(label, y))
        if figure.value is None:
            parts.append(f'<text class="muted" x="{_LEFT + 6}" y="{y + 4}">nothing to divide by</text>')
            continue
        if figure.low is not None and figure.high is not None:
            parts.append(_line(f"whisker line{color}", (_x(figure.low), y), (_x(figure.high), y)))
        parts.append(f'<circle class="fill{color}" cx="{_x(figure.value):.1f}" cy="{y}" r="5"/>')
        parts.append(_value(f"{100 * figure.value:.1f} %", y))
    return _frame(title, len(rows), parts)


def bars(title: str, rows: Sequence[tuple[str, int, float | None, str]], most: float | None = None) -> str:
    """Draw bars from zero; a row is its label, its colour's number, its length and the text at its end."""
    longest = most or max((length or 0.0 for _, _, length, _ in rows), default=0.0) or 1.0
    parts: list[str] = []
    for number, (label, color, length, text) in enumerate(rows):
        y = _y(number)
        width = _PLOT * (length or 0.0) / longest
        parts += [
            _label(label, y),
            f'<rect class="track" x="{_LEFT}" y="{y - 7}" width="{_PLOT}" height="14" rx="2"/>',
            f'<rect class="fill{color}" x="{_LEFT}" y="{y - 7}" width="{width:.1f}" height="14" rx="2"/>',
            _value(text, y),
        ]
    return _frame(title, len(rows), parts)


def stacks(title: str, rows: Sequence[tuple[str, Mapping[str, int]]], order: Sequence[str]) -> str:
    """Draw what each whole is made of; the parts come in one order, each with its own colour."""
    longest = max((sum(parts.values()) for _, parts in rows), default=0) or 1
    drawn: list[str] = []
    for number, (label, parts) in enumerate(rows):
        y, x = _y(number), float(_LEFT)
        drawn.append(_label(label, y))
        for place, name in enumerate(order):
            width = _PLOT * parts.get(name, 0) / longest
            tip = f"<title>{escape(name)}: {parts.get(name, 0)}</title>"
            drawn.append(
                f'<rect class="part{place % 8}" x="{x:.1f}" y="{y - 8}" width="{width:.1f}" height="16">{tip}</rect>'
            )
            x += width
        drawn.append(_value(str(sum(parts.values())), y))
    return _frame(title, len(rows), drawn)


def steps(title: str, series: Sequence[tuple[str, int, Sequence[float]]], unit: str) -> str:
    """Draw the share of values at or below each value, one line per series."""
    longest = max((max(values) for _, _, values in series if values), default=0.0) or 1.0
    height = 9 * _ROW
    parts = [*_grid(height, longest, unit)]
    for _, color, values in series:
        points = [(0.0, 0.0)]
        for number, value in enumerate(sorted(values), start=1):
            points += [(value, points[-1][1]), (value, number / len(values))]
        path = " ".join(
            f"{_LEFT + _PLOT * value / longest:.1f},{height - (height - 20) * share:.1f}"
            for value, share in points
        )
        parts.append(f'<polyline class="line{color}" points="{path}"/>')
    return _svg(title, height + 26, parts)


def _grid(height: int, longest: float, unit: str) -> Iterator[str]:
    for quarter in range(5):
        y = height - (height - 20) * quarter / 4
        yield _line("grid", (_LEFT, y), (_LEFT + _PLOT, y))
        yield f'<text class="label" x="{_LEFT - 10}" y="{y + 4:.1f}">{25 * quarter} % of cases</text>'
        x = _LEFT + _PLOT * quarter / 4
        text = f"{longest * quarter / 4:.3g} {unit}"
        yield f'<text class="tick" x="{x:.1f}" y="{height + 18}">{text}</text>'


def _scale(rows: int) -> Iterator[str]:
    bottom = _y(rows) - _ROW / 2
    for tenth in range(0, 11, 2):
        x = _x(tenth / 10)
        yield _line("grid", (x, 6), (x, bottom))
        yield f'<text class="tick" x="{x:.1f}" y="{bottom + 16:.1f}">{10 * tenth} %</text>'


def _frame(title: str, rows: int, parts: Sequence[str]) -> str:
    return _svg(title, int(_y(rows) + 10), parts)


def _svg(title: str, height: int, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )


def _label(text: str, y: float) -> str:
    shown = text if len(text) <= 26 else f"{text[:25]}…"
    return f'<text class="label" x="{_LEFT - 10}" y="{y + 4}">{escape(shown)}</text>'


def _value(text: str, y: float) -> str:
    return f'<text class="value" x="{_LEFT + _PLOT + 8}" y="{y + 4}">{escape(text)}</text>'


def _line(kind: str, start: tuple[float, float], end: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = start, end
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _x(share: float) -> float:
    return _LEFT + _PLOT * share


def _y(row: int) -> float:
    return _ROW * row + 20
