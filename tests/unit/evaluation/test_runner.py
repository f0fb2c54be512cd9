"""Reviews of cases through the true pipeline, with models that talk in memory."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from reviewer.config import ModelSettings, Settings
from reviewer.errors import ModelUnavailable, UsageError
from reviewer.evaluation.dataset import Case
from reviewer.evaluation.results import Outcome, Results
from reviewer.evaluation.runner import Contender, review_case, review_cases
from reviewer.pipeline import Engine
from reviewer.ports import ModelRequest
from tests.fakes.findings import finding
from tests.fakes.panel import FakeGateway, FakeScanner, TalkingModel, listing
from tests.unit.evaluation.lab import case

SETTINGS = Settings(models={"coder": ModelSettings(backend="ollama", model="deepseek-coder-v2:16b")})


def draft(quote: str = "    capped = min(turnover, 5)", **more: Any) -> dict[str, Any]:
    return {
        "path": "fees.py", "quote": quote, "start_line": 2, "end_line": 2, "severity": "high",
        "category": "correctness", "title": "A maximum", "message": "min() caps the fee.", "confidence": "high",
        "replacement": None, **more,
    }  # fmt: skip


def contender(*models: TalkingModel, parallel: int = 1) -> Contender:
    ticks = iter(range(1000))
    engine = Engine(SETTINGS, b"k" * 32, FakeGateway(review=models), lambda _review, _rules: ())
    return Contender("coder", engine, "s", parallel, clock=lambda: float(next(ticks)))


def review(model: TalkingModel, about: Case | None = None) -> Outcome:
    return asyncio.run(review_case(about or case(), contender(model)))


def test_an_outcome_says_what_would_be_posted() -> None:
    found = review(TalkingModel("coder", listing(draft(), draft("never written", title="Invented"))))
    (reported,) = found.findings
    assert (reported.path, reported.span, reported.in_diff, reported.suggestion) == (
        "fees.py",
        (2, 2),
        True,
        "",
    )
    assert (found.rejected, found.complete, found.changed_lines) == ({"quote-not-found": 1}, True, 3)
    assert found.usage.model_calls == 2
    assert found.first_answer_s is not None
    assert 0 < found.first_answer_s < found.seconds


def test_a_suggestion_is_proven_once_more() -> None:
    found = review(TalkingModel("coder", listing(draft(replacement="    capped = max(turnover, 5)"))))
    assert [each.suggestion for each in found.findings] == ["clean"]


def test_a_remark_on_removed_code_has_its_place_on_the_new_side() -> None:
    removed = draft("    return turnover", side="old")
    (reported,) = review(TalkingModel("coder", listing(removed))).findings
    assert (reported.side, reported.start_line, reported.span, reported.in_diff) == ("old", 2, (2, 2), True)


@pytest.mark.parametrize(
    ("path", "line", "in_diff"), [("fees.py", 2, True), ("fees.py", 1, False), ("x.py", 2, False)]
)
def test_a_finding_beside_the_diff_is_noticed(path: str, line: int, in_diff: bool) -> None:
    stray = finding(path=path, start_line=line, end_line=line)
    engine = Engine(SETTINGS, b"k" * 32, None, lambda _review, _rules: (FakeScanner(stray),))
    found = asyncio.run(review_case(case(), Contender("none", engine, "s")))
    assert [each.in_diff for each in found.findings] == [in_diff]


def test_a_model_that_fails_leaves_the_outcome_incomplete() -> None:
    def fail(request: ModelRequest) -> str:
        raise ModelUnavailable("gone", model="coder")

    found = review(TalkingModel("coder", fail))
    assert not found.complete
    assert "model-unreachable" in found.warnings


def test_only_what_is_missing_is_reviewed(tmp_path: Path) -> None:
    cases = [case(id=name, title=name) for name in ("a", "b", "c")]
    model, results = TalkingModel("coder", listing()), Results(tmp_path / "results.jsonl")
    shown: list[tuple[int, int]] = []
    asyncio.run(review_cases(cases[:2], contender(model), results))
    asked = len(model.requests)
    again = Results(tmp_path / "results.jsonl")
    asyncio.run(
        review_cases(cases, contender(model), again, lambda _, done, total: shown.append((done, total)))
    )
    assert (asked, len(model.requests)) == (2, 3)
    assert shown == [(3, 3)]
    assert all(again.find(each, "coder", "s") for each in cases)


def test_as_many_cases_at_once_as_the_model_takes(tmp_path: Path) -> None:
    model = TalkingModel("coder", listing())
    running, most = 0, 0
    three = asyncio.Barrier(3)

    async def meet() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.wait_for(three.wait(), 20)
        running -= 1

    model.before = meet
    cases = [case(id=name, title=name) for name in "abcdef"]
    asyncio.run(review_cases(cases, contender(model, parallel=3), Results(tmp_path / "results.jsonl")))
    assert most == 3


def test_a_case_that_cannot_be_opened_ends_the_run_and_keeps_what_is_done(tmp_path: Path) -> None:
    results = Results(tmp_path / "results.jsonl")
    broken = Case.model_validate({"id": "broken", "diff": "no diff"})
    with pytest.raises(UsageError, match="case broken"):
        asyncio.run(review_cases([case(), broken], contender(TalkingModel("coder", listing())), results))
    assert Results(tmp_path / "results.jsonl").find(case(), "coder", "s") is not None
