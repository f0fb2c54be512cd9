"""The whole flow over a strict forge: a change is fetched, reviewed with real rules, and posted."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reviewer import pipeline
from reviewer.config import ForgeSettings, ModelSettings, Settings
from reviewer.domain import Review, Verdict
from reviewer.forges.gitlab import GitLabForge
from reviewer.outputs import make
from reviewer.pipeline import Engine, Posting, Scanners
from reviewer.ports import Forge
from reviewer.repo.mirror import Mirror
from reviewer.wiring import open_rules
from tests.contract.forges.github_desk import open_forge
from tests.fakes.forge.github import TOKEN as HUB_TOKEN
from tests.fakes.forge.github import FakeGitHub
from tests.fakes.forge.gitlab import BOT_TOKEN, FakeGitLab
from tests.fakes.panel import FakeGateway, TalkingModel
from tests.safety.injections import PLAIN, Injection
from tests.safety.obedient import MODELS

KEY = b"key-of-this-instance-0123456789ab"
PRIVATE = (HUB_TOKEN, BOT_TOKEN, KEY.decode())
"""What belongs to the bot and may never be written anywhere."""

_MODELS = {"coder": ModelSettings(backend="ollama", model="deepseek-coder-v2:16b")}
FORGES = ("gitlab", "github")
_FORMATS = ("json", "text", "markdown", "sarif", "codequality", "junit")


class Instance(Protocol):
    """One of the two forges, with a project of its own."""

    @property
    def adapter(self) -> Forge:
        """Return what talks to it."""

    @property
    def project(self) -> str:
        """Return the name of the project."""

    def open(self, injection: Injection) -> int:
        """Open the merge request of an injection and return its number."""

    def written(self, number: int) -> list[str]:
        """Return the notes of the bot."""

    def others(self, number: int) -> list[tuple[str, bool]]:
        """Return the notes of others, and whether their threads are resolved."""

    def sent(self) -> str:
        """Return the bodies of all requests since this was last asked."""


class GitLab:
    """The fake GitLab."""

    project = "desk/orders"

    def __init__(self, fake: FakeGitLab, folder: Path) -> None:
        token = folder / "gitlab-token"
        token.write_text(fake.token)
        settings = ForgeSettings.model_validate(
            {"id": "lab", "kind": "gitlab", "url": fake.url, "token_file": token}
        )
        self.adapter: Forge = GitLabForge(
            settings, Mirror(folder / "gitlab-mirror"), wait=lambda _seconds: None
        )
        self._fake = fake

    def open(self, injection: Injection) -> int:
        project = self._fake.project
        project.repository.commit("main", injection.base, "Base")
        branch = f"{injection.branch}-{len(project.merge_requests)}"
        project.repository.commit(branch, injection.head, "Change", parent="main")
        opened = self._fake.records.open_merge_request(
            project,
            self._fake.alice,
            source=branch,
            title=injection.title,
            description=injection.description,
        )
        if injection.where == "thread":
            self._fake.comment(opened, self._fake.rita, injection.text)
            self._fake.comment(opened, self._fake.rita, injection.text, individual=True)
        return opened.iid

    def written(self, number: int) -> list[str]:
        notes = self._fake.project.merge_requests[number].notes()
        return [note.body for note in notes if note.author is self._fake.bot]

    def others(self, number: int) -> list[tuple[str, bool]]:
        notes = self._fake.project.merge_requests[number].notes()
        return [
            (note.body, note.resolved_by is not None) for note in notes if note.author is not self._fake.bot
        ]

    def sent(self) -> str:
        calls, self._fake.calls[:] = list(self._fake.calls), []
        return "\n".join(call.body.decode("utf-8", "replace") for call in calls if "/api/" in call.path)


class GitHub:
    """The fake GitHub."""

    project = "acme/shop"

    def __init__(self, fake: FakeGitHub, folder: Path) -> None:
        self._fake = fake
        fake.create_project(self.project, {"README.md": "Shop\n"})
        self.adapter: Forge = open_forge(fake, folder)

    def open(self, injection: Injection) -> int:
        project = self._fake.world.projects[self.project]
        project.repository.commit("main", injection.base, "Base")
        number = self._fake.open_pull(
            self.project,
            f"{injection.branch}-{len(project.pulls)}",
            injection.head,
            title=injection.title,
            body=injection.description,
        )
        if injection.where == "thread":
            pull = self._fake.pull(self.project, number)
            self._fake.world.note(pull, self._fake.world.account("mallory"), injection.text)
        return number

    def written(self, number: int) -> list[str]:
        pull = self._fake.pull(self.project, number)
        everything = [*pull.remarks.values(), *pull.notes.values()]
        return [remark.body for remark in everything if remark.author is self._fake.bot]

    def others(self, number: int) -> list[tuple[str, bool]]:
        pull = self._fake.pull(self.project, number)
        everything = [*pull.remarks.values(), *pull.notes.values()]
        return [(remark.body, False) for remark in everything if remark.author is not self._fake.bot]

    def sent(self) -> str:
        requests, self._fake.requests[:] = list(self._fake.requests), []
        return "\n".join(json.dumps(request.json, ensure_ascii=False) for request in requests)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one flow.

    `prompts` went to the model, `asked` are those among them that are not its own words come back;
    `sent` went to the forge; `reports` are by format.
    """

    review: Review
    verdict: Verdict
    prompts: list[str]
    asked: list[str]
    written: list[str]
    others: list[tuple[str, bool]]
    sent: str
    reports: dict[str, str]


