"""A small forge on loopback that speaks GitLab's API and git's smart HTTP, over real repositories.

It holds what a review touches and is strict about it: a route it does not know is 501, a field it
does not know 400, a position that git's own diff does not have 400 as GitLab says it. Everything
needs a token.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from reviewer.demo import git_http
from reviewer.demo.records import Discussion, MergeRequest, Note, Project, Records, Refusal, User, Version
from reviewer.demo.telling import (
    tell_discussion,
    tell_emoji,
    tell_merge_request,
    tell_note,
    tell_project,
    tell_user,
    tell_version,
)

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

Json = Any
_GIT = re.compile(r"/(?P<project>.+)\.git/(?P<rest>info/refs|git-upload-pack|git-receive-pack)")
_POSITION = (
    *("base_sha!", "start_sha!", "head_sha!", "position_type!"),
    *("old_path", "new_path", "old_line", "new_line", "line_range"),
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request, its body read; `path` as it came, still percent-encoded."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    def fields(self) -> dict[str, Json]:
        """Return the JSON object in the body."""
        try:
            content = json.loads(self.body or b"{}")
        except ValueError as err:
            raise Refusal(400, "400 Bad request - invalid JSON") from err
        if not isinstance(content, dict):
            raise Refusal(400, "400 Bad request - not an object")
        return content


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that has found its route: who asks, the parts of the path, the fields sent."""

    user: User
    parts: Mapping[str, str]
    fields: Mapping[str, Json]
    query: Mapping[str, str] = field(default_factory=dict)
    written_query: str = ""


