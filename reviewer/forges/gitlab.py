"""GitLab through python-gitlab: merge requests, discussions, notes, commit statuses.

`keep_base_url` because pagination links follow the server's `external_url` otherwise; no
`retry_transient_errors`, for it repeats POSTs (measured: two discussions). What may go wrong below
the library is the session's. A review takes five calls, one more per comment and two more per
resolved thread: describe, who are we, discussions, head check, summary.
"""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import quote

from gitlab import Gitlab
from gitlab.v4.objects import ProjectMergeRequest

from parsers.diff import FileDiff
from reviewer.config import ForgeSettings, secret
from reviewer.domain import (
    ChangeRef,
    ChangeSet,
    Check,
    Discussion,
    MergeRequest,
    Note,
    Person,
    Plan,
    Receipt,
    Sighting,
    Thread,
    Ticket,
    Verdict,
)
from reviewer.errors import (
    ConfigError,
    ForgeAuth,
    ForgeNotFound,
    ForgeRefused,
    ForgeUnavailable,
    Superseded,
)
from reviewer.forges.gitlab_check import run_checks
from reviewer.forges.gitlab_desk import Desk, list_discussions
from reviewer.forges.gitlab_errors import translated
from reviewer.forges.session import ForgeSession, Told, tell_nobody
from reviewer.ports import Codebase
from reviewer.repo.mirror import Mirror
from reviewer.repo.remote import Remote
from reviewer.stages.tickets import find_references

STATUS_NAME = "reviewer"
RENAMES = "30%"  # what Gitaly passes to git diff (internal/gitaly/service/diff)
DEVELOPER = 30  # access_level, GitLab's members API
_DIFF_WAITS_S = (0.5, 1.0, 2.0, 4.0)
_STATES = {Verdict.PASS: "success", Verdict.FAIL: "failed", Verdict.INCONCLUSIVE: "failed"}


