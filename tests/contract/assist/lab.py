"""The commands for code assistance run as a developer would: in a repository, against a model over HTTP."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, cast

import pytest

from reviewer.cli import main
from tests.contract.gate.lab import Project
from tests.fakes.models import CODER, ScriptedModels

CONFIG = """\
[models.coder]
backend = "{backend}"
url = "{url}"
model = "{model}"
context = {context}
[roles]
assist = ["coder"]
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left behind; `raw` is stdout as bytes."""

    code: int
    raw: bytes
    err: str

    @property
    def out(self) -> str:
        return self.raw.decode()


@dataclass(frozen=True, slots=True)
class Desk:
    """A developer's shell in a repository, with a configuration outside of it."""

    project: Project
    server: ScriptedModels
    patch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[bytes]
    config: Path

    def run(self, *arguments: str, stdin: bytes = b"") -> Outcome:
        """Run a command in the repository's folder, without a traceback."""
        self.patch.chdir(self.project.folder)
        given = io.TextIOWrapper(io.BytesIO(stdin))
        self.patch.setattr(sys, "stdin", cast("TextIO", given))
        code = main([*arguments, "--config", str(self.config)])
        told = self.capture.readouterr()
        outcome = Outcome(code, told.out, told.err.decode())
        assert "Traceback" not in outcome.err
        assert "internal error" not in outcome.err
        return outcome

    def write(self, files: dict[str, bytes]) -> None:
        """Write files of the worktree and commit them."""
        for path, content in files.items():
            file = self.project.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        self.project.git("add", "--all", "--", *files)
        self.project.git("commit", "--quiet", "--message", "change")

    def configure(self, text: str) -> None:
        self.config.write_text(text, encoding="utf-8")

    @property
    def prompts(self) -> str:
        """Return all that the model was ever sent."""
        return "\n".join(asked.prompt for asked in self.server.asked)


def configuration(
    url: str, *, backend: str = "ollama", model: str = CODER.name, context: int = 16_384
) -> str:
    return CONFIG.format(backend=backend, url=url, model=model, context=context)


def block(path: str, old: str, new: str) -> str:
    """Write a change as a model does."""
    return f"### {path}\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n"
