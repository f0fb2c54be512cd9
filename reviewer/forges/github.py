"""The GitHub and GHES adapter: reads with git, writes with as few calls as the API allows."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Literal

from github.Auth import Token
from github.Commit import Commit
from github.Repository import Repository

from reviewer.config import ForgeSettings
from reviewer.domain import (
    ChangeRef,
    ChangeSet,
    Check,
    Discussion,
    MergeRequest,
    Person,
    Plan,
    Receipt,
    Sighting,
    Ticket,
    Verdict,
)
from reviewer.errors import ForgeAuth, ForgeNotFound, ForgeRefused
from reviewer.forges.github_api import WRITE_GAP_S, GitHubApi, Wait, api_address, translated
from reviewer.forges.github_check import run_checks
from reviewer.forges.github_credentials import open_credentials
from reviewer.forges.github_desk import Desk
from reviewer.forges.github_reactions import read_objections
from reviewer.forges.github_review import carry_out
from reviewer.forges.github_threads import read_viewer, resolve_thread
from reviewer.forges.session import TIMEOUT_S, ForgeSession, Told, tell_nobody
from reviewer.ports import Codebase
from reviewer.repo.mirror import Mirror
from reviewer.repo.remote import Remote
from reviewer.stages.tickets import find_references

STATUS_CONTEXT = "reviewer"
MOST_TICKETS = 2  # a call each
STATUS_LENGTH = 140
# https://docs.github.com/en/rest/commits/statuses: error, failure, pending or success.
_STATES = {Verdict.PASS: "success", Verdict.FAIL: "failure", Verdict.INCONCLUSIVE: "error"}

# Names become parts of addresses: nothing but what GitHub allows in them gets that far.
_PROJECT = re.compile(r"(?!\.)[\w.-]+/(?!\.{1,2}$)[\w.-]+", re.ASCII)
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class GitHubForge:
    """One GitHub or GHES instance (ports.Forge, Conversation, Feedback, Listing and Checkable).

    `projects` are `owner/name`. A thread's id is the id of its first comment. Safe for several
    threads at once. Acts with the settings' token or App; raises ConfigError if neither can be used.
    `write_gap_s` is the least time between two writes of one piece of work; `wait` waits where the
    forge asks for a pause.
    """

    dialect: Literal["gitlab", "github"] = "github"

    def __init__(
        self,
        settings: ForgeSettings,
        mirror: Mirror,
        *,
        timeout_s: float = TIMEOUT_S,
        write_gap_s: float = WRITE_GAP_S,
        wait: Wait = time.sleep,
        told: Told = tell_nobody,
    ) -> None:
        self.id = settings.id
        self._settings = settings
        self._mirror = mirror
        self._wait = wait
        address = api_address(settings.url)
        self._session = ForgeSession(address, settings, timeout_s=timeout_s, wait=wait, told=told)
        self._api = GitHubApi(address, self._session, write_gap_s=write_gap_s, wait=wait)
        self._credentials = open_credentials(settings, self._api.connect)

    def describe(self, project: str, number: int) -> MergeRequest:
        """Ask for a pull request's present state; its merge base comes out of the mirror."""
        repository = self._repository(project)
        with translated(f"{project}#{number}"):
            pull = repository.get_pull(number).complete()
        remote, head = self._remote(project), pull.head.sha
        with self._session.judging():
            fetched = self._mirror.fetch(remote, ref=_ref(number), branch=pull.base.ref, head=head)
        return MergeRequest(
            ref=ChangeRef(
                forge=self.id,
                project=project,
                number=number,
                base=self._mirror.merge_base(remote, fetched.target, head),
                start=fetched.target,
                head=head,
            ),
            title=pull.title,
            description=pull.body or "",
            author=pull.user.login if pull.user else "ghost",
            source_branch=pull.head.ref,
            target_branch=pull.base.ref,
            draft=bool(pull.draft),
            open=pull.state == "open",
            url=pull.html_url,
        )

    def fetch(self, merge_request: MergeRequest) -> ChangeSet:
        """Read the change from the mirror, its settings from the target branch."""
        ref = merge_request.ref
        if ref.base is None or ref.start is None or ref.head is None:
            raise ForgeNotFound(f"{ref.project}#{ref.number} has no commits to compare")
        remote = self._remote(ref.project)
        # Another process may have described it, into another mirror.
        with self._session.judging():
            branch = merge_request.target_branch
            self._mirror.fetch(remote, ref=_ref(ref.number), branch=branch, head=ref.head)
        changes = self._mirror.read_changes(remote, base=ref.base, head=ref.head, settings_from=ref.start)
        return ChangeSet(
            ref=ref,
            title=merge_request.title,
            description=merge_request.description,
            files=changes.files,
            warnings=changes.warnings,
            repository_settings=changes.repository_settings,
            attributes=changes.attributes,
            python_version=changes.python_version,
        )

    def codebase(self, merge_request: MergeRequest) -> AbstractContextManager[Codebase]:
        """Return the code around the head, out of the mirror."""
        ref = merge_request.ref
        if ref.head is None:
            raise ForgeNotFound(f"{ref.project}#{ref.number} has no head")
        return self._mirror.codebase(self._remote(ref.project), ref.head)

    def tickets(self, merge_request: MergeRequest) -> tuple[Ticket, ...]:
        """Read the issues that the description names, a call each; pull requests are none."""
        project = merge_request.ref.project
        numbers = find_references(merge_request.description, MOST_TICKETS)
        if not numbers:
            return ()
        repository, found = self._repository(project), list[Ticket]()
        for number in numbers:
            try:
                with translated(f"{project}#{number}"):
                    _, told = repository.requester.requestJsonAndCheck(
                        "GET", f"{repository.url}/issues/{number}"
                    )
            except ForgeNotFound:
                continue
            if "pull_request" not in told:
                found.append(Ticket(number, told["title"], told["body"] or ""))
        return tuple(found)

    def discussion(self, merge_request: MergeRequest) -> Discussion:
        """List all review threads, and all comments of the conversation as notes."""
        return self._desk(merge_request.ref.project, merge_request.ref.number).conversation().discussion

    def apply(self, merge_request: MergeRequest, plan: Plan) -> Receipt:
        """Post all inline comments as one review, then resolve; raises Superseded on another head."""
        ref = merge_request.ref
        return carry_out(self._desk(ref.project, ref.number), ref.head or "", plan)

    def summarise(self, merge_request: MergeRequest, note: str | None, body: str) -> str:
        """Edit the summary, or write a new one where there is none (or no longer)."""
        desk = self._desk(merge_request.ref.project, merge_request.ref.number)
        if note is not None:
            try:
                desk.edit_note(note, body)
            except ForgeNotFound:
                pass
            else:
                return note
        return desk.write_note(body)

    def set_status(self, merge_request: MergeRequest, verdict: Verdict, description: str) -> None:
        """Set the head's commit status; inconclusive is an error, never a green tick."""
        ref = merge_request.ref
        repository = self._repository(ref.project)
        commit = Commit(
            repository.requester,
            attributes={"sha": ref.head, "url": f"{repository.url}/commits/{ref.head}"},
            completed=True,
        )
        with translated(f"status of {ref.project}@{ref.head}"):
            commit.create_status(
                _STATES[verdict], description=description[:STATUS_LENGTH], context=STATUS_CONTEXT
            )

    def may_command(self, project: str, actor_id: int, actor: str) -> bool:
        """Say whether this very account may write to the project."""
        if not _LOGIN.fullmatch(actor):
            return False
        repository = self._repository(project)
        try:
            with translated(f"permission of {actor}"):
                _, answer = repository.requester.requestJsonAndCheck(
                    "GET", f"{repository.url}/collaborators/{actor}/permission"
                )
        except ForgeNotFound:
            return False
        # A name can pass to another account, a number cannot.
        return answer["user"]["id"] == actor_id and answer["permission"] in ("admin", "write")

    def reply(self, project: str, number: int, thread: str | None, body: str) -> str:
        """Answer in a thread, or with a new note."""
        desk = self._desk(project, number)
        if thread is None:
            return desk.write_note(body)
        return desk.reply(thread, body)

    def objections(self, project: str, number: int, notes: Collection[str]) -> Mapping[str, Sequence[Person]]:
        """List who put a thumbs-down on these comments of threads; one call, whatever their number."""
        return read_objections(self._repository(project), project, number, notes) if notes else {}

    def resolve(self, project: str, number: int, thread: str) -> bool:
        """Resolve a thread; false where GraphQL, which alone can, refuses it or is out of reach."""
        desk = self._desk(project, number)
        node = desk.conversation().nodes.get(thread)
        if node is None:
            return False
        try:
            resolve_thread(desk.repository, node)
        except (ForgeAuth, ForgeNotFound, ForgeRefused):
            return False
        return True

    def bot_id(self, project: str) -> int:
        """Ask for our own numeric user id, as comments of ours carry it."""
        return read_viewer(self._repository(project))

    def open_changes(self, project: str, since: float, limit: int) -> Sequence[Sighting]:
        """List open pull requests updated since, newest first; GitHub sorts, and leaves the time to us."""
        found: list[Sighting] = []
        with translated(project):
            listed = self._repository(project).get_pulls(state="open", sort="updated", direction="desc")
            for pull in itertools.islice(listed, limit):
                if pull.updated_at is None or pull.updated_at.timestamp() < since:
                    break
                found.append(Sighting(pull.number, pull.head.sha, bool(pull.draft)))
        return found

    def check(self) -> Sequence[Check]:
        """Look at address, credentials and projects, for `reviewer doctor`."""
        return run_checks(
            self._settings,
            lambda: self._api.connect(self._credentials.account()),
            lambda project: self._repository(project).requester,
        )

    def close(self) -> None:
        """Close all connections."""
        self._api.close()

    def _repository(self, project: str) -> Repository:
        """Return a handle for one piece of work in one thread; it asks nothing by itself."""
        if not _PROJECT.fullmatch(project):
            raise ForgeNotFound(f"{project!r} is not owner/name")
        requester = self._api.connect(Token(self._credentials.token(project)))
        return Repository(requester, url=f"/repos/{project}")

    def _desk(self, project: str, number: int) -> Desk:
        return Desk(self._repository(project), project, number, self._wait)

    def _remote(self, project: str) -> Remote:
        return Remote(
            url=f"{self._settings.url.rstrip('/')}/{project}.git",
            username="x-access-token",
            token=self._credentials.token(project),
            tls=self._settings,
        )


def _ref(number: int) -> str:
    return f"refs/pull/{number}/head"
