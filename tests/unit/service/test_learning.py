"""Which gestures in a merge request are learnt: whose, on what, and until when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from reviewer.config import MemorySettings
from reviewer.database.connections import open_database
from reviewer.database.migration import migrate
from reviewer.domain import ChangeSet, Finding, Gesture, Severity, Source, Suppressed
from reviewer.memory.database import Bounds, DatabaseMemory
from reviewer.service.learning import Lessons
from reviewer.stages.fingerprint import identify
from tests.fakes.audience import BOT, DANA, KEY, VISITOR, FakeAudience
from tests.fakes.changes import REF, change_set, changed_file
from tests.fakes.findings import finding, review
from tests.fakes.memory import NOON, dismissal, trace

BEFORE = "def fee(turnover):\n    return turnover\n"
AFTER = "def fee(turnover):\n    print(turnover)\n    eval(turnover)\n    return min(turnover, 5)\n"


def change(text: str = AFTER) -> ChangeSet:
    return change_set(changed_file("fees.py", BEFORE, text))


FINDINGS = identify(
    [
        finding(2, path="fees.py", severity=Severity.LOW, rule_id="python/no-print"),
        finding(3, path="fees.py"),
        finding(4, path="fees.py", source=Source.MODEL, rule_id="model/correctness"),
    ],
    change(),
)
PRINT, EVAL, MINIMUM = (one.fingerprint for one in FINDINGS)


@dataclass
class School:
    """A merge request after its first review, with a thread for each finding."""

    forge: FakeAudience
    memory: DatabaseMemory
    lessons: Lessons
    threads: dict[str, str]

    def learn(self, text: str | None = AFTER) -> set[tuple[str, Gesture, str]]:
        """Look at the discussion, as before a review or (None) at the end; return what is dismissed now."""
        self.forge.asked.clear()
        self.lessons.learn(self.forge.merge_request, None if text is None else change(text))
        made = self.lessons.recall(REF).dismissals
        return {(one.finding.fingerprint, one.gesture, one.by.name) for one in made}


def school(folder: Path, findings: tuple[Finding, ...] = FINDINGS, **settings: bool) -> Iterator[School]:
    engine = open_database(f"sqlite:///{folder / 'reviewer.db'}", connections=1, timeout_s=5)
    migrate(engine)
    memory = DatabaseMemory(engine, lambda: NOON, Bounds())
    forge = FakeAudience()
    lessons = Lessons(
        memory,
        {REF.forge: forge},
        MemorySettings(**settings),
        key=KEY,
        clock=lambda: NOON,
    )
    lessons.note(review(*findings), change())
    yield School(
        forge, memory, lessons, {one.fingerprint: forge.comment(one.fingerprint) for one in findings}
    )
    memory.close()


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[School]:
    yield from school(tmp_path)


def test_a_thumbs_down_of_somebody_with_rights_is_learnt_once(lab: School) -> None:
    lab.forge.dislike(lab.threads[MINIMUM], VISITOR, DANA)
    expected = {(MINIMUM, Gesture.THUMBS_DOWN, "dana")}
    assert lab.learn() == expected
    assert lab.learn() == expected
    assert len(lab.memory.dismissed()) == 1


def test_nobody_elses_gesture_counts(lab: School) -> None:
    lab.forge.dislike(lab.threads[MINIMUM], VISITOR)
    lab.forge.close(lab.threads[PRINT], VISITOR)
    assert lab.learn() == set()


def test_each_person_is_looked_up_once(lab: School) -> None:
    for thread in lab.threads.values():
        lab.forge.dislike(thread, VISITOR, DANA)
    lab.learn()
    assert lab.forge.asked == ["discussion", "objections n1 n3", "may visitor", "may dana"]


def test_what_a_rule_finds_of_high_severity_is_not_asked_about(lab: School) -> None:
    lab.forge.dislike(lab.threads[EVAL], DANA)
    lab.forge.close(lab.threads[EVAL], DANA)
    assert lab.learn() == set()


@pytest.mark.parametrize("name", [PRINT, MINIMUM])
def test_a_thread_that_is_resolved_while_its_code_stands_is_a_dismissal(lab: School, name: str) -> None:
    lab.forge.close(lab.threads[name], DANA)
    assert lab.learn("import os\n\n\n" + AFTER) == {(name, Gesture.RESOLVED, "dana")}


def test_a_thread_that_is_resolved_because_its_code_changed_is_none(lab: School) -> None:
    lab.forge.close(lab.threads[MINIMUM], DANA)
    assert lab.learn(AFTER.replace("min(turnover, 5)", "max(turnover, 5)")) == set()


def test_at_the_end_the_last_review_says_which_code_stands(lab: School) -> None:
    lab.forge.close(lab.threads[MINIMUM], DANA)
    assert lab.learn(None) == {(MINIMUM, Gesture.RESOLVED, "dana")}

    lab.forge.close(lab.threads[PRINT], DANA)
    lab.forge.merge_request = replace(lab.forge.merge_request, ref=replace(REF, head="3" * 40))

    assert lab.learn(None) == {(MINIMUM, Gesture.RESOLVED, "dana")}  # as before, and nothing new


def test_what_the_bot_resolved_is_none(lab: School) -> None:
    lab.forge.close(lab.threads[MINIMUM], BOT)
    assert lab.learn() == set()


def test_what_the_bot_resolved_for_somebody_stays_dismissed_until_it_is_opened_again(lab: School) -> None:
    lab.forge.close(lab.threads[MINIMUM], BOT)
    made = dismissal(trace(fingerprint=MINIMUM), gesture=Gesture.RESOLVED, by=DANA)
    lab.memory.dismiss([replace(made, forge=REF.forge, project=REF.project, number=REF.number)])
    assert len(lab.learn()) == 1

    lab.forge.close(lab.threads[MINIMUM], None)

    assert lab.learn() == set()


def test_gestures_that_are_taken_back_are_forgotten(lab: School) -> None:
    lab.forge.dislike(lab.threads[MINIMUM], DANA)
    lab.forge.close(lab.threads[PRINT], DANA)
    assert len(lab.learn()) == 2
    lab.forge.close(lab.threads[MINIMUM], BOT)  # as after the review that silenced it
    assert len(lab.learn()) == 2

    lab.forge.dislike(lab.threads[MINIMUM])
    lab.forge.close(lab.threads[PRINT], None)

    assert lab.learn() == set()


def test_code_that_changes_after_all_takes_the_dismissal_back(lab: School) -> None:
    lab.forge.close(lab.threads[PRINT], DANA)
    assert len(lab.learn()) == 1
    assert lab.learn(AFTER.replace("print(turnover)", "log(turnover)")) == set()


def test_a_comment_that_only_looks_like_ours_is_none(lab: School) -> None:
    lab.forge.dislike(lab.forge.comment(MINIMUM, by_bot=False), DANA)
    lab.forge.dislike(lab.forge.comment(MINIMUM, key=b"x" * 32), DANA)
    assert lab.learn() == set()


def test_a_forge_is_not_asked_where_nothing_was_said(tmp_path: Path) -> None:
    for made in school(tmp_path, ()):
        assert made.learn() == set()
        assert made.forge.asked == []


def test_an_instance_can_do_without_dismissals(tmp_path: Path) -> None:
    for made in school(tmp_path, dismissals=False):
        made.forge.dislike(made.threads[MINIMUM], DANA)
        assert made.learn() == set()
        assert made.forge.asked == []
        assert set(made.lessons.recall(REF).said) == {PRINT, EVAL, MINIMUM}


def test_what_was_dismissed_before_stays_known_as_said(lab: School) -> None:
    silenced = Suppressed(FINDINGS[2], "memory", "dana")
    lab.memory.prune(fingerprint=MINIMUM)
    lab.lessons.note(review(suppressed=(silenced,)), change())
    assert MINIMUM in lab.lessons.recall(REF).said
