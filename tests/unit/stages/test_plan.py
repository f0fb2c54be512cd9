"""Reconciliation: what should stand in a merge request, less what does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from parsers.diff import Side
from parsers.positions import LinePair
from reviewer.domain import (
    ChangeSet,
    Comment,
    Discussion,
    Finding,
    Note,
    Plan,
    Receipt,
    Review,
    ReviewWarning,
    Source,
    Suggestion,
    Suppressed,
    Thread,
)
from reviewer.stages import marker
from reviewer.stages.fingerprint import identify
from reviewer.stages.marker import Marker
from reviewer.stages.plan import reconcile, unplaced
from tests.fakes.changes import REF, change_set, changed_file
from tests.fakes.findings import finding, review

KEY = b"instance key"
OLD = "".join(f"x{n} = {n}\n" for n in range(1, 41))
NEW = OLD.replace("x5 = 5\n", "x5 = eval(a)\ny5 = eval(b)\n").replace("x30 = 30\n", "x30 = eval(c)\n")
CHANGE = change_set(changed_file("app.py", OLD, NEW))
NOTHING = Discussion((), ())


def reviewed(*findings: Finding, change: ChangeSet = CHANGE, **fields: Any) -> Review:
    return review(*identify(findings, change), **fields)


def planned(of: Review, discussion: Discussion = NOTHING, change: ChangeSet = CHANGE, **options: Any) -> Plan:
    values: dict[str, Any] = {"dialect": "gitlab", "language": "en", "max_comments": 8, "run": "run-1"}
    return reconcile(of, discussion, change, key=KEY, **(values | options))


def thread(comment: Comment, *replies: Note, number: int = 1, **fields: Any) -> Thread:
    opening = Note(f"n{number}", True, "bot", comment.body)
    values: dict[str, Any] = {"resolved": False, "resolvable": True} | fields
    return Thread(f"t{number}", (opening, *replies), **values)


def posted(plan: Plan, **fields: Any) -> Discussion:
    threads = (thread(comment, number=n, **fields) for n, comment in enumerate(plan.create, start=1))
    summary = f"words\n\n{marker.write(KEY, REF, Marker(marker.SUMMARY, 'run-1'))}"
    return Discussion(tuple(threads), (Note("s1", True, "bot", summary),))


def lines(comments: Iterable[Comment]) -> list[tuple[LinePair | None, LinePair | None]]:
    return [(comment.start, comment.end) for comment in comments]


THREE = reviewed(finding(5), finding(6), finding(31))


# --- creating -------------------------------------------------------------------------------------


def test_findings_become_comments_in_their_order() -> None:
    plan = planned(THREE)
    assert [comment.fingerprint for comment in plan.create] == [one.fingerprint for one in THREE.findings]
    assert lines(plan.create) == [
        (LinePair(None, 5), LinePair(None, 5)),
        (LinePair(None, 6), LinePair(None, 6)),
        (LinePair(None, 31), LinePair(None, 31)),
    ]
    assert (plan.keep, plan.resolve, plan.summary_note) == ((), (), None)
    for comment in plan.create:
        assert marker.read(comment.body, KEY, REF) == Marker(comment.fingerprint, "run-1")
        assert comment.in_one_hunk


def test_the_same_head_twice_posts_nothing() -> None:
    first = planned(THREE)
    second = planned(THREE, posted(first), run="run-2")
    assert second == Plan((), ("t1", "t2", "t3"), (), "s1")


def test_the_same_review_gives_the_same_plan() -> None:
    assert planned(THREE) == planned(THREE)


def test_only_the_first_findings_get_a_comment_on_every_run() -> None:
    first = planned(THREE, max_comments=2)
    assert len(first.create) == 2
    assert planned(THREE, posted(first), max_comments=2).create == ()
    assert planned(THREE, max_comments=0).create == ()


def test_places_on_the_old_side_and_on_no_line_at_all() -> None:
    plan = planned(reviewed(finding(5, side=Side.OLD), finding(None)))
    assert lines(plan.create) == [(LinePair(5, None), LinePair(5, None)), (None, None)]
    assert [comment.side for comment in plan.create] == [Side.OLD, Side.NEW]
    assert [comment.in_one_hunk for comment in plan.create] == [True, False]


def test_a_range_is_placed_with_both_ends() -> None:
    plan = planned(reviewed(finding(5, end_line=8)))
    assert lines(plan.create) == [(LinePair(None, 5), LinePair(7, 8))]


def test_a_renamed_file_is_named_on_both_sides() -> None:
    change = change_set(changed_file("new.py", OLD, NEW, old_path="old.py"))
    (comment,) = planned(reviewed(finding(5, path="new.py"), change=change), change=change).create
    assert (comment.path, comment.old_path) == ("new.py", "old.py")


def test_a_finding_about_a_file_outside_the_change_gets_no_comment() -> None:
    assert planned(reviewed(finding(5, path="elsewhere.py"))).create == ()


@pytest.mark.parametrize(
    ("dialect", "title"), [("gitlab", "```suggestion:-3+0\n"), ("github", "```suggestion\n")]
)
def test_a_suggestion_decides_the_lines_of_its_comment(dialect: str, title: str) -> None:
    flaw = finding(5, suggestion=Suggestion(4, 7, "z = 1"))
    (comment,) = planned(reviewed(flaw), dialect=dialect).create
    assert lines([comment]) == [(LinePair(4, 4), LinePair(6, 7))]
    assert f"{title}z = 1\n```" in comment.body


def test_github_gets_no_suggestion_that_reaches_out_of_its_hunk() -> None:
    flaw = finding(5, suggestion=Suggestion(5, 20, "z = 1"))
    (comment,) = planned(reviewed(flaw), dialect="github").create
    assert lines([comment]) == [(LinePair(None, 5), LinePair(None, 5))]
    assert "suggestion" not in comment.body
    assert "```suggestion:-15+0" in planned(reviewed(flaw)).create[0].body


# --- what stands already --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "again"),
    [
        ({"resolved": False}, False),
        ({"resolved": False, "resolved_by_bot": True}, False),  # and opened again
        ({"resolved": True, "resolved_by_bot": False}, False),  # by a person
        ({"resolved": True, "resolved_by_bot": None}, False),  # nobody knows by whom
        ({"resolved": True, "resolved_by_bot": True}, True),  # it had gone, and has come back
        ({"resolvable": False}, False),
    ],
)
def test_a_finding_is_said_again_only_if_it_was_gone(fields: dict[str, Any], again: bool) -> None:
    discussion = posted(planned(THREE), **fields)
    assert len(planned(THREE, discussion).create) == (3 if again else 0)


def test_one_thread_that_a_person_resolved_is_enough() -> None:
    comment = planned(THREE, max_comments=1).create[0]
    ours = thread(comment, resolved=True, resolved_by_bot=True)
    theirs = thread(comment, number=2, resolved=True, resolved_by_bot=False)
    assert planned(THREE, Discussion((ours, theirs), ()), max_comments=1).create == ()


@pytest.mark.parametrize(
    "forgery", ["by somebody", "other key", "other merge request", "behind another note"]
)
def test_only_our_own_comments_count(forgery: str) -> None:
    comment = planned(THREE, max_comments=1).create[0]
    other = marker.write(b"other", REF, Marker(comment.fingerprint, "r"))
    elsewhere = marker.write(KEY, replace(REF, number=8), Marker(comment.fingerprint, "r"))
    note = {
        "by somebody": Note("n", False, "mallory", comment.body),
        "other key": Note("n", True, "bot", other),
        "other merge request": Note("n", True, "bot", elsewhere),
        "behind another note": Note("n", False, "mallory", "look:"),
    }[forgery]
    forged = Thread("t1", (note, Note("m", True, "bot", comment.body)), resolved=False, resolvable=True)
    plan = planned(THREE, Discussion((forged,), ()), max_comments=1)
    assert len(plan.create) == 1
    assert (plan.keep, plan.resolve) == ((), ())


def test_the_summary_is_the_bots_own() -> None:
    body = marker.write(KEY, REF, Marker(marker.SUMMARY, "run"))
    notes = (Note("1", False, "mallory", body), Note("2", True, "bot", "x"), Note("3", True, "bot", body))
    assert planned(THREE, Discussion((), (*notes, replace(notes[2], id="4")))).summary_note == "3"


# --- what is gone ---------------------------------------------------------------------------------


def test_a_finding_that_is_gone_is_answered_and_resolved() -> None:
    discussion = posted(planned(THREE))
    plan = planned(replace(THREE, findings=THREE.findings[1:]), discussion)
    (resolution,) = plan.resolve
    assert (resolution.thread, resolution.note) == ("t1", "n1")
    assert resolution.body == "No longer found at `222222222222`."
    assert plan.keep == ("t2", "t3")


@pytest.mark.parametrize(
    "fields",
    [
        {"resolved": True, "resolved_by_bot": False},
        {"resolved": True, "resolved_by_bot": True},
        {"resolvable": False},
    ],
)
def test_what_is_resolved_already_is_left_alone(fields: dict[str, Any]) -> None:
    plan = planned(review(), posted(planned(THREE), **fields))
    assert (plan.resolve, plan.keep) == ((), ("t1", "t2", "t3"))


@pytest.mark.parametrize("by_bot", [False, True])
def test_a_thread_that_was_answered_is_left_to_people(by_bot: bool) -> None:
    comment = planned(THREE, max_comments=1).create[0]
    answered = thread(comment, Note("r", by_bot, "x", "an answer"))
    assert planned(review(), Discussion((answered,), ())).resolve == ()


def test_a_silenced_finding_is_resolved_too() -> None:
    silenced = replace(THREE, findings=(), suppressed=(Suppressed(THREE.findings[0], "inline"),))
    plan = planned(silenced, posted(planned(THREE)), language="zh-CN")
    assert {resolution.thread: resolution.body for resolution in plan.resolve} == {
        "t1": "在 `222222222222` 中已被忽略。",
        "t2": "在 `222222222222` 中已不再出现。",
        "t3": "在 `222222222222` 中已不再出现。",
    }


def test_a_model_that_is_silent_takes_nothing_back() -> None:
    said = reviewed(finding(5, source=Source.MODEL), finding(31, source=Source.MODEL))
    discussion = posted(planned(said))
    assert planned(review(), discussion).resolve == ()
    fixed = change_set(changed_file("app.py", OLD, NEW.replace("x5 = eval(a)", "x5 = int(a)")))
    plan = planned(review(), discussion, fixed)
    assert [resolution.thread for resolution in plan.resolve] == ["t1"]


def test_a_review_that_missed_something_proves_nothing_gone() -> None:
    missed = ReviewWarning("scanner-failed", "no rules ran", undecided=True)
    known = ReviewWarning("binary", "a picture")
    discussion = posted(planned(THREE))
    assert planned(review(warnings=(missed,)), discussion).resolve == ()
    assert len(planned(review(warnings=(known,)), discussion).resolve) == 3


# --- posting less ---------------------------------------------------------------------------------


def test_a_summary_alone_leaves_threads_as_they_are() -> None:
    discussion = posted(planned(THREE))
    assert planned(review(), discussion, post="summary") == Plan((), ("t1", "t2", "t3"), (), "s1")


def test_shadow_mode_plans_nothing() -> None:
    assert planned(THREE, post="off") == Plan((), (), (), None)
    assert planned(THREE, posted(planned(THREE)), post="off").summary_note is None


def test_the_summary_knows_what_no_comment_shows() -> None:
    one, two, three = (finding.fingerprint for finding in THREE.findings)
    before = posted(planned(THREE, max_comments=1))
    assert unplaced(THREE, before, Receipt(posted=(two,)), KEY) == (three,)
    assert unplaced(THREE, NOTHING, Receipt(unplaced=(one,)), KEY) == (one, two, three)
