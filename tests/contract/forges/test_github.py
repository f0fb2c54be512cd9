"""The GitHub adapter, driven through its ports against the strict fake over real git."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from parsers.diff import Side
from reviewer.domain import Ticket, Verdict
from reviewer.errors import ForgeAuth, ForgeNotFound, Superseded
from tests.contract.forges.github_desk import OLD, PROJECT, Desk, describe, open_desk, plan
from tests.fakes.forge.github import Fault
from tests.fakes.forge.github_state import Remark


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_desk(tmp_path) as opened:
        yield opened


def placed(remark: Remark) -> tuple[Any, ...]:
    return tuple(remark.place.get(key) for key in ("side", "start_line", "line"))


def on_file(desk: Desk) -> list[Remark]:
    return [remark for remark in desk.remarks if remark.place["subject_type"] == "file"]


# --- reading


def test_describes_a_pull_request(desk: Desk) -> None:
    assert desk.forge.describe(PROJECT, 1) == describe(desk.pull)


def test_describes_what_has_been_closed_or_is_a_draft(desk: Desk) -> None:
    desk.pull.state, desk.pull.draft = "closed", True
    found = desk.forge.describe(PROJECT, 1)
    assert (found.open, found.draft) == (False, True)


def test_the_base_is_the_merge_base_and_the_start_the_target_branch(desk: Desk) -> None:
    repository = desk.fake.world.projects[PROJECT].repository
    before = repository.sha("main")
    repository.commit("main", {"app.py": "all new\n", ".reviewer.toml": "[review]\n"})
    found = desk.forge.describe(PROJECT, 1)
    assert (found.ref.base, found.ref.start) == (before, repository.sha("main"))
    change = desk.forge.fetch(found)
    assert [file.path for file in change.files] == ["app.py"]
    assert change.files[0].old == "".join(OLD).encode()
    assert change.repository_settings == b"[review]\n"


def test_settings_never_come_from_the_head(desk: Desk) -> None:
    desk.fake.push(PROJECT, 1, {".reviewer.toml": "[review]\nmax_comments = 0\n"})
    change = desk.forge.fetch(desk.forge.describe(PROJECT, 1))
    assert {file.path for file in change.files} == {"app.py", ".reviewer.toml"}
    assert change.repository_settings is None


@pytest.mark.parametrize("name", ["acme/absent", "acme", "acme/..", "../app", "acme/shop/pulls/1#", ""])
def test_a_project_that_is_not_there_is_not_found(desk: Desk, name: str) -> None:
    with pytest.raises(ForgeNotFound):
        desk.forge.describe(name, 1)


def test_a_pull_request_that_is_not_there_is_not_found(desk: Desk) -> None:
    with pytest.raises(ForgeNotFound):
        desk.forge.describe(PROJECT, 99)


# --- inline comments


@pytest.mark.parametrize(
    ("side", "start", "end", "place"),
    [
        pytest.param(Side.NEW, 10, 10, ("RIGHT", None, 10), id="added"),
        pytest.param(Side.OLD, 40, 40, ("LEFT", None, 40), id="removed"),
        pytest.param(Side.NEW, 8, 8, ("RIGHT", None, 8), id="context"),
        pytest.param(Side.NEW, 10, 11, ("RIGHT", 10, 11), id="range of added lines"),
        pytest.param(Side.NEW, 8, 14, ("RIGHT", 8, 14), id="range over context"),
        pytest.param(Side.OLD, 39, 41, ("LEFT", 39, 41), id="range on the old side"),
    ],
)
def test_comments_stand_at_their_lines(
    desk: Desk, side: Side, start: int, end: int, place: tuple[str, int | None, int]
) -> None:
    comment = desk.comment(start, end, side=side)
    receipt = desk.forge.apply(desk.merge_request, plan(comment))
    assert receipt.posted == (comment.fingerprint,)
    assert [(placed(remark), remark.body) for remark in desk.remarks] == [(place, comment.body)]


def test_all_comments_are_one_review(desk: Desk) -> None:
    comments = [desk.comment(line) for line in (8, 9, 10, 11)]
    receipt = desk.forge.apply(desk.merge_request, plan(*comments))
    assert receipt.posted == tuple(comment.fingerprint for comment in comments)
    assert desk.fake.count("POST", "/reviews") == 1
    assert len({remark.review for remark in desk.remarks}) == 1


def test_a_bad_line_costs_the_good_ones_nothing(desk: Desk) -> None:
    good = [desk.comment(line) for line in (8, 9, 10, 11)]
    bad = replace(desk.comment(25, name="bad"), in_one_hunk=True)  # which it is not
    receipt = desk.forge.apply(desk.merge_request, plan(*good[:2], bad, *good[2:]))
    assert set(receipt.posted) == {"bad", *(comment.fingerprint for comment in good)}
    lines = {remark.place["line"] for remark in desk.remarks if remark.place["subject_type"] == "line"}
    assert lines == {8, 9, 10, 11}
    (fallen_back,) = on_file(desk)
    assert fallen_back.body.startswith("`L25`\n\n**high** Why?")


def test_what_no_call_can_place_is_left_to_the_summary(desk: Desk) -> None:
    good, lost = desk.comment(10), replace(desk.comment(11, name="lost"), path="other.py")
    receipt = desk.forge.apply(desk.merge_request, plan(lost, good))
    assert (receipt.posted, receipt.unplaced) == ((good.fingerprint,), ("lost",))
    assert [(failure.code, failure.path) for failure in receipt.failures] == [("not-placed", "other.py")]
    assert [placed(remark) for remark in desk.remarks] == [("RIGHT", None, 10)]


def test_lines_outside_the_hunks_are_not_even_tried(desk: Desk) -> None:
    receipt = desk.forge.apply(desk.merge_request, plan(desk.comment(25, name="far")))
    assert receipt.posted == ("far",)
    assert desk.fake.count("POST", "/reviews") == 0
    assert len(on_file(desk)) == 1


def test_a_comment_on_a_file_names_no_lines(desk: Desk) -> None:
    comment = replace(desk.comment(10), start=None, end=None, in_one_hunk=False)
    desk.forge.apply(desk.merge_request, plan(comment))
    assert [remark.body for remark in on_file(desk)] == [comment.body]


def test_a_range_over_two_hunks_shrinks_to_its_last_line_and_suggests_nothing(desk: Desk) -> None:
    comment = desk.comment(11, 39, text="Both.\n\n```suggestion\nx\n```")
    desk.forge.apply(desk.merge_request, plan(comment))
    (remark,) = desk.remarks
    assert placed(remark) == ("RIGHT", None, 39)
    assert "suggestion" not in remark.body
    assert "```\nx\n```" in remark.body


def test_a_suggestion_replaces_the_lines_it_stands_at(desk: Desk) -> None:
    fence = "````"
    comment = desk.comment(10, 11, text=f"Sum up.\n\n{fence}suggestion\nvalue = 3  # ```\n{fence}")
    desk.forge.apply(desk.merge_request, plan(comment))
    head = desk.fake.apply_suggestion(PROJECT, 1, desk.remarks[0].id)
    text = desk.pull.repository.read(head, "app.py")
    assert text is not None
    assert text.decode().splitlines()[8:12] == ["line 9", "value = 3  # ```", "line 11", "line 12"]


def test_the_same_head_twice_posts_nothing(desk: Desk) -> None:
    wanted = [desk.comment(10), desk.comment(11)]
    desk.forge.apply(desk.merge_request, plan(*wanted))
    standing = "".join(
        note.body for thread in desk.discussion().threads for note in thread.notes if note.by_bot
    )
    again = [comment for comment in wanted if f":{comment.fingerprint}:" not in standing]
    desk.fake.requests.clear()
    desk.forge.apply(desk.merge_request, plan(*again))
    assert desk.fake.requests == []
    assert len(desk.remarks) == 2


def test_a_whole_run_stays_within_its_calls(desk: Desk) -> None:
    comments = [desk.comment(line) for line in (7, 8, 9, 10, 11, 12, 13, 14)]
    found = desk.forge.describe(PROJECT, 1)
    desk.forge.fetch(found)
    desk.forge.discussion(found)
    desk.forge.apply(found, plan(*comments))
    desk.forge.summarise(found, None, "All in all.")
    desk.forge.set_status(found, Verdict.PASS, "fine")
    assert len(desk.fake.requests) == 6


# --- what there is to know beside the change


def test_tickets_are_the_issues_of_the_same_project(desk: Desk) -> None:
    desk.fake.world.projects[PROJECT].issues |= {
        12: {"title": "Fees are wrong", "body": "By a fen."},
        13: {"title": "A pull request", "body": None, "pull_request": {"url": "..."}},
    }
    named = replace(desk.merge_request, description="Closes #13, #99 and other/place#14, see #12")
    assert (
        desk.forge.tickets(named) == ()
    )  # two at most, for each is a call: a pull request, and one not there
    named = replace(desk.merge_request, description="Closes #12, see https://evil.example/#77")
    asked = len(desk.fake.requests)
    assert desk.forge.tickets(named) == (Ticket(12, "Fees are wrong", "By a fen."),)
    assert len(desk.fake.requests) == asked + 1
    assert desk.forge.tickets(replace(named, description="Nothing")) == ()
    assert len(desk.fake.requests) == asked + 1


# --- a head that moves


def test_a_newer_head_supersedes_the_review(desk: Desk) -> None:
    desk.fake.push(PROJECT, 1, {"app.py": "rewritten\n"})
    with pytest.raises(Superseded):
        desk.forge.apply(desk.merge_request, plan(desk.comment(10)))
    assert desk.remarks == []


def test_a_head_replaced_during_the_post_supersedes_it_too(desk: Desk) -> None:
    desk.fake.faults.append(
        Fault("POST", "/reviews", act=lambda: desk.fake.force_push(PROJECT, 1, {"app.py": "rewritten\n"}))
    )
    with pytest.raises(Superseded):
        desk.forge.apply(desk.merge_request, plan(desk.comment(10), desk.comment(11)))
    assert desk.remarks == []
    assert desk.fake.count("POST", "/reviews") == 1  # no halving against a diff that is gone


# --- summary and status


def test_the_summary_is_edited_in_place(desk: Desk) -> None:
    note = desk.forge.summarise(desk.merge_request, None, "First.")
    assert desk.forge.summarise(desk.merge_request, note, "Second.") == note
    assert [(str(item.id), item.body) for item in desk.pull.notes.values()] == [(note, "Second.")]


def test_a_deleted_summary_is_written_anew(desk: Desk) -> None:
    note = desk.forge.summarise(desk.merge_request, None, "First.")
    desk.pull.notes.clear()
    assert desk.forge.summarise(desk.merge_request, note, "Second.") != note
    assert [item.body for item in desk.pull.notes.values()] == ["Second."]


@pytest.mark.parametrize(
    ("verdict", "state"),
    [(Verdict.PASS, "success"), (Verdict.FAIL, "failure"), (Verdict.INCONCLUSIVE, "error")],
)
def test_the_status_follows_the_verdict(desk: Desk, verdict: Verdict, state: str) -> None:
    desk.forge.set_status(desk.merge_request, verdict, "x" * 200)
    (status,) = desk.fake.world.projects[PROJECT].statuses
    assert status == {"sha": desk.pull.head, "state": state, "description": "x" * 140, "context": "reviewer"}


def test_a_status_without_the_right_to_it_is_a_matter_of_rights(desk: Desk) -> None:
    desk.fake.person(desk.fake.bot.login, PROJECT, "read")
    with pytest.raises(ForgeAuth):
        desk.forge.set_status(desk.merge_request, Verdict.PASS, "fine")


# --- people


@pytest.mark.parametrize(
    ("role", "may"), [("admin", True), ("write", True), ("read", False), ("none", False)]
)
def test_writers_may_command(desk: Desk, role: str, may: bool) -> None:
    person = desk.fake.person("lee", PROJECT, role)
    assert desk.forge.may_command(PROJECT, person.id, "lee") is may


def test_a_name_that_changed_hands_may_not_command(desk: Desk) -> None:
    person = desk.fake.person("lee", PROJECT, "admin")
    assert not desk.forge.may_command(PROJECT, person.id + 1, "lee")


@pytest.mark.parametrize("login", ["nobody", "../../x", "lee/permission#", "reviewer[bot]", ""])
def test_strange_names_may_not_command(desk: Desk, login: str) -> None:
    assert not desk.forge.may_command(PROJECT, 1, login)


def test_replies_in_a_thread(desk: Desk) -> None:
    desk.post(desk.comment(10))
    root = desk.remarks[0].id
    note = desk.forge.reply(PROJECT, 1, str(root), "Because.")
    assert [(str(item.id), item.body) for item in desk.pull.in_thread(root)][1:] == [(note, "Because.")]


def test_replies_with_a_note(desk: Desk) -> None:
    note = desk.forge.reply(PROJECT, 1, None, "Hello.")
    assert [(str(item.id), item.body) for item in desk.pull.notes.values()] == [(note, "Hello.")]


@pytest.mark.parametrize("thread", ["4711", "PRRT_x", "../1"])
def test_a_reply_to_a_thread_that_is_not_there_is_not_found(desk: Desk, thread: str) -> None:
    with pytest.raises(ForgeNotFound):
        desk.forge.reply(PROJECT, 1, thread, "Hello?")
