"""A real repository with a history, and the command line run in it as a CI job would."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reviewer.cli import main

CLEAN = "def price(text):\n    return int(text)\n"
FLAWED = "def price(text):\n    return eval(text)\n"

_AUTHOR = {"GIT_AUTHOR_NAME": "Dev", "GIT_AUTHOR_EMAIL": "dev@example.internal"}
_COMMITTER = {"GIT_COMMITTER_NAME": "Dev", "GIT_COMMITTER_EMAIL": "dev@example.internal"}


@dataclass(frozen=True, slots=True)
class Project:
    """A repository with a worktree."""

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> Project:
        folder.mkdir()
        project = cls(folder)
        project.git("init", "--quiet", "--initial-branch=main")
        return project

    def git(self, *arguments: str) -> str:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.devnull,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            **_AUTHOR,
            **_COMMITTER,
        }
        run = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=environment, capture_output=True, text=True, check=True
        )
        return run.stdout.strip()

    def commit(self, files: dict[str, str]) -> str:
        """Write files, commit them and return the commit."""
        for path, text in files.items():
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        self.git("add", "--all", "--", *files)
        self.git("commit", "--quiet", "--message", "change")
        return self.git("rev-parse", "HEAD")

    def clone(self, folder: Path, *options: str) -> Project:
        """Clone over the file protocol, so that depths count."""
        self.git("clone", "--quiet", *options, f"file://{self.folder}", str(folder))
        return Project(folder)


@dataclass(frozen=True, slots=True)
class History:
    """main: start - after; feature: start - head; merge: both. `head` and `after` each add a flaw."""

    project: Project
    start: str
    after: str
    head: str
    merge: str

    @classmethod
    def create(cls, folder: Path) -> History:
        project = Project.create(folder)
        start = project.commit({"pay.py": CLEAN, "README.md": "one\n"})
        project.git("checkout", "--quiet", "-b", "feature")
        head = project.commit({"fees.py": FLAWED})
        project.git("checkout", "--quiet", "main")
        after = project.commit({"pay.py": FLAWED})
        project.git("checkout", "--quiet", "--detach")
        project.git("merge", "--quiet", "--no-ff", "--message", "merge", "feature")
        merge = project.git("rev-parse", "HEAD")
        for branch in ("main", "feature"):
            project.git("update-ref", f"refs/remotes/origin/{branch}", branch)
        return cls(project, start, after, head, merge)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run of the gate left behind."""

    code: int
    out: str
    err: str
    reports: Path

    @property
    def result(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads((self.reports / "reviewer.json").read_text(encoding="utf-8"))
        return parsed

    @property
    def files(self) -> set[str]:
        return {file.name for file in self.reports.iterdir()}

    @property
    def found(self) -> list[str]:
        return [finding["path"] for finding in self.result["findings"]]


@dataclass(frozen=True, slots=True)
class Job:
    """The shell of a CI job: an environment of its own, standing in a checkout."""

    patch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]

    def run(self, project: Project, *arguments: str, **variables: str) -> Outcome:
        """Run `reviewer gate` with these CI variables; without a model unless one is named."""
        for name, value in variables.items():
            self.patch.setenv(name, value)
        model = () if any(text.startswith("--config") for text in arguments) else ("--model", "none")
        return self._run(project, "gate", *model, *arguments)

    def command(self, project: Project, name: str, *arguments: str) -> Outcome:
        """Run another command of `reviewer`, without a model."""
        return self._run(project, name, "--model", "none", *arguments)

    def _run(self, project: Project, *arguments: str) -> Outcome:
        self.patch.chdir(project.folder)
        code = main(list(arguments))
        told = self.capture.readouterr()
        return Outcome(code, told.out, told.err, project.folder / "reviewer-reports")


def event(folder: Path, payload: object) -> str:
    """Write GitHub's event file and return its path."""
    file = folder / "event.json"
    file.write_text(payload if isinstance(payload, str) else json.dumps(payload), encoding="utf-8")
    return str(file)
