"""How fast the rules and the secret scanner go over real files."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from parsers.languages import detect
from reviewer.config import RulesSettings
from reviewer.domain import ChangeSet
from reviewer.forges.local import open_diff
from reviewer.scanners import rulebook
from reviewer.scanners.rules import RuleScanner
from reviewer.scanners.secrets import SecretScanner
from tests.bench.figures import Figure, median, rows, run


def measure_scanners() -> Iterator[Figure]:
    """Scan thirty whole files as added ones."""
    change = _as_change([row for row in rows("file_pairs") if row.get("new") and detect(row["path"])][:30])
    rules = RuleScanner(rulebook.load(RulesSettings()))
    bare = median(lambda: run(str(Path(sys.executable).with_name("ast-grep")), "--version"))
    taken = median(lambda: rules.scan(change))
    yield Figure("rules over 30 files", f"{taken * 1000:.0f} ms", "an empty run of ast-grep", taken / bare)
    with tempfile.TemporaryDirectory() as folder:
        scanner = SecretScanner(Path(folder))
        scanner.scan(change)
        lines = (line for file in change.files for hunk in file.diff.hunks for line in hunk.lines)
        size = sum(len(line.text) for line in lines) / 1e6
        yield Figure("secrets", f"{size / median(lambda: scanner.scan(change)):.1f} MB/s")


def _as_change(files: list[dict[str, Any]]) -> ChangeSet:
    parts = []
    for number, row in enumerate(files):
        lines = row["new"].removesuffix("\n").split("\n")
        body = "".join(f"+{line}\n" for line in lines)
        parts.append(f"--- /dev/null\n+++ b/{number}/{row['path']}\n@@ -0,0 +1,{len(lines)} @@\n{body}")
    return open_diff("".join(parts).encode())
