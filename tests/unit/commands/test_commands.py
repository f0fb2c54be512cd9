"""Commands as values: what comes of a request, whoever asks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reviewer.commands import COMMANDS, load
from reviewer.commands.describe import TITLE_CHARS, read_description
from reviewer.commands.subject import Request, places, select
from reviewer.commands.verbs import VERBS
from reviewer.errors import ModelReplyInvalid, ModelTimeout, UsageError
from reviewer.ports import ModelRequest
from tests.fakes.panel import FakeGateway, TalkingModel
from tests.unit.commands.lab import CHANGED, SELECTED, assistant, codes, run, said


def test_every_command_is_a_verb_and_a_module() -> None:
    assert set(COMMANDS) < set(VERBS)
    assert all(callable(load(name)) for name in COMMANDS)


def test_places_are_words_for_a_command_line() -> None:
    (file,) = select([("a.py", b"1\n2\n3\n4\n5\n", [(1, 2), (4, 5)])], project="p").change.files
    assert places(file) == "a.py:1-2, a.py:4-5"
    (whole,) = select([("a.py", b"1\n2\n", ())], project="p").change.files
    assert places(whole) == "a.py"


async def test_when_a_model_goes_away_the_next_one_answers() -> None:
    def leave(_: ModelRequest) -> str:
        raise ModelTimeout("stalled", model="first")

    told: list[str] = []
    gateway = FakeGateway(assist=[TalkingModel("first", leave), said("It sets x.")])
    helper = replace(assistant(said("unused")), gateway=gateway, say=told.append)
    answer = await load("explain")(Request((SELECTED,)), helper)

    assert (answer.text, answer.model) == ("It sets x.", "coder")
    assert "first failed (stalled)" in told[0]


async def test_an_empty_answer_is_asked_for_twice_then_given_up() -> None:
    model = said("")
    with pytest.raises(ModelReplyInvalid, match="no answer, twice"):
        await run("explain", Request((SELECTED,)), model)
    assert len(model.requests) == 2


async def test_what_does_not_fit_a_fix_is_a_usage_error() -> None:
    long = select([("a.py", b"value = 1\n" * 3000, ())], project="p")
    with pytest.raises(UsageError, match="more than coder can change at once"):
        await run("fix", Request((long,), question="x"), said("x"))


async def test_a_large_change_is_described_over_notes_and_what_was_not_read_is_said() -> None:
    many = select(
        [
            (f"m{n}.py", b"".join(b"def f%d():\n    return %d\n" % (i, i) for i in range(60)), ())
            for n in range(40)
        ],
        project="p",
    )
    description = '{"title": "t", "description": "d", "files": [], "risk": "low", "risk_reason": ""}'
    model = said(*["notes"] * 16, description, context=3000)

    answer = await run("describe", Request((many,)), model)

    assert len(model.requests) == 17
    assert "budget" in codes(answer.warnings)
    assert "lines were not read" in answer.text
    assert answer.facts["title"] == "t"


def test_titles_are_commit_subjects() -> None:
    long = "Take the fee in whole fen, and tell every caller of the old function that it is gone now."
    found = read_description(f'{{"title": "{long}", "description": "d"}}', [])
    assert len(found.title) <= TITLE_CHARS
    assert found.title.endswith("…")
    assert read_description('x {"title": "Fix it.", "description": "d"} y', []).title == "Fix it"


async def test_the_description_names_only_files_of_the_change() -> None:
    said_of_it = (
        '{"title": "Double the fee", "description": "d", "risk": "HIGH",'
        ' "files": [{"path": "etc/passwd", "what": "x"}, {"path": "app/fees.py", "what": "the rate"}]}'
    )
    answer = await run("describe", Request((CHANGED,)), said(said_of_it))
    assert answer.facts["walkthrough"] == [{"path": "app/fees.py", "what": "the rate"}]
    assert answer.facts["risk"] == "high"
