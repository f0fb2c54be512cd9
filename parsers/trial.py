"""Let a child process parse a text before this process does.

Crafted files of a few kB cost the grammars' C code gigabytes or minutes, most of it in one step that
nothing can interrupt, and a grammar may have worse faults. The child has limits on both; where it
dies, this process never begins. It is started when it is first needed, not by forking this one,
serves one text at a time, and ends with this process or after some idle minutes.
"""

from __future__ import annotations

import atexit
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import IO

from parsers.trial_child import DONE, READY, REQUEST

_PROGRAM = (
    "import sys; sys.path[:] = sys.argv[2:]; from parsers.trial_child import main; main(float(sys.argv[1]))"
)
_START_S = 60.0  # seconds on the clock, on a machine that is busy with other things
_PATIENCE = 30  # seconds on the clock for one of processor time
_END_S = 2.0
_CHUNK = 65_536
_REMEMBERED = 4_096

_KILLED = "not parsed in time, or for lack of memory"
_UNTRIED = "it could not be tried whether it can be parsed"
_BY_CHANCE = (_KILLED, _UNTRIED)

# Bytes: the densest honest code takes 350 for each of its own, real files 5 to 50.
_MEMORY = 32_000_000
_MEMORY_PER_BYTE = 350
_MOST_MEMORY = 400_000_000


class Trial:
    """Knows whether texts can be parsed within limits; safe to use from several threads.

    What was found out of a text is remembered, what may have been chance is not. `python` runs the
    child, which ends after `idle_s` seconds without a text.
    """

    def __init__(self, *, python: str = sys.executable, idle_s: float = 300.0) -> None:
        self._python = python
        self._idle_s = idle_s
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._known: OrderedDict[bytes, str] = OrderedDict()

    def refuse(self, language: str, text: bytes, *, seconds: float) -> str:
        """Say why a text must not be parsed, "" if it may; `seconds` is processor time."""
        if seconds <= 0:
            return "not parsed within the time limit"
        key = blake2b(text, digest_size=20, person=language.encode()[:16]).digest()
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
            reason = self._try(language, text, seconds)
            if reason not in _BY_CHANCE:
                self._known[key] = reason
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return reason

    @property
    def pid(self) -> int | None:
        """Return the process id of the child, None while there is none."""
        return self._child.pid if self._child is not None and self._owner == os.getpid() else None

    def close(self) -> None:
        """End the child; the next text starts another one."""
        with self._lock:
            self._end()

    def _try(self, language: str, text: bytes, seconds: float) -> str:
        memory = min(_MEMORY + _MEMORY_PER_BYTE * len(text), _MOST_MEMORY)
        head = REQUEST.pack(language.encode(), seconds, len(text), memory)
        for _ in range(2):
            child = self._start()
            if child is None:
                break
            if _ask(child, head + text, _START_S + _PATIENCE * seconds):
                return ""
            status = self._end()
            if status == -signal.SIGPROF:
                return "not parsed within the time limit"
            if status == -signal.SIGKILL:
                return _KILLED
            if status != 0:  # with 0 it was about to end in any case
                return "parsing it takes too much memory, or crashes"
        return _UNTRIED

    def _start(self) -> subprocess.Popen[bytes] | None:
        """Return the child that there is, else a new one; None if none can be started."""
        if self._child is not None and self._owner == os.getpid():
            if self._child.poll() is None:
                return self._child
            self._end()  # idle, grown or killed: no text is to blame
        self._child = None  # after a fork it is the other process's
        try:
            child = subprocess.Popen(
                [self._python, "-I", "-S", "-c", _PROGRAM, str(self._idle_s), *_search_path()],
                cwd="/",
                env={name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                start_new_session=True,
            )
        except OSError:
            return None
        self._child, self._owner = child, os.getpid()
        atexit.unregister(self.close)
        atexit.register(self.close)
        os.set_blocking(_descriptor(child.stdin), False)
        if _answer(child, _START_S) != READY:
            self._end()
            return None
        return child

    def _end(self) -> int:
        """Let the child end and return its status."""
        child, self._child = self._child, None
        if child is None or self._owner != os.getpid():
            return 0
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()
        try:
            return child.wait(_END_S)
        except subprocess.TimeoutExpired:
            child.kill()
            return child.wait()


def _search_path() -> Sequence[str]:
    """Return where modules are looked for, but not the working directory, which may be a stranger's."""
    return [entry for entry in sys.path if Path(entry).is_absolute()]


def _ask(child: subprocess.Popen[bytes], request: bytes, seconds: float) -> bool:
    """Say whether the child parsed what it was given; it is dead, or as good as, where it did not."""
    deadline = time.monotonic() + seconds
    rest = memoryview(request)
    stdin = _descriptor(child.stdin)
    try:
        while rest:
            if not _is_ready(stdin, select.POLLOUT, deadline):
                child.kill()
                return False
            rest = rest[os.write(stdin, rest[:_CHUNK]) :]
    except BrokenPipeError:
        return False
    return _answer(child, deadline - time.monotonic()) == DONE


def _answer(child: subprocess.Popen[bytes], seconds: float) -> bytes:
    """Return the byte that the child says, nothing where it dies; one that says nothing in time is killed."""
    stdout = _descriptor(child.stdout)
    if not _is_ready(stdout, select.POLLIN, time.monotonic() + seconds):
        child.kill()
        return b""
    return os.read(stdout, 1)


def _is_ready(descriptor: int, event: int, deadline: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, event)
    return bool(poll.poll(max(0.0, deadline - time.monotonic()) * 1_000))


def _descriptor(pipe: IO[bytes] | None) -> int:
    if pipe is None:
        raise ValueError("a child without pipes")
    return pipe.fileno()
