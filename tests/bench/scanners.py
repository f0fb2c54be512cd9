"""How fast the rules and the secret scanner go over real files, in how much memory, and beside other tools.

bandit and semgrep are compared with where REVIEWER_BANDIT and REVIEWER_SEMGREP name their commands, or
the PATH has them: on the same Python files, in the same run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from parsers.diff import FileDiff, FileStatus, Hunk, Line, LineKind
from parsers.languages import detect
from reviewer.config import RulesSettings
from reviewer.domain import ChangedFile, ChangeRef, ChangeSet
from reviewer.forges.local import open_diff
from reviewer.scanners import rulebook
from reviewer.scanners.rules import RuleScanner
from reviewer.scanners.secrets import SecretScanner
from tests.bench.figures import Figure, Table, median, rows, run

ROOT = Path(__file__).resolve().parents[2]
CHANGED = 10  # lines of each file
# What a rule of ours finds as well, in the other engine's words: as many as show what it takes to run some.
SEMGREP_RULES: Mapping[str, str] = {
    "eval": "eval(...)",
    "yaml": "yaml.load(...)",
    "pickle": "pickle.loads(...)",
    "shell": "subprocess.$RUN(..., shell=True, ...)",
    "system": "os.system(...)",
    "tls": "requests.$GET(..., verify=False, ...)",
    "md5": "hashlib.md5(...)",
    "sql": 'execute("..." % ...)',
    "tmp": "tempfile.mktemp(...)",
    "debug": "$APP.run(..., debug=True, ...)",
}


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan of the rules: `peak_mb` is the resident memory of the process and its children.

    `scan_mb` is what of it came with the scan.
    """

    files: int
    languages: int
    kilobytes: int
    seconds: float
    processor_s: float
    peak_mb: float
    scan_mb: float


def measure_scanners() -> Iterator[Figure | Table]:
    """Scan real files, all of them or Python's alone, and whole files as added ones for secrets."""
    book = rulebook.load(RulesSettings())
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        read = median(lambda: rulebook.load(RulesSettings()), times=1)
        rulebook.load(RulesSettings(), cache_dir=cache)
        kept = median(lambda: rulebook.load(RulesSettings(), cache_dir=cache), times=3)
        yield Figure(
            f"{len(book.rules)} rules, read and checked", f"{read:.2f} s", "the same, kept", read / kept
        )
        yield Table("Rules", [_scan_apart(*which, cache) for which in ((30, "python"), (30, ""), (1000, ""))])
        yield from _beside_others(cache)
    yield from _secrets()


