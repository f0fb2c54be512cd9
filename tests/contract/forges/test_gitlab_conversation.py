"""Threads, notes, the summary, statuses, rights, and what the doctor sees."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reviewer.demo.records import Issue
from reviewer.domain import MergeRequest, Resolution, Ticket, Verdict
from reviewer.errors import ForgeNotFound
from reviewer.forges.gitlab import GitLabForge
from tests.contract.forges.conftest import connect
from tests.contract.forges.gitlab_plans import comment, plan
from tests.fakes.forge.gitlab import FakeGitLab


@pytest.fixture
def described(gitlab: FakeGitLab, adapter: GitLabForge) -> MergeRequest:
    gitlab.open({"a.py": "1\n2\n"}, {"a.py": "1\n3\n"}, title="Fix", description="Because.", draft=True)
    return adapter.describe("desk/orders", 1)


def test_describe_tells_what_the_forge_says(gitlab: FakeGitLab, described: MergeRequest) -> None:
    version = gitlab.project.merge_requests[1].latest
    assert (described.ref.base, described.ref.start, described.ref.head) == (
        version.base,
        version.start,
        version.head,
    )
    assert (described.ref.forge, described.ref.project, described.ref.number) == ("lab", "desk/orders", 1)
    assert (described.title, described.description, described.author) == ("Fix", "Because.", "alice")
    assert (described.source_branch, described.target_branch) == ("change-1", "main")
    assert described.draft
    assert described.open


def test_a_numeric_project_id_is_told_as_a_path(adapter: GitLabForge, described: MergeRequest) -> None:
    assert adapter.describe("1", 1) == described


def test_a_diff_still_being_prepared_is_waited_for(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest
) -> None:
    gitlab.unprepared = 3
    assert adapter.describe("desk/orders", 1) == described


def test_threads_and_notes_are_told_apart(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest
) -> None:
    merge_request = gitlab.project.merge_requests[1]
    gitlab.comment(merge_request, gitlab.alice, "On its own", individual=True)
    adapter.apply(described, plan(comment(adapter.fetch(described), "a.py", 2)))
    thread = merge_request.discussions[-1]
    gitlab.records.answer(thread, gitlab.alice, "Why?")

    found = adapter.discussion(described)

    assert [(note.author, note.by_bot, note.body) for note in found.notes] == [("alice", False, "On its own")]
    assert [note.by_bot for note in found.threads[0].notes] == [True, False]
    assert found.threads[0].resolvable
    assert not found.threads[0].resolved
    assert found.threads[0].resolved_by_bot is None


@pytest.mark.parametrize(("resolver", "by_bot"), [("alice", False), ("bot", True)])
def test_who_resolved_a_thread_is_known(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest, resolver: str, by_bot: bool
) -> None:
    merge_request = gitlab.project.merge_requests[1]
    adapter.apply(described, plan(comment(adapter.fetch(described), "a.py", 2)))
    user = getattr(gitlab, resolver)
    gitlab.records.resolve(merge_request, merge_request.discussions[0], user, resolved=True)

    thread = adapter.discussion(described).threads[0]

    assert thread.resolved
    assert thread.resolved_by_bot is by_bot


def test_a_discussion_longer_than_a_page_is_read_to_its_end(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest
) -> None:
    gitlab.believed_address = "http://gitlab.example.invalid"  # links lead there; nobody may follow
    for number in range(230):
        gitlab.comment(gitlab.project.merge_requests[1], gitlab.alice, f"{number}", individual=True)

    found = adapter.discussion(described)

    assert [note.body for note in found.notes] == [str(number) for number in range(230)]
    assert len(gitlab.api_calls("GET .*discussions")) == 3


def test_a_gone_finding_is_answered_and_resolved(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest
) -> None:
    adapter.apply(described, plan(comment(adapter.fetch(described), "a.py", 2)))
    thread = adapter.discussion(described).threads[0]

    receipt = adapter.apply(
        described, plan(resolve=[Resolution(thread.id, thread.notes[0].id, "Gone in this push.")])
    )

    assert receipt.resolved == (thread.id,)
    after = adapter.discussion(described).threads[0]
    assert after.resolved
    assert [note.body for note in after.notes][1:] == ["Gone in this push."]


def test_without_the_right_to_resolve_there_is_one_reply_however_often(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest
) -> None:
    adapter.apply(described, plan(comment(adapter.fetch(described), "a.py", 2)))
    thread = adapter.discussion(described).threads[0]
    gitlab.project.members[gitlab.bot.id] = 20
    resolution = Resolution(thread.id, thread.notes[0].id, "Gone in this push.")

    receipts = [adapter.apply(described, plan(resolve=[resolution])) for _ in range(2)]

    assert [receipt.resolved for receipt in receipts] == [(), ()]
    assert [failure.code for failure in receipts[0].failures] == ["not-resolved"]
    assert len(adapter.discussion(described).threads[0].notes) == 2


def test_a_thread_that_was_deleted_is_told(adapter: GitLabForge, described: MergeRequest) -> None:
    receipt = adapter.apply(described, plan(resolve=[Resolution("0" * 40, "1", "Gone.")]))
    assert [failure.code for failure in receipt.failures] == ["not-resolved"]


def test_the_summary_is_edited_in_place(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest
) -> None:
    note = adapter.summarise(described, None, "First\n\n<!-- m -->")
    again = adapter.summarise(described, note, "Second\n\n<!-- m -->")

    assert note == again
    assert [note.body for note in gitlab.notes()] == ["Second\n\n<!-- m -->"]


def test_a_deleted_summary_is_written_anew(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest
) -> None:
    note = adapter.summarise(described, "4711", "Here again")
    assert [str(note.id) for note in gitlab.notes()] == [note]


@pytest.mark.parametrize(
    ("verdict", "state"),
    [(Verdict.PASS, "success"), (Verdict.FAIL, "failed"), (Verdict.INCONCLUSIVE, "failed")],
)
def test_only_a_pass_is_a_success(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest, verdict: Verdict, state: str
) -> None:
    adapter.set_status(described, verdict, "x" * 300)

    assert [(status["sha"], status["state"]) for status in gitlab.project.statuses] == [
        (described.ref.head, state)
    ]
    assert len(gitlab.project.statuses[0]["description"]) == 255


def test_developers_may_command(gitlab: FakeGitLab, adapter: GitLabForge) -> None:
    assert adapter.may_command("desk/orders", gitlab.alice.id, "alice")
    assert not adapter.may_command("desk/orders", gitlab.rita.id, "rita")
    assert not adapter.may_command("desk/orders", 4711, "nobody")


def test_replies_go_into_the_thread_or_stand_alone(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest
) -> None:
    adapter.apply(described, plan(comment(adapter.fetch(described), "a.py", 2)))
    thread = adapter.discussion(described).threads[0]

    inside = adapter.reply("desk/orders", 1, thread.id, "Inside")
    alone = adapter.reply("desk/orders", 1, None, "Alone")

    found = adapter.discussion(described)
    assert found.threads[0].notes[-1].id == inside
    assert [note.id for note in found.notes] == [alone]


def test_what_is_not_there_or_hidden_is_not_found(adapter: GitLabForge) -> None:
    with pytest.raises(ForgeNotFound):
        adapter.describe("desk/orders", 9)
    with pytest.raises(ForgeNotFound):
        adapter.describe("desk/secret", 1)


def test_the_doctor_sees_token_scopes_and_projects(gitlab: FakeGitLab, tmp_path: Path) -> None:
    adapter = connect(gitlab, tmp_path, projects=("desk/*", "desk/orders", "desk/none"))
    try:
        checks = {check.name: check for check in adapter.check()}
    finally:
        adapter.close()

    assert checks["lab: token"].detail == "signed in as @review-bot"
    assert checks["lab: scopes"].ok
    assert checks["lab: desk/orders"].ok
    assert not checks["lab: desk/none"].ok
    assert "lab: desk/*" not in checks


def test_the_doctor_tells_a_wrong_token(gitlab: FakeGitLab, tmp_path: Path) -> None:
    adapter = connect(gitlab, tmp_path)
    gitlab.bot.token = "revoked"
    try:
        checks = adapter.check()
    finally:
        adapter.close()

    assert [check.ok for check in checks] == [False]
    assert checks[0].remedy


def test_tickets_are_read_in_one_call_and_confidential_ones_are_not_told(
    gitlab: FakeGitLab, adapter: GitLabForge, described: MergeRequest
) -> None:
    gitlab.project.issues |= {
        12: Issue("Fees are wrong", "By a fen."),
        13: Issue("A breach", "Of which nobody knows.", confidential=True),
        14: Issue("Not asked for", ""),
    }
    named = replace(described, description="Closes #13 and #12; other/place#14")
    asked = len(gitlab.api_calls())
    assert adapter.tickets(named) == (Ticket(12, "Fees are wrong", "By a fen."),)
    assert len(gitlab.api_calls()) == asked + 1
    assert adapter.tickets(replace(named, description="See #77")) == ()
    assert adapter.tickets(replace(named, description="No number")) == ()
    assert len(gitlab.api_calls()) == asked + 2
