"""What a later review of a merge request remembers of a former one, and what it asks all the same."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping
from typing import Any

import pytest

from reviewer import pipeline
from reviewer.config import ModelSettings, PathSettings, ReviewSettings, Settings
from reviewer.domain import ChangeSet, Review
from reviewer.pipeline import Engine
from reviewer.ports import Json, ModelRequest
from tests.fakes.changes import change_set, changed_file
from tests.fakes.panel import FakeGateway, TalkingModel, listing

MODELS = {"coder": ModelSettings(backend="ollama", model="deepseek-coder-v2:16b")}
PART = "def part_{0}(rate):\n" + "".join(f"    step_{{0}}_{n}(rate)\n" for n in range(60)) + "    close()\n"


def code(*numbers: int, above: str = "") -> str:
    return above + "\n\n".join(PART.format(number) for number in numbers)


def change(new: str) -> ChangeSet:
    return change_set(changed_file("fees.py", None, new))


def draft(quote: str, line: int) -> dict[str, Any]:
    return {
        "path": "fees.py", "quote": quote, "start_line": line, "end_line": line, "severity": "high",
        "category": "correctness", "title": "Closes early", "message": "It closes what it does not own.",
        "confidence": "high", "replacement": None,
    }  # fmt: skip


class Lab:
    """Reviews one merge request push by push; `asked` counts the questions about units of the last push."""

    def __init__(self, *drafts: dict[str, Any]) -> None:
        self.kept: Mapping[str, Json] = {}
        self.asked = 0
        self._drafts = drafts

    def review(self, new: str, **settings: Any) -> Review:
        model = TalkingModel("coder", self._say)
        made = Engine(
            Settings(models=MODELS, review=ReviewSettings(**settings)),
            b"k" * 32,
            FakeGateway(review=[model]),
            lambda _review, _rules: (),
        )
        kept: list[Mapping[str, Json]] = []
        review = asyncio.run(pipeline.review(change(new), made, answered=self._recall, keep=kept.append))
        self.kept = json.loads(json.dumps(kept[0]))
        self.asked = len({request.purpose for request in model.requests} - {"summary"})
        return review

    def _recall(self, keys: Collection[str]) -> Mapping[str, Json]:
        return {key: self.kept[key] for key in keys if key in self.kept}

    def _say(self, request: ModelRequest) -> str:
        shown = request.messages[1].content
        fitting = [one for one in self._drafts if f"{one['start_line']} + {one['quote']}" in shown]
        return listing(*fitting)(request)


def test_a_push_that_touches_nothing_asks_nothing_and_says_the_same() -> None:
    lab = Lab(draft("    step_1_5(rate)", 71))
    first = lab.review(code(0, 1, 2))
    assert lab.asked == 3

    second = lab.review(code(0, 1, 2))

    assert lab.asked == 0
    assert second.findings == first.findings != ()
    assert second.coverage == first.coverage
    assert second.models == ("coder",)


def test_only_the_definition_that_a_push_touches_is_asked_about() -> None:
    lab = Lab()
    lab.review(code(0, 1, 2, 3))

    lab.review(code(0, 1, 2, 3).replace("step_2_7(rate)", "step_2_7(rate + 1)"))

    assert lab.asked == 1


def test_what_was_said_moves_along_with_its_lines() -> None:
    lab = Lab(draft("    close()", 126))  # a line that every part has: the number alone says which is meant
    (first,) = lab.review(code(0, 1, 2)).findings
    assert first.start_line == 126

    review = lab.review(code(0, 1, 2, above="".join(f"RATE_{n} = {n}\n" for n in range(40))))

    assert [found.start_line for found in review.findings] == [166]
    assert lab.asked == 1


@pytest.mark.parametrize(
    "settings",
    [{"language": "zh-CN"}, {"paths": {"**": PathSettings(instructions="Money is integer fen.")}}],
)
def test_other_instructions_are_another_question(settings: dict[str, Any]) -> None:
    lab = Lab()
    lab.review(code(0, 1))

    lab.review(code(0, 1), **settings)

    assert lab.asked == 2


def test_what_another_release_has_kept_is_asked_again() -> None:
    lab = Lab()
    lab.review(code(0, 1))
    lab.kept = {key: {"said": "long ago"} for key in lab.kept}

    lab.review(code(0, 1))

    assert lab.asked == 2


def test_a_review_begins_the_same_steps_whatever_it_remembers() -> None:
    names = list[list[str]]()

    async def step(name: str, fn: Any, *, preemptible: bool = True) -> Json:
        names[-1].append(name)
        answer: Json = await fn()
        return answer

    kept: dict[str, Json] = {}

    def recall(_: Collection[str]) -> Mapping[str, Json]:
        return dict(kept)

    for _ in range(2):
        names.append([])
        gateway = FakeGateway(review=[TalkingModel("coder", listing())])
        engine = Engine(Settings(models=MODELS), b"k" * 32, gateway, lambda *_: ())
        asyncio.run(
            pipeline.review(change(code(0, 1, 2)), engine, step=step, answered=recall, keep=kept.update)
        )
    assert kept
    assert names[0] == names[1]
