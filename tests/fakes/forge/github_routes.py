"""GitHub's REST and GraphQL answers over a `World`, as strict as the real thing and a little more."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fakes.forge.github_graph import roots
from tests.fakes.forge.github_lines import BODY_LENGTH, find_fault
from tests.fakes.forge.github_state import Account, Actor, Project, Pull, Remark, World
from tests.fakes.forge.graphql import QueryError, execute

STAMP = "2026-11-01T09:00:00Z"
STATES = ("error", "failure", "pending", "success")
LINE_FIELDS = ("path", "body", "line", "side", "start_line", "start_side")


class Refusal(Exception):
    """An answer other than success."""

    def __init__(self, status: int, message: str, errors: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"message": message, "documentation_url": "https://docs.github.com/rest"}
        if errors:
            self.body["errors"] = list(errors)


@dataclass(frozen=True)
class Request:
    """One request as it came in; `template` is the matched route."""

    method: str
    path: str
    template: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    json: Any = None
    actor: Actor | None = None

    @property
    def number(self) -> int:
        return int(self.params["number"])

    def text(self, key: str) -> str:
        value = (self.json or {}).get(key)
        if not isinstance(value, str) or not value.strip():
            raise Refusal(422, "Validation Failed", [{"code": "missing_field", "field": key}])
        if key == "body" and len(value) > BODY_LENGTH:
            raise Refusal(422, "Validation Failed", [{"code": "custom", "message": "body is too long"}])
        return value


@dataclass(frozen=True)
class Answer:
    status: int
    json: Any
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[["Routes", Request], Answer]


@dataclass(frozen=True)
class Route:
    method: str
    template: str
    handler: Handler
    fields: tuple[str, ...] = ()
    query: tuple[str, ...] = ()

    def match(self, method: str, path: str) -> dict[str, str] | None:
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.template)
        found = re.fullmatch(pattern, path) if method == self.method else None
        return found.groupdict() if found else None


class Routes:
    """The handlers; each takes a `Request` and changes the world or refuses."""

    def __init__(self, world: World, app_account: Account) -> None:
        self.world = world
        self.app_account = app_account
        self.minted = 0
        self.token_life = timedelta(hours=1)
        self.graphql_refuses = ""  # an error message: what an older instance says to our query

    # --- who is there

    def user(self, request: Request) -> Answer:
        actor = self._actor(request)
        if actor.account.kind == "Bot":
            raise Refusal(403, "Resource not accessible by integration")
        return Answer(200, actor.account.as_json(), {"X-OAuth-Scopes": "repo"})

    def app(self, request: Request) -> Answer:
        self._app(request)
        permissions = {"pull_requests": "write", "contents": "read", "metadata": "read"}
        return Answer(
            200, {"id": 77, "slug": "reviewer", "name": "Reviewer", "permissions": permissions, "events": []}
        )

    def installation(self, request: Request) -> Answer:
        self._app(request)
        project = self._named(request)
        return Answer(200, {"id": 4100 + len(project.name), "app_id": 77, "target_type": "Organization"})

    def mint(self, request: Request) -> Answer:
        self._app(request)
        owned = [
            name for name in self.world.projects if name.partition("/")[2] in request.json["repositories"]
        ]
        if not owned:
            raise Refusal(422, "There is at least one repository that does not exist")
        self.minted += 1
        token = f"ghs_minted{self.minted:04d}"
        self.world.tokens[token] = Actor(self.app_account, tuple(owned))
        expires = datetime.now(UTC) + self.token_life
        return Answer(201, {"token": token, "expires_at": expires.strftime("%Y-%m-%dT%H:%M:%SZ")})

    def project(self, request: Request) -> Answer:
        project, actor = self._project(request), self._actor(request)
        role = project.roles.get(actor.account.login, "read")
        permissions = {"admin": role == "admin", "push": role in ("admin", "write"), "pull": True}
        return Answer(
            200,
            {"id": 1, "full_name": project.name, "default_branch": "main", "permissions": permissions},
        )

    def permission(self, request: Request) -> Answer:
        project = self._project(request)
        account = self.world.accounts.get(request.params["login"])
        if account is None:
            raise Refusal(404, f"{request.params['login']} is not a user")
        role = project.roles.get(account.login, "none")
        return Answer(200, {"permission": role, "role_name": role, "user": account.as_json()})

    # --- pull requests

    def issue(self, request: Request) -> Answer:
        if (found := self._project(request).issues.get(request.number)) is None:
            raise Refusal(404, "Not Found")
        return Answer(200, found)

    def pull(self, request: Request) -> Answer:
        return Answer(200, _pull_json(self._project(request), self._pull(request)))

    def pulls(self, request: Request) -> Answer:
        project, asked = self._project(request), request.query
        if (asked.get("sort"), asked.get("direction")) != ("updated", "desc"):
            raise Refusal(501, "only the newest first is modelled")
        found = [pull for pull in project.pulls.values() if pull.state == asked.get("state")]
        found.sort(key=lambda pull: pull.updated, reverse=True)
        return self._page(request, [_pull_json(project, pull) for pull in found])

    def review(self, request: Request) -> Answer:
        pull, actor = self._pull(request), self._writer(request)
        body = request.json
        comments = body.get("comments", [])
        if body.get("event") != "COMMENT":
            raise Refusal(501, "only COMMENT reviews are modelled")
        if not comments and not str(body.get("body") or "").strip():
            raise Refusal(422, "Unprocessable Entity", ["Could not comment pull request review."])
        hunks = pull.hunks(self._commit(pull, body.get("commit_id")))
        for comment in comments:
            _known(comment, LINE_FIELDS)
        faults = list(dict.fromkeys(filter(None, (find_fault(hunks, comment) for comment in comments))))
        if faults:
            raise Refusal(422, "Unprocessable Entity", [", ".join(faults)])  # which one, it does not say
        review = next(self.world.ids)
        pull.reviews.append(review)
        for comment in comments:
            place = {"side": "RIGHT", **comment, "subject_type": "line", "commit_id": body.get("commit_id")}
            self.world.remark(pull, actor.account, comment["body"], place=place, review=review)
        return Answer(
            200,
            {
                "id": review,
                "user": actor.account.as_json(),
                "body": body.get("body", ""),
                "state": "COMMENTED",
            },
        )

    def comment(self, request: Request) -> Answer:
        pull, actor = self._pull(request), self._writer(request)
        body = dict(request.json)
        head = self._commit(pull, request.text("commit_id"))
        hunks = pull.hunks(head)
        if body.get("subject_type") == "file":
            fault = None if body.get("path") in hunks else "path is not part of the pull request"
            if extra := {"line", "side", "start_line", "start_side"} & set(body):
                fault = f"{sorted(extra)} cannot be given for a file"
        else:
            fault = find_fault(hunks, body)
        if fault or not str(body.get("body") or "").strip():
            resource = {"resource": "PullRequestReviewComment", "code": "custom", "message": fault or "body"}
            raise Refusal(422, "Validation Failed", [resource])
        remark = self.world.remark(pull, actor.account, body["body"], place={"side": "RIGHT", **body})
        return Answer(201, _remark_json(remark))

    def comments(self, request: Request) -> Answer:
        pull = self._pull(request)
        return self._page(request, [_remark_json(remark) for remark in pull.remarks.values()])

    def answer(self, request: Request) -> Answer:
        pull, actor = self._pull(request), self._writer(request)
        root = int(request.params["comment"])
        if pull.remarks.get(root) is None:
            raise Refusal(404, "Not Found")
        if pull.remarks[root].root != root:
            raise Refusal(422, "Validation Failed", ["in_reply_to must be the first comment of a thread"])
        return Answer(201, _remark_json(self.world.answer(pull, actor.account, root, request.text("body"))))

    def notes(self, request: Request) -> Answer:
        return self._page(request, [_remark_json(note) for note in self._pull(request).notes.values()])

    def note(self, request: Request) -> Answer:
        pull, actor = self._pull(request), self._writer(request)
        return Answer(201, _remark_json(self.world.note(pull, actor.account, request.text("body"))))

    def edit_note(self, request: Request) -> Answer:
        project, actor = self._project(request), self._writer(request)
        wanted = int(request.params["comment"])
        note = next((pull.notes[wanted] for pull in project.pulls.values() if wanted in pull.notes), None)
        if note is None:
            raise Refusal(404, "Not Found")
        if note.author != actor.account and project.roles.get(actor.account.login) not in ("admin", "write"):
            raise Refusal(403, "Must have admin rights to Repository.")
        note.body = request.text("body")
        return Answer(200, _remark_json(note))

    def reactions(self, request: Request) -> Answer:
        wanted, content = int(request.params["comment"]), request.query.get("content")
        pulls = self._project(request).pulls.values()
        remark = next((pull.remarks[wanted] for pull in pulls if wanted in pull.remarks), None)
        if remark is None:
            raise Refusal(404, "Not Found")
        return self._page(
            request, [row for row in remark.reaction_rows() if content in (None, row["content"])]
        )

    def status(self, request: Request) -> Answer:
        project, actor = self._project(request), self._writer(request)
        sha, body = request.params["sha"], request.json
        if project.repository.find(sha) is None:
            raise Refusal(422, f"No commit found for SHA: {sha}")
        if body.get("state") not in STATES or len(body.get("description") or "") > 140:
            raise Refusal(422, "Validation Failed", ["state or description"])
        if project.roles.get(actor.account.login) not in ("admin", "write"):
            raise Refusal(403, "Resource not accessible by integration")
        project.statuses.append({"sha": sha, **body})
        return Answer(201, {"id": len(project.statuses), **body})

    # --- GraphQL

    def graphql(self, request: Request) -> Answer:
        actor = self._actor(request)
        if self.graphql_refuses:
            return Answer(200, {"errors": [{"type": "undefinedField", "message": self.graphql_refuses}]})
        query, variables = request.json["query"], request.json.get("variables") or {}
        try:
            return Answer(200, {"data": execute(query, variables, roots(self.world, actor))})
        except QueryError as err:
            return Answer(200, {"data": None, "errors": [{"type": err.kind, "message": str(err)}]})

    # --- what handlers share

    def _actor(self, request: Request) -> Actor:
        if request.actor is None or request.actor.app:
            raise Refusal(401, "Bad credentials")
        return request.actor

    def _app(self, request: Request) -> None:
        if request.actor is None or not request.actor.app:
            raise Refusal(401, "A JSON web token could not be decoded")

    def _named(self, request: Request) -> Project:
        name = f"{request.params['owner']}/{request.params['repo']}"
        if name not in self.world.projects:
            raise Refusal(404, "Not Found")
        return self.world.projects[name]

    def _project(self, request: Request) -> Project:
        project = self._named(request)
        if not self._actor(request).sees(project.name):
            raise Refusal(404, "Not Found")
        return project

    def _pull(self, request: Request) -> Pull:
        pull = self._project(request).pulls.get(request.number)
        if pull is None:
            raise Refusal(404, "Not Found")
        return pull

    def _writer(self, request: Request) -> Actor:
        actor = self._actor(request)
        if actor.account.login not in self._project(request).roles:
            raise Refusal(403, "Resource not accessible by personal access token")
        return actor

    def _commit(self, pull: Pull, sha: str | None) -> str:
        known = pull.repository.git.text("rev-list", pull.head, f"^{pull.base}").split()
        if sha is not None and sha not in known:
            raise Refusal(422, "Unprocessable Entity", ["commit_id is not part of the pull request"])
        return sha or pull.head

    def _page(self, request: Request, items: list[Any]) -> Answer:
        size, number = int(request.query.get("per_page", 30)), int(request.query.get("page", 1))
        if not 1 <= size <= 100:
            raise Refusal(422, "per_page")
        headers = {}
        if number * size < len(items):
            # As behind a proxy: the instance calls itself by a name that the client must not follow.
            headers["Link"] = (
                f'<https://elsewhere.invalid/api/v3{request.path}?page={number + 1}>; rel="next"'
            )
        return Answer(200, items[(number - 1) * size : number * size], headers)


def _known(body: Mapping[str, Any], fields: Sequence[str]) -> None:
    if unknown := set(body) - set(fields):
        raise Refusal(400, f"unknown fields {sorted(unknown)}")


def _pull_json(project: Project, pull: Pull) -> dict[str, Any]:
    url = f"/repos/{project.name}/pulls/{pull.number}"
    return {
        "id": pull.number,
        "number": pull.number,
        "url": f"https://elsewhere.invalid/api/v3{url}",
        "issue_url": f"https://elsewhere.invalid/api/v3/repos/{project.name}/issues/{pull.number}",
        "html_url": f"https://elsewhere.invalid/{project.name}/pull/{pull.number}",
        "title": pull.title,
        "body": pull.body or None,
        "state": pull.state,
        "draft": pull.draft,
        "updated_at": pull.updated.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "user": pull.author.as_json(),
        "head": {"ref": pull.source, "sha": pull.head, "label": f"acme:{pull.source}"},
        "base": {"ref": pull.target, "sha": pull.base, "label": f"acme:{pull.target}"},
    }


def _remark_json(remark: Remark) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": remark.id,
        "url": f"https://elsewhere.invalid/api/v3/comments/{remark.id}",
        "body": remark.body,
        "user": remark.author.as_json() if remark.author else None,
        "created_at": STAMP,
        "updated_at": STAMP,
    }
    if remark.root:
        document |= {**remark.place, "body": remark.body, "pull_request_review_id": remark.review}
        if remark.root != remark.id:
            document["in_reply_to_id"] = remark.root
    return document


_PULL = "/repos/{owner}/{repo}/pulls/{number}"
_ISSUE = "/repos/{owner}/{repo}/issues/{number}"
_COMMENT = "/repos/{owner}/{repo}/pulls/comments/{comment}"
_PAGED = ("per_page", "page")

ROUTES = (
    Route("GET", "/user", Routes.user),
    Route("GET", "/app", Routes.app),
    Route("GET", "/repos/{owner}/{repo}/installation", Routes.installation),
    Route(
        "POST",
        "/app/installations/{installation}/access_tokens",
        Routes.mint,
        ("repositories", "permissions"),
    ),
    Route("GET", "/repos/{owner}/{repo}", Routes.project),
    Route("GET", "/repos/{owner}/{repo}/collaborators/{login}/permission", Routes.permission),
    Route("GET", "/repos/{owner}/{repo}/pulls", Routes.pulls, query=("state", "sort", "direction", *_PAGED)),
    Route("GET", _PULL, Routes.pull),
    Route("POST", f"{_PULL}/reviews", Routes.review, ("commit_id", "body", "event", "comments")),
    Route("GET", f"{_PULL}/comments", Routes.comments, query=_PAGED),
    Route(
        "POST",
        f"{_PULL}/comments",
        Routes.comment,
        (*LINE_FIELDS, "commit_id", "subject_type", "in_reply_to"),
    ),
    Route("POST", f"{_PULL}/comments/{{comment}}/replies", Routes.answer, ("body",)),
    Route("GET", f"{_COMMENT}/reactions", Routes.reactions, query=("content", *_PAGED)),
    Route("GET", _ISSUE, Routes.issue),
    Route("GET", f"{_ISSUE}/comments", Routes.notes, query=_PAGED),
    Route("POST", f"{_ISSUE}/comments", Routes.note, ("body",)),
    Route("PATCH", "/repos/{owner}/{repo}/issues/comments/{comment}", Routes.edit_note, ("body",)),
    Route(
        "POST",
        "/repos/{owner}/{repo}/statuses/{sha}",
        Routes.status,
        ("state", "description", "context", "target_url"),
    ),
)
GRAPHQL = Route("POST", "/graphql", Routes.graphql, ("query", "variables", "operationName"))


def check_fields(request: Request, route: Route) -> None:
    """Refuse what the real server would overlook: a typo must not pass for an option."""
    _known(request.json or {}, route.fields)
    _known(request.query, route.query)
