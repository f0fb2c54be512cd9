"""The child of `parsers.trial`: parse what comes in over stdin, under limits, and say that it went well."""

from __future__ import annotations

import os
import resource
import select
import signal
import struct
import sys
from pathlib import Path

REQUEST = struct.Struct("<32sdIQ")
"""The language's name, seconds of processor time, the length of the text, bytes of memory."""

READY, DONE = b"r", b"+"

_GROWN = 128_000_000  # bytes that it holds on to: it ends, and the next one begins small
_HELD = Path("/proc/self/statm")


def main(idle_s: float) -> None:
    """Serve until stdin closes or nobody asks for so long; a text past its limits ends the process."""
    from tree_sitter import Parser

    from parsers.languages import by_name

    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    stdin = sys.stdin.buffer
    os.write(1, READY)
    while select.select([stdin], [], [], idle_s)[0] and len(head := stdin.read(REQUEST.size)) == REQUEST.size:
        name, seconds, length, memory = REQUEST.unpack(head)
        text = stdin.read(length)
        language = by_name(name.rstrip(b"\0").decode())
        if language is None or len(text) < length:
            sys.exit(2)
        parser = Parser(language.grammar())
        _allow(memory)
        signal.setitimer(signal.ITIMER_PROF, seconds)
        parser.parse(text)
        signal.setitimer(signal.ITIMER_PROF, 0)
        os.write(1, DONE)
        if _held(1) > _GROWN:
            return


def _allow(memory: int) -> None:
    """Let the process take so many bytes more than it has; only Linux can tell how many that is."""
    if not _HELD.exists():
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = _held(0) + memory
    resource.setrlimit(
        resource.RLIMIT_AS, (limit if most == resource.RLIM_INFINITY else min(limit, most), most)
    )


def _held(column: int) -> int:
    """Return the bytes of address space (column 0) or of memory (column 1) that this process has."""
    if not _HELD.exists():
        return 0
    return int(_HELD.read_text(encoding="ascii").split()[column]) * resource.getpagesize()
