"""Rewritten histories, made with git itself: what was said is not said again, what was dismissed stays so.

The model words its finding anew in every review, and calls it something else each time.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from parsers.diff import Side
from reviewer import pipeline
from reviewer.config import ForgeSettings, MemorySettings, ModelSettings, Settings
from reviewer.database.connections import open_database
from reviewer.database.migration import migrate
from reviewer.demo.records import Discussion
from reviewer.domain import Category, ChangeSet, Confidence, Event, Finding, Severity, Source
from reviewer.forges.gitlab import GitLabForge
from reviewer.memory.database import Bounds, DatabaseMemory
from reviewer.pipeline import Engine
from reviewer.ports import ModelRequest, ScanReport
from reviewer.repo.mirror import Mirror
from reviewer.service.learning import Lessons
from reviewer.service.work import ReviewWork
from tests.fakes.forge.gitlab import FakeGitLab
from tests.fakes.memory import NOON
from tests.fakes.panel import FakeGateway, TalkingModel, listing

KEY = b"k" * 32
BASE = "def fee(turnover):\n    return turnover\n\n\ndef label(order):\n    return order.name\n"
FLAWED = (
    "def fee(turnover):\n    return min(turnover, 5)\n\n\n"
    "def label(order, formula):\n    value = eval(formula)\n    return f'{order.name} {value}'\n"
)
ADDED = "def refund(order):\n    total = eval(order.formula)\n    return min(total, 5)\n"
FILLING = "".join(f"LIMIT_{number} = {number}\n" for number in range(12))
WORDS = (
    ("The minimum is a maximum", "correctness"),
    ("Clients are charged too little", "finance"),
    ("Wrong bound chosen here", "security"),
    ("min where max was meant", "maintainability"),
)


class EvalScanner:
    """A rule that finds eval on added lines."""

    name = "rules"
    thorough = False

    def scan(self, change: ChangeSet) -> ScanReport:
        return ScanReport(
            tuple(finding for file in change.files for finding in self._find(file.path, file.new))
        )

    def _find(self, path: str, text: bytes | None) -> Iterator[Finding]:
        for number, line in enumerate((text or b"").decode().splitlines(), start=1):
            if "eval(" in line:
                yield Finding(
                    "python/no-eval", Source.RULE, Severity.MEDIUM, Confidence.HIGH, Category.SECURITY, path,
                    Side.NEW, number, number, "eval runs anything", "It does.",
                )  # fmt: skip


def fickle() -> Callable[[ModelRequest], str]:
    """Find every min() that is shown, in other words and another category in every conversation."""
    turns = count()

    def say(request: ModelRequest) -> str:
        title, category = WORDS[next(turns) // 2 % len(WORDS)]
        found = [
            {
                "path": path, "quote": line, "start_line": None, "end_line": None, "severity": "medium",
                "category": category, "title": title, "message": f"{title}, surely.", "confidence": "high",
                "replacement": None,
            }
            for path, line in shown_minima("\n".join(message.content for message in request.messages))
        ]  # fmt: skip
        return listing(*found)(request)

    return say


def shown_minima(prompt: str) -> Iterator[tuple[str, str]]:
    """Yield path and text of the added lines with min() in a prompt."""
    path = ""
    for line in prompt.splitlines():
        if line.startswith("### "):
            path = line.split()[1]
        elif " + " in line and "min(" in line:
            yield path, line.split(" + ", 1)[1]


class Fence:
    job = "job"

    async def check(self) -> None:
        """Nobody else is there."""

    def hold(self) -> AbstractAsyncContextManager[None]:
        return nullcontext()


class Story:
    """One merge request, its author's clone, and the service's work upon it; nothing is incremental here."""

    def __init__(self, folder: Path, gitlab: FakeGitLab) -> None:
        self.gitlab = gitlab
        self.merge_request = gitlab.open(
            {"fees.py": BASE, "README.md": "Fees\n"}, {"fees.py": FLAWED, "refunds.py": ADDED}
        )
        self._folder = folder
        self.clone = folder / "clone"
        self._run_in(folder, "clone", "-q", str(gitlab.project.repository.path), str(self.clone))
        self.git("checkout", "-q", self.merge_request.source)
        (folder / "token").write_text(gitlab.token)
        forge = ForgeSettings(id="lab", kind="gitlab", url=gitlab.url, token_file=folder / "token")
        self.forge = GitLabForge(forge, Mirror(folder / "var"))
        engine = open_database(f"sqlite:///{folder / 'reviewer.db'}", connections=1, timeout_s=20)
        migrate(engine)
        self.memory = DatabaseMemory(engine, lambda: NOON, Bounds())
        models = {"coder": ModelSettings(backend="ollama", model="deepseek-coder-v2:16b")}
        settings = Settings.model_validate(
            {"forges": (forge,), "models": models, "review": {"incremental": False}}
        )
        made = Engine(
            settings, KEY, FakeGateway(review=[TalkingModel("coder", fickle())]), lambda *_: (EvalScanner(),)
        )

        async def opened() -> Engine:
            return made

        lessons = Lessons(self.memory, {"lab": self.forge}, MemorySettings(), key=KEY, clock=lambda: NOON)
        self._work = ReviewWork(settings, {"lab": self.forge}, opened, lessons)

    def git(self, *arguments: str) -> None:
        """Run git as the author would."""
        self._run_in(self.clone, *arguments)

    def push(self, *arguments: str) -> None:
        """Push the branch, and let the forge see it."""
        self.git("push", "-q", *arguments, "origin", "HEAD")
        self.merge_request.refresh()

    def review(self) -> dict[str, Any]:
        """Do what a job does about a push."""
        event = Event("lab", "desk/orders", 1, "pushed", "d", head=self.merge_request.latest.head)
        document = asyncio.run(self._work(event, pipeline.straight, Fence()))
        assert isinstance(document, dict)
        return document

    def threads(self) -> list[Discussion]:
        return [item for item in self.merge_request.discussions if item.notes[0].position]

    def close(self) -> None:
        self.memory.close()
        self.forge.close()

    def _run_in(self, folder: Path, *arguments: str) -> None:
        person = {
            f"GIT_{who}_{what}": "dev@example.invalid"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),
            "GIT_CONFIG_GLOBAL": os.devnull,
            **person,
        }
        subprocess.run(["git", *arguments], cwd=folder, env=environ, check=True, capture_output=True)


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    with FakeGitLab(tmp_path) as gitlab:
        made = Story(tmp_path, gitlab)
        yield made
        made.close()


def rebase(story: Story) -> None:
    repository = story.gitlab.project.repository
    repository.commit(
        "main", {"fees.py": f'"""Fees."""\n\n{FILLING}\n\n{BASE}', "other.py": "A = 1\n"}, "Meanwhile"
    )
    story.git("fetch", "-q", "origin")
    story.git("rebase", "-q", "origin/main")
    story.push("--force")


def squash(story: Story) -> None:
    (story.clone / "refunds.py").write_text(FILLING + ADDED)
    story.git("commit", "-qam", "Limits")
    story.git("reset", "-q", "--soft", "origin/main")
    story.git("commit", "-qm", "All in one")
    story.push("--force")


def amend(story: Story) -> None:
    story.git("commit", "-q", "--amend", "-m", "In better words")
    story.push("--force")


def rename(story: Story) -> None:
    story.git("mv", "fees.py", "charges.py")
    story.git("mv", "refunds.py", "returns.py")
    story.git("commit", "-qm", "Rename")
    story.push()


def shift(story: Story) -> None:
    (story.clone / "fees.py").write_text(f"{FILLING}\n\nasync def more():\n    return 1\n\n\n{FLAWED}")
    story.git("commit", "-qam", "More above")
    story.push()


def words(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(item["title"], item["category"]) for item in document["findings"] if item["source"] == "model"}


@pytest.mark.parametrize("rewrite", [rebase, squash, amend, rename, shift])
def test_nothing_is_repeated_and_dismissals_hold(story: Story, rewrite: Callable[[Story], None]) -> None:
    first = story.review()
    assert [item["source"] for item in first["findings"]] == ["rule", "rule", "model", "model"]
    threads = story.threads()
    assert len(threads) == 4
    resolved, disliked = threads[0], threads[1]
    story.gitlab.records.answer(threads[2], story.gitlab.alice, "On purpose.")

    rewrite(story)
    second = story.review()

    assert words(second).isdisjoint(words(first))
    assert {item["fingerprint"] for item in second["findings"]} == {
        item["fingerprint"] for item in first["findings"]
    }
    assert story.threads() == threads
    assert [len(item.notes) for item in threads] == [1, 1, 2, 1]
    assert not any(item.notes[0].resolved_by for item in threads)

    story.gitlab.records.resolve(story.merge_request, resolved, story.gitlab.alice, resolved=True)
    story.gitlab.records.award(disliked.notes[0], story.gitlab.alice, "thumbsdown")
    story.git("commit", "-q", "--allow-empty", "-m", "Nothing")
    story.push()
    third = story.review()

    assert len(third["findings"]) == 2
    assert [item["reason"] for item in third["suppressed"]] == ["memory", "memory"]
    assert story.threads() == threads
    assert disliked.notes[0].resolved_by is story.gitlab.bot


def test_a_new_file_renamed_back_and_forth_keeps_its_threads(story: Story) -> None:
    first = story.review()
    for old, new in (("refunds.py", "returns.py"), ("returns.py", "refunds.py")):
        story.git("mv", old, new)
        story.git("commit", "-qm", "Rename")
        story.push()
        again = story.review()
        assert {item["fingerprint"] for item in again["findings"]} == {
            item["fingerprint"] for item in first["findings"]
        }
    assert len(story.threads()) == 4
