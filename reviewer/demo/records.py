"""What the loopback forge remembers, and what it refuses: GitLab's rules for merge requests and notes.

Only what a review touches is here. Refusals carry GitLab's own status and words.
"""

from __future__ import annotations

import hmac
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reviewer.demo.diff_places import FilePlaces, find_places
from reviewer.demo.repository import Repository

REPORTER, DEVELOPER = 20, 30  # access levels, GitLab's members API
_SUGGESTION = re.compile(
    r"^(?P<fence>`{3,})suggestion(?::-(?P<above>\d+)\+(?P<below>\d+))?\n(?P<new>.*?)^(?P=fence)`*$",
    re.MULTILINE | re.DOTALL,
)
_REACH = 100  # lines a suggestion may reach up or down; more is silently cut


class Refusal(Exception):
    """The forge answers with this status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(slots=True)
class User:
    """An account; `token` is its access token."""

    id: int
    username: str
    token: str


@dataclass(slots=True)
class Suggestion:
    """New text for lines `first` to `last` of the head's file."""

    path: str
    first: int
    last: int
    replacement: str


@dataclass(slots=True)
class Note:
    """One comment."""

    id: int
    author: User
    body: str
    position: dict[str, Any] | None = None
    resolvable: bool = False
    resolved_by: User | None = None
    suggestions: list[Suggestion] = field(default_factory=list)
    emoji: list[tuple[str, User]] = field(default_factory=list)


@dataclass(slots=True)
class Discussion:
    """A thread, or a single note."""

    id: str
    individual: bool
    notes: list[Note]


@dataclass(frozen=True, slots=True)
class Version:
    """What a push made of a merge request."""

    base: str
    start: str
    head: str


@dataclass(slots=True)
class MergeRequest:
    """A merge request with all that was said in it."""

    project: Project
    iid: int
    source: str
    target: str
    title: str
    description: str
    author: User
    draft: bool = False
    state: str = "opened"
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))
    versions: list[Version] = field(default_factory=list)
    discussions: list[Discussion] = field(default_factory=list)

    @property
    def latest(self) -> Version:
        """Return the newest version."""
        return self.versions[-1]

    def notes(self) -> Iterator[Note]:
        """Yield all notes, oldest discussion first."""
        for discussion in self.discussions:
            yield from discussion.notes

    def refresh(self) -> Version:
        """Look at the branches again; a new version where they have moved, as after a push."""
        repository = self.project.repository
        head, start = repository.sha(f"refs/heads/{self.source}"), repository.sha(f"refs/heads/{self.target}")
        repository.point(f"refs/merge-requests/{self.iid}/head", head)
        version = Version(repository.merge_base(head, start), start, head)
        if not self.versions or (version.base, version.head) != (self.latest.base, self.latest.head):
            self.versions.append(version)
        return self.latest


@dataclass(slots=True)
class Issue:
    """A ticket of a project."""

    title: str
    description: str
    confidential: bool = False


@dataclass(slots=True)
class Project:
    """A project; `members` maps user ids to access levels."""

    id: int
    path: str
    repository: Repository
    members: dict[int, int] = field(default_factory=dict)
    merge_requests: dict[int, MergeRequest] = field(default_factory=dict)
    statuses: list[dict[str, str]] = field(default_factory=list)
    issues: dict[int, Issue] = field(default_factory=dict)


