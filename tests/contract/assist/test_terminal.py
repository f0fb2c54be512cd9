"""On a terminal the answer is seen while it is written; in a pipe it comes whole, and nothing else with it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time

from tests.contract.assist.lab import Desk, configuration
from tests.fakes.models import REASONER

PATIENCE_S = 240.0


def start(desk: Desk, *arguments: str, stdout: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "reviewer", *arguments, "--config", str(desk.config)],
        cwd=desk.project.folder,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def read_terminal(terminal: int, until: bytes = b"") -> bytes:
    """Read a terminal until a text is there, or to its end."""
    seen = b""
    limit = time.monotonic() + PATIENCE_S
    while not until or until not in seen:
        assert time.monotonic() < limit, seen
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux's way to say that nobody writes any more
            return seen
        if not piece:
            return seen
        seen += piece
    return seen


def test_words_are_seen_on_a_terminal_before_the_last_is_written(desk: Desk) -> None:
    desk.write({"ok.py": b"x = 1\n"})
    desk.server.script.otherwise().stall("It sets x to 1, and that is all there is to say of it.", after=4)
    master, slave = pty.openpty()
    process = start(desk, "explain", "ok.py", stdout=slave)
    os.close(slave)
    try:
        seen = read_terminal(master, until=b"It sets")
        assert process.poll() is None
        assert b"to say of it" not in seen
    finally:
        process.kill()
        process.wait()
        os.close(master)
        assert process.stderr
        process.stderr.close()


def test_reasoning_is_not_shown_and_an_answer_is_shown_once(desk: Desk) -> None:
    desk.configure(configuration(desk.server.url, model=REASONER.name))
    desk.write({"ok.py": b"x = 1\n"})
    desk.server.script.otherwise().reply("It sets x.", reasoning="Let me look at it.")
    master, slave = pty.openpty()
    process = start(desk, "explain", "ok.py", stdout=slave)
    os.close(slave)
    seen = read_terminal(master)
    _, errors = process.communicate(timeout=PATIENCE_S)
    os.close(master)

    assert (process.returncode, seen.replace(b"\r\n", b"\n")) == (0, b"It sets x.\n"), errors


def test_a_pipe_gets_the_answer_and_nothing_else(desk: Desk) -> None:
    desk.write({"ok.py": b"x = 1\n"})
    desk.server.script.otherwise().reply("It sets x.")

    process = start(desk, "explain", "ok.py", stdout=subprocess.PIPE)
    out, errors = process.communicate(timeout=PATIENCE_S)

    assert (process.returncode, out, errors) == (0, b"It sets x.\n", b"")
