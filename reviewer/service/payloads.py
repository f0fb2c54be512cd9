"""What the bodies of deliveries say: GitLab's and GitHub's shapes, read without trusting them.

A reader returns what happened or raises Unwanted with a reason; it never assumes that a key is there
or of its type. Only what the service keeps is read: no URL of a payload is ever followed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reviewer.commands.verbs import find_command
from reviewer.domain import Command

Payload = Mapping[str, Any]

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LARGEST_NUMBER = 2**53
_LONGEST_PROJECT = 512


class Unwanted(ValueError):
    """The delivery calls for nothing; the message says why."""


@dataclass(frozen=True, slots=True)
class Bot:
    """Who we are on a forge: the name people mention, and the numeric user id once it is known."""

    name: str
    user_id: int | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """What a payload reports of one merge request; `trigger` as in domain.Event."""

    project: str
    number: int
    trigger: str
    head: str | None
    draft: bool = False
    command: Command | None = None


def read_gitlab(payload: Payload, bot: Bot) -> Happening:
    """Read a GitLab project, group or system hook; merge requests and notes on them count.

    Facts from GitLab's webhook documentation: new code is `action: update` with `oldrev`, a new
    target branch shows in `changes`, the Test button sends no `action`.
    """
    kind = payload.get("object_kind")
    if kind == "merge_request":
        return _gitlab_merge_request(payload)
    if kind == "note":
        return _gitlab_note(payload, bot)
    raise Unwanted("neither a merge request nor a note")


def read_github(event: str, payload: Payload, bot: Bot) -> Happening:
    """Read a GitHub delivery of the kind named by `X-GitHub-Event`."""
    reader = _GITHUB_READERS.get(event)
    if reader is None:
        raise Unwanted("an event that calls for nothing")
    return reader(payload, bot)


# --- GitLab ---------------------------------------------------------------------------------------


def _gitlab_merge_request(payload: Payload) -> Happening:
    attributes = _table(payload, "object_attributes")
    trigger = _gitlab_trigger(attributes, _table(payload, "changes"))
    if trigger != "closed" and _word(attributes, "state") in {"closed", "merged", "locked"}:
        raise Unwanted("the merge request is not open")
    return Happening(
        project=_project(_table(payload, "project").get("path_with_namespace")),
        number=_number(attributes.get("iid")),
        trigger=trigger,
        head=_sha(_table(attributes, "last_commit").get("id")),
        draft=attributes.get("draft", attributes.get("work_in_progress")) is True,
    )


def _gitlab_trigger(attributes: Payload, changes: Payload) -> str:
    action = _word(attributes, "action")
    if action in {"open", "reopen"}:
        return "opened"
    if action in {"merge", "close"}:
        return "closed"
    if action == "update":
        if attributes.get("oldrev"):
            return "pushed"
        if "target_branch" in changes:
            return "retargeted"
        if _table(changes, "draft").get("current") is False:
            return "ready"
        raise Unwanted("an update without new code")
    raise Unwanted("an action that calls for nothing" if action else "a test delivery")


def _gitlab_note(payload: Payload, bot: Bot) -> Happening:
    note = _table(payload, "object_attributes")
    merge_request = _table(payload, "merge_request")
    if note.get("noteable_type") != "MergeRequest" or not merge_request:
        raise Unwanted("a note on something else")
    if note.get("action", "create") != "create" or note.get("system") is True:
        raise Unwanted("not a new note of a person")
    if note.get("internal") is True or note.get("confidential") is True:
        raise Unwanted("an internal note")
    user = _table(payload, "user")
    thread = note.get("discussion_id")
    command = _command(
        note.get("note"),
        bot,
        note=note.get("id"),
        thread=thread if isinstance(thread, str) else None,
        actor=user.get("username"),
        actor_id=user.get("id", note.get("author_id")),
    )
    return Happening(
        project=_project(_table(payload, "project").get("path_with_namespace")),
        number=_number(merge_request.get("iid")),
        trigger="command",
        head=_sha(_table(merge_request, "last_commit").get("id")),
        command=command,
    )


# --- GitHub ---------------------------------------------------------------------------------------

_GITHUB_TRIGGERS = {
    "opened": "opened",
    "reopened": "opened",
    "synchronize": "pushed",
    "ready_for_review": "ready",
    "closed": "closed",
}


def _github_pull_request(payload: Payload, _: Bot) -> Happening:
    pull = _table(payload, "pull_request")
    action = _word(payload, "action")
    trigger = _GITHUB_TRIGGERS.get(action)
    if action == "edited" and _table(_table(payload, "changes"), "base"):
        trigger = "retargeted"
    if trigger is None:
        raise Unwanted("an action that calls for nothing")
    if trigger != "closed" and pull.get("state") == "closed":
        raise Unwanted("the merge request is not open")
    return Happening(
        project=_project(_table(payload, "repository").get("full_name")),
        number=_number(pull.get("number")),
        trigger=trigger,
        head=_sha(_table(pull, "head").get("sha")),
        draft=pull.get("draft") is True,
    )


def _github_issue_comment(payload: Payload, bot: Bot) -> Happening:
    issue = _table(payload, "issue")
    if payload.get("action") != "created" or not _table(issue, "pull_request"):
        raise Unwanted("not a new comment on a merge request")
    return Happening(
        project=_project(_table(payload, "repository").get("full_name")),
        number=_number(issue.get("number")),
        trigger="command",
        head=None,
        command=_github_command(_table(payload, "comment"), bot, in_thread=False),
    )


def _github_review_comment(payload: Payload, bot: Bot) -> Happening:
    if payload.get("action") != "created":
        raise Unwanted("not a new comment on a merge request")
    pull = _table(payload, "pull_request")
    return Happening(
        project=_project(_table(payload, "repository").get("full_name")),
        number=_number(pull.get("number")),
        trigger="command",
        head=_sha(_table(pull, "head").get("sha")),
        command=_github_command(_table(payload, "comment"), bot, in_thread=True),
    )


def _github_command(comment: Payload, bot: Bot, *, in_thread: bool) -> Command:
    user = _table(comment, "user")
    root = comment.get("in_reply_to_id") or comment.get("id")
    return _command(
        comment.get("body"),
        bot,
        note=comment.get("id"),
        thread=str(_number(root)) if in_thread else None,
        actor=user.get("login"),
        actor_id=user.get("id"),
    )


_GITHUB_READERS: Mapping[str, Callable[[Payload, Bot], Happening]] = {
    "pull_request": _github_pull_request,
    "issue_comment": _github_issue_comment,
    "pull_request_review_comment": _github_review_comment,
}


# --- values ---------------------------------------------------------------------------------------


def _command(body: Any, bot: Bot, *, note: Any, thread: str | None, actor: Any, actor_id: Any) -> Command:
    if not isinstance(body, str) or not isinstance(actor, str):
        raise Unwanted("a comment without text or author")
    author = _number(actor_id)
    if author == bot.user_id or actor.lower() == bot.name.lower():
        raise Unwanted("our own comment")
    found = find_command(body, bot.name.removesuffix("[bot]"))
    if found is None:
        raise Unwanted("no command in the comment")
    verb, text = found
    return Command(verb, text, note=str(_number(note)), thread=thread, actor=actor, actor_id=author)


def _table(value: Payload, key: str) -> Payload:
    inner = value.get(key)
    return inner if isinstance(inner, dict) else {}


def _word(value: Payload, key: str) -> str:
    inner = value.get(key)
    return inner if isinstance(inner, str) else ""


def _project(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_PROJECT or not value.isprintable():
        raise Unwanted("no project path")
    return value


def _number(value: Any) -> int:
    if type(value) is not int or not 0 < value < _LARGEST_NUMBER:
        raise Unwanted("a number is missing")
    return value


def _sha(value: Any) -> str | None:
    return value if isinstance(value, str) and _SHA.fullmatch(value) else None
