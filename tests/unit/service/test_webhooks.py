"""What deliveries ask for, and that nothing in one makes the reader fall over."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewer.config import ForgeSettings
from reviewer.domain import Command, Event
from reviewer.service.payloads import Bot
from reviewer.service.webhooks import Ignored, parse
from tests.unit.service.payloads import (
    HEAD,
    OTHER_HEAD,
    encode,
    github,
    github_comment,
    github_pull_request,
    gitlab,
    gitlab_merge_request,
    gitlab_note,
)

BOT = Bot("reviewer", 99)
Rows = Callable[[str], Iterator[dict[str, Any]]]


def read(
    payload: Any, forge: ForgeSettings | None = None, *, bot: Bot = BOT, **headers: str
) -> Event | Ignored:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return parse(forge or gitlab(), names, encode(payload), bot)


def trigger_of(answer: Event | Ignored) -> str:
    return answer.trigger if isinstance(answer, Event) else f"ignored: {answer.reason}"


def test_gitlab_opened() -> None:
    assert read(gitlab_merge_request(), idempotency_key="k-1") == Event(
        forge="main", project="desk/orders", number=12, trigger="opened", delivery="k-1", head=HEAD
    )


@pytest.mark.parametrize(
    ("attributes", "trigger"),
    [
        ({"action": "reopen"}, "opened"),
        ({"action": "update", "oldrev": OTHER_HEAD}, "pushed"),
        ({"action": "update", "changes": {"target_branch": {"previous": "a", "current": "b"}}}, "retargeted"),
        ({"action": "update", "changes": {"draft": {"previous": True, "current": False}}}, "ready"),
        ({"action": "update", "changes": {"title": {}}}, "ignored: an update without new code"),
        (
            {"action": "update", "changes": {"draft": {"previous": False, "current": True}}},
            "ignored: an update without new code",
        ),
        ({"action": "approved"}, "ignored: an action that calls for nothing"),
        ({"action": "merge", "state": "merged"}, "closed"),
        ({"action": "close", "state": "closed"}, "closed"),
        ({"action": "update", "oldrev": HEAD, "state": "closed"}, "ignored: the merge request is not open"),
        ({"action": None}, "ignored: a test delivery"),
        ({"draft": True}, "ignored: a draft"),
        ({"draft": None, "work_in_progress": True, "action": "open"}, "opened"),
        ({"iid": None}, "ignored: a number is missing"),
        ({"iid": True}, "ignored: a number is missing"),
        ({"iid": 2**63}, "ignored: a number is missing"),
    ],
)
def test_gitlab_merge_request_events(attributes: dict[str, Any], trigger: str) -> None:
    assert trigger_of(read(gitlab_merge_request(**attributes))) == trigger


def test_gitlab_before_there_was_a_draft_field() -> None:
    payload = gitlab_merge_request(work_in_progress=True)
    del payload["object_attributes"]["draft"]
    assert trigger_of(read(payload)) == "ignored: a draft"


def test_gitlab_system_hook_carries_the_same() -> None:
    payload = gitlab_merge_request() | {"event_type": "merge_request"}
    assert trigger_of(read(payload, x_gitlab_event="System Hook")) == "opened"


def test_drafts_where_they_are_wanted() -> None:
    assert trigger_of(read(gitlab_merge_request(draft=True), gitlab(review_drafts=True))) == "opened"
    wanted = github(review_drafts=True)
    draft = github_pull_request("opened", draft=True)
    assert trigger_of(read(draft, wanted, x_github_event="pull_request")) == "opened"


@pytest.mark.parametrize(
    ("globs", "allowed"),
    [(("*",), True), (("desk/*",), True), (("DESK/Orders",), True), (("desk",), False), ((), False)],
)
def test_projects_on_the_list(globs: tuple[str, ...], allowed: bool) -> None:
    answer = read(gitlab_merge_request(), gitlab(projects=globs))
    assert isinstance(answer, Event) is allowed


def test_gitlab_command() -> None:
    answer = read(gitlab_note("Nice.\n\n@reviewer review please\nthanks"))
    assert isinstance(answer, Event)
    assert (answer.trigger, answer.head, answer.number) == ("command", HEAD, 12)
    assert answer.command == Command(
        "review", "please\nthanks", note="501", thread="d15c", actor="ann", actor_id=7
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"action": "update"}, "not a new note of a person"),
        ({"system": True}, "not a new note of a person"),
        ({"internal": True}, "an internal note"),
        ({"noteable_type": "Issue"}, "a note on something else"),
        ({"user_id": 99, "username": "renamed"}, "our own comment"),
        ({"username": "Reviewer"}, "our own comment"),
        ({"note": "no command"}, "no command in the comment"),
        ({"note": None}, "a comment without text or author"),
    ],
)
def test_gitlab_notes_that_call_for_nothing(changes: dict[str, Any], reason: str) -> None:
    assert read(gitlab_note("@reviewer review", **changes)) == Ignored(reason)


@pytest.mark.parametrize(
    ("action", "changes", "trigger"),
    [
        ("opened", {}, "opened"),
        ("reopened", {}, "opened"),
        ("synchronize", {}, "pushed"),
        ("ready_for_review", {}, "ready"),
        ("edited", {"changes": {"base": {"ref": {"from": "main"}}}}, "retargeted"),
        ("edited", {"changes": {"title": {"from": "x"}}}, "ignored: an action that calls for nothing"),
        ("labeled", {}, "ignored: an action that calls for nothing"),
        ("opened", {"draft": True}, "ignored: a draft"),
        ("synchronize", {"state": "closed"}, "ignored: the merge request is not open"),
        ("closed", {"state": "closed"}, "closed"),
    ],
)
def test_github_pull_request_events(action: str, changes: dict[str, Any], trigger: str) -> None:
    answer = read(github_pull_request(action, **changes), github(), x_github_event="pull_request")
    assert trigger_of(answer) == trigger


def test_github_issue_comment_names_no_head() -> None:
    answer = read(github_comment("@reviewer help"), github(), x_github_event="issue_comment")
    assert isinstance(answer, Event)
    assert (answer.head, answer.number) == (None, 12)
    assert answer.command == Command("help", "", note="501", thread=None, actor="ann", actor_id=7)


def test_github_review_comment_is_answered_in_its_thread() -> None:
    for root, thread in ((None, "501"), (400, "400")):
        payload = github_comment("@reviewer explain", in_reply_to_id=root)
        answer = read(payload, github(), x_github_event="pull_request_review_comment")
        assert isinstance(answer, Event)
        assert answer.command is not None
        assert (answer.command.thread, answer.head) == (thread, HEAD)


def test_github_comment_on_an_issue() -> None:
    payload = github_comment("@reviewer review")
    del payload["issue"]["pull_request"]
    assert isinstance(read(payload, github(), x_github_event="issue_comment"), Ignored)


def test_github_app_is_mentioned_without_its_suffix() -> None:
    app = Bot("deskbot[bot]", 99)
    answer = read(github_comment("@deskbot review"), github(), bot=app, x_github_event="issue_comment")
    assert trigger_of(answer) == "command"
    own = github_comment("@deskbot review", login="deskbot[bot]", user_id=5)
    assert read(own, github(), bot=app, x_github_event="issue_comment") == Ignored("our own comment")


def test_the_event_is_named_by_the_header_only() -> None:
    assert isinstance(read(github_pull_request("opened"), github()), Ignored)
    assert isinstance(read(github_pull_request("opened"), github(), x_github_event="ping"), Ignored)


def test_a_replay_under_another_name_is_the_same_delivery() -> None:
    pull = github_pull_request("opened")
    names = [read(pull, github(), x_github_event="pull_request", x_github_delivery=f"d-{n}") for n in (1, 2)]
    assert names[0] == names[1]
    signed = gitlab(webhook_auth="signature")
    told = [read(gitlab_merge_request(), signed, webhook_id="m-1", idempotency_key=f"k-{n}") for n in (1, 2)]
    assert told[0] == told[1]
    assert isinstance(told[0], Event)
    assert told[0].delivery == "m-1"


@pytest.mark.parametrize("sent", ["", "has space", "x" * 129, "a/b", "ключ"])
def test_a_delivery_without_a_usable_name_is_named_by_its_body(sent: str) -> None:
    first = read(gitlab_merge_request(), idempotency_key=sent)
    again = read(gitlab_merge_request(), idempotency_key=sent)
    other = read(gitlab_merge_request(title="x"), idempotency_key=sent)
    assert isinstance(first, Event)
    assert isinstance(other, Event)
    assert first == again
    assert first.delivery != other.delivery
    assert len(first.delivery) == 64


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"1" * 5000, b"null", b"[]", b'"x"']
)
def test_bodies_that_are_no_object(body: bytes) -> None:
    assert isinstance(parse(gitlab(), {}, body, BOT), Ignored)


@pytest.mark.parametrize("project", ["", "a\x00b", "\ud800", "x" * 600, None, 5, ["a"]])
def test_project_paths_that_are_none(project: Any) -> None:
    payload = gitlab_merge_request()
    payload["project"]["path_with_namespace"] = project
    assert read(payload) == Ignored("no project path")


@pytest.mark.parametrize("head", ["", "main", "A" * 40, "a" * 41, None, 5])
def test_heads_that_are_none(head: Any) -> None:
    answer = read(gitlab_merge_request(last_commit={"id": head}))
    assert isinstance(answer, Event)
    assert answer.head is None


KINDS = ("pull_request", "issue_comment", "pull_request_review_comment", "ping", "")


def test_payloads_from_the_wild(rows: Rows) -> None:
    events = 0
    for row in rows("webhook_payloads"):
        for kind in (row["name"].split("/")[-2], *KINDS):
            answer = read(row["payload"], github(), x_github_event=kind)
            events += isinstance(answer, Event)
        events += isinstance(read(row["payload"]), Event)
    assert events >= 10


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
TEMPLATES = (
    gitlab_merge_request(),
    gitlab_note("@reviewer review"),
    github_pull_request("opened"),
    github_comment("@reviewer ask"),
)


@st.composite
def mangled(draw: st.DrawFn) -> dict[str, Any]:
    """A real payload with one place in it replaced by something else, or taken out."""
    payload: dict[str, Any] = json.loads(json.dumps(draw(st.sampled_from(TEMPLATES))))
    place = payload
    while True:
        key = draw(st.sampled_from(sorted(place)))
        if not isinstance(place[key], dict) or not place[key] or draw(st.booleans()):
            break
        place = place[key]
    if draw(st.booleans()):
        del place[key]
    else:
        place[key] = draw(trees)
    return payload


@settings(max_examples=500)
@given(payload=mangled() | trees, kind=st.sampled_from(KINDS), forge=st.sampled_from([gitlab(), github()]))
def test_no_payload_makes_the_reader_raise(payload: Any, kind: str, forge: ForgeSettings) -> None:
    answer = read(payload, forge, x_github_event=kind)
    if isinstance(answer, Event):
        assert answer.number > 0
        assert answer.project.isprintable()


@given(body=st.binary(max_size=200))
def test_no_bytes_make_the_reader_raise(body: bytes) -> None:
    parse(gitlab(), {}, body, BOT)
