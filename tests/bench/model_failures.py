"""What a user sees when a model fails: `python -m tests.bench.model_failures`.

Each row is a true `reviewer review` of a small repository against a scripted server that speaks Ollama's or
OpenAI's protocol over HTTP on loopback and fails in one way. Nothing in it depends on the machine's speed.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reviewer import pipeline
from reviewer.asking.unit_reviews import code_of
from reviewer.cli import main
from reviewer.config import Settings
from reviewer.demo.repository import Repository
from reviewer.domain import Message, Role
from reviewer.errors import ModelError
from reviewer.forges import local
from reviewer.models import gateway
from reviewer.models.circuit import SKIPPED_S
from reviewer.pipeline import Engine
from reviewer.ports import ModelRequest
from tests.fakes.models import CODER, REASONER, ScriptedModels, ServedModel

DIALECTS = ("ollama", "openai")

_PLAIN = "total = total + price\n"
_LETTERS = "a b c d e f g h i j k l m n o p q r s t\n"  # 20 tokens, twice what the estimate makes of them
_CODE = "def rate_{0}(turnover, factor):\n    adjusted = turnover * factor + {0}\n    return adjusted\n\n\n"


@dataclass(frozen=True, slots=True)
class Row:
    """One failure in one dialect; `texts` are the warnings' words, or what stderr says in the end."""

    failure: str
    dialect: str
    exit_code: int | None
    codes: str
    text: str


@dataclass(frozen=True, slots=True)
class Failure:
    """What goes wrong, and in which surroundings.

    `changed` is the change: small, or large (several units). `keys` go to the model's settings, `review`
    to those of the review.
    """

    name: str
    script: Callable[[ScriptedModels], None]
    changed: str = "small"
    keys: Mapping[str, Any] = field(default_factory=dict)
    review: Mapping[str, Any] = field(default_factory=dict)
    dialects: tuple[str, ...] = DIALECTS
    models: tuple[ServedModel, ...] = (CODER, REASONER)


def _nothing(server: ScriptedModels) -> None:
    """Leave the server in order."""


def _sum_up(server: ScriptedModels) -> None:
    """Let a summary succeed, which is none of these failures' business."""
    overview = {"overview": "Adds rates.", "risk": "low", "files_first": [], "missing_tests": []}
    server.script.when(matches=lambda asked: '"overview"' in asked.prompt).reply(overview)


def _long_thoughts(server: ScriptedModels) -> None:
    server.script.otherwise().reason_endlessly()


FAILURES = (
    Failure("nobody listens", _nothing, keys={"url": "http://127.0.0.1:9"}),
    Failure("outside private address space", _nothing, keys={"url": "http://192.0.2.1:11434"}),
    Failure(
        "redirected to a metadata service",
        lambda server: server.script.otherwise().redirect("http://169.254.169.254/latest"),
    ),
    Failure("missing model", _nothing, keys={"model": "deepseek-r1:70b"}, dialects=("ollama",)),
    Failure("missing model", _nothing, keys={"model": "deepseek-r1:70b"}, dialects=("openai",)),
    Failure("503 while loading", lambda server: server.script.otherwise().fail(503, "loading model")),
    Failure(
        "prompt refused for its length",
        lambda server: server.script.otherwise().fail(400, "the input length exceeds the context length"),
    ),
    Failure("stall", lambda server: server.script.otherwise().stall(), keys={"stall_s": 0.3}),
    Failure("cut stream", lambda server: server.script.otherwise().cut()),
    Failure("error inside the stream", lambda server: server.script.otherwise().break_down()),
    Failure("endless reasoning", _long_thoughts, keys={"model": REASONER.name}),
    Failure("reply that is no JSON", lambda server: server.script.otherwise().reply("There is a problem.")),
    Failure("circuit open", lambda server: server.script.otherwise().cut(), "large", {"context": 4096}),
    Failure("tokens spent", _nothing, "large", {"context": 4096}, {"token_budget": 6000}),
    Failure(
        "seconds spent",
        lambda server: server.script.otherwise().stall(after=0),
        review={"time_budget_s": 1.5},
    ),
)


