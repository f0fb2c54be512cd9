"""What `reviewer doctor` looks at on a GitHub or GHES instance."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from github.Requester import Requester

from reviewer.config import ForgeSettings
from reviewer.domain import Check
from reviewer.errors import ForgeAuth, ForgeError
from reviewer.forges.github_api import translated

# docs.github.com, "Permissions required for GitHub Apps": git, reviews and threads, the summary, the status.
APP_PERMISSIONS = {"contents": "read", "pull_requests": "write", "issues": "write", "statuses": "write"}
_ORDER = ("none", "read", "write", "admin")

Get = Callable[[str], Any]


def run_checks(
    settings: ForgeSettings, connect: Callable[[], Requester], connect_to: Callable[[str], Requester]
) -> Sequence[Check]:
    """Look at the credentials and at every project that is named without a pattern; never raises.

    `connect` speaks as the user or the App itself, `connect_to` as what works on a project.
    """
    return tuple(_run(settings, connect, connect_to))


def _run(
    settings: ForgeSettings, connect: Callable[[], Requester], connect_to: Callable[[str], Requester]
) -> Iterator[Check]:
    see = _see_user if settings.app_id is None else _see_app
    account = _look("credentials", lambda: see(connect()))
    yield account
    if not account.ok:
        return
    for project in settings.projects:
        if not set(project) & set("*?["):
            yield _look(project, functools.partial(_see_project, connect_to, project))


def _look(name: str, see: Callable[[], str]) -> Check:
    try:
        return Check(name, ok=True, detail=see())
    except ForgeError as err:
        return Check(name, ok=False, detail=str(err), remedy=err.remedy)


def _see_user(requester: Requester) -> str:
    with translated("the token's account"):
        headers, user = requester.requestJsonAndCheck("GET", "/user")
    scopes = headers.get("x-oauth-scopes")  # fine-grained tokens have none
    if scopes and "repo" not in scopes.split(", "):
        raise ForgeAuth(f"the token may {scopes}", remedy="make a token with the scope `repo`")
    return f"signed in as {user['login']}"


def _see_app(requester: Requester) -> str:
    with translated("the App"):
        _, app = requester.requestJsonAndCheck("GET", "/app")
    granted = app.get("permissions", {})
    lacking = [
        f"{name}: {level}"
        for name, level in APP_PERMISSIONS.items()
        if _ORDER.index(granted.get(name, "none")) < _ORDER.index(level)
    ]
    if lacking:
        raise ForgeAuth(
            f"the App {app['slug']} lacks {', '.join(lacking)}", remedy="grant this in the App's settings"
        )
    return f"signed in as the App {app['slug']}"


def _see_project(connect_to: Callable[[str], Requester], project: str) -> str:
    requester = connect_to(project)
    with translated(project):
        _, found = requester.requestJsonAndCheck("GET", f"/repos/{project}")
    granted = found.get("permissions", {})
    if granted and not granted.get("push"):
        raise ForgeAuth(
            f"{project} can be read, but threads not be resolved nor statuses set",
            remedy="give the bot's account write access",
        )
    return "reachable"
