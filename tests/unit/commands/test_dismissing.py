"""`ignore` and `resolve`: which finding is meant, what becomes of it, and what is answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reviewer.commands.dismissing import Dismissing, Handled
from reviewer.database.connections import open_database
from reviewer.database.migration import migrate
from reviewer.domain import Category, Command, Dismissal, Event, Gesture, Severity, Source
from reviewer.memory.database import Bounds, DatabaseMemory
from tests.fakes.audience import DANA, KEY, FakeAudience
from tests.fakes.changes import REF
from tests.fakes.memory import NOON, rule_trace, trace

MODEL, STRICT, LEAK = "ab" * 16, "ac" * 16, "cd" * 16
SAID = [
    trace(fingerprint=MODEL, title="A `model` says @all"),
    rule_trace(fingerprint=STRICT, severity=Severity.HIGH, title="eval runs anything"),
    rule_trace(fingerprint=LEAK, source=Source.SECRET, category=Category.SECRET, title="A token"),
]


@dataclass
class Desk:
    """A merge request with three findings, of which the first two have threads."""

    forge: FakeAudience
    memory: DatabaseMemory
    language: str = "en"
    remembers: bool = True

    def say(self, verb: str, text: str = "", *, thread: str | None = None) -> Handled:
        memory = self.memory if self.remembers else None
        dismissing = Dismissing({REF.forge: self.forge}, memory, KEY, lambda: NOON, self.language)
        command = Command(verb, text, "99", thread, DANA.name, DANA.id)
        event = Event(REF.forge, REF.project, REF.number, "command", "d1", command=command)
        act = dismissing.ignore if verb == "ignore" else dismissing.resolve
        return act(event, command, "@bot")

    def made(self) -> list[Dismissal]:
        return list(self.memory.dismissed())


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    engine = open_database(f"sqlite:///{tmp_path / 'reviewer.db'}", connections=1, timeout_s=5)
    migrate(engine)
    memory = DatabaseMemory(engine, lambda: NOON, Bounds())
    memory.note_findings(REF, SAID)
    forge = FakeAudience()
    assert [forge.comment(MODEL), forge.comment(STRICT)] == ["t1", "t2"]
    yield Desk(forge, memory)
    memory.close()


@pytest.mark.parametrize(
    ("text", "thread", "name", "words"),
    [
        ("as agreed\nwith ops", "t2", STRICT, "as agreed with ops"),
        ("", "t1", MODEL, ""),
        (f"{STRICT} because", None, STRICT, "because"),
        (f"`{STRICT[:7]}`", None, STRICT, ""),
        (f"{LEAK[:2]} is no name", "t1", MODEL, f"{LEAK[:2]} is no name"),
        (f"{MODEL.upper()} why", "of-the-command-itself", MODEL, "why"),
    ],
)
def test_an_ignore_names_its_finding_by_thread_or_by_fingerprint(
    desk: Desk, text: str, thread: str | None, name: str, words: str
) -> None:
    handled = desk.say("ignore", text, thread=thread)

    [made] = desk.made()
    assert (made.finding.fingerprint, made.words, made.by, made.gesture) == (
        name,
        words,
        DANA,
        Gesture.IGNORE,
    )
    assert handled.changed
    assert name[:12] in handled.body
    assert "`dana`" in handled.body
    assert [one.resolved for one in desk.forge.threads] == [name == MODEL, name == STRICT]


@pytest.mark.parametrize(
    ("verb", "text", "thread", "answer"),
    [
        ("ignore", "", None, "Which finding"),
        ("ignore", "please", None, "Which finding"),
        ("ignore", MODEL[:6], None, "Which finding"),
        ("ignore", "0123456789", None, "No finding"),
        ("ignore", LEAK, None, "cannot be dismissed"),
        ("resolve", LEAK, None, "in reply"),
        ("resolve", MODEL, None, "in reply"),
        ("resolve", "", "t2", "`@bot ignore`"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    desk: Desk, verb: str, text: str, thread: str | None, answer: str
) -> None:
    handled = desk.say(verb, text, thread=thread)

    assert answer in handled.body
    assert not handled.changed
    assert desk.made() == []
    assert not any(one.resolved for one in desk.forge.threads)


def test_a_name_that_fits_two_is_none(desk: Desk) -> None:
    desk.memory.note_findings(REF, [trace(fingerprint=MODEL[:30] + "00")])
    assert "Several" in desk.say("ignore", MODEL[:10]).body


def test_resolving_for_somebody_is_their_own_resolving(desk: Desk) -> None:
    handled = desk.say("resolve", thread="t1")

    [made] = desk.made()
    assert (made.gesture, made.by) == (Gesture.RESOLVED, DANA)
    assert desk.forge.threads[0].resolved
    assert handled.changed


def test_a_thread_that_may_not_be_resolved_is_told(desk: Desk) -> None:
    desk.forge.locked = True
    handled = desk.say("ignore", thread="t1")
    assert "stays open" in handled.body
    assert handled.changed
    assert len(desk.made()) == 1


def test_a_finding_that_is_known_by_its_comment_alone_is_not_dismissed(desk: Desk) -> None:
    thread = desk.forge.comment("ef" * 16)
    assert "No finding" in desk.say("ignore", thread=thread).body
    assert desk.made() == []


def test_done_twice_it_is_done_once(desk: Desk) -> None:
    assert desk.say("ignore", "so", thread="t1") == desk.say("ignore", "so", thread="t1")
    assert len(desk.made()) == 1


def test_an_instance_without_dismissals_says_so(desk: Desk) -> None:
    desk.remembers = False
    assert "switched off" in desk.say("ignore", thread="t1").body


def test_a_secret_in_a_reason_is_not_kept(desk: Desk) -> None:
    token = "-".join(("glpat", "Zx81kQw7vTn3LmRb5YcE"))
    desk.say("ignore", f"it is {token}", thread="t1")
    assert token not in desk.made()[0].words


def test_titles_do_nothing_in_an_answer(desk: Desk) -> None:
    body = desk.say("ignore", thread="t1").body
    assert "@all" not in body.replace("`@all`", "")


@pytest.mark.parametrize("text", ["", "please", MODEL, LEAK, "0123456789"])
def test_every_answer_is_there_in_chinese(desk: Desk, text: str) -> None:
    desk.language = "zh-CN"
    for verb in ("ignore", "resolve"):
        for thread in (None, "t1", "t2"):
            assert any("一" <= character <= "鿿" for character in desk.say(verb, text, thread=thread).body)
