"""What the adapter makes of discussions: reading them, and resolving what is gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reviewer.domain import Resolution
from reviewer.errors import ForgeRateLimited, ForgeUnavailable
from tests.contract.forges.github_desk import PROJECT, Desk, open_desk, plan
from tests.fakes.forge.github import Fault


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_desk(tmp_path) as opened:
        yield opened


def resolution(thread: int) -> Resolution:
    return Resolution(thread=str(thread), note=str(thread), body="Gone with this push.")


def test_reads_threads_and_notes_with_who_said_what(desk: Desk) -> None:
    desk.post(desk.comment(10), desk.comment(11))
    dana = desk.fake.world.account("dana")
    first, second = (remark.id for remark in desk.remarks)
    answer = desk.fake.world.answer(desk.pull, dana, first, "On purpose.")
    note = desk.fake.world.note(desk.pull, dana, "@reviewer-bot review")
    desk.pull.threads[first].resolved_by = dana
    desk.pull.threads[second].resolved_by = desk.fake.bot
    found = desk.discussion()
    assert [thread.id for thread in found.threads] == [str(first), str(second)]
    said = [(item.id, item.by_bot, item.author, item.body) for item in found.threads[0].notes]
    assert said == [
        (str(first), True, "reviewer-bot", desk.remarks[0].body),
        (str(answer.id), False, "dana", "On purpose."),
    ]
    assert [(thread.resolved, thread.resolved_by_bot) for thread in found.threads] == [
        (True, False),
        (True, True),
    ]
    assert [(item.id, item.by_bot, item.body) for item in found.notes] == [
        (str(note.id), False, "@reviewer-bot review")
    ]


def test_an_open_thread_was_resolved_by_nobody(desk: Desk) -> None:
    desk.post(desk.comment(10))
    (thread,) = desk.discussion().threads
    assert (thread.resolved, thread.resolved_by_bot, thread.resolvable) == (False, None, True)


def test_a_deleted_account_is_a_ghost(desk: Desk) -> None:
    desk.fake.world.note(desk.pull, desk.fake.bot, "Mine.").author = None
    (note,) = desk.discussion().notes
    assert (note.by_bot, note.author) == (False, "ghost")


@pytest.mark.parametrize("refusal", ["", "Field 'fullDatabaseId' doesn't exist on type 'IssueComment'"])
def test_long_discussions_are_read_to_their_end(desk: Desk, refusal: str) -> None:
    for number in range(130):
        desk.fake.world.remark(
            desk.pull, desk.fake.bot, f"thread {number}", place={"path": "app.py", "line": 10}
        )
        if number < 110:
            desk.fake.world.note(desk.pull, desk.fake.bot, f"note {number}")
    desk.fake.routes.graphql_refuses = refusal
    found = desk.discussion()
    assert [thread.notes[0].body for thread in found.threads] == [f"thread {number}" for number in range(130)]
    assert [note.body for note in found.notes] == [f"note {number}" for number in range(110)]
    assert all(note.by_bot for note in found.notes)


def test_without_graphql_threads_count_as_open_and_not_resolvable(desk: Desk) -> None:
    desk.post(desk.comment(10))
    desk.fake.world.answer(desk.pull, desk.fake.world.account("dana"), desk.remarks[0].id, "Hm.")
    whole = desk.discussion()
    desk.fake.routes.graphql_refuses = "unknown field"
    found = desk.discussion()
    assert [thread.notes for thread in found.threads] == [thread.notes for thread in whole.threads]
    assert [(thread.resolved, thread.resolvable) for thread in found.threads] == [(False, False)]


@pytest.mark.parametrize("status", [403, 404])
def test_where_graphql_is_shut_rest_is_read(desk: Desk, status: int) -> None:
    desk.post(desk.comment(10))
    desk.fake.faults.append(Fault("POST", "/graphql", status=status, body={"message": "No."}, times=9))
    (thread,) = desk.discussion().threads
    assert [note.by_bot for note in thread.notes] == [True]


def test_a_query_without_an_answer_is_asked_once_more(desk: Desk) -> None:
    desk.post(desk.comment(10))
    desk.fake.faults.append(Fault("POST", "/graphql", status=502))
    assert len(desk.discussion().threads) == 1
    desk.fake.faults.append(Fault("POST", "/graphql", status=502, times=2))
    with pytest.raises(ForgeUnavailable):
        desk.discussion()


def test_a_limit_told_by_graphql_is_a_limit(desk: Desk) -> None:
    limited = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}
    desk.fake.faults.append(Fault("POST", "/graphql", status=200, body=limited))
    with pytest.raises(ForgeRateLimited):
        desk.discussion()


# --- resolving


def test_a_thread_is_answered_and_resolved(desk: Desk) -> None:
    desk.post(desk.comment(10))
    root = desk.remarks[0].id
    receipt = desk.forge.apply(desk.merge_request, plan(resolve=(resolution(root),)))
    assert (receipt.resolved, receipt.failures) == ((str(root),), ())
    assert [item.body for item in desk.pull.in_thread(root)][1:] == ["Gone with this push."]
    assert desk.pull.threads[root].resolved_by == desk.fake.bot


def test_what_a_person_resolved_is_left_alone(desk: Desk) -> None:
    desk.post(desk.comment(10))
    root, dana = desk.remarks[0].id, desk.fake.world.account("dana")
    desk.pull.threads[root].resolved_by = dana
    desk.forge.apply(desk.merge_request, plan(resolve=(resolution(root),)))
    assert len(desk.pull.in_thread(root)) == 1
    assert desk.pull.threads[root].resolved_by == dana


def test_without_the_right_to_resolve_the_reply_stands_alone_and_once(desk: Desk) -> None:
    desk.post(desk.comment(10))
    root = desk.remarks[0].id
    desk.fake.person(desk.fake.bot.login, PROJECT, "read")
    for _ in range(2):
        receipt = desk.forge.apply(desk.merge_request, plan(resolve=(resolution(root),)))
        assert receipt.resolved == ()
        assert [failure.code for failure in receipt.failures] == ["not-resolved"]
        assert [item.body for item in desk.pull.in_thread(root)][1:] == ["Gone with this push."]


def test_without_graphql_the_reply_stands_alone(desk: Desk) -> None:
    desk.post(desk.comment(10))
    root = desk.remarks[0].id
    desk.fake.routes.graphql_refuses = "unknown field"
    receipt = desk.forge.apply(desk.merge_request, plan(resolve=(resolution(root),)))
    assert (receipt.resolved, [failure.code for failure in receipt.failures]) == ((), ["not-resolved"])
    assert len(desk.pull.in_thread(root)) == 2


def test_a_thread_that_is_gone_is_reported(desk: Desk) -> None:
    receipt = desk.forge.apply(desk.merge_request, plan(resolve=(resolution(4711),)))
    assert [failure.code for failure in receipt.failures] == ["not-resolved"]
