"""Damage for fuzzing: real text with lines and bytes lost, doubled, moved or replaced, by a seed."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

EFFORT = int(os.environ.get("REVIEWER_FUZZ", "1"))  # times as much fuzzing as `make test` wants
_LIMIT = 20  # seconds of processor time for one file, a hundred times what the slowest needs

_NASTY = [
    b"",
    b"\r",
    b"\0",
    b"\xff\xfe",
    "中\u2028文".encode("gb18030"),
    b"(" * 50,
    b"}" * 50,
    b'"""',
    b"'",
    b"/*",
    b"<!--",
    b"<script>",
    b"-->",
    b"`${",
    b"--- a/x",
    b"+++ b/x",
    b"@@ -1 +1 @@",
    b"@@ -1,9999 +1 @@",
    b"diff --git a/x b/y",
    b"\\ No newline at end of file",
]


def mutate(data: bytes, chance: random.Random) -> bytes:
    """Return the data with one to four injuries."""
    for _ in range(chance.randint(1, 4)):
        data = chance.choice(_INJURIES)(data, chance)
    return data


@contextmanager
def time_limit() -> Iterator[None]:
    """Raise TimeoutError in what takes so much processor time that it hangs."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"more than {_LIMIT} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, _LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _lose_lines(data: bytes, chance: random.Random) -> bytes:
    lines = data.split(b"\n")
    at = chance.randrange(len(lines))
    del lines[at : at + chance.randint(1, 5)]
    return b"\n".join(lines)


def _double_lines(data: bytes, chance: random.Random) -> bytes:
    lines = data.split(b"\n")
    at = chance.randrange(len(lines))
    lines[at:at] = lines[at : at + chance.randint(1, 5)] * chance.choice((1, 1, 30))
    return b"\n".join(lines)


def _move_lines(data: bytes, chance: random.Random) -> bytes:
    lines = data.split(b"\n")
    at = chance.randrange(len(lines))
    moved, lines[at : at + 3] = lines[at : at + 3], []
    to = chance.randint(0, len(lines))
    return b"\n".join((*lines[:to], *moved, *lines[to:]))


def _insert_line(data: bytes, chance: random.Random) -> bytes:
    lines = data.split(b"\n")
    lines.insert(chance.randint(0, len(lines)), chance.choice(_NASTY))
    return b"\n".join(lines)


def _insert_text(data: bytes, chance: random.Random) -> bytes:
    at = chance.randint(0, len(data))
    return data[:at] + chance.choice(_NASTY) + data[at:]


def _flip_byte(data: bytes, chance: random.Random) -> bytes:
    at = chance.randint(0, len(data))
    return data[:at] + chance.randbytes(1) + data[at + 1 :]


def _lose_bytes(data: bytes, chance: random.Random) -> bytes:
    at = chance.randint(0, len(data))
    return data[:at] + data[at + chance.choice((1, 1, 1, 20)) :]


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randint(0, len(data))]


_INJURIES: list[Callable[[bytes, random.Random], bytes]] = [
    *(_lose_lines, _double_lines, _move_lines, _insert_line),
    *(_insert_text, _flip_byte, _lose_bytes, _cut),
]
