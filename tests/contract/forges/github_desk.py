"""One pull request under review on the fake GitHub, and the adapter in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parsers.diff import FileDiff, Side, parse
from parsers.positions import pair_of, same_hunk
from reviewer.domain import ChangeRef, Comment, Discussion, MergeRequest, Plan, Resolution
from reviewer.forges.github import GitHubForge
from reviewer.repo.mirror import Mirror
from tests.fakes.forge.github import FakeGitHub
from tests.fakes.forge.github_state import Pull, Remark

PROJECT = "acme/shop"
OLD = [f"line {number}\n" for number in range(1, 61)]
# Line 10 becomes two lines, line 40 goes: two hunks, 7-14 and 38-43 on the new side.
NEW = [*OLD[:9], "value = 1\n", "other = 2\n", *OLD[10:39], *OLD[40:]]


@dataclass
class Desk:
    """What a test works with; `slept` are the pauses the adapter asked for, none of them taken."""

    fake: FakeGitHub
    forge: GitHubForge
    merge_request: MergeRequest
    diff: FileDiff
    slept: list[float]

    @property
    def pull(self) -> Pull:
        return self.fake.pull(PROJECT, 1)

    @property
    def remarks(self) -> list[Remark]:
        return self.pull.inline

    def comment(
        self, start: int, end: int | None = None, *, side: Side = Side.NEW, name: str = "", text: str = "Why?"
    ) -> Comment:
        """Build a comment as a plan holds it."""
        last = end or start
        fingerprint = name or f"{side}{start}-{last}"
        return Comment(
            fingerprint=fingerprint,
            body=f"**high** {text}\n\n<!-- reviewer:v1:{fingerprint}:run1:mac -->",
            path="app.py",
            old_path="app.py",
            side=side,
            start=pair_of(self.diff, side, start),
            end=pair_of(self.diff, side, last),
            in_one_hunk=same_hunk(self.diff, side, start, last),
        )

    def post(self, *comments: Comment) -> None:
        """Have comments stand there before the test begins."""
        self.forge.apply(self.merge_request, plan(*comments))
        self.fake.requests.clear()

    def discussion(self) -> Discussion:
        return self.forge.discussion(self.merge_request)


@contextmanager
def open_desk(folder: Path, **options: Any) -> Iterator[Desk]:
    """Open the pull request; `options` go to the adapter."""
    with FakeGitHub(folder) as fake:
        fake.create_project(PROJECT, {"app.py": "".join(OLD), "README.md": "Hello\n"})
        fake.open_pull(PROJECT, "topic", {"app.py": "".join(NEW)}, body="Because.")
        slept: list[float] = []
        forge = open_forge(fake, folder, wait=slept.append, **options)
        pull = fake.pull(PROJECT, 1)
        (diff,) = parse(pull.repository.diff(pull.base, pull.head)).files
        desk = Desk(fake, forge, describe(pull), diff, slept)
        yield desk
        forge.close()


def open_forge(fake: FakeGitHub, folder: Path, **options: Any) -> GitHubForge:
    """Open an adapter that does not pause between its writes."""
    settings = options.pop("settings", None) or fake.settings()
    return GitHubForge(settings, Mirror(folder / "data"), write_gap_s=0, **options)


def describe(pull: Pull) -> MergeRequest:
    """Say what the adapter would say of a pull request, without a fetch."""
    ref = ChangeRef(
        forge="hub", project=PROJECT, number=pull.number, base=pull.base, start=pull.base, head=pull.head
    )
    return MergeRequest(
        ref=ref,
        title=pull.title,
        description=pull.body,
        author=pull.author.login,
        source_branch=pull.source,
        target_branch=pull.target,
        draft=False,
        open=True,
        url=f"https://elsewhere.invalid/{PROJECT}/pull/{pull.number}",
    )


def plan(*comments: Comment, resolve: tuple[Resolution, ...] = ()) -> Plan:
    return Plan(create=comments, keep=(), resolve=resolve, summary_note=None)
