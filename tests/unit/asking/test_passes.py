"""Several passes: independent questions, one answer."""

from __future__ import annotations

import asyncio
from typing import Any

from reviewer import pipeline
from reviewer.config import ModelSettings, ReviewSettings, Settings
from reviewer.domain import Confidence, Review
from reviewer.errors import ModelTimeout
from reviewer.pipeline import Engine
from reviewer.ports import Json, ModelRequest
from tests.fakes.changes import change_set, changed_file
from tests.fakes.panel import FakeGateway, TalkingModel, listing

MODELS = {"coder": ModelSettings(backend="ollama", model="deepseek-coder-v2:16b")}
CHANGE = change_set(
    *(changed_file(f"part{n}.py", None, f"def part(a):\n    return a + {n}\n") for n in range(3))
)
WIDE = change_set(
    *(changed_file(f"part{n}.py", None, "".join(f"x{m} = {m}\n" for m in range(80))) for n in range(4))
)
DRAFT: dict[str, Any] = {
    "path": "part1.py", "quote": "    return a + 1", "start_line": 2, "end_line": 2, "severity": "high",
    "category": "correctness", "title": "One too many", "message": "It adds one.", "confidence": "medium",
    "replacement": None,
}  # fmt: skip


def review(model: TalkingModel, change: Any = CHANGE, passes: int = 3, **more: Any) -> Review:
    settings = Settings(models=MODELS, review=ReviewSettings(passes=passes))
    made = Engine(settings, b"k" * 32, FakeGateway(review=[model]), lambda _review, _rules: ())
    return asyncio.run(pipeline.review(change, made, **more))


def saying(*seeds: int) -> TalkingModel:
    """Return a model that finds the defect with these seeds only."""
    return TalkingModel(
        "coder", lambda request: listing(*([DRAFT] if request.seed in seeds else []))(request)
    )


def units(model: TalkingModel) -> list[ModelRequest]:
    return [one for one in model.requests if one.purpose.startswith("unit")]


def test_passes_differ_in_seed_and_in_the_order_of_what_they_see() -> None:
    model = TalkingModel("coder", listing())
    review(model)
    asked = units(model)
    assert [one.purpose for one in asked] == ["unit 1", "unit 1 pass 2", "unit 1 pass 3"]
    assert [one.seed for one in asked] == [1, 2, 3]
    first = {one.messages[1].content.split("### ")[1].split()[0] for one in asked}
    assert first == {"part0.py", "part1.py", "part2.py"}
    # Everything up to the unit is one text for the servers' prefix caches.
    heads = {one.messages[0].content + one.messages[1].content.split("[[BEGIN code")[0] for one in asked}
    assert len(heads) == 1


def test_each_pass_begins_at_another_unit() -> None:
    model = TalkingModel("coder", listing())
    review(model, WIDE, passes=2)
    assert [one.purpose for one in units(model)][-4:] == [f"unit {n} pass 2" for n in (3, 4, 1, 2)]


def test_a_single_pass_leaves_the_seed_to_the_server() -> None:
    model = TalkingModel("coder", listing())
    review(model, passes=1)
    assert [one.seed for one in units(model)] == [None]


def test_what_the_passes_agree_on_is_surer_than_what_one_says_alone() -> None:
    (agreed,) = review(saying(1, 3)).findings
    (alone,) = review(saying(2)).findings
    assert (agreed.confidence, alone.confidence) == (Confidence.HIGH, Confidence.LOW)


def test_a_pass_that_fails_is_told_and_leaves_nothing_unseen() -> None:
    def say(request: ModelRequest) -> str:
        if request.seed == 2:
            raise ModelTimeout("no token for 60 s", model="coder")
        return listing(DRAFT)(request)

    found = review(TalkingModel("coder", say))

    assert [one.confidence for one in found.findings] == [Confidence.HIGH]
    (warning,) = found.warnings
    assert (warning.code, warning.undecided) == ("model-timeout", False)
    assert "6 changed lines seen in fewer passes" in warning.message
    assert found.coverage.changed_lines_seen_by_model == found.coverage.changed_lines


def test_the_steps_are_the_same_on_every_run() -> None:
    names: list[str] = []

    async def step(name: str, fn: Any, *, preemptible: bool = True) -> Json:
        names.append(name)
        answer: Json = await fn()
        return answer

    for _ in range(2):
        review(TalkingModel("coder", listing()), WIDE, step=step)
    half = len(names) // 2
    assert names[:half] == names[half:]
    assert len(set(names[:half])) == half == 1 + 3 * 4 + 1