class GitLabForge:
    """One GitLab instance; implements Forge, Conversation, Feedback, Listing and Checkable."""

    dialect: Literal["gitlab", "github"] = "gitlab"

    def __init__(
        self,
        settings: ForgeSettings,
        mirror: Mirror,
        *,
        wait: Callable[[float], None] = time.sleep,
        told: Told = tell_nobody,
    ) -> None:
        token = secret(settings.token_env, settings.token_file, key=f"forges.{settings.id}.token")
        if token is None:
            raise ConfigError("a token is needed", key=f"forges.{settings.id}.token_env")
        self.id = settings.id
        self._settings = settings
        self._token = token
        self._mirror = mirror
        self._wait = wait
        self.session = ForgeSession(settings.url, settings, wait=wait, told=told)
        self._gitlab = Gitlab(
            settings.url,
            private_token=token,
            session=self.session,
            ssl_verify=self.session.ca,
            per_page=100,
            keep_base_url=True,
            retry_transient_errors=False,
        )

    # --- Forge ------------------------------------------------------------------------------------

    def describe(self, project: str, number: int) -> MergeRequest:
        """Ask for a merge request's state; waits a few seconds for a diff GitLab is still preparing."""
        for wait_s in (*_DIFF_WAITS_S, None):
            with translated(f"{project}!{number}"):
                merge_request = self._gitlab.projects.get(project, lazy=True).mergerequests.get(number)
                shas = merge_request.attributes.get("diff_refs") or _latest_version(merge_request)
                if shas:
                    return _describe(self.id, project, merge_request.attributes, shas)
            if wait_s is not None:
                self._wait(wait_s)
        raise ForgeUnavailable(f"{project}!{number}: GitLab has not prepared its diff yet")

    def fetch(self, merge_request: MergeRequest) -> ChangeSet:
        """Read the change from the mirror; settings and attributes come from the target branch's tip."""
        ref = merge_request.ref
        base, head = _named(ref.base, ref), _named(ref.head, ref)
        remote = self._remote(ref.project)
        with self.session.judging():
            fetched = self._mirror.fetch(
                remote,
                ref=f"refs/merge-requests/{ref.number}/head",
                branch=merge_request.target_branch,
                head=head,
            )
        changes = self._mirror.read_changes(
            remote, base=base, head=head, settings_from=fetched.target, renames=RENAMES
        )
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

    def discussion(self, merge_request: MergeRequest) -> Discussion:
        """List all threads and notes; what GitLab itself noted is left out."""
        threads: list[Thread] = []
        notes: list[Note] = []
        bot = self._bot_id
        for found in list_discussions(self._merge_request(merge_request.ref)):
            spoken = [note for note in found["notes"] if not note["system"]]
            if found["individual_note"]:
                notes.extend(_note(note, bot) for note in spoken)
            elif spoken:
                threads.append(_thread(str(found["id"]), spoken, bot))
        return Discussion(threads=tuple(threads), notes=tuple(notes))

    def apply(self, merge_request: MergeRequest, plan: Plan) -> Receipt:
        """Post inline comments one by one, then resolve; see Forge.

        A ForgeTransient in the middle leaves a part of the plan standing: reconcile again.
        """
        self._refuse_if_moved(merge_request)
        return self._desk(merge_request.ref).carry_out(plan, lambda: self._read_diff(merge_request.ref))

    def summarise(self, merge_request: MergeRequest, note: str | None, body: str) -> str:
        """Edit the summary note, or write it where there is none (any more)."""
        desk = self._desk(merge_request.ref)
        if note is not None and desk.edit(note, body):
            return note
        return desk.write(body)

    def set_status(self, merge_request: MergeRequest, verdict: Verdict, description: str) -> None:
        """Set the commit status of the head; inconclusive is no success."""
        ref = merge_request.ref
        status = {"state": _STATES[verdict], "name": STATUS_NAME, "description": description[:255]}
        with translated(f"status of {ref.head}"):
            project = self._gitlab.projects.get(ref.project, lazy=True)
            project.commits.get(_named(ref.head, ref), lazy=True).statuses.create(status)

    # --- Background -------------------------------------------------------------------------------

    def codebase(self, merge_request: MergeRequest) -> AbstractContextManager[Codebase]:
        """Return the code around the head, out of the mirror."""
        ref = merge_request.ref
        return self._mirror.codebase(self._remote(ref.project), _named(ref.head, ref))

    def tickets(self, merge_request: MergeRequest) -> tuple[Ticket, ...]:
        """Read the issues that the description names, confidential ones apart, in one call."""
        numbers = find_references(merge_request.description)
        if not numbers:
            return ()
        project = self._gitlab.projects.get(merge_request.ref.project, lazy=True)
        with translated(f"issues of {merge_request.ref.project}"):
            found = project.issues.list(iids=list(numbers), per_page=len(numbers), get_all=False)
        told = {int(issue.iid): issue.attributes for issue in found}
        return tuple(
            Ticket(number, told[number]["title"], told[number]["description"] or "")
            for number in numbers
            if number in told and not told[number].get("confidential", True)
        )

    # --- Conversation -----------------------------------------------------------------------------

    def may_command(self, project: str, actor_id: int, actor: str) -> bool:
        """Say whether this person is at least a Developer, inherited memberships counted."""
        try:
            with translated(f"member {actor_id} of {project}"):
                member = self._gitlab.projects.get(project, lazy=True).members_all.get(actor_id)
                return bool(member.attributes["access_level"] >= DEVELOPER)
        except ForgeNotFound:
            return False

    def reply(self, project: str, number: int, thread: str | None, body: str) -> str:
        """Answer in a thread, or with a note of its own."""
        ref = ChangeRef(self.id, project, number, None, None, None)
        return self._desk(ref).write(body, thread)

    # --- Feedback ---------------------------------------------------------------------------------

    def objections(self, project: str, number: int, notes: Collection[str]) -> Mapping[str, Sequence[Person]]:
        """List who put a thumbs-down on these notes; one call for each note."""
        merge_request = self._merge_request(ChangeRef(self.id, project, number, None, None, None))
        found = {note: _read_objections(merge_request, note) for note in notes}
        return {note: people for note, people in found.items() if people}

    def resolve(self, project: str, number: int, thread: str) -> bool:
        """Resolve a thread; false where the bot may not, or it is no thread."""
        ref = ChangeRef(self.id, project, number, None, None, None)
        try:
            with translated(f"thread {thread}"):
                self._merge_request(ref).discussions.update(thread, {"resolved": True})
        except (ForgeAuth, ForgeNotFound, ForgeRefused):
            return False
        return True

    # --- Checkable --------------------------------------------------------------------------------

    # --- Listing ----------------------------------------------------------------------------------

    def open_changes(self, project: str, since: float, limit: int) -> Sequence[Sighting]:
        """List open merge requests updated since, newest first (`updated_after` is inclusive)."""
        with translated(project):
            listed = self._gitlab.projects.get(project, lazy=True).mergerequests.list(
                state="opened",
                updated_after=datetime.fromtimestamp(since, UTC).isoformat(),
                order_by="updated_at",
                sort="desc",
                per_page=min(limit, 100),
                iterator=True,
            )
            return [
                Sighting(int(told["iid"]), str(told["sha"]), bool(told["draft"]))
                for told in (found.attributes for found in itertools.islice(listed, limit))
                if told["sha"]  # none while GitLab is still reading a push
            ]

    def check(self) -> Sequence[Check]:
        """Look at the server, the token and the projects named in the configuration."""
        return run_checks(self._gitlab, self._settings)

    def close(self) -> None:
        """Close the connections."""
        self.session.close()

    # --- inside -----------------------------------------------------------------------------------

    @functools.cached_property
    def _bot_id(self) -> int:
        with translated("the token's user"):
            return int(self._gitlab.http_get("/user")["id"])  # type: ignore[index]

    def _remote(self, project: str) -> Remote:
        url = f"{self._settings.url.rstrip('/')}/{quote(project, safe='/')}.git"
        return Remote(url, "oauth2", self._token, self._settings)

    def _merge_request(self, ref: ChangeRef) -> ProjectMergeRequest:
        return self._gitlab.projects.get(ref.project, lazy=True).mergerequests.get(ref.number, lazy=True)

    def _refuse_if_moved(self, merge_request: MergeRequest) -> None:
        now = self.describe(merge_request.ref.project, merge_request.ref.number)
        if now.ref.head != merge_request.ref.head:
            raise Superseded(f"{now.ref.project}!{now.ref.number} has moved on to {now.ref.head}")

    def _desk(self, ref: ChangeRef) -> Desk:
        return Desk(ref, self._merge_request(ref), lambda: self._bot_id)

    def _read_diff(self, ref: ChangeRef) -> tuple[FileDiff, ...]:
        base, head = _named(ref.base, ref), _named(ref.head, ref)
        return self._mirror.read_diff(self._remote(ref.project), base=base, head=head, renames=RENAMES)


