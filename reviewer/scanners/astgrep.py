"""Run the ast-grep command line over a folder of our own; nothing here knows what a rule means.

ast-grep reads UTF-8 only, obeys ignore files and configuration that it finds on its way up, and holds
every match together with its whole line in memory: so it gets its own folder, its own configuration,
files that we named, and limits on results, seconds and memory.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from reviewer.scanners.matches import MAX_RESULTS, Match, Run, SourceText

SUFFIXES = {
    "bash": ".sh",
    "c": ".c",
    "cpp": ".cpp",
    "csharp": ".cs",
    "css": ".css",
    "go": ".go",
    "html": ".html",
    "java": ".java",
    "javascript": ".js",
    "json": ".json",
    "kotlin": ".kt",
    "php": ".php",
    "python": ".py",
    "ruby": ".rb",
    "rust": ".rs",
    "tsx": ".tsx",
    "typescript": ".ts",
    "yaml": ".yaml",
}
MAX_LINE = 4_000  # bytes; 10,000 results of such a line are 40 MB

_BAD_RULE = 8
_MAX_MEMORY = 1_000_000_000  # bytes; thirty honest files take 25 MB
_IGNORES = ("hidden", "dot", "exclude", "global", "parent", "vcs")
_SCANNED = re.compile(r"^sg: entity\|file\|(?:\./)?(.+): language=", re.MULTILINE)


def find_binary() -> str | None:
    """Return the ast-grep that was installed with us, or one on the PATH, or None."""
    ours = (str(Path(sys.executable).parent), sysconfig.get_path("scripts"))
    return shutil.which("ast-grep", path=os.pathsep.join(ours)) or shutil.which("ast-grep")


def run(
    rules: Iterable[Mapping[str, Any]],
    files: Mapping[str, SourceText],
    *,
    seconds: float,
    binary: str | None = None,
) -> Run:
    """Run rules (ast-grep's documents, ids being the keys) over files (by plain names of ours) in one process.

    Takes at most `seconds`. Never raises: a failure is in the run's `problem`.
    """
    binary = binary or find_binary()
    if binary is None:
        return Run(problem="ast-grep is not installed beside this program")
    with tempfile.TemporaryDirectory(prefix="reviewer-rules-") as name:
        folder = Path(name)
        _lay_out(folder, rules, files)
        try:
            status, stdout, stderr = _execute(_command(binary), folder / "files", seconds)
        except subprocess.TimeoutExpired:
            return Run(problem=f"ast-grep took longer than {seconds:.2g} s", overcome=True)
        except OSError as err:
            return Run(problem=f"ast-grep could not be started: {err.strerror}")
    if status not in (0, 1):
        return Run(
            problem=f"ast-grep ended with {status}: {_cause(stderr)}",
            bad_rule=status == _BAD_RULE,
            overcome=status < 0,
        )
    try:
        matches = tuple(_matches(stdout))
    except (ValueError, KeyError, TypeError) as err:
        return Run(problem=f"ast-grep printed something else than matches: {err!r}")
    scanned = frozenset(map(_name, _SCANNED.findall(stderr)))
    return Run(matches, scanned, cut=len(matches) >= MAX_RESULTS)


def _execute(command: Sequence[str], folder: Path, seconds: float) -> tuple[int, bytes, str]:
    """Run it to its end; return status, stdout and stderr. Raises OSError and TimeoutExpired."""
    # No environment: neither HOME's configuration nor a debug switch may change what is found.
    with subprocess.Popen(
        command, cwd=folder, env={}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        if sys.platform == "linux":  # it has the same grammars as we do, with the same faults
            resource.prlimit(process.pid, resource.RLIMIT_DATA, (_MAX_MEMORY, _MAX_MEMORY))
        try:
            stdout, stderr = process.communicate(timeout=seconds)
        finally:
            process.kill()
    return process.returncode, stdout, stderr.decode("utf-8", "replace")


def _command(binary: str) -> Sequence[str]:
    ignores = [part for kind in _IGNORES for part in ("--no-ignore", kind)]
    limit = ["--max-results", str(MAX_RESULTS)]
    return [binary, "scan", "--rule=../rules.yml", "--json=stream", "--inspect=entity", *ignores, *limit, "."]


def _lay_out(folder: Path, rules: Iterable[Mapping[str, Any]], files: Mapping[str, SourceText]) -> None:
    documents = (json.dumps(rule, ensure_ascii=False) for rule in rules)
    (folder / "rules.yml").write_text("\n---\n".join(documents), encoding="utf-8")
    # Without one of our own, ast-grep takes the configuration of any folder above, such as /tmp.
    (folder / "sgconfig.yml").write_text("ruleDirs: []\n", encoding="utf-8")
    (folder / "files").mkdir()
    for name, source in files.items():
        (folder / "files" / f"{name}{SUFFIXES[source.language]}").write_bytes(source.utf8)


def _name(file: str) -> str:
    return file.removeprefix("./").rpartition(".")[0]


def _matches(stdout: bytes) -> Iterator[Match]:
    for line in stdout.split(b"\n"):
        if not line:
            continue
        found = json.loads(line)
        start, end = found["range"]["start"], found["range"]["end"]
        # A node that ends with a line feed ends before the first column of the line after it.
        last = end["line"] if end["column"] == 0 and end["line"] > start["line"] else end["line"] + 1
        offsets = found.get("replacementOffsets", {"start": 0, "end": 0})
        yield Match(
            rule=found["ruleId"],
            file=_name(found["file"]),
            start_line=start["line"] + 1,
            end_line=last,
            replacement=found.get("replacement"),
            start=offsets["start"],
            end=offsets["end"],
        )


def _cause(stderr: str) -> str:
    lines = [line.strip(" ╰▻") for line in stderr.splitlines() if line.lstrip().startswith("╰▻")]
    return "; ".join(lines) or stderr.strip()[:500] or "no word why"