@dataclass(frozen=True, slots=True)
class Stage:
    """Both forges, real rules, and what prompts say outside of their fences where nobody wrote anything hostile."""

    instances: Mapping[str, Instance]
    scanners: Scanners
    framing: frozenset[str]

    def play(self, forge: str, injection: Injection, model: TalkingModel) -> Outcome:
        """Run an injection through everything; raise AssertionError if posting twice changes anything."""
        return _play(self.instances[forge], injection, model, self.scanners)


@contextmanager
def open_stage(folder: Path) -> Iterator[Stage]:
    """Serve both forges and read the rules."""
    for name in ("lab", "hub"):
        (folder / name).mkdir()
    with FakeGitLab(folder / "lab") as lab, FakeGitHub(folder / "hub") as hub:
        instances: dict[str, Instance] = {
            "gitlab": GitLab(lab, folder / "lab"),
            "github": GitHub(hub, folder / "hub"),
        }
        scanners = open_rules(Settings(), cache_dir=folder / "cache").scanners
        plain = [_play(instances["gitlab"], PLAIN, model(PLAIN), scanners) for model in MODELS.values()]
        framing = frozenset(frame(text) for outcome in plain for text in outcome.asked)
        yield Stage(instances, scanners, framing)


_FENCED = re.compile(r"\[\[BEGIN (\w+) ([0-9a-f]{16})\]\]\n.*?\n\[\[END \1 \2\]\]", re.DOTALL)


def frame(prompt: str) -> str:
    """Return what stands outside of the fences of a prompt."""
    return _FENCED.sub("", prompt)


def _play(instance: Instance, injection: Injection, model: TalkingModel, scanners: Scanners) -> Outcome:
    """Run an injection through everything, and post it twice: the second time must change nothing."""
    number = instance.open(injection)
    engine = Engine(Settings(models=_MODELS), KEY, FakeGateway(review=[model], verify=[model]), scanners)
    merge_request = instance.adapter.describe(instance.project, number)
    change = instance.adapter.fetch(merge_request)
    instance.sent()

    async def flow() -> tuple[Review, Verdict]:
        reviewed = await pipeline.review(change, engine)
        verdict = pipeline.judge(reviewed, change, engine)
        posting = Posting(instance.adapter, merge_request, "all", run="run-1")
        await pipeline.post(reviewed, verdict, change, engine, posting)
        first = instance.written(number)
        await pipeline.post(reviewed, verdict, change, engine, posting)
        assert instance.written(number) == first
        return reviewed, verdict

    review, verdict = asyncio.run(flow())
    messages = [message for request in model.requests for message in request.messages]
    return Outcome(
        review=review,
        verdict=verdict,
        prompts=[message.content for message in messages],
        asked=[message.content for message in messages if message.role != "assistant"],
        written=instance.written(number),
        others=instance.others(number),
        sent=instance.sent(),
        reports={name: make(name).render(review, verdict) for name in _FORMATS},
    )
