"""Run one program to its end: no shell, a small environment, limits on time and output, nothing left behind."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

_CHUNK = 65_536
_MOST_SAID = 2_000  # bytes of stderr that are kept: the last ones
_SHOWN = 300


class ToolFailed(Exception):
    """A program could not be started, did not end in time, was killed, or wrote too much."""


@dataclass(frozen=True, slots=True)
class Printed:
    """What a program left: `output` is its stdout, `said` the end of its stderr in one line."""

    output: bytes
    said: str
    status: int

    def with_output(self, output: bytes) -> Printed:
        """Put what it wrote elsewhere in the place of its stdout."""
        return replace(self, output=output)


def run(
    command: Sequence[str],
    *,
    folder: Path,
    home: Path,
    search_path: str,
    seconds: float,
    most_bytes: int,
    feed: Path | None = None,
) -> Printed:
    """Run a command in `folder`, with `home` for its home and temporary files; `feed` is what its stdin reads.

    Raises ToolFailed. Whatever it started in its process group has ended when this returns.
    """
    environment = {
        "PATH": search_path,
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
    }
    try:
        with Path(feed or os.devnull).open("rb") as stdin:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
    except OSError as err:
        raise ToolFailed(f"it could not be started: {err.strerror}") from err
    with process:
        try:
            return _collect(process, time.monotonic() + seconds, seconds, most_bytes)
        finally:
            _end(process)


def _collect(process: subprocess.Popen[bytes], deadline: float, seconds: float, most_bytes: int) -> Printed:
    """Read both streams until they are closed, then wait for the program itself."""
    output, said = bytearray(), bytearray()
    late = ToolFailed(f"it took longer than {seconds:g} s")
    with selectors.DefaultSelector() as streams:
        for stream in (process.stdout, process.stderr):
            streams.register(stream, selectors.EVENT_READ)  # type: ignore[arg-type]  # Popen was given pipes
        while streams.get_map():
            ready = streams.select(max(0.0, deadline - time.monotonic()))
            if not ready or time.monotonic() > deadline:
                raise late
            for key, _ in ready:
                if not (chunk := _read(key.fileobj)):
                    streams.unregister(key.fileobj)
                elif key.fileobj is process.stdout:
                    output += chunk
                else:
                    said = (said + chunk)[-_MOST_SAID:]
            if len(output) > most_bytes:
                raise ToolFailed(f"it printed more than {most_bytes // 1_000_000} MB")
    try:
        status = process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise late from None
    if status < 0:
        raise ToolFailed(f"it was ended by {signal.Signals(-status).name}{_behind(bytes(said))}")
    return Printed(bytes(output), _line(bytes(said)), status)


def _read(stream: object) -> bytes:
    return os.read(stream.fileno(), _CHUNK)  # type: ignore[attr-defined]  # a selector's file object


def _behind(said: bytes) -> str:
    line = _line(said)
    return f": {line}" if line else ""


def _line(said: bytes) -> str:
    return " ".join(said.decode("utf-8", "replace").split())[-_SHOWN:]


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole process group: a program that has ended may have left others."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
