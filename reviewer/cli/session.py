"""What the commands for code assistance share: one run of one, from words to an answer on the terminal."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reviewer.cli.shared import Common
from reviewer.errors import UsageError

if TYPE_CHECKING:
    from reviewer.asking.panel import Progress
    from reviewer.commands.library import Library
    from reviewer.commands.subject import Answer, Request, Subject
    from reviewer.commands.targets import Place
    from reviewer.config import Settings
    from reviewer.repo.worktree import Worktree


@dataclass(frozen=True, slots=True)
class Session:
    """One run: settings, the worktree, and where words are read and written."""

    common: Common
    settings: Settings
    worktree: Worktree
    place: Place
    rules_only: bool

    def targets(self, words: Sequence[str]) -> tuple[Subject, ...]:
        """Read what the words of the command line point at; see `commands.targets`."""
        from reviewer.commands.targets import read_targets

        return read_targets(words, self.place)

    def answer(self, command: str, request: Request, *, look_up: bool = True, stream: bool = False) -> Answer:
        """Run a command to its end; `look_up` opens the repository's index, `stream` shows words as they come."""
        from reviewer import commands, wiring
        from reviewer.commands.assistant import Assistant
        from reviewer.domain import Errand, Priority

        async def flow() -> Answer:
            engine = await wiring.open_engine(
                self.settings,
                rules_only=self.rules_only,
                measuring=True,  # who asks again wants another answer
            )
            try:
                with _library(self.worktree, request, look_up=look_up, progress=progress) as library:
                    assistant = Assistant(
                        settings=self.settings,
                        gateway=engine.gateway and engine.gateway.on_behalf_of(errand),
                        scanners=engine.scanners,
                        key=engine.key,
                        library=library,
                        show=emit if stream and sys.stdout.isatty() else None,
                        say=say,
                        progress=progress,
                    )
                    return await commands.load(command)(request, assistant)
            finally:
                await engine.aclose()

        shown = self.common.progress()
        ref = request.subjects[0].change.ref if request.subjects else None
        errand = Errand(ref, priority=Priority.PERSON)

        def progress(stage: str, done: int, total: int) -> None:
            if shown:
                shown(stage, done, total)

        def say(text: str) -> None:
            _clear_progress(shown)
            self.common.say(text)

        try:
            return asyncio.run(flow())
        finally:
            _clear_progress(shown)

    def tell(self, command: str, answer: Answer, form: str, *, streamed: bool) -> None:
        """Write an answer in words, and on stderr what there is to know about it."""
        if form == "json":
            emit(as_json(command, answer))
        elif not streamed:
            from reviewer.stages.neutralise import visible

            emit(visible(answer.text).rstrip("\n") + "\n")
        self.warn(answer)

    def warn(self, answer: Answer) -> None:
        """Say on stderr what was left out or went wrong, and with `-v` what was read and what it cost."""
        for warning in dict.fromkeys(answer.warnings):
            place = f"{warning.path}: " if warning.path else ""
            self.common.say(f"warning [{warning.code}] {place}{warning.message}")
        if self.common.verbose and answer.model:
            usage = answer.usage
            self.common.say(f"read {', '.join(answer.read)}")
            self.common.say(
                f"{answer.model}: {usage.model_calls} calls, {usage.prompt_tokens} tokens in "
                f"({usage.cached_tokens} cached), {usage.completion_tokens} out, {usage.seconds:.1f} s"
            )


def open_session(
    common: Common,
    repo: Path,
    *,
    model: str | None,
    language: str | None,
    path: str | None,
    rules_only: bool = False,
) -> Session:
    """Load the settings, with the options on top, and find the worktree; raises ConfigError and UsageError."""
    from reviewer.commands.targets import Place
    from reviewer.repo.worktree import open_worktree

    if model == "none" and not rules_only:
        raise UsageError("--model none: without a model there is no answer")
    overrides: dict[str, Any] = {}
    if model is not None:
        names = [] if model == "none" else [model]
        overrides |= {f"roles.{role}": names for role in ("review", "verify", "assist")}
    if language is not None:
        overrides["review.language"] = language
    settings = common.load(overrides=overrides).settings
    worktree = open_worktree(repo)
    place = Place(worktree, repo.absolute(), settings.review, sys.stdin.buffer.read, path)
    return Session(common, settings, worktree, place, rules_only)


def emit(text: str) -> None:
    """Write to stdout at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


def _clear_progress(shown: Callable[[str, int, int], None] | None) -> None:
    if shown:
        shown("", 1, 1)


def as_json(command: str, answer: Answer) -> str:
    """Write an answer as a JSON document."""
    document = {
        "version": 1,
        "command": command,
        **(answer.facts or {"answer": answer.text}),
        "read": list(answer.read),
        "warnings": [
            {"code": warning.code, "path": warning.path, "message": warning.message}
            for warning in answer.warnings
        ],
        "model": answer.model,
        "usage": asdict(answer.usage),
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _library(
    worktree: Worktree, request: Request, *, look_up: bool, progress: Progress
) -> AbstractContextManager[Library]:
    """Open the repository as it is, or of a range alone as its head has it."""
    from reviewer.commands.library import Library, open_library
    from reviewer.wiring import user_cache

    if not look_up:
        return nullcontext(Library())
    heads = {None if one.selected else one.change.ref.head for one in request.subjects}
    commit = heads.pop() if len(heads) == 1 else None
    return open_library(worktree, user_cache(os.environ), commit=commit, progress=progress)
