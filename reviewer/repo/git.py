"""Start git so that nothing but its arguments decides what it does.

No system, user or environment configuration, no hooks, filters, external diffs or text conversions,
no proxies, no redirects, no protocol but http(s) and that only where a remote is named, no prompts.
What has to be configured travels in the environment (`GIT_CONFIG_COUNT`, git >= 2.31), tokens
included: nothing secret stands in an argument list, a URL or a file. Sources: git-config(1),
gitattributes(5), git(1) "ENVIRONMENT VARIABLES"; that `safe.directory` is honoured from there
needs git >= 2.38.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

LOCAL_TIMEOUT_S = 120.0

# What a repository's own configuration could set and must not, and how the network is used.
QUIET_CONFIG: Mapping[str, str] = {
    "safe.directory": "*",  # the checkout of a CI job often belongs to another user; nothing in it is run
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "diff.renameLimit": "2000",
    "gc.autoDetach": "false",
    "maintenance.autoDetach": "false",
    "http.followRedirects": "false",
    "http.proxy": "",
    "http.sslVerify": "true",
    "http.lowSpeedLimit": "100",
    "http.lowSpeedTime": "60",
    "protocol.allow": "never",
    "protocol.http.allow": "always",
    "protocol.https.allow": "always",
}


class GitFailed(Exception):
    """Git said no, took too long or said too much; every caller translates it into a house error.

    `words` are git's own, `status` its exit status, if it had one.
    """

    def __init__(self, words: str, status: int | None = None) -> None:
        super().__init__(words)
        self.words = words
        self.status = status


@dataclass(frozen=True, slots=True)
class Git:
    """Git bound to a repository.

    `folder` is where it runs; `git_dir` names a bare repository, else git looks for one from there
    upwards. `config` comes on top of the quiet one and is never shown, for it may hold a token.
    `lease` is a file descriptor that stays open as long as git runs, whatever happens to us.
    """

    folder: Path
    git_dir: Path | None = None
    config: Mapping[str, str] = field(default_factory=dict, repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    protocols: str = "none"
    lease: int | None = None

    def run(self, *arguments: str, feed: bytes = b"", timeout_s: float = LOCAL_TIMEOUT_S) -> bytes:
        """Run one command to its end and return what it wrote; raises GitFailed."""
        with self.stream(*arguments, feed=feed, timeout_s=timeout_s) as output:
            return output.read()

    def text(self, *arguments: str, feed: bytes = b"") -> str:
        """Run one command and return its output as stripped text."""
        return self.run(*arguments, feed=feed).decode("utf-8", "surrogateescape").strip()

    @contextlib.contextmanager
    def stream(
        self, *arguments: str, feed: bytes = b"", timeout_s: float = LOCAL_TIMEOUT_S
    ) -> Iterator[IO[bytes]]:
        """Lend the output of one command, to be read to its end.

        Leaving raises GitFailed if git failed or took longer than `timeout_s` seconds; leaving with
        an exception ends git.
        """
        with tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as given:
            given.write(feed)
            given.seek(0)
            process = self._start(arguments, stdin=given.fileno(), stderr=errors.fileno())
            late = threading.Event()

            def give_up() -> None:
                late.set()
                _end(process)

            timer = threading.Timer(timeout_s, give_up)
            timer.start()
            try:
                with process.stdout as output:  # type: ignore[union-attr]  # Popen was given a pipe
                    yield output
                process.wait()
            finally:
                timer.cancel()
                _end(process)
            if late.is_set():
                raise GitFailed(f"git {arguments[0]} took longer than {timeout_s:g} s")
            if process.returncode != 0:
                errors.seek(0)
                words = _own_words(errors.read()) or f"git {arguments[0]} failed"
                raise GitFailed(words, process.returncode)

    def _start(self, arguments: Sequence[str], *, stdin: int, stderr: int) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                ["git", *arguments],
                cwd=self.folder,
                env=self._environment(),
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
                pass_fds=() if self.lease is None else (self.lease,),
                start_new_session=True,  # so that git's own children (git-remote-https) end with it
            )
        except OSError as err:
            raise GitFailed(f"git cannot be started in {self.folder}: {err.strerror}") from err

    def _environment(self) -> dict[str, str]:
        settings = {**QUIET_CONFIG, **self.config}
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C",
            "HOME": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_ALLOW_PROTOCOL": self.protocols,
            "GIT_CONFIG_COUNT": str(len(settings)),
        }
        for number, (key, value) in enumerate(settings.items()):
            environment[f"GIT_CONFIG_KEY_{number}"] = key
            environment[f"GIT_CONFIG_VALUE_{number}"] = value
        if self.git_dir is not None:
            environment["GIT_DIR"] = str(self.git_dir)
        return environment | dict(self.environment)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _own_words(errors: bytes) -> str:
    """Keep the last lines git wrote, without its advice, short enough for a message."""
    lines = [line.strip() for line in errors.decode("utf-8", "replace").splitlines()]
    told = [line for line in lines if line and not line.startswith(("hint:", "warning:"))]
    return "; ".join(line.removeprefix("fatal: ").removeprefix("error: ") for line in told[-3:])[:600]
