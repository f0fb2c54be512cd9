"""A deployed service for tests: `reviewer serve` as a process of its own, that can be killed and started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx

WEBHOOK_SECRET = "the-webhook-secret"
PATIENCE_S = 60.0
_T = TypeVar("_T")

MODEL = """
[models.coder]
backend = "ollama"
url = "{url}"
model = "deepseek-coder-v2:16b"
context = {context}
timeout_s = 20
stall_s = 10
[roles]
review = ["coder"]
"""


class Deployment:
    """The service with one forge; state lies in `folder` (or `database`), so a killed process finds it again.

    `arguments` are further ones for `reviewer serve`.
    """

    def __init__(
        self,
        folder: Path,
        forge: str,
        *,
        more: str = "",
        environ: dict[str, str] | None = None,
        database: str = "sqlite:///reviewer.db",
        arguments: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self._arguments = arguments
        self.url = ""
        self._process: subprocess.Popen[str] | None = None
        self._lines: list[str] = []
        self._environ = environ or {}
        self.config = folder / "reviewer.toml"
        self.config.write_text(
            f'[service]\nport = 0\ndatabase = "{database}"\ndata_dir = "var"\n'
            f'secret_key_file = "var/key"\n{forge}\n{more}',
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()  # how it ends when it is asked to is a test of its own

    def start(self) -> None:
        """Start the process and wait until it answers."""
        self._lines = []
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-m", "reviewer", "serve", "--config", str(self.config), *self._arguments],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), **self._environ},
        )
        threading.Thread(target=self._read_log, args=(self._process,), daemon=True).start()
        self.url = wait_until(self._find_url, "the service to start", dump=self.log)
        wait_until(lambda: self._ready() or None, "the service to be ready", dump=self.log)

    @property
    def pid(self) -> int:
        """Return the process's id."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End the process as `kill -9` does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(PATIENCE_S)

    def stop(self) -> int:
        """End the process as an operator does; return its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(PATIENCE_S)

    def log(self) -> str:
        """Return what the process has logged since it was started."""
        return "\n".join(self._lines)

    def verdict(self, **query: str | int) -> dict[str, Any]:
        """Ask for a verdict; {} while nothing is known."""
        with httpx.Client(base_url=self.url, trust_env=False, timeout=10) as client:
            answer = client.get("/api/v1/verdict", params=query)
            return dict(answer.json()) if answer.status_code == 200 else {}

    def review(self, **query: str | int) -> dict[str, Any]:
        """Wait for the review of a head and return its document."""

        def look() -> dict[str, Any] | None:
            found = self.verdict(**query)
            assert found.get("state") not in {"failed", "cancelled"}, self.log()
            if not found.get("review"):
                return None
            with httpx.Client(base_url=self.url, trust_env=False, timeout=10) as client:
                return dict(client.get(f"/api/v1/reviews/{found['review']}").json()["document"])

        return wait_until(look, "the review", dump=self.log)

    def _ready(self) -> bool:
        try:
            with httpx.Client(base_url=self.url, trust_env=False) as client:
                return client.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def _find_url(self) -> str | None:
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        for line in tuple(self._lines):
            if '"serving"' in line:
                return str(json.loads(line)["url"])
        return None

    def _read_log(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        with process.stderr as lines:
            for line in lines:
                self._lines.append(line.rstrip("\n"))


def wait_until(
    look: Callable[[], _T | None], what: str, *, patience_s: float = PATIENCE_S, dump: Callable[[], str] = str
) -> _T:
    """Look again and again until something is there; fail, saying what was waited for, when patience ends."""
    deadline = time.monotonic() + patience_s
    while True:
        found = look()
        if found is not None:
            return found
        assert time.monotonic() < deadline, f"waited {patience_s:.0f} s for {what}\n{dump()}"
        threading.Event().wait(0.05)
