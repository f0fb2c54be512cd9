"""What is remembered comes back, on SQLite and on Postgres, and goes when its time has come."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from reviewer.domain import ChangeRef, Dismissal, Gesture, Person
from reviewer.memory.database import DAY_S, Bounds, DatabaseMemory
from tests.contract.memory.conftest import Clock
from tests.fakes.memory import NOON, dismissal, rule_trace, trace

pytestmark = pytest.mark.xdist_group("jobs")  # one Postgres is enough

REF = ChangeRef("lab", "desk/orders", 1, "1" * 40, "1" * 40, "2" * 40)
SECOND = replace(REF, number=2)
ELSEWHERE = replace(REF, project="desk/other")
ODD = trace(path="app/\udcff.py", code="a\0b 价格", title="线程", message='quotes " and \\')


def named(name: int, **more: object) -> Dismissal:
    return dismissal(trace(fingerprint=f"{name:032x}"), **more)


def test_a_dismissal_holds_in_every_merge_request_of_its_project(memory: DatabaseMemory) -> None:
    made = dismissal(ODD, gesture=Gesture.IGNORE, words="今は\0 fine", by=Person(2**40, "李\udcff"))
    memory.dismiss([made])

    assert memory.recall(REF).dismissals == (made,)
    assert memory.recall(SECOND).dismissals == (made,)
    assert memory.recall(ELSEWHERE).dismissals == ()
    assert memory.recall(replace(REF, forge="other")).dismissals == ()


def test_one_person_dismisses_a_finding_once_with_the_newest_words(memory: DatabaseMemory) -> None:
    memory.dismiss([dismissal(words="first"), dismissal(words="second", at=NOON + 1)])
    memory.dismiss([dismissal(by=Person(8, "bob")), dismissal(number=2)])

    words = [(made.by.name, made.number, made.words) for made in memory.recall(REF).dismissals]
    assert sorted(words) == [("alice", 1, "second"), ("alice", 2, ""), ("bob", 1, "")]


def test_gestures_can_be_taken_back_and_commands_stand(memory: DatabaseMemory) -> None:
    ignored = dismissal(gesture=Gesture.IGNORE)
    memory.dismiss([dismissal(), dismissal(gesture=Gesture.RESOLVED), ignored, dismissal(number=2)])

    memory.withdraw(REF, [trace().fingerprint])
    memory.withdraw(REF, [])

    assert {(made.gesture, made.number) for made in memory.recall(REF).dismissals} == {
        (Gesture.IGNORE, 1),
        (Gesture.THUMBS_DOWN, 2),
    }


def test_what_was_said_belongs_to_its_merge_request(memory: DatabaseMemory) -> None:
    memory.note_findings(REF, [ODD, rule_trace()])
    memory.note_findings(REF, [replace(ODD, title="newer")])

    said = memory.recall(REF).said
    assert {name: one.title for name, one in said.items()} == {
        ODD.fingerprint: "newer",
        rule_trace().fingerprint: rule_trace().title,
    }
    assert memory.recall(SECOND).said == {}


def test_a_finding_is_known_with_the_head_where_it_was_found_last(memory: DatabaseMemory) -> None:
    memory.note_findings(REF, [ODD, rule_trace()])
    memory.note_findings(replace(REF, head="3" * 40), [ODD])
    heads = memory.recall(REF).heads
    assert heads == {ODD.fingerprint: "3" * 40, rule_trace().fingerprint: "2" * 40}


def test_answers_come_back_by_key(memory: DatabaseMemory) -> None:
    memory.keep_answers(REF, {"a": {"drafts": ["一", "\udcff", "\0"]}, "b": None})
    memory.keep_answers(REF, {"b": [1]})

    assert memory.answers(REF, ["b", "a", "a", "c"]) == {"a": {"drafts": ["一", "\udcff", "\0"]}, "b": [1]}
    assert memory.answers(SECOND, ["a"]) == {}
    assert memory.answers(REF, [f"key-{number}" for number in range(1000)] + ["b"]) == {"b": [1]}


def test_what_is_too_old_is_not_recalled_and_goes_with_the_next_one(
    memory: DatabaseMemory, clock: Clock, engine: Engine
) -> None:
    memory.dismiss([named(1)])
    memory.keep_answers(REF, {"old": 1})
    clock.now += 31 * DAY_S
    assert memory.recall(REF).dismissals == ()
    assert memory.answers(REF, ["old"]) == {}
    assert len(memory.dismissed()) == 1

    memory.dismiss([named(2, at=clock.now)])

    assert memory.dismissed() == [named(2, at=clock.now)]
    for_ever = DatabaseMemory(engine, lambda: clock.now + 1e9, Bounds(max_age_days=0))
    assert len(for_ever.recall(REF).dismissals) == 1


def test_what_is_too_old_goes_by_and_by_where_nothing_new_comes(
    memory: DatabaseMemory, clock: Clock, engine: Engine
) -> None:
    roomy = DatabaseMemory(engine, clock, Bounds(max_age_days=30, max_per_project=1000))
    roomy.dismiss([named(number) for number in range(250)])
    roomy.note_findings(REF, [trace()])
    roomy.keep_answers(REF, {"old": 1})
    clock.now += 29 * DAY_S
    assert not roomy.clean()
    assert len(roomy.dismissed()) == 250
    clock.now += 2 * DAY_S

    assert roomy.clean()
    assert len(roomy.dismissed()) == 50
    assert not roomy.clean()
    assert roomy.dismissed() == []
    assert roomy.recall(REF).said == {}


def test_an_answer_that_is_used_stays(memory: DatabaseMemory, clock: Clock) -> None:
    memory.keep_answers(REF, {"used": 1, "unused": 2})
    clock.now += 20 * DAY_S
    memory.answers(REF, ["used"])
    clock.now += 20 * DAY_S

    assert memory.answers(REF, ["used", "unused"]) == {"used": 1}


def test_a_project_keeps_its_newest_and_no_other_project_pays_for_it(memory: DatabaseMemory) -> None:
    memory.dismiss([named(99, project="desk/other", at=NOON - 999)])
    memory.dismiss([named(number, at=NOON + number) for number in range(15)])

    kept = list(memory.dismissed("desk/orders"))
    assert kept == [named(number, at=NOON + number) for number in reversed(range(5, 15))]
    assert len(memory.dismissed()) == 11


def test_what_one_review_found_is_not_lost_for_being_more_than_the_bound(memory: DatabaseMemory) -> None:
    memory.note_findings(REF, [trace(fingerprint=f"{number:032x}") for number in range(15)])
    assert len(memory.recall(REF).said) == 15


@pytest.mark.parametrize(
    ("fits", "left"),
    [
        ({"older_than_days": 5}, 3),
        ({"project": "desk/other"}, 3),
        ({"fingerprint": f"{1:032x}"}, 2),
        ({"fingerprint": "0000"}, 0),
        ({"fingerprint": "%"}, 4),
        ({"older_than_days": 5, "project": "desk/orders"}, 3),
        ({"older_than_days": 5, "project": "desk/other"}, 4),
        ({}, 0),
    ],
)
def test_the_operator_deletes_what_fits_all_that_he_names(
    memory: DatabaseMemory, fits: dict[str, object], left: int
) -> None:
    memory.dismiss(
        [named(1), named(1, number=2), named(2, project="desk/other"), named(3, at=NOON - 9 * DAY_S)]
    )

    forgotten = memory.prune(**fits)  # type: ignore[arg-type]

    assert len(memory.dismissed()) == left
    assert forgotten.dismissals == 4 - left


def test_answers_and_findings_are_deleted_too(memory: DatabaseMemory) -> None:
    memory.note_findings(REF, [trace()])
    memory.keep_answers(REF, {"a": 1})

    assert memory.prune(fingerprint=trace().fingerprint).findings == 1
    assert memory.answers(REF, ["a"]) == {"a": 1}
    forgotten = memory.prune(project="desk/orders")

    assert (forgotten.findings, forgotten.answers) == (0, 1)
    assert memory.answers(REF, ["a"]) == {}