def _latest_version(merge_request: ProjectMergeRequest) -> Mapping[str, str] | None:
    versions = merge_request.diffs.list(per_page=1, get_all=False)
    if not versions:
        return None
    latest = versions[0].attributes
    return {
        "base_sha": latest["base_commit_sha"],
        "start_sha": latest["start_commit_sha"],
        "head_sha": latest["head_commit_sha"],
    }


def _describe(forge: str, project: str, told: Mapping[str, Any], shas: Mapping[str, str]) -> MergeRequest:
    # A numeric id becomes the path, which git needs.
    path = told["references"]["full"].rpartition("!")[0] if project.isdigit() else project
    return MergeRequest(
        ref=ChangeRef(forge, path, int(told["iid"]), shas["base_sha"], shas["start_sha"], shas["head_sha"]),
        title=told["title"],
        description=told["description"] or "",
        author=told["author"]["username"],
        source_branch=told["source_branch"],
        target_branch=told["target_branch"],
        draft=bool(told.get("draft", told.get("work_in_progress", False))),
        open=told["state"] == "opened",
        url=told["web_url"],
    )


def _named(sha: str | None, ref: ChangeRef) -> str:
    if sha is None:
        raise ForgeRefused(f"{ref.project}!{ref.number} names no commits")
    return sha


def _note(told: Mapping[str, Any], bot: int) -> Note:
    author = told["author"]
    return Note(str(told["id"]), by_bot=author["id"] == bot, author=author["username"], body=told["body"])


def _thread(thread: str, told: Sequence[Mapping[str, Any]], bot: int) -> Thread:
    decisive = [note for note in told if note.get("resolvable")]
    resolved = bool(decisive) and all(note["resolved"] for note in decisive)
    people = {_person(note["resolved_by"]) for note in decisive if note.get("resolved_by")}
    by = next(iter(people)) if resolved and len(people) == 1 else None
    return Thread(
        id=thread,
        notes=tuple(_note(note, bot) for note in told),
        resolved=resolved,
        resolvable=bool(decisive),
        resolved_by_bot={person.id for person in people} == {bot} if resolved else None,
        resolved_by=by,
    )


def _person(told: Mapping[str, Any]) -> Person:
    return Person(told["id"], told["username"])


def _read_objections(merge_request: ProjectMergeRequest, note: str) -> list[Person]:
    """Read the thumbs-down of a note, in every tone of skin (docs.gitlab.com, Emoji reactions API)."""
    try:
        with translated(f"emoji of note {note}"):
            emoji = merge_request.notes.get(int(note), lazy=True).awardemojis.list(get_all=True)
            rows = [item.attributes for item in emoji]
            return [_person(row["user"]) for row in rows if row["name"].startswith("thumbsdown")]
    except ForgeNotFound:  # the note was deleted meanwhile
        return []
