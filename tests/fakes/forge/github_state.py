"""What a GitHub instance knows: accounts, projects, pull requests and what was said on them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from reviewer.demo.repository import Repository
from tests.fakes.forge.github_lines import Hunk, read_hunks

# Ids start where they do on the real instances today: beyond what a signed 32-bit number holds.
FIRST_ID = 2_400_000_001


@dataclass(frozen=True)
class Account:
    id: int
    login: str
    kind: str = "User"

    def as_json(self) -> dict[str, Any]:
        return {"id": self.id, "login": self.login, "type": self.kind, "site_admin": False}


@dataclass
class Remark:
    """A review comment (with a place), or an issue comment (without)."""

    id: int
    author: Account | None
    body: str
    place: dict[str, Any] = field(default_factory=dict)
    root: int = 0  # the review comment that opened the thread
    review: int | None = None
    reactions: list[tuple[str, Account | None]] = field(default_factory=list)  # content as REST has it

    @property
    def path(self) -> str:
        return str(self.place["path"])

    @property
    def lines(self) -> tuple[int, int]:
        """First and last line on the comment's side."""
        last = int(self.place["line"])
        return int(self.place.get("start_line") or last), last

    def reaction_rows(self) -> list[dict[str, Any]]:
        return [
            {"id": number, "content": kind, "user": account.as_json() if account else None}
            for number, (kind, account) in enumerate(self.reactions, 1)
        ]


@dataclass
class ThreadState:
    node: str
    root: int
    resolved_by: Account | None = None


@dataclass
class Pull:
    number: int
    title: str
    body: str
    author: Account
    source: str
    target: str
    repository: Repository
    draft: bool = False
    state: str = "open"
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))
    remarks: dict[int, Remark] = field(default_factory=dict)
    notes: dict[int, Remark] = field(default_factory=dict)
    threads: dict[int, ThreadState] = field(default_factory=dict)
    reviews: list[int] = field(default_factory=list)

    @property
    def head(self) -> str:
        return self.repository.sha(f"refs/pull/{self.number}/head")

    @property
    def base(self) -> str:
        return self.repository.merge_base(f"refs/heads/{self.target}", self.head)

    def hunks(self, head: str) -> dict[str, list[Hunk]]:
        return read_hunks(self.repository, self.base, head)

    def in_thread(self, root: int) -> list[Remark]:
        return [remark for remark in self.remarks.values() if remark.root == root]

    @property
    def inline(self) -> list[Remark]:
        """The comments that opened threads."""
        return [remark for remark in self.remarks.values() if remark.root == remark.id]


@dataclass
class Project:
    name: str
    repository: Repository
    roles: dict[str, str] = field(default_factory=dict)  # login -> admin, write or read
    pulls: dict[int, Pull] = field(default_factory=dict)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Actor:
    """Who a token speaks for; `projects` None means all, `app` that it is an App's own JWT."""

    account: Account
    projects: tuple[str, ...] | None = None
    app: bool = False

    def sees(self, project: str) -> bool:
        return not self.app and (self.projects is None or project in self.projects)


@dataclass
class World:
    """Everything, and the ids for what is new."""

    accounts: dict[str, Account] = field(default_factory=dict)
    projects: dict[str, Project] = field(default_factory=dict)
    tokens: dict[str, Actor] = field(default_factory=dict)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(FIRST_ID))

    def account(self, login: str, kind: str = "User") -> Account:
        """Return an account, made if there is none of the name."""
        if login not in self.accounts:
            self.accounts[login] = Account(1000 + len(self.accounts), login, kind)
        return self.accounts[login]

    def note(self, pull: Pull, author: Account, body: str) -> Remark:
        note = Remark(next(self.ids), author, body)
        pull.notes[note.id] = note
        return note

    def remark(
        self, pull: Pull, author: Account, body: str, *, place: dict[str, Any], review: int | None = None
    ) -> Remark:
        """Open a thread."""
        number = next(self.ids)
        remark = Remark(number, author, body, place, root=number, review=review)
        pull.remarks[number] = remark
        pull.threads[number] = ThreadState(f"PRRT_{number}", number)
        return remark

    def answer(self, pull: Pull, author: Account, root: int, body: str) -> Remark:
        """Reply in a thread."""
        remark = Remark(next(self.ids), author, body, pull.remarks[root].place, root=root)
        pull.remarks[remark.id] = remark
        return remark
