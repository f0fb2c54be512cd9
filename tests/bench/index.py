"""The symbol index over repositories made of the installed packages: 1, 4 and 16 times as many files.

`python -m tests.bench.index` prints the table, and callers of three signatures that it changes.
"""

from __future__ import annotations

import statistics
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from parsers.languages import LANGUAGES
from parsers.outline import outline
from parsers.signatures import SignatureChange, changed_signatures
from parsers.source import parse
from reviewer.demo.repository import Repository
from reviewer.repo.index import SymbolIndex
from reviewer.repo.nearness import How

PYTHON = LANGUAGES["python"]
LARGEST = 3_200  # files; the smaller repositories have every 4th and every 16th of them
CHANGED = 20
_MAX_BYTES = 400_000
_ASKING, _NAMES_EACH = 60, 8


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One repository: what indexing it took, and what asking it takes.

    `parse_s` is the reference: parsing the same files and nothing else. `share` is the database's
    size by the source's. A lookup is one question where a name is defined, or who mentions it.
    """

    files: int
    source_mb: float
    cold_s: float
    parse_s: float
    commit_s: float
    lookup_p50_ms: float
    lookup_p95_ms: float
    share: float


def measure_index() -> list[IndexRow]:
    """Measure three repositories, the largest last."""
    files = _installed_files(LARGEST)
    return [_measure(dict(list(files.items())[::step])) for step in (16, 4, 1)]


def _installed_files(count: int) -> dict[str, bytes]:
    """Read Python files of the installed packages, by path; copies fill up where there are too few."""
    root = Path(sysconfig.get_path("purelib"))
    found = {
        file.relative_to(root).as_posix(): file.read_bytes()
        for file in sorted(root.rglob("*.py"))
        if file.stat().st_size <= _MAX_BYTES
    }
    files = dict(found)
    while len(files) < count:
        files |= {
            f"copy{len(files)}/{path}": text + b"# copy %d\n" % len(files) for path, text in found.items()
        }
    step = len(files) / count
    chosen = list(files)
    return {path: files[path] for path in (chosen[int(at * step)] for at in range(count))}


def _measure(files: Mapping[str, bytes]) -> IndexRow:
    step = max(1, len(files) // CHANGED)
    edits = {path: files[path] + b"\n\ndef added(): return 1\n" for path in list(files)[::step][:CHANGED]}
    started = time.perf_counter()
    for text in files.values():
        parse(text, PYTHON)
    parsed = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as made:
        repository = Repository.create(Path(made) / "repository.git")
        first, second = (repository.commit("main", change) for change in (files, edits))
        with SymbolIndex.open(Path(made) / "index") as index:
            cold = index.update(repository.git, first)
            share = index.size / sum(map(len, files.values()))
            change = index.update(repository.git, second)
            taken = sorted(_look_up(index, first, files))
    return IndexRow(
        files=len(files),
        source_mb=sum(map(len, files.values())) / 1e6,
        cold_s=cold.seconds,
        parse_s=parsed,
        commit_s=change.seconds,
        lookup_p50_ms=statistics.median(taken),
        lookup_p95_ms=taken[int(len(taken) * 0.95)],
        share=share,
    )


def _look_up(index: SymbolIndex, commit: str, files: Mapping[str, bytes]) -> Iterator[float]:
    """Ask, for files spread over the repository, about names that they mention; yield ms of processor time."""
    index.definitions(commit, "main")  # reads the commit's list of files, once
    for path in list(files)[:: max(1, len(files) // _ASKING)]:
        names = sorted({row.name for row in outline(parse(files[path], PYTHON), PYTHON).references})
        for name in names[:: max(1, len(names) // _NAMES_EACH)]:
            for ask in (index.definitions, index.mentions):
                started = time.thread_time()
                ask(commit, name, path)
                yield (time.thread_time() - started) * 1000


def find_callers(count: int = 3) -> Iterator[str]:
    """Give some functions of the installed packages another parameter, and say who calls them."""
    files = _installed_files(LARGEST)
    with tempfile.TemporaryDirectory() as made:
        repository = Repository.create(Path(made) / "repository.git")
        commit = repository.commit("main", files)
        with SymbolIndex.open(Path(made) / "index") as index:
            index.update(repository.git, commit)
            changes = (one for path, text in files.items() for one in _widen(index, commit, path, text))
            for path, change in islice(changes, count):
                answer = index.mentions(commit, change.old.name, path, kinds={"call"}, limit=5)
                signature = " ".join(change.old.signature.split())
                yield f"{path}:{change.old.start_line}  {signature}  ({', '.join(change.parts)} changed)"
                for one in answer.found:
                    yield f"    {one.path}:{one.line} in {one.within or 'the module'}, {one.how}"
                yield f"    and {answer.candidates - len(answer.found)} more"


def _widen(index: SymbolIndex, commit: str, path: str, text: bytes) -> Iterator[tuple[str, SignatureChange]]:
    """Yield at most one function of a file that three others import, with a parameter more."""
    old = outline(parse(text, PYTHON), PYTHON)
    for row in old.definitions:
        if row.kind != "function" or row.parent is not None or index.definitions(commit, row.name).others:
            continue
        found = index.mentions(commit, row.name, path, kinds={"call"}).found
        if sum(one.how is How.IMPORTED for one in found) >= 3:
            new = text.replace(f"def {row.name}(".encode(), f"def {row.name}(added, ".encode())
            yield from ((path, one) for one in changed_signatures(old, outline(parse(new, PYTHON), PYTHON)))
            return


def main() -> None:
    """Print the table and the callers."""
    for row in measure_index():
        sys.stdout.write(
            f"{row.files:>5} files {row.source_mb:>5.1f} MB"
            f"  cold {row.cold_s:.2f} s, {row.cold_s / row.parse_s:.1f} x parsing alone"
            f"  {CHANGED} files changed {row.commit_s:.2f} s"
            f"  lookup p50 {row.lookup_p50_ms:.2f} ms, p95 {row.lookup_p95_ms:.2f} ms"
            f"  database {row.share:.1%} of the source\n"
        )
    for line in find_callers():
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
