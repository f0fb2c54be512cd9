"""What a CI system says of the pipeline that we run in: which change it is about, and whose it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reviewer.errors import UsageError

REMOTE = "origin/"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What a CI system says of the pipeline we run in; `system` is gitlab, github, jenkins or empty.

    `base` is a commit or a ref to compare with, None where the system names none; `exact_base` says
    that it is the merge base already. `number` is the merge request's, None in a branch pipeline.
    """

    system: str = ""
    base: str | None = None
    exact_base: bool = False
    head: str = "HEAD"
    project: str | None = None
    number: int | None = None
    step_summary: Path | None = None

    @property
    def git_range(self) -> str | None:
        """Return the range to review as git takes it; None for the default of `review`.

        A head without a base is one commit: what it changed itself.
        """
        if self.base is None:
            return None if self.head == "HEAD" else self.head
        return f"{self.base}{'..' if self.exact_base else '...'}{self.head}"


def detect(environ: Mapping[str, str]) -> Pipeline:
    """Read the variables of GitLab CI, GitHub Actions or Jenkins; anything else is a plain shell.

    A merge request is compared with its merge base, a branch with the default branch, and the default
    branch with what it was before the push. Sources: the systems' lists of predefined variables.
    Raises UsageError for what cannot be understood.
    """
    if environ.get("GITLAB_CI"):
        return _gitlab(environ)
    if environ.get("GITHUB_ACTIONS"):
        return _github(environ)
    if environ.get("JENKINS_URL"):
        return _jenkins(environ)
    return Pipeline()


def with_flags(
    pipeline: Pipeline, *, base: str | None, head: str | None, project: str | None, number: int | None
) -> Pipeline:
    """Let what was said on the command line win."""
    if base is not None:
        pipeline = replace(pipeline, base=base, exact_base=False)
    return replace(
        pipeline,
        head=head or pipeline.head,
        project=project or pipeline.project,
        number=number if number is not None else pipeline.number,
    )


def _gitlab(environ: Mapping[str, str]) -> Pipeline:
    found = Pipeline(
        system="gitlab",
        head=environ.get("CI_COMMIT_SHA") or "HEAD",
        project=environ.get("CI_MERGE_REQUEST_PROJECT_PATH") or environ.get("CI_PROJECT_PATH"),
    )
    if number := environ.get("CI_MERGE_REQUEST_IID"):
        base = environ.get("CI_MERGE_REQUEST_DIFF_BASE_SHA")
        return replace(
            found,
            number=_number("CI_MERGE_REQUEST_IID", number),
            # In a pipeline for merged results CI_COMMIT_SHA is a merge commit that nobody wrote.
            head=environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or found.head,
            base=base or _tip(environ.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME")),
            exact_base=bool(base),
        )
    if number := environ.get("CI_EXTERNAL_PULL_REQUEST_IID"):  # of a repository on GitHub
        return replace(
            found,
            number=_number("CI_EXTERNAL_PULL_REQUEST_IID", number),
            head=environ.get("CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_SHA") or found.head,
            base=environ.get("CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_SHA")
            or _tip(environ.get("CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME")),
        )
    default = environ.get("CI_DEFAULT_BRANCH")
    before = environ.get("CI_COMMIT_BEFORE_SHA")
    return replace(found, base=_base_of_branch(environ.get("CI_COMMIT_BRANCH"), default, before))


def _github(environ: Mapping[str, str]) -> Pipeline:
    event = _event(environ.get("GITHUB_EVENT_PATH"))
    summary = environ.get("GITHUB_STEP_SUMMARY")
    found = Pipeline(
        system="github",
        head=environ.get("GITHUB_SHA") or "HEAD",
        project=environ.get("GITHUB_REPOSITORY"),
        step_summary=Path(summary) if summary else None,
    )
    if event.get("pull_request"):
        # GITHUB_SHA is a merge commit of both branches; the author's own head is in the event.
        base, head = _text(event, "pull_request", "base", "sha"), _text(event, "pull_request", "head", "sha")
        number = _number("pull_request.number", str(_at(event, "pull_request", "number")))
        return replace(found, number=number, base=base, head=head)
    if event.get("merge_group"):
        base, head = _text(event, "merge_group", "base_sha"), _text(event, "merge_group", "head_sha")
        return replace(found, base=base, head=head)
    if target := environ.get("GITHUB_BASE_REF"):
        return replace(found, base=_tip(target))
    branch = environ.get("GITHUB_REF_NAME") if environ.get("GITHUB_REF_TYPE") == "branch" else None
    default, before = _at(event, "repository", "default_branch"), _at(event, "before")
    return replace(found, base=_base_of_branch(branch, default, before))


def _jenkins(environ: Mapping[str, str]) -> Pipeline:
    found = Pipeline(system="jenkins")
    if target := environ.get("CHANGE_TARGET"):
        number = environ.get("CHANGE_ID", "")
        return replace(found, base=_tip(target), number=int(number) if number.isdecimal() else None)
    if environ.get("BRANCH_NAME") and environ.get("BRANCH_IS_PRIMARY") != "true":
        return found
    head, before = environ.get("GIT_COMMIT") or "HEAD", environ.get("GIT_PREVIOUS_SUCCESSFUL_COMMIT")
    return replace(found, head=head, base=before or None)


def _base_of_branch(branch: object, default: object, before: object) -> str | None:
    """Say what a branch is compared with; None where only its last commit can be looked at.

    `before` is all zeros for a new branch and in pipelines that no push has started.
    """
    if branch and default and branch != default:
        return _tip(str(default))
    return before if isinstance(before, str) and before.strip("0") else None


def _tip(branch: str | None) -> str | None:
    return f"{REMOTE}{branch}" if branch else None


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise UsageError(f"{name} is {text!r}, not the number of a merge request")
    return int(text)


def _event(file: str | None) -> dict[str, Any]:
    if not file:
        return {}
    try:
        event = json.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as err:
        raise UsageError(f"GITHUB_EVENT_PATH {file}: {err}") from err
    if not isinstance(event, dict):
        raise UsageError(f"GITHUB_EVENT_PATH {file}: not an event")
    return event


def _at(event: Any, *path: str) -> Any:
    for key in path:
        event = event.get(key) if isinstance(event, dict) else None
    return event


def _text(event: dict[str, Any], *path: str) -> str:
    value = _at(event, *path)
    if not isinstance(value, str) or not value:
        raise UsageError(f"GITHUB_EVENT_PATH: {'.'.join(path)} is {value!r}, not a commit")
    return value
