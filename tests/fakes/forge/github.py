"""A GitHub Enterprise Server on loopback, over real bare git repositories, to be driven by PyGithub.

with FakeGitHub(tmp_path) as forge:
    forge.create_project("acme/shop", {"app.py": "a = 1\n"})
    number = forge.open_pull("acme/shop", "topic", {"app.py": "a = 2\n"})
    ...GitHubForge(forge.settings(), mirror)...

Its answers carry addresses of another host wherever the real one's do, so that a client which
follows them fails.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import jwt
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route as HttpRoute

from reviewer.config import ForgeSettings
from reviewer.demo.git_http import ask_for_password, basic_password, serve_repository
from reviewer.demo.loopback import serve
from reviewer.demo.repository import Repository
from tests.fakes.forge.github_routes import (
    GRAPHQL,
    ROUTES,
    Answer,
    Refusal,
    Request,
    Route,
    Routes,
    check_fields,
)
from tests.fakes.forge.github_schema import Schema
from tests.fakes.forge.github_state import Account, Actor, Project, Pull, World

TOKEN = "ghp_botbotbotbot"
WEBHOOK_SECRET = "shared-with-the-webhook"
APP_ID = 77
HOLD_S = 30.0  # how long a held answer waits before the test is given up

Files = Mapping[str, str | bytes | None]


@dataclass
class Fault:
    """What goes wrong with the next `times` requests of a method whose template ends like this.

    With `after` the request is carried out first and only its answer is lost. `act` runs before it,
    `hold` keeps the answer back until it is set.
    """

    method: str
    template: str
    status: int | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    after: bool = False
    times: int = 1
    act: Callable[[], object] | None = None
    hold: threading.Event | None = None

    def answer(self) -> Answer | None:
        return None if self.status is None else Answer(self.status, self.body, self.headers)


class FakeGitHub:
    """The instance; `url` is its web address, the API lies below it under /api/v3."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._schema = Schema.find()
        self._lock = threading.RLock()
        self._stack = ExitStack()
        self.world = World()
        self.bot = self.world.account("reviewer-bot")
        self.app_bot = self.world.account("reviewer[bot]", "Bot")
        self.world.tokens[TOKEN] = Actor(self.bot)
        self.routes = Routes(self.world, self.app_bot)
        self.app_key: str | None = None  # the public key of the App, in PEM form
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.url = ""

    def __enter__(self) -> Self:
        app = Starlette(
            routes=[HttpRoute("/{path:path}", self._serve, methods=["GET", "POST", "PATCH", "PUT", "DELETE"])]
        )
        self.url = self._stack.enter_context(serve(app))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        for fault in self.faults:
            if fault.hold is not None:
                fault.hold.set()
        self._stack.close()

    # --- what a test arranges

    def settings(self, **changes: Any) -> ForgeSettings:
        """Return the configuration that points at this instance; the token lies in a file."""
        token = self._folder / "token"
        token.write_text(TOKEN, encoding="utf-8")
        values: dict[str, Any] = {"id": "hub", "kind": "github", "url": self.url, "token_file": token}
        return ForgeSettings(**(values | changes))

    def create_project(self, name: str, files: Files, *, bot_role: str = "write") -> Project:
        """Make a project whose `main` holds these files; people are added by `roles`."""
        repository = Repository.create(self._folder / "repositories" / f"{name.replace('/', '-')}.git")
        repository.commit("main", files, "First")
        roles = {self.bot.login: bot_role, self.app_bot.login: bot_role}
        project = self.world.projects[name] = Project(name, repository, roles)
        return project

    def open_pull(self, name: str, source: str, files: Files, *, author: str = "dana", **changes: Any) -> int:
        """Commit on a new branch off `main` and open a pull request; returns its number."""
        project = self.world.projects[name]
        person = self.world.account(author)
        project.roles.setdefault(author, "read")
        project.repository.commit(source, files, "Change", parent="main")
        number = max(project.pulls, default=0) + 1
        project.pulls[number] = Pull(
            **{
                "number": number,
                "title": "A change",
                "body": "",
                "author": person,
                "source": source,
                "target": "main",
                "repository": project.repository,
                **changes,
            }
        )
        self._point(project, number)
        return number

    def push(self, name: str, number: int, files: Files) -> str:
        """Commit on a pull request's branch; returns its new head."""
        project = self.world.projects[name]
        head = project.repository.commit(project.pulls[number].source, files, "More")
        self._point(project, number)
        return head

    def force_push(self, name: str, number: int, files: Files) -> str:
        """Replace a pull request's commits by one off `main`; returns its new head."""
        project = self.world.projects[name]
        head = project.repository.commit(project.pulls[number].source, files, "Again", parent="main")
        self._point(project, number)
        return head

    def pull(self, name: str, number: int) -> Pull:
        """Return a pull request, to look at or to write on as a person would."""
        return self.world.projects[name].pulls[number]

    def person(self, login: str, name: str, role: str) -> Account:
        """Give a person a role (admin, write, read) on a project."""
        self.world.projects[name].roles[login] = role
        return self.world.account(login)

    def apply_suggestion(self, name: str, number: int, remark: int) -> str:
        """Commit a suggestion as its button does: the commented lines become the block's content."""
        pull = self.pull(name, number)
        said = pull.remarks[remark]
        block = re.search(r"^(`{3,})suggestion\n(.*?)^\1\s*$", said.body, re.MULTILINE | re.DOTALL)
        assert block is not None, "no suggestion"
        assert said.place["side"] == "RIGHT", "a suggestion needs lines of the new side"
        text = pull.repository.read(pull.head, said.path)
        assert text is not None
        lines = text.decode().splitlines(keepends=True)
        first, last = said.lines
        lines[first - 1 : last] = [block[2]]
        return self.push(name, number, {said.path: "".join(lines)})

    def count(self, method: str, template: str) -> int:
        """Count the requests of a route whose template ends like this."""
        return sum(
            request.method == method and request.template.endswith(template) for request in self.requests
        )

    def webhook(self, event: str, payload: Mapping[str, Any], delivery: str) -> tuple[dict[str, str], bytes]:
        """Return headers and body of a delivery, signed as GitHub signs it."""
        body = json.dumps(payload).encode()
        digest = hmac.new(WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/fake",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": delivery,
            "X-GitHub-Hook-ID": "1",
            "X-Hub-Signature-256": f"sha256={digest}",
        }
        return headers, body

    def pull_event(self, name: str, number: int, action: str) -> dict[str, Any]:
        """Return the payload of a `pull_request` event."""
        pull = self.pull(name, number)
        return {
            "action": action,
            "number": number,
            "repository": {"id": 1, "full_name": name},
            "sender": pull.author.as_json(),
            "pull_request": {
                "number": number,
                "state": pull.state,
                "draft": pull.draft,
                "title": pull.title,
                "user": pull.author.as_json(),
                "head": {"ref": pull.source, "sha": pull.head},
                "base": {"ref": pull.target, "sha": pull.base},
            },
        }

    # --- how it serves

    async def _serve(self, http: HttpRequest) -> Response:
        body = await http.body()
        return await run_in_threadpool(self._answer, http, body)

    def _answer(self, http: HttpRequest, body: bytes) -> Response:
        path = http.url.path
        if ".git/" in path:
            return self._serve_git(http, body)
        if path == "/api/graphql":
            return self._run(http, body, GRAPHQL, {})
        for route in ROUTES:
            params = route.match(http.method, path.removeprefix("/api/v3"))
            if params is not None and path.startswith("/api/v3/"):
                return self._run(http, body, route, params)
        self.requests.append(self._request(http, body, Route(http.method, "", Routes.user), {}))
        return JSONResponse({"message": f"not modelled: {http.method} {path}"}, status_code=501)

    def _run(self, http: HttpRequest, body: bytes, route: Route, params: Mapping[str, str]) -> Response:
        request = self._request(http, body, route, params)
        with self._lock:
            self.requests.append(request)
            fault = self._next_fault(request)
        if fault is not None and fault.act is not None:
            fault.act()
        answer = fault.answer() if fault is not None and not fault.after else None
        if answer is None:
            with self._lock:
                answer = self._handle(request, route)
        if fault is not None and fault.hold is not None:
            fault.hold.wait(HOLD_S)
        if fault is not None and fault.after:
            answer = fault.answer() or answer
        if answer.json is None:
            return Response(status_code=answer.status, headers=dict(answer.headers))
        return JSONResponse(answer.json, status_code=answer.status, headers=dict(answer.headers))

    def _handle(self, request: Request, route: Route) -> Answer:
        try:
            self._check(request, route)
            return route.handler(self.routes, request)
        except Refusal as refusal:
            return Answer(refusal.status, refusal.body)

    def _check(self, request: Request, route: Route) -> None:
        if request.actor is None:
            raise Refusal(401, "Bad credentials")
        check_fields(request, route)
        described = self._schema
        if described and (wrong := described.refusals(request.method, request.template, request.json)):
            raise Refusal(400, "not what GitHub's description says", wrong)

    def _request(self, http: HttpRequest, body: bytes, route: Route, params: Mapping[str, str]) -> Request:
        return Request(
            method=http.method,
            path=http.url.path,
            template=route.template,
            params=params,
            query=dict(http.query_params),
            headers=dict(http.headers),
            json=json.loads(body) if body else None,
            actor=self._actor(http.headers.get("Authorization", "")),
        )

    def _actor(self, header: str) -> Actor | None:
        scheme, _, value = header.partition(" ")
        if scheme.lower() == "bearer" and self.app_key is not None:
            try:
                claims = jwt.decode(value, self.app_key, algorithms=["RS256"])
            except jwt.PyJWTError:
                return None
            fresh = claims["exp"] - claims["iat"] <= 660  # ten minutes, and a minute for clocks
            return Actor(self.app_bot, app=True) if claims["iss"] == str(APP_ID) and fresh else None
        return self.world.tokens.get(value)

    def _next_fault(self, request: Request) -> Fault | None:
        for fault in self.faults:
            if fault.times and fault.method == request.method and request.template.endswith(fault.template):
                fault.times -= 1
                return fault
        return None

    def _serve_git(self, http: HttpRequest, body: bytes) -> Response:
        name, _, rest = http.url.path[1:].partition(".git/")
        actor = self.world.tokens.get(basic_password(http.headers.get("Authorization")) or "")
        project = self.world.projects.get(name)
        if actor is None:
            return ask_for_password()
        if project is None or not actor.sees(name):
            return Response("Not Found", status_code=404)
        return serve_repository(
            project.repository.path,
            method=http.method,
            rest=rest,
            query=http.url.query,
            headers=http.headers,
            body=body,
        )

    def _point(self, project: Project, number: int) -> None:
        project.repository.point(f"refs/pull/{number}/head", f"refs/heads/{project.pulls[number].source}")
