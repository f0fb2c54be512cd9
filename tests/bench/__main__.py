"""`make bench`: figures and tables on the terminal and as JSON, each beside a reference of the same run.

Absolute seconds differ from machine to machine; the ratios are what to compare. `python -m tests.bench
NAME...` measures some of it only.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, fields
from pathlib import Path

from tests.bench.agreement import measure_agreement
from tests.bench.fairness import measure_fairness
from tests.bench.figures import DATA, Figure, Table, rows
from tests.bench.index import measure_index
from tests.bench.languages import measure_languages
from tests.bench.parsing import measure_diffs, measure_files, measure_growth
from tests.bench.scanners import measure_scanners
from tests.bench.service import measure_service, measure_start_up

RESULT = Path("bench.json")

ANYWHERE: dict[str, Callable[[], Iterable[Figure | Table]]] = {
    "start": measure_start_up,
    "service": measure_service,
    "fairness": measure_fairness,
    "growth": lambda: [Table("Growth (milliseconds)", measure_growth())],
    "index": lambda: [Table("Symbol index of the installed packages", measure_index())],
}
WITH_DATA: dict[str, Callable[[], Iterable[Figure | Table]]] = {
    "diffs": measure_diffs,
    "files": measure_files,
    "languages": lambda: [Table("Languages", measure_languages(rows))],
    "scanners": measure_scanners,
    "agreement": measure_agreement,
}


def main(names: list[str]) -> None:
    """Measure what is named, or everything, and print it."""
    measures = ANYWHERE | WITH_DATA
    if unknown := set(names) - set(measures):
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(measures)}")
    if not DATA.is_dir():
        measures = ANYWHERE
        sys.stderr.write(f"{DATA} is not at hand (set REVIEWER_DATA): not measured: {', '.join(WITH_DATA)}\n")
    found = [each for name, measure in measures.items() if not names or name in names for each in measure()]
    figures = [each for each in found if isinstance(each, Figure)]
    tables = [each for each in found if isinstance(each, Table)]
    _print_rows([_figure_cells(figure) for figure in figures])
    for table in tables:
        sys.stdout.write(f"\n{table.title}\n")
        _print_rows(_table_cells(table))
    stored = {
        "figures": [asdict(figure) for figure in figures],
        "tables": {table.title: [asdict(row) for row in table.rows] for table in tables},
    }
    RESULT.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")


def _figure_cells(figure: Figure) -> list[str]:
    reference = figure.reference if figure.ratio is None else f"{figure.ratio:.2f} x {figure.reference}"
    return [figure.name, figure.value, reference]


def _table_cells(table: Table) -> list[list[str]]:
    names = [field.name for field in fields(table.rows[0])]
    return [
        [name.replace("_", " ") for name in names],
        *([_cell(getattr(row, name)) for name in names] for row in table.rows),
    ]


def _cell(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _print_rows(lines: list[list[str]]) -> None:
    """Print cells in columns: the first and the last to the left, those between to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        first, *between, last = (
            cell.rjust(width) if 0 < at < len(line) - 1 else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        sys.stdout.write("  ".join([first, *between, last]).rstrip() + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