def measure() -> Iterator[Row]:
    """Run every failure, in each dialect it exists in."""
    with tempfile.TemporaryDirectory(prefix="reviewer-failures-") as folder:
        lab = Lab(Path(folder))
        for failure in FAILURES:
            for dialect in failure.dialects:
                yield lab.run(failure, dialect)
        yield asyncio.run(lab.cut_silently())
        for dialect in DIALECTS:
            yield lab.recover(dialect)
            yield lab.cancel(dialect)


class Lab:
    """Repositories to review, and a configuration for each run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._repositories = {kind: self._repository(kind) for kind in ("small", "large")}

    def run(self, failure: Failure, dialect: str) -> Row:
        """Review against a server that fails so."""
        with ScriptedModels(failure.models) as server:
            _sum_up(server)
            failure.script(server)
            arguments = self._arguments(failure, dialect, server.url)
            out, err = io.StringIO(), io.StringIO()
            with redirect_stdout(out), redirect_stderr(err):
                code = main(arguments)
        return _row(failure.name, dialect, code, json.loads(out.getvalue())["warnings"])

    async def cut_silently(self) -> Row:
        """Ask for more than fits, unnoticed by the estimate, in a call of its own.

        The units of a review leave too much room: in none of them could Ollama be brought to cut.
        """
        with ScriptedModels() as server:
            settings = self._settings(Failure("", _nothing, keys={"context": 2048}), "ollama", server.url)
            models = gateway.build(settings)
            model = await models.pick(Role.REVIEW)
            for lines in (50, 50, 50):
                await model.complete(_ask(_PLAIN * lines))
            try:
                await model.complete(_ask(_PLAIN * 260 + _LETTERS * 40))
            except ModelError as err:
                return _row("prompt cut silently (one call)", "ollama", None, [_warning(err)])
            finally:
                await models.aclose()
        raise AssertionError("a prompt that was cut went for a whole one")

    def recover(self, dialect: str) -> Row:
        """Let the circuit open, the server recover, and time pass; review again in the same process."""
        with ScriptedModels() as server:
            _sum_up(server)
            server.script.when(times=3).cut()
            settings = self._settings(Failure("", _nothing, "large", {"context": 4096}), dialect, server.url)
            first, second = asyncio.run(_review_twice(self._repositories["large"], settings))
        assert any("left alone" in warning["message"] for warning in first), "the circuit never opened"
        return _row("circuit closed again", dialect, 0 if not second else 11, second)

    def cancel(self, dialect: str) -> Row:
        """Interrupt a review while the model is at work, as Ctrl-C does."""
        with ScriptedModels() as server:
            server.script.otherwise().stall()
            arguments = self._arguments(Failure("", _nothing), dialect, server.url)
            process = subprocess.Popen(
                [sys.executable, "-m", "reviewer", *arguments], stderr=subprocess.PIPE, text=True
            )
            server.wait_until(lambda: bool(server.asked), 120)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=120)
            server.wait_until(lambda: server.asked[0].closed_by_client)
        return Row("cancelled (Ctrl-C)", dialect, process.returncode, "-", said.strip().splitlines()[-1])

    def _arguments(self, failure: Failure, dialect: str, url: str) -> list[str]:
        settings = self._settings(failure, dialect, url)
        config = self._folder / "reviewer.toml"
        config.write_text(_toml(settings.model_dump(mode="json", exclude_defaults=True)), encoding="utf-8")
        repository = str(self._repositories[failure.changed])
        return ["review", "HEAD~1..HEAD", "--repo", repository, "--config", str(config), "--format", "json"]

    @staticmethod
    def _settings(failure: Failure, dialect: str, url: str) -> Settings:
        model = {"backend": dialect, "url": url, "model": CODER.name, "timeout_s": 60, **failure.keys}
        return Settings.model_validate(
            {
                "models": {"coder": model},
                "roles": {"review": ["coder"]},
                "review": dict(failure.review),
                "cache": {"replies": False},
            }
        )

    def _repository(self, kind: str) -> Path:
        code = {"app/fees.py": _CODE.format(1)}
        if kind == "large":
            code = {f"app/part{number}.py": _module(number, 30) for number in range(6)}
        repository = Repository.create(self._folder / f"{kind}.git")
        repository.commit("main", {"README.md": "# Fees\n"}, "First")
        repository.commit("main", code, "Second")
        subprocess.run(["git", "clone", "-q", repository.path, self._folder / kind], check=True)
        return self._folder / kind


def _module(number: int, functions: int) -> str:
    return "".join(_CODE.format(number * 1000 + n) for n in range(functions))


async def _review_twice(repository: Path, settings: Settings) -> tuple[list[Any], list[Any]]:
    now = 1000.0
    engine = Engine(
        settings=settings,
        key=b"k" * 32,
        gateway=gateway.build(settings, clock=lambda: now),
        scanners=lambda *_: (),
    )
    try:
        reviews = []
        for _ in range(2):
            change = local.open_range(repository, "HEAD~1..HEAD")
            reviewed = await pipeline.review(change, engine)
            reviews.append([{"code": one.code, "message": one.message} for one in reviewed.warnings])
            now += SKIPPED_S
    finally:
        await engine.aclose()
    return reviews[0], reviews[1]


def _ask(text: str) -> ModelRequest:
    return ModelRequest((Message("system", "Rules."), Message("user", text)), max_tokens=256)


def _warning(err: ModelError) -> dict[str, str]:
    return {"code": code_of(err), "message": str(err)}


def _row(failure: str, dialect: str, code: int | None, warnings: Iterable[Mapping[str, Any]]) -> Row:
    """Take each kind of warning once, by its first words, with everything that differs from run to run left out.

    Sorted by code: which of several units asked at once meets the failure first is the scheduler's choice.
    """
    seen: dict[str, str] = {}
    for warning in warnings:
        seen.setdefault(warning["code"], _settled(warning["message"]))
    told = dict(sorted(seen.items()))
    return Row(failure, dialect, code, ", ".join(told) or "-", " | ".join(told.values()) or "-")


def _settled(text: str) -> str:
    text = re.sub(r"127\.0\.0\.1:\d{4,5}", "127.0.0.1:PORT", text)
    counts = r"\d+ changed lines|only \d+ of about \d+ tokens|\d+ used, \d+ more|after \d+ characters"
    return re.sub(counts, lambda found: re.sub(r"\d+", "N", found[0]), text)


def _toml(tree: Mapping[str, Any], prefix: str = "") -> str:
    """Write tables of plain values: JSON's spelling of those is TOML's too."""
    plain = "".join(
        f"{key} = {json.dumps(value)}\n" for key, value in tree.items() if not isinstance(value, dict)
    )
    tables = (
        f"[{prefix}{key}]\n{_toml(value, f'{prefix}{key}.')}"
        for key, value in tree.items()
        if isinstance(value, dict)
    )
    return plain + "".join(tables)


def render(rows: Iterable[Row]) -> str:
    """Write the table, one failure a line, the words below it."""
    lines = [f"{'failure':<34}{'dialect':<9}{'exit':<6}warnings"]
    for row in rows:
        lines.append(
            f"{row.failure:<34}{row.dialect:<9}{'-' if row.exit_code is None else row.exit_code:<6}{row.codes}"
        )
        lines.extend(f"    {part}" for part in row.text.split(" | "))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    os.environ.setdefault("XDG_CACHE_HOME", tempfile.mkdtemp(prefix="reviewer-cache-"))
    sys.stdout.write(render(measure()))
