"""One process of the service: started, killed, frozen, stopped, and looked at from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
import psutil

from tests.chaos.ground import Ground

SERVE = ("reviewer", "serve")
PATIENCE_S = 120.0
_ROOT = Path(__file__).resolve().parents[2]


class Process:
    """`python -I -m reviewer serve ...`; a new process id at every start, the same files.

    `module` may name another module that serves, `tree` another copy of the program; both are started without
    `-I`. `environ` is all it gets beside PATH and HOME. `ground` ends the process whatever happens.
    """

    def __init__(
        self,
        ground: Ground,
        config: Path,
        *,
        name: str,
        environ: Mapping[str, str],
        arguments: Sequence[str] = (),
        module: str = "",
        tree: Path | None = None,
    ) -> None:
        isolated = [] if module or tree else ["-I"]
        served = [*isolated, "-m", *([module] if module else SERVE)]
        self._tree = tree or _ROOT
        self.name = name
        self.environ = dict(environ)
        self._command = [sys.executable, *served, "--config", str(config), *arguments]
        self._ground = ground
        self._folder = config.parent
        self._log = self._folder / f"{name}.log"
        self._log_began = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._url = ""
        ground.stack.callback(self.end)

    def start(self) -> None:
        """Start the process, without waiting for it."""
        assert not self.runs
        self._url = ""
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),
            "PYTHONPATH": str(self._tree),
            **self.environ,
        }
        with self._log.open("ab") as log:
            self._log_began = log.tell()
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd=self._folder,
                env=environ,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Return the process's id."""
        assert self._process is not None
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Say whether there is a process."""
        return self._process is not None and self._process.poll() is None

    @property
    def url(self) -> str:
        """Return its address, waiting until it has one."""
        self._url = self._url or self._ground.until(
            self._find_url, f"{self.name} to start: {self.log()}", patience_s=PATIENCE_S
        )
        return self._url

    @property
    def known_url(self) -> str | None:
        """Return its address if it runs and has told it."""
        if not self.runs:
            return None
        self._url = self._url or self._read_url() or ""
        return self._url or None

    def wait_ready(self) -> None:
        """Wait until it answers that it is ready."""
        self._ground.until(lambda: self.ready() or None, f"{self.name} to be ready", patience_s=PATIENCE_S)

    def ready(self, path: str = "/readyz") -> bool:
        """Say whether it answers and is ready."""
        try:
            with httpx.Client(base_url=self.url, trust_env=False, timeout=10) as client:
                return client.get(path).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """End it as `kill -9` does: no child of its is touched."""
        self._send(signal.SIGKILL)
        self._wait()

    def stop(self) -> int:
        """End it as an operator does; return its exit code."""
        self._send(signal.SIGTERM)
        return self._wait()

    def freeze(self) -> None:
        """Let it stand still."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._send(signal.SIGCONT)

    def terminate(self) -> None:
        """Ask it to end, without waiting."""
        self._send(signal.SIGTERM)

    def wait(self) -> int:
        """Wait until it has ended; return its exit code."""
        return self._wait()

    def end(self) -> None:
        """Leave no process behind, its children included."""
        if self._process is None or self._process.poll() is not None:
            return
        os.killpg(self._process.pid, signal.SIGKILL)
        self._wait()

    def look(self) -> psutil.Process:
        """Return what the system knows of the process."""
        return psutil.Process(self.pid)

    def log(self, longest: int = 4000) -> str:
        """Return the end of what it has logged since it was started last."""
        if not self._log.exists():
            return ""
        return self._log.read_bytes()[self._log_began :].decode("utf-8", "replace")[-longest:]

    def _find_url(self) -> str | None:
        assert self._process is not None
        assert self._process.poll() is None, f"{self.name} has ended: {self.log()}"
        return self._read_url()

    def _read_url(self) -> str | None:
        with self._log.open("rb") as log:
            log.seek(self._log_began)
            for line in log:
                if b'"serving"' in line and line.endswith(b"\n"):
                    return str(json.loads(line)["url"])
        return None

    def _send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _wait(self) -> int:
        assert self._process is not None
        return self._process.wait(PATIENCE_S)
