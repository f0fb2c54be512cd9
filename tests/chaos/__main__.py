"""`make chaos`: every scenario in full, as one table on the terminal and as JSON.

`python -m tests.chaos [--short] [--soak SECONDS] [--kills N] [--keep FOLDER] [NAME...]` runs some of it, or
less of it. The exit code is 1 if anything was broken.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from tests.chaos.catalogue import SCENARIOS
from tests.chaos.outcome import FULL, SHORT, Outcome, Scale
from tests.chaos.staging import stage

RESULT = Path("chaos.json")
_HEADINGS = (
    *("scenario", "runs", "lost", "doubled", "stuck", "repeated model calls"),
    *("worst recovery s", "took s", "verdict"),
)


def main(arguments: list[str]) -> int:
    """Run what is named, or everything; print a row as soon as it is known."""
    asked = _read(arguments)
    if unknown := set(asked.names) - set(SCENARIOS):
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}")
    width = max(map(len, SCENARIOS))
    sys.stdout.write(_row(_HEADINGS, width))
    stored: dict[str, object] = {}
    broken = 0
    with _folder(asked.keep) as folder, stage(folder) as ready:
        for name in asked.names or SCENARIOS:
            began = time.monotonic()
            outcome = ready.play(name, SCENARIOS[name], _scale(asked))
            took = time.monotonic() - began
            broken += not outcome.held
            sys.stdout.write(_row(_cells(name, outcome, took), width) + _remarks(outcome))
            sys.stdout.flush()
            stored[name] = {
                **asdict(outcome),
                "figures": dict(outcome.figures),
                "held": outcome.held,
                "seconds": round(took, 1),
            }
            asked.out.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
    return 1 if broken else 0


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True)
        yield kept.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="chaos-") as made:
        yield Path(made)


def _read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--short", action="store_true", help="the form that `make test` runs")
    parser.add_argument("--soak", type=float, metavar="SECONDS")
    parser.add_argument("--kills", type=int, metavar="N")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="leave databases and logs in a new folder"
    )
    parser.add_argument("--out", type=Path, default=RESULT, metavar="FILE")
    return parser.parse_args(arguments)


def _scale(asked: argparse.Namespace) -> Scale:
    scale = SHORT if asked.short else FULL
    scale = replace(scale, soak_s=asked.soak) if asked.soak else scale
    return replace(scale, kills=asked.kills) if asked.kills else scale


def _cells(name: str, outcome: Outcome, took: float) -> tuple[str, ...]:
    if outcome.skipped:
        return (name, *("-" for _ in _HEADINGS[1:-2]), f"{took:.0f}", "skipped")
    recovery = "-" if outcome.recovery_s is None else f"{outcome.recovery_s:.1f}"
    counts = (outcome.runs, outcome.lost, outcome.doubled, outcome.stuck, outcome.repeated)
    return (name, *map(str, counts), recovery, f"{took:.0f}", "held" if outcome.held else "BROKEN")


def _row(cells: tuple[str, ...], width: int) -> str:
    first, *rest = cells
    columns = (cell.rjust(len(heading)) for cell, heading in zip(rest, _HEADINGS[1:], strict=True))
    return "  ".join([first.ljust(width), *columns]) + "\n"


def _remarks(outcome: Outcome) -> str:
    figures = ", ".join(f"{name} {_figure(value)}" for name, value in outcome.figures.items())
    lines = [outcome.skipped, figures, *(f"BROKEN: {complaint}" for complaint in outcome.broken)]
    return "".join(f"    {line}\n" for line in lines if line)


def _figure(value: float | str) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
