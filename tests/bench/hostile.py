"""`python -m tests.bench.hostile [SECONDS] [LANGUAGE...]`: what the worst files we can think of cost a parser.

Files are a few tokens over and over. Motifs are drawn for so many seconds a language, the worst of them
are made longer. Before: the grammar alone in a process that may take 1 GB and 4 s. After: `parse`, and
what this process has grown by.
"""

from __future__ import annotations

import random
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from parsers.languages import LANGUAGES, Language
from parsers.source import SourceTooLarge, parse

_SHORT, _LONG = 3_000, (6_000, 24_000)  # bytes
_MOST_MB, _MOST_S = 1_000, 4
_BEFORE = {"php": b"<?php "}
_COMMON = (
    *"x1()[]{}<>,;.:=#\"'`$@&*!?|+-~%^\\\n xxx",
    *('"a"', "'a'", "/*", "*/", "//", "- ", "=>", "x=", "<a>", "</a>", "x:", "\n  x"),
)
_CHILD = f"""
import resource, signal, struct, sys, time
from tree_sitter import Parser
from parsers.languages import LANGUAGES

language = LANGUAGES[sys.argv[1]]
grammar = language.grammar()
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

def held(name):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(name))

while len(head := sys.stdin.buffer.read(4)) == 4:
    text = sys.stdin.buffer.read(struct.unpack("<I", head)[0])
    try:
        text = language.prepare(text) if language.prepare else text
    except ValueError:
        text = b""
    open("/proc/self/clear_refs", "w").write("5")
    before, began = held("VmHWM"), time.process_time()
    resource.setrlimit(resource.RLIMIT_AS, (1024 * held("VmSize") + {_MOST_MB}_000_000, resource.RLIM_INFINITY))
    signal.setitimer(signal.ITIMER_PROF, {_MOST_S})
    Parser(grammar).parse(text)
    signal.setitimer(signal.ITIMER_PROF, 0)
    taken = time.process_time() - began
    sys.stdout.buffer.write(struct.pack("<dd", taken, (held("VmHWM") - before) / 1000))
    sys.stdout.buffer.flush()
"""


@dataclass(frozen=True, slots=True, order=True)
class Cost:
    """What a text cost; the process died where it reached a limit."""

    mb: float
    seconds: float
    motif: str = ""
    size: int = 0


def main() -> None:
    """Print a row for each language: the motifs that cost most memory and most time, before and after."""
    numbers = [word for word in sys.argv[1:] if word.isdigit()]
    names = [word for word in sys.argv[1:] if not word.isdigit()] or list(LANGUAGES)
    _write("language", "motif", "bytes", "before MB", "s", "after MB", "s", "")
    for name in names:
        for cost in _worst(name, int(numbers[0]) if numbers else 20):
            mb, seconds, said = _after(LANGUAGES[name], _file(name, cost.motif, cost.size))
            before = (f"{cost.mb:.0f}", f"{cost.seconds:.2f}")
            _write(name, repr(cost.motif)[:24], str(cost.size), *before, f"{mb:.0f}", f"{seconds:.2f}", said)


def _worst(name: str, seconds: int) -> list[Cost]:
    """Return the costliest text in memory and the costliest in time, often the same."""
    child = _Child(name)
    found: list[Cost] = []
    end = time.monotonic() + seconds
    for motif in _motifs(LANGUAGES[name]):
        if time.monotonic() > end:
            break
        found.append(child.measure(motif, _SHORT))
    by_time = sorted(found, key=lambda cost: -cost.seconds)[:2]
    candidates = {cost.motif for cost in (*sorted(found, reverse=True)[:3], *by_time)}
    longer = [child.measure(motif, size) for motif in candidates for size in _LONG]
    child.close()
    worst = max(longer), max(longer, key=lambda cost: (cost.seconds, -cost.size))
    return list(dict.fromkeys(worst))


def _motifs(language: Language) -> Iterator[str]:
    grammar, source = language.grammar(), random.Random(1)
    kinds = {
        grammar.node_kind_for_id(number) or ""
        for number in range(grammar.node_kind_count)
        if grammar.node_kind_is_visible(number) and not grammar.node_kind_is_named(number)
    }
    tokens = sorted(kinds - {""})
    yield from dict.fromkeys((*_COMMON, *tokens))
    while True:
        chosen = [
            source.choice(_COMMON if source.random() < 0.5 or not tokens else tokens)
            for _ in range(source.choice((2, 2, 3, 3, 4)))
        ]
        space = source.choice(("", " "))
        yield space.join(chosen) + space


def _file(name: str, motif: str, size: int) -> bytes:
    """Repeat a motif, whole each time: half of one at the end can change everything."""
    text = motif.encode()
    return _BEFORE.get(name, b"") + text * (size // len(text))


class _Child:
    """A process that parses, and is replaced when it dies of it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._process: subprocess.Popen[bytes] | None = None

    def measure(self, motif: str, size: int) -> Cost:
        text = _file(self._name, motif, size)
        self._process = self._process or subprocess.Popen(
            [sys.executable, "-c", _CHILD, self._name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        began = time.monotonic()
        answer = self._exchange(struct.pack("<I", len(text)) + text)
        if answer is not None:
            return Cost(answer[1], answer[0], motif, size)
        late = self.close() == -signal.SIGPROF
        return Cost(0.0 if late else _MOST_MB, _MOST_S if late else time.monotonic() - began, motif, size)

    def close(self) -> int:
        """End it and return its status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        return process.wait()

    def _exchange(self, request: bytes) -> tuple[float, float] | None:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            return None
        try:
            process.stdin.write(request)
            process.stdin.flush()
            answer = process.stdout.read(16)
        except BrokenPipeError:
            return None
        return struct.unpack("<dd", answer) if len(answer) == 16 else None


def _after(language: Language, text: bytes) -> tuple[float, float, str]:
    """Parse as the program does; return what this process grew by at most, the seconds, and what was said."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before, began, said = _peak_mb(), time.monotonic(), "parsed"
    try:
        parse(text, language)
    except SourceTooLarge as err:
        said = str(err)
    return _peak_mb() - before, time.monotonic() - began, said


def _peak_mb() -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1000


def _write(*cells: str) -> None:
    widths = (12, 26, 7, 10, 7, 9, 7, 0)
    sys.stdout.write(
        "".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() + "\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