class Records:
    """Everything the forge holds; not safe for threads, the server takes one request at a time."""

    def __init__(self, folder: Path) -> None:
        self.users: dict[int, User] = {}
        self.projects: dict[int, Project] = {}
        self._folder = folder
        self._ids = itertools.count(1001)
        self._places: dict[tuple[Path, Version], Mapping[tuple[str, str], FilePlaces]] = {}

    def add_user(self, username: str, token: str) -> User:
        """Open an account."""
        user = User(len(self.users) + 11, username, token)
        self.users[user.id] = user
        return user

    def add_project(self, path: str, *members: User) -> Project:
        """Create a project with an empty repository; the members are Developers."""
        number = len(self.projects) + 1
        repository = Repository.create(self._folder / f"project-{number}.git")
        project = Project(number, path, repository, {user.id: DEVELOPER for user in members})
        self.projects[number] = project
        return project

    def open_merge_request(
        self,
        project: Project,
        author: User,
        *,
        source: str,
        target: str = "main",
        title: str = "Change",
        description: str = "",
        draft: bool = False,
    ) -> MergeRequest:
        """Open a merge request between two branches."""
        iid = len(project.merge_requests) + 1
        merge_request = MergeRequest(project, iid, source, target, title, description, author, draft)
        merge_request.refresh()
        project.merge_requests[iid] = merge_request
        return merge_request

    def user_of(self, token: str | None) -> User:
        """Find who a token belongs to."""
        for user in self.users.values():
            if token is not None and hmac.compare_digest(user.token.encode(), token.encode()):
                return user
        raise Refusal(401, "401 Unauthorized")

    def project(self, name: str, user: User) -> Project:
        """Find a project by id or path; what a user may not see is not there."""
        for project in self.projects.values():
            if name in (str(project.id), project.path) and user.id in project.members:
                return project
        raise Refusal(404, "404 Project Not Found")

    def start_discussion(
        self,
        merge_request: MergeRequest,
        author: User,
        body: str,
        position: Any = None,
        *,
        individual: bool = False,
    ) -> Discussion:
        """Write a first note; raises Refusal 400 for a position that is not in the diff."""
        note = self._note(author, body)
        if position is not None:
            self._check_position(merge_request, position)
            note.position = position
        note.resolvable = not individual
        note.suggestions = _read_suggestions(note)
        discussion = Discussion(f"{next(self._ids):040x}", individual, [note])
        merge_request.discussions.append(discussion)
        return discussion

    def answer(self, discussion: Discussion, author: User, body: str) -> Note:
        """Add a note to a thread."""
        note = self._note(author, body)
        note.resolvable = discussion.notes[0].resolvable
        note.resolved_by = discussion.notes[0].resolved_by
        discussion.notes.append(note)
        return note

    def edit(self, note: Note, user: User, body: str) -> None:
        """Replace a note's text; only its author may."""
        if note.author is not user:
            raise Refusal(403, "403 Forbidden")
        note.body = _checked(body)
        note.suggestions = _read_suggestions(note)

    def award(self, note: Note, user: User, name: str) -> None:
        """Put an emoji on a note; anyone who sees it may, each kind once."""
        if (name, user) in note.emoji:
            raise Refusal(404, "404 Award Emoji Name has already been taken Not Found")
        note.emoji.append((name, user))

    def resolve(
        self, merge_request: MergeRequest, discussion: Discussion, user: User, *, resolved: bool
    ) -> None:
        """Resolve or reopen a thread; Developers and the merge request's author may."""
        level = merge_request.project.members[user.id]
        if level < DEVELOPER and merge_request.author is not user:
            raise Refusal(403, "403 Forbidden")
        if not discussion.notes[0].resolvable:
            raise Refusal(400, "400 Bad request - discussion is not resolvable")
        for note in discussion.notes:
            note.resolved_by = user if resolved else None

    def apply_suggestion(self, merge_request: MergeRequest, suggestion: Suggestion) -> str:
        """Commit a suggestion to the source branch as its button does; return the commit."""
        repository = merge_request.project.repository
        lines = (repository.read(merge_request.latest.head, suggestion.path) or b"").split(b"\n")
        # Nothing between the fences deletes the lines.
        lines[suggestion.first - 1 : suggestion.last] = suggestion.replacement.encode().split(b"\n")[:-1]
        commit = repository.commit(
            merge_request.source, {suggestion.path: b"\n".join(lines)}, "Apply suggestion"
        )
        merge_request.refresh()
        return commit

    def _note(self, author: User, body: str) -> Note:
        return Note(next(self._ids), author, _checked(body))

    def _check_position(self, merge_request: MergeRequest, position: Any) -> None:
        version = next((one for one in merge_request.versions if _names(position, one)), None)
        if version is None:
            raise _no_line()
        key = (merge_request.project.repository.path, version)
        if key not in self._places:
            self._places[key] = find_places(merge_request.project.repository, version.base, version.head)
        file = self._places[key].get((position.get("old_path"), position.get("new_path")))
        if file is None:
            raise _no_line()
        if position["position_type"] == "text":
            _check_lines(file, position)


def _names(position: Any, version: Version) -> bool:
    shas = (position.get("base_sha"), position.get("start_sha"), position.get("head_sha"))
    return shas == (version.base, version.start, version.head)


def _check_lines(file: FilePlaces, position: Mapping[str, Any]) -> None:
    if (position.get("old_line"), position.get("new_line")) not in file.pairs:
        raise _no_line()
    for end in (position.get("line_range") or {}).values():
        if set(end) != {"line_code", "type"} or end["line_code"] not in file.codes:
            raise Refusal(400, '400 Bad request - Note {:position=>["must be a valid json schema"]}')


def _no_line() -> Refusal:
    return Refusal(
        400, '400 Bad request - Note {:line_code=>["can\'t be blank", "must be a valid line code"]}'
    )


def _checked(body: str) -> str:
    if not body.strip():
        raise Refusal(400, '400 Bad request - Note {:note=>["can\'t be blank"]}')
    if len(body) > 1_000_000:
        raise Refusal(400, '400 Bad request - Note {:note=>["is too long (maximum is 1000000 characters)"]}')
    return body


def _read_suggestions(note: Note) -> list[Suggestion]:
    line = (note.position or {}).get("new_line")
    if note.position is None or line is None:
        return []
    path = note.position["new_path"]
    return [
        Suggestion(
            path,
            max(1, line - min(int(found["above"] or 0), _REACH)),
            line + min(int(found["below"] or 0), _REACH),
            found["new"],
        )
        for found in _SUGGESTION.finditer(note.body)
    ]