Handler = Callable[["DemoForge", Asked], Json]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path under `/api/v4`, the fields it takes (`!` after a required one)."""

    method: str
    path: re.Pattern[str]
    fields: tuple[str, ...]
    handler: Handler


class DemoForge:
    """The forge as an ASGI application; `records` is what it holds, `address` where it is served."""

    def __init__(self, folder: Path) -> None:
        self.records = Records(folder)
        self.address = ""
        self._lock = threading.RLock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        request = Request(scope, receive)
        path = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
        body = await request.body()
        call = Call(request.method, path, request.url.query, dict(request.headers), body)
        response = await run_in_threadpool(self.answer, call)
        await response(scope, receive, send)

    def answer(self, call: Call) -> Response:
        """Answer a call; blocks."""
        try:
            found = _GIT.fullmatch(unquote(call.path))
            if found:
                return self._serve_git(call, found["project"], found["rest"])
            with self._lock:
                return self._serve_api(call)
        except Refusal as refusal:
            return JSONResponse({"message": refusal.message}, status_code=refusal.status)

    def _serve_git(self, call: Call, project: str, rest: str) -> Response:
        try:
            user = self.records.user_of(git_http.basic_password(call.headers.get("authorization")))
        except Refusal:
            return git_http.ask_for_password()
        return git_http.serve_repository(
            self.records.project(project, user).repository.path,
            method=call.method,
            rest=rest,
            query=call.query,
            headers=call.headers,
            body=call.body,
        )

    def _serve_api(self, call: Call) -> Response:
        user = self.records.user_of(call.headers.get("private-token"))
        for route in _ROUTES:
            found = route.path.fullmatch(call.path) if route.method == call.method else None
            if found:
                parts = {name: unquote(value) for name, value in found.groupdict().items()}
                fields, query = _checked(call.fields(), route.fields), dict(parse_qsl(call.query))
                asked = Asked(user, parts, fields, query, call.query)
                answer = route.handler(self, asked)
                if isinstance(answer, Iterator):
                    return self._page(call, list(answer))
                return JSONResponse(answer, status_code=201 if call.method == "POST" else 200)
        raise Refusal(501, f"this forge has no {call.method} {call.path}")

    def _page(self, call: Call, rows: Sequence[Json]) -> Response:
        """Cut a list into pages as GitLab does: 20 rows unless asked for more, 100 at most."""
        asked = dict(parse_qsl(call.query))
        size = max(1, min(_number(asked, "per_page", 20), 100))
        page = max(1, _number(asked, "page", 1))
        pages = max(1, -(-len(rows) // size))
        headers = {
            "X-Page": str(page),
            "X-Per-Page": str(size),
            "X-Total": str(len(rows)),
            "X-Total-Pages": str(pages),
            "X-Next-Page": str(page + 1) if page < pages else "",
        }
        if page < pages:
            query = urlencode(asked | {"page": page + 1, "per_page": size})
            headers["Link"] = f'<{self.external_address}{call.path}?{query}>; rel="next"'
        return JSONResponse(rows[(page - 1) * size : page * size], headers=headers)

    @property
    def external_address(self) -> str:
        """Return the address the forge believes to have; GitLab's links follow it."""
        return self.address

    # --- what the routes do -----------------------------------------------------------------------

    def _user(self, asked: Asked) -> Json:
        return tell_user(asked.user)

    def _version(self, _asked: Asked) -> Json:
        return {"version": "18.5.0", "revision": "0000000"}

    def _token(self, asked: Asked) -> Json:
        return {"id": 1, "user_id": asked.user.id, "scopes": ["api"], "active": True, "expires_at": None}

    def _project(self, asked: Asked) -> Json:
        project = self._find_project(asked)
        access = {"access_level": project.members[asked.user.id]}
        return tell_project(project, self.address) | {
            "permissions": {"project_access": access, "group_access": None}
        }

    def _member(self, asked: Asked) -> Json:
        project, number = self._find_project(asked), int(asked.parts["user"])
        if number not in project.members:
            raise Refusal(404, "404 Not found")
        return tell_user(self.records.users[number]) | {"access_level": project.members[number]}

    def _merge_request(self, asked: Asked) -> Json:
        merge_request = self._find(asked)
        return tell_merge_request(merge_request, self.shown_versions(merge_request), self.address)

    def _merge_requests(self, asked: Asked) -> Iterator[Json]:
        """List as GitLab does with `order_by=updated_at`, the one order that is asked for."""
        if asked.query.get("order_by") != "updated_at" or asked.query.get("sort") != "desc":
            raise Refusal(501, "this forge lists merge requests by their update, newest first")
        since = datetime.fromisoformat(asked.query["updated_after"])
        wanted = [
            found
            for found in self._find_project(asked).merge_requests.values()
            if found.state == asked.query["state"] and found.updated >= since
        ]
        for found in sorted(wanted, key=lambda found: found.updated, reverse=True):
            yield tell_merge_request(found, self.shown_versions(found), self.address)

    def _versions(self, asked: Asked) -> Iterator[Json]:
        shown = enumerate(self.shown_versions(self._find(asked)), 1)
        yield from (tell_version(number, version) for number, version in reversed(list(shown)))

    def _discussions(self, asked: Asked) -> Iterator[Json]:
        yield from (tell_discussion(discussion) for discussion in self._find(asked).discussions)

    def _discuss(self, asked: Asked) -> Json:
        position = asked.fields.get("position")
        if position is not None:
            _checked(position, _POSITION)
        discussion = self.records.start_discussion(
            self._find(asked), asked.user, asked.fields["body"], position
        )
        return tell_discussion(discussion)

    def _resolve(self, asked: Asked) -> Json:
        merge_request, discussion = self._find(asked), self._find_discussion(asked)
        self.records.resolve(merge_request, discussion, asked.user, resolved=asked.fields["resolved"] is True)
        return tell_discussion(discussion)

    def _answer(self, asked: Asked) -> Json:
        return tell_note(self.records.answer(self._find_discussion(asked), asked.user, asked.fields["body"]))

    def _notes(self, asked: Asked) -> Iterator[Json]:
        yield from (tell_note(note) for note in self._find(asked).notes())

    def _write(self, asked: Asked) -> Json:
        body = asked.fields["body"]
        discussion = self.records.start_discussion(self._find(asked), asked.user, body, individual=True)
        return tell_note(discussion.notes[0])

    def _edit(self, asked: Asked) -> Json:
        note = self._find_note(asked)
        self.records.edit(note, asked.user, asked.fields["body"])
        return tell_note(note)

    def _emoji(self, asked: Asked) -> Iterator[Json]:
        yield from tell_emoji(self._find_note(asked))

    def _status(self, asked: Asked) -> Json:
        project = self._find_project(asked)
        if project.repository.find(asked.parts["sha"]) is None:
            raise Refusal(404, "404 Commit Not Found")
        status = {"sha": asked.parts["sha"], **asked.fields}
        project.statuses.append(status)
        return status

    # --- how things are found and told -------------------------------------------------------------

    def shown_versions(self, merge_request: MergeRequest) -> Sequence[Version]:
        """Return the versions the API admits to."""
        return merge_request.versions

    def _find_project(self, asked: Asked) -> Project:
        return self.records.project(asked.parts["project"], asked.user)

    def _find(self, asked: Asked) -> MergeRequest:
        merge_request = self._find_project(asked).merge_requests.get(int(asked.parts["iid"]))
        if merge_request is None:
            raise Refusal(404, "404 Not found")
        return merge_request

    def _find_note(self, asked: Asked) -> Note:
        number = int(asked.parts["note"])
        note = next((note for note in self._find(asked).notes() if note.id == number), None)
        if note is None:
            raise Refusal(404, "404 Note Not Found")
        return note

    def _issues(self, asked: Asked) -> Iterator[Json]:
        wanted = {value for key, value in parse_qsl(asked.written_query) if key == "iids[]"}
        project = self.records.project(asked.parts["project"], asked.user)
        for iid, issue in project.issues.items():
            if not wanted or str(iid) in wanted:
                yield {"iid": iid, **asdict(issue)}

    def _find_discussion(self, asked: Asked) -> Discussion:
        for discussion in self._find(asked).discussions:
            if discussion.id == asked.parts["discussion"]:
                return discussion
        raise Refusal(404, "404 Discussion Not Found")