def _scan_apart(count: int, language: str, cache: Path) -> Scan:
    """Scan in a process of its own, and watch its memory from here."""
    command = [sys.executable, "-m", "tests.bench.scanners", str(count), language, str(cache)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()  # everything is read
    peak = before = _tree_mb(process.pid)
    while process.poll() is None:
        peak = max(peak, _tree_mb(process.pid))
        time.sleep(0.01)
    told = json.loads(process.stdout.read())
    return Scan(**told, peak_mb=round(peak), scan_mb=round(peak - before))


def scan_once(count: int, language: str, cache: Path) -> None:
    """Read files, say so, wait for the rules, scan, and print what it took."""
    change = _as_small_change(list(islice(cycle(_files(language)), count)))
    scanner = RuleScanner(rulebook.load(RulesSettings(), cache_dir=cache))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    times, started = os.times(), time.perf_counter()
    report = scanner.scan(change)
    seconds, spent = time.perf_counter() - started, os.times()
    assert not any(warning.undecided for warning in report.warnings), report.warnings
    sys.stdout.write(
        json.dumps(
            {
                "files": count,
                "languages": len(_languages(change)),
                "kilobytes": sum(len(file.new or b"") for file in change.files) // 1000,
                "seconds": round(seconds, 2),
                "processor_s": round(sum(spent[:4]) - sum(times[:4]), 2),
            }
        )
    )


def _languages(change: ChangeSet) -> set[str]:
    return {known.name for file in change.files if (known := detect(file.path, file.new or b""))}


def _files(language: str) -> list[tuple[str, bytes]]:
    pairs = ((row["path"], row["new"]) for row in rows("file_pairs") if isinstance(row.get("new"), str))
    found = ((path, text.encode(), detect(path, text[:4000].encode())) for path, text in pairs)
    return [(path, text) for path, text, known in found if known and language in ("", known.name) and text]


def _as_small_change(files: list[tuple[str, bytes]]) -> ChangeSet:
    """Change the first lines of each file."""
    changed = []
    for number, (path, text) in enumerate(files):
        lines = text.split(b"\n")[:CHANGED]
        hunk = Hunk(
            0, 0, 1, len(lines), "",
            tuple(Line(LineKind.ADDED, None, at, line) for at, line in enumerate(lines, 1)),
        )  # fmt: skip
        diff = FileDiff(
            path=f"{number}/{path}", old_path=f"{number}/{path}", status=FileStatus.MODIFIED, is_binary=False,
            hunks=(hunk,), old_mode="100644", new_mode="100644",
        )  # fmt: skip
        changed.append(ChangedFile(diff, None, text))
    return ChangeSet(ChangeRef("local", "bench", 0, None, None, None), "", "", tuple(changed))


def _tree_mb(pid: int) -> float:
    """Return the resident memory of a process and of its children, in megabytes."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        children = [task.read_text(encoding="utf-8") for task in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:  # it has ended
        return 0.0
    own = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)
    return own / 1024 + sum(_tree_mb(int(child)) for text in children for child in text.split())


def _beside_others(cache: Path) -> Iterator[Figure]:
    """Run other tools over thirty Python files in a folder, each as its own process, ours as well."""
    bandit = os.environ.get("REVIEWER_BANDIT") or shutil.which("bandit")
    semgrep = os.environ.get("REVIEWER_SEMGREP") or shutil.which("semgrep")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "src").mkdir()
        for number, (_, text) in enumerate(islice(_files("python"), 30)):
            (folder / "src" / f"m{number}.py").write_bytes(text)
        ours = median(
            lambda: run(sys.executable, "-m", "tests.bench.scanners", "30", "python", str(cache)), times=3
        )
        yield Figure("rules over 30 Python files, the whole process", f"{ours:.2f} s")
        if bandit:
            yield _other("bandit", [bandit, "-q", "-r", "src", "-f", "json", "-o", "out.json"], folder, ours)
        if semgrep:
            listed = [
                {
                    "id": rule_id,
                    "pattern": pattern,
                    "languages": ["python"],
                    "severity": "ERROR",
                    "message": rule_id,
                }
                for rule_id, pattern in SEMGREP_RULES.items()
            ]
            (folder / "rules.json").write_text(json.dumps({"rules": listed}), encoding="utf-8")
            command = [
                semgrep,
                "scan",
                "--metrics=off",
                "--disable-version-check",
                "--quiet",
                "--json",
                "--no-git-ignore",
            ]
            command += ["--config", "rules.json", "--output", "out.json", "src"]
            yield _other(f"semgrep, {len(listed)} rules", command, folder, ours)


def _other(name: str, command: list[str], folder: Path, ours: float) -> Figure:
    def once() -> None:
        subprocess.run(command, cwd=folder, check=False, capture_output=True)

    taken = median(once, times=3)
    return Figure(f"{name} over the same files", f"{taken:.2f} s", "ours", taken / ours)


def _secrets() -> Iterator[Figure]:
    change = _as_added([row for row in rows("file_pairs") if row.get("new") and detect(row["path"])][:30])
    with tempfile.TemporaryDirectory() as folder:
        scanner = SecretScanner(Path(folder))
        scanner.scan(change)
        lines = (line for file in change.files for hunk in file.diff.hunks for line in hunk.lines)
        size = sum(len(line.text) for line in lines) / 1e6
        yield Figure("secrets", f"{size / median(lambda: scanner.scan(change)):.1f} MB/s")


def _as_added(files: list[dict[str, Any]]) -> ChangeSet:
    parts = []
    for number, row in enumerate(files):
        lines = row["new"].removesuffix("\n").split("\n")
        body = "".join(f"+{line}\n" for line in lines)
        parts.append(f"--- /dev/null\n+++ b/{number}/{row['path']}\n@@ -0,0 +1,{len(lines)} @@\n{body}")
    return open_diff("".join(parts).encode())


if __name__ == "__main__":
    scan_once(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
