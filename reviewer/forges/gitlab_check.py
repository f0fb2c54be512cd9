"""What `reviewer doctor` looks at on a GitLab instance."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from gitlab import Gitlab

from reviewer.config import ForgeSettings
from reviewer.domain import Check
from reviewer.errors import ForgeError
from reviewer.forges.gitlab_errors import translated

_DEVELOPER = 30


def run_checks(gitlab: Gitlab, settings: ForgeSettings) -> Sequence[Check]:
    """Look at the server, the token and every project that is named without a pattern; never raises."""

    def get(path: str) -> Any:
        with translated(path):
            return gitlab.http_get(path)

    return tuple(_run(get, settings))


def _run(get: Callable[[str], Any], settings: ForgeSettings) -> Iterator[Check]:
    user = _look(f"{settings.id}: token", lambda: f"signed in as @{get('/user')['username']}")
    yield user
    if not user.ok:
        return
    yield _look(f"{settings.id}: version", lambda: f"GitLab {get('/version')['version']} at {settings.url}")
    yield _look(f"{settings.id}: scopes", lambda: _scopes(get("/personal_access_tokens/self")))
    for project in settings.projects:
        if not set(project) & set("*?["):
            yield _look(f"{settings.id}: {project}", functools.partial(_access, get, project))


def _look(name: str, see: Callable[[], str]) -> Check:
    try:
        with translated(name):
            return Check(name, ok=True, detail=see())
    except ForgeError as err:
        return Check(name, ok=False, detail=str(err), remedy=err.remedy)
    except _Lacking as err:
        return Check(name, ok=False, detail=err.detail, remedy=err.remedy)


class _Lacking(Exception):  # a finding of the check, not an error
    def __init__(self, detail: str, remedy: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy


def _scopes(token: Any) -> str:
    scopes = sorted(token["scopes"])
    if "api" not in scopes:
        raise _Lacking(f"the token may {', '.join(scopes)}", "make a token with the scope `api`")
    return ", ".join(scopes)


def _access(get: Callable[[str], Any], project: str) -> str:
    permissions = get(f"/projects/{quote(project, safe='')}")["permissions"]
    levels = [granted["access_level"] for granted in permissions.values() if granted]
    if max(levels, default=0) < _DEVELOPER:
        raise _Lacking(
            "reachable, but the bot is no Developer there", "add the bot to the project as Developer"
        )
    return "reachable, Developer or more"
