"""`make bench`: figures as a table and as JSON, each beside a reference measured in the same run.

Absolute seconds differ from machine to machine; the ratios are what to compare.
"""

from __future__ import annotations

import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from parsers import edits
from parsers.context import context
from parsers.diff import parse as parse_diff
from parsers.languages import detect
from parsers.source import parse as parse_source
from reviewer.config import RulesSettings
from reviewer.domain import ChangeSet
from reviewer.forges.local import open_diff
from reviewer.scanners import rulebook
from reviewer.scanners.rules import RuleScanner
from reviewer.scanners.secrets import SecretScanner
from tests.bench.acknowledgement import measure_acknowledgement

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("REVIEWER_DATA", ROOT.parent / "shared" / "data"))
RESULT = Path("bench.json")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement; `reference` is what the ratio is to, both measured in this run."""

    name: str
    value: str
    reference: str = ""
    ratio: float | None = None


def main() -> None:
    """Measure everything and print it."""
    figures = [*_start_up(), *_acknowledgement()]
    if DATA.is_dir():
        figures += [*_diffs(), *_files(), *_scanners()]
    else:
        sys.stderr.write(
            f"{DATA} is not at hand: parsers and scanners are not measured (set REVIEWER_DATA)\n"
        )
    width = max(len(figure.name) for figure in figures)
    for figure in figures:
        ratio = f"{figure.ratio:.2f} x {figure.reference}" if figure.ratio is not None else figure.reference
        sys.stdout.write(f"{figure.name:<{width}}  {figure.value:>16}  {ratio}\n")
    RESULT.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n", encoding="utf-8")


def _start_up() -> Iterator[Figure]:
    bare = _median(lambda: _run(sys.executable, "-c", "pass"))
    asked = _median(lambda: _run(str(Path(sys.executable).with_name("reviewer")), "--help"))
    yield Figure("reviewer --help", f"{asked * 1000:.0f} ms", "an empty Python", asked / bare)


def _acknowledgement() -> Iterator[Figure]:
    measured = measure_acknowledgement()
    for name in ("p50", "p95"):
        ours, noop = measured.service[name], measured.noop[name]
        yield Figure(f"webhook acknowledged, {name}", f"{ours:.1f} ms", "a no-op endpoint", ours / noop)
    yield Figure("service, idle", f"{measured.idle_rss_mb:.0f} MB RSS")


def _diffs() -> Iterator[Figure]:
    texts = [text for row in _rows("real_diffs") if (text := row.get("diff")) and _is_plain(text)]
    rows = [text.encode() for text in texts]
    ours = _median(lambda: [parse_diff(row) for row in rows], times=3)
    plain = _median(lambda: [PatchSet(text) for text in texts], times=3)
    speed = sum(map(len, rows)) / 1e6 / ours
    yield Figure("diffs parsed", f"{speed:.1f} MB/s", "plain unidiff's speed", plain / ours)


def _is_plain(text: str) -> bool:
    """Say whether plain unidiff reads a diff at all: only those can be compared."""
    try:
        PatchSet(text)
    except UnidiffParseError:
        return False
    return True


def _files() -> Iterator[Figure]:
    rows = [row for row in _rows("file_pairs") if row.get("new") and detect(row["path"])]
    parsing: list[float] = []
    describing: list[float] = []
    checking: list[float] = []
    for row in rows:
        source, language = row["new"].encode(), detect(row["path"])
        if language is None or len(source) > 500_000:
            continue
        with _timed(parsing):
            tree = parse_source(source, language)
        with _timed(describing):
            context(tree, language, range(1, 40))
        with _timed(checking):
            edits.check(row["path"], source, 1, 1, source.decode().split("\n")[0] + " ")
    yield Figure("context of a file, p95", f"{_share(describing, 0.95):.2f} ms", "its parse, p95",
                 _share(describing, 0.95) / _share(parsing, 0.95))  # fmt: skip
    yield Figure("check of an edit, median", f"{_share(checking, 0.5):.2f} ms", "its parse, median",
                 _share(checking, 0.5) / _share(parsing, 0.5))  # fmt: skip


def _scanners() -> Iterator[Figure]:
    change = _as_change([row for row in _rows("file_pairs") if row.get("new") and detect(row["path"])][:30])
    rules = RuleScanner(rulebook.load(RulesSettings()))
    bare = _median(lambda: _run(str(Path(sys.executable).with_name("ast-grep")), "--version"))
    taken = _median(lambda: rules.scan(change))
    yield Figure("rules over 30 files", f"{taken * 1000:.0f} ms", "an empty run of ast-grep", taken / bare)
    with tempfile.TemporaryDirectory() as folder:
        scanner = SecretScanner(Path(folder))
        scanner.scan(change)
        size = (
            sum(len(line.text) for file in change.files for hunk in file.diff.hunks for line in hunk.lines)
            / 1e6
        )
        taken = _median(lambda: scanner.scan(change))
    yield Figure("secrets", f"{size / taken:.1f} MB/s")


def _as_change(rows: list[dict[str, Any]]) -> ChangeSet:
    parts = []
    for number, row in enumerate(rows):
        lines = row["new"].removesuffix("\n").split("\n")
        body = "".join(f"+{line}\n" for line in lines)
        parts.append(f"--- /dev/null\n+++ b/{number}/{row['path']}\n@@ -0,0 +1,{len(lines)} @@\n{body}")
    return open_diff("".join(parts).encode())


def _rows(name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _median(work: Callable[[], object], times: int = 5) -> float:
    taken: list[float] = []
    for _ in range(times):
        with _timed(taken):
            work()
    return statistics.median(taken) / 1000


@contextmanager
def _timed(taken: list[float]) -> Iterator[None]:
    started = time.perf_counter()
    yield
    taken.append((time.perf_counter() - started) * 1000)


def _share(taken: list[float], share: float) -> float:
    return sorted(taken)[min(len(taken) - 1, int(len(taken) * share))]


if __name__ == "__main__":
    main()