def _checked(fields: Json, allowed: Sequence[str]) -> Mapping[str, Json]:
    """Refuse unknown fields and missing ones (`!`); GitLab is laxer about the former."""
    if not isinstance(fields, dict):
        raise Refusal(400, "400 Bad request - not an object")
    unknown = set(fields) - {name.rstrip("!") for name in allowed}
    if unknown:
        raise Refusal(400, f"400 Bad request - {', '.join(sorted(unknown))} is unknown")
    missing = [name[:-1] for name in allowed if name.endswith("!") and name[:-1] not in fields]
    if missing:
        raise Refusal(400, f"400 Bad request - {', '.join(missing)} is missing")
    return fields


def _number(asked: Mapping[str, str], name: str, otherwise: int) -> int:
    value = asked.get(name, str(otherwise))
    if not value.isdecimal():
        raise Refusal(400, f"400 Bad request - {name} is invalid")
    return int(value)


def _route(method: str, path: str, handler: Handler, *fields: str) -> Route:
    pattern = re.sub(r":(iid|user|note)\b", r"(?P<\1>\\d+)", "/api/v4" + path)
    pattern = re.sub(r":(\w+)", r"(?P<\1>[^/]+)", pattern)
    return Route(method, re.compile(pattern), fields, handler)


_MR = "/projects/:project/merge_requests/:iid"
_ROUTES = (
    _route("GET", "/user", DemoForge._user),
    _route("GET", "/version", DemoForge._version),
    _route("GET", "/personal_access_tokens/self", DemoForge._token),
    _route("GET", "/projects/:project", DemoForge._project),
    _route("GET", "/projects/:project/members/all/:user", DemoForge._member),
    _route("POST", "/projects/:project/statuses/:sha", DemoForge._status, "state!", "name", "description"),
    _route("GET", "/projects/:project/merge_requests", DemoForge._merge_requests),
    _route("GET", "/projects/:project/issues", DemoForge._issues),
    _route("GET", _MR, DemoForge._merge_request),
    _route("GET", f"{_MR}/versions", DemoForge._versions),
    _route("GET", f"{_MR}/discussions", DemoForge._discussions),
    _route("POST", f"{_MR}/discussions", DemoForge._discuss, "body!", "position"),
    _route("PUT", f"{_MR}/discussions/:discussion", DemoForge._resolve, "resolved!"),
    _route("POST", f"{_MR}/discussions/:discussion/notes", DemoForge._answer, "body!"),
    _route("GET", f"{_MR}/notes", DemoForge._notes),
    _route("POST", f"{_MR}/notes", DemoForge._write, "body!"),
    _route("PUT", f"{_MR}/notes/:note", DemoForge._edit, "body!"),
    _route("GET", f"{_MR}/notes/:note/award_emoji", DemoForge._emoji),
)
