"""How much processor time and memory the parsers take for diffs and files, and how the time grows."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from parsers import edits
from parsers.context import context
from parsers.diff import parse as parse_diff
from parsers.languages import LANGUAGES, Language
from parsers.source import parse as parse_source
from tests.bench.figures import PROCESSOR, Figure, median, rows, share, timed
from tests.unit.parsers.real_edits import edits_of, parsing_files

_FILES = 500
_MEMORY = """
import sys
from parsers.diff import parse
data = sys.stdin.buffer.read()
parsed = parse(data) if sys.argv[1] == "parse" else None
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@dataclass(frozen=True, slots=True)
class Growth:
    """Processor milliseconds for an input of 1, 4 and 16 times the size; `ratio` is the last by the first."""

    name: str
    once: float
    times_4: float
    times_16: float
    ratio: float


def measure_diffs() -> Iterator[Figure]:
    """Parse all real diffs, beside plain unidiff, and one of 5 MB in a process of its own."""
    texts = [text for row in rows("real_diffs") if (text := row.get("diff")) and _is_plain(text)]
    diffs = [text.encode() for text in texts]
    ours = median(lambda: _each(parse_diff, diffs), clock=PROCESSOR)
    plain = median(lambda: _each(PatchSet, texts), clock=PROCESSOR)
    speed = sum(map(len, diffs)) / 1e6 / ours
    yield Figure("diffs parsed", f"{speed:.1f} MB/s", "plain unidiff's speed", plain / ours)
    large = _diff_of(_FILES, 250)
    peak, held = _peak_mb("parse", large), _peak_mb("hold", large)
    name = f"diff of {len(large) / 1e6:.1f} MB over {_FILES} files"
    yield Figure(name, f"{peak:.0f} MB peak", "the same process without parsing", peak / held)


def measure_files() -> Iterator[Figure]:
    """Describe the changed lines of all real files that parse, and try their real edits."""
    parsing: list[float] = []
    describing: list[float] = []
    checking: list[float] = []
    for path, file, after, whole in parsing_files(rows):
        language = whole[0].language
        with timed(parsing, PROCESSOR):
            source = parse_source(after, language)
        with timed(describing, PROCESSOR):
            context(source, language, file.added_lines)
        for edit in edits_of(file, after, source.utf8):
            text = edit.text.decode()
            with timed(checking, PROCESSOR):
                edits.check(path, edit.before, edit.start, edit.end_before, text)
    for name, taken, part in (
        ("context of a file, p95", describing, 0.95),
        ("check of an edit, median", checking, 0.5),
    ):
        ours, parse = share(taken, part), share(parsing, part)
        yield Figure(name, f"{ours:.2f} ms", f"its parse, {name.rpartition(' ')[2]}", ours / parse)


def measure_growth() -> list[Growth]:
    """Read a diff, describe all lines of a file and try an edit of it at three sizes."""
    growths = [_growth("diff, from 0.5 MB", parse_diff, lambda size: _diff_of(50 * size, 250))]
    for name, path, write in (("python", "a.py", _write_python), ("java", "A.java", _write_java)):
        language = LANGUAGES[name]

        def describe(text: bytes, language: Language = language) -> object:
            return context(parse_source(text, language), language, range(1, text.count(b"\n") + 1))

        def try_edit(text: bytes, path: str = path) -> object:
            return edits.check(path, text, 1, 1, "import fees")

        growths.append(_growth(f"parse and context of all lines, {name}", describe, write))
        growths.append(_growth(f"check of an edit, {name}", try_edit, write))
    return growths


def _growth(name: str, work: Callable[[bytes], object], write: Callable[[int], bytes]) -> Growth:
    once, times_4, times_16 = (_least(work, write(size)) for size in (1, 4, 16))
    return Growth(name, once, times_4, times_16, times_16 / once)


def _least(work: Callable[[bytes], object], text: bytes) -> float:
    """Return the least of five, without Python's collector, whose passes depend on what else is alive."""
    taken: list[float] = []
    gc.disable()
    try:
        for _ in range(5):
            with timed(taken, PROCESSOR):
                work(text)
    finally:
        gc.enable()
    return min(taken)


def _each(work: Callable[[Any], object], inputs: list[Any]) -> None:
    for each in inputs:
        work(each)


def _is_plain(text: str) -> bool:
    """Say whether plain unidiff reads a diff at all: only those can be compared."""
    try:
        PatchSet(text)
    except UnidiffParseError:
        return False
    return True


def _peak_mb(what: str, diff: bytes) -> float:
    """Return the most memory that a process ever held that reads a diff and parses it, or only holds it."""
    done = subprocess.run([sys.executable, "-c", _MEMORY, what], input=diff, capture_output=True, check=True)
    return int(done.stdout) / 1024


def _diff_of(files: int, lines: int) -> bytes:
    """Write a diff in which a third of the lines is added, a third removed, in hunks of 50."""
    hunk = b"".join(
        b" order.fill(price, quantity)  # context\n-order.settle(day, account)  # removed\n"
        b"+order.settle(next_day, account)  # added\n"
        for _ in range(17)
    )
    body = b"".join(b"@@ -%d,34 +%d,34 @@ class Order\n%s" % (at, at, hunk) for at in range(1, lines, 50))
    return b"".join(
        b"diff --git a/f%d.py b/f%d.py\nindex 1..2 100644\n--- a/f%d.py\n+++ b/f%d.py\n%s"
        % (n, n, n, n, body)
        for n in range(files)
    )


def _write_python(size: int) -> bytes:
    return b"import sys\n" + b"".join(
        b"class Order%d(Base):\n    rate: int = 3\n\n    def fee(self, fill: Fill) -> int:\n"
        b"        return max(self.rate * fill.total(sys.maxsize), 500)\n\n" % n
        for n in range(100 * size)
    )


def _write_java(size: int) -> bytes:
    return b"import java.util.List;\nclass Orders {\n    private int rate;\n%s}\n" % b"".join(
        b"    /** Fee in fen. */\n    int fee%d(List<Fill> fills) {\n"
        b"        return Math.max(this.rate * fills.size(), 500);\n    }\n" % n
        for n in range(100 * size)
    )
