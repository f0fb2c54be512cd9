"""The one flow with fakes for everything outside: what is asked, admitted, counted, and what failure looks like."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from reviewer import pipeline
from reviewer.config import GateSettings, ModelSettings, ReviewSettings, Settings
from reviewer.domain import ChangeSet, Confidence, Review, Severity, Suggestion, Verdict
from reviewer.errors import ConfigError, ModelBudget, ModelOverflow, ModelTimeout
from reviewer.pipeline import Engine
from reviewer.ports import Json, ModelRequest
from tests.fakes.changes import change_set, changed_file
from tests.fakes.findings import finding
from tests.fakes.panel import FakeGateway, FakeScanner, TalkingModel, listing

OLD = "def fee(turnover):\n    return turnover\n"
NEW = "def fee(turnover):\n    return min(turnover, 5)\n"
QUOTE = "    return min(turnover, 5)"


def draft(quote: str = QUOTE, **more: Any) -> dict[str, Any]:
    return {
        "path": "fees.py", "quote": quote, "start_line": 2, "end_line": 2, "severity": "high",
        "category": "correctness", "title": "A maximum", "message": "min() caps the fee.", "confidence": "high",
        "replacement": None, **more,
    }  # fmt: skip


MODELS = {"coder": ModelSettings(backend="ollama", model="deepseek-coder-v2:16b")}


def change(new: str = NEW) -> ChangeSet:
    return change_set(changed_file("fees.py", OLD, new))


def engine(
    gateway: FakeGateway | None, *scanners: FakeScanner, settings: Settings | None = None, **more: Any
) -> Engine:
    return Engine(
        settings or Settings(models=MODELS), b"k" * 32, gateway, lambda _review, _rules: scanners, **more
    )


def run(given: ChangeSet, made: Engine, **more: Any) -> Review:
    return asyncio.run(pipeline.review(given, made, **more))


def codes(review: Review) -> list[str]:
    return [warning.code for warning in review.warnings]


def test_a_draft_becomes_a_finding_with_a_fingerprint() -> None:
    model = TalkingModel("coder", listing(draft()))

    review = run(change(), engine(FakeGateway(review=[model])))

    [found] = review.findings
    assert (found.rule_id, found.start_line, found.model) == ("model/correctness", 2, "coder")
    assert len(found.fingerprint) == 32
    assert review.models == ("coder",)
    assert review.coverage.changed_lines == review.coverage.changed_lines_seen_by_model == 2
    assert review.usage.model_calls == len(model.requests) == 2


def test_nothing_to_report_costs_one_turn() -> None:
    model = TalkingModel("coder", lambda _: "NOTHING TO REPORT")

    review = run(change(), engine(FakeGateway(review=[model])))

    assert (review.findings, len(model.requests)) == ((), 1)


def test_the_rules_alone_ask_nobody() -> None:
    scanner = FakeScanner(finding(2, path="fees.py"))

    review = run(change(), engine(None, scanner))

    assert [item.path for item in review.findings] == ["fees.py"]
    assert review.usage.model_calls == 0


def test_the_most_important_comes_first() -> None:
    scanner = FakeScanner(
        *(finding(2, path="fees.py", severity=level) for level in (Severity.LOW, Severity.CRITICAL))
    )

    review = run(change(), engine(None, scanner))

    assert [item.severity for item in review.findings] == [Severity.CRITICAL, Severity.LOW]


def test_without_any_model_the_review_says_so_and_is_decided() -> None:
    review = run(change(), engine(FakeGateway()))

    assert codes(review) == ["no-model"]
    assert pipeline.judge(review, change(), engine(None)) is Verdict.PASS


@pytest.mark.parametrize(("required", "verdict"), [(True, Verdict.INCONCLUSIVE), (False, Verdict.PASS)])
def test_a_configured_model_that_is_away(required: bool, verdict: Verdict) -> None:
    gateway = FakeGateway(review=[TalkingModel("coder", listing())])
    gateway.away.add("coder")
    made = engine(gateway, settings=Settings(models=MODELS, gate=GateSettings(require_model=required)))

    review = run(change(), made)

    assert codes(review) == ["model-unreachable"]
    assert "start one" in review.warnings[0].message
    assert pipeline.judge(review, change(), made) is verdict


def test_a_model_that_nobody_configured_is_not_required() -> None:
    gateway = FakeGateway(review=[TalkingModel("found-here", listing())])
    gateway.away.add("found-here")
    made = engine(gateway, settings=Settings())

    review = run(change(), made)

    assert codes(review) == ["model-unreachable"]
    assert pipeline.judge(review, change(), made) is Verdict.PASS


def test_the_next_model_takes_over_in_the_middle() -> None:
    def fall_silent(_: ModelRequest) -> str:
        raise ModelTimeout("no token for 60 s", model="first")

    first, second = TalkingModel("first", fall_silent), TalkingModel("second", listing(draft()))

    review = run(change(), engine(FakeGateway(review=[first, second])))

    assert review.models == ("second",)
    assert len(review.findings) == 1
    assert codes(review) == []


def test_a_unit_that_fails_is_a_warning_that_names_its_lines() -> None:
    def fall_silent(_: ModelRequest) -> str:
        raise ModelTimeout("no token for 60 s", model="coder")

    made = engine(FakeGateway(review=[TalkingModel("coder", fall_silent)]))
    review = run(change(), made)

    [warning] = review.warnings
    assert (warning.code, warning.path, warning.undecided) == ("model-timeout", "fees.py", True)
    assert "2 changed lines not seen" in warning.message
    assert review.coverage.changed_lines_seen_by_model == 0


BIG = "".join(f"def part_{number}(a):\n    return a + {number}\n\n\n" for number in range(200))


def test_an_overflow_makes_smaller_units() -> None:
    sizes: list[int] = []

    def say(request: ModelRequest) -> str:
        sizes.append(sum(len(message.content) for message in request.messages))
        if sizes[-1] > 0.9 * sizes[0]:  # as if the server counted more tokens than we did
            raise ModelOverflow("too long", model="coder", prompt_tokens=sizes[-1], context=4096)
        return listing()(request)

    model = TalkingModel("coder", say, context=4096)
    review = run(change_set(changed_file("big.py", None, BIG)), engine(FakeGateway(review=[model])))

    assert "model-overflow" not in codes(review)
    assert review.coverage.changed_lines_seen_by_model == review.coverage.changed_lines == 800


def test_a_window_that_shows_to_be_smaller_is_kept_to() -> None:
    def say(request: ModelRequest) -> str:
        if model.context == 16_384:
            model.context = 3000  # what the server said when it refused
            raise ModelOverflow("too long", model="coder", prompt_tokens=5000, context=3000)
        return listing()(request)

    wide = "".join(f"part_{number} = '{'word ' * 60}'\n" for number in range(200))
    model = TalkingModel("coder", say)
    review = run(change_set(changed_file("big.py", None, wide)), engine(FakeGateway(review=[model])))

    sizes = [sum(model.count(message.content) for message in request.messages) for request in model.requests]
    assert codes(review) == []
    assert max(sizes[1:]) < 3000


def test_time_that_is_over_is_listed_and_undecided() -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    model = TalkingModel("coder", listing())
    model.before = never
    settings = Settings(models=MODELS, review=ReviewSettings(time_budget_s=0.05))

    review = run(change(), engine(FakeGateway(review=[model]), settings=settings))

    [warning] = review.warnings
    assert (warning.code, warning.undecided) == ("budget", True)


def test_secrets_reach_no_prompt() -> None:
    secret = "correct-horse-battery"
    model = TalkingModel("coder", listing())
    scanner = FakeScanner(secrets=(secret,))

    run(change(NEW + f"KEY = '{secret}'\n"), engine(FakeGateway(review=[model]), scanner))

    prompts = "".join(message.content for request in model.requests for message in request.messages)
    assert "KEY = " in prompts
    assert secret not in prompts


def test_only_thorough_scanners_see_what_is_ignored() -> None:
    rules, secrets = FakeScanner(), FakeScanner(thorough=True)
    files = (changed_file("fees.py", OLD, NEW), changed_file("vendor/lib.py", OLD, NEW))

    run(change_set(*files), engine(None, rules, secrets))

    assert rules.seen == ["fees.py"]
    assert secrets.seen == ["fees.py", "vendor/lib.py"]


@pytest.mark.parametrize(
    ("replacement", "kept", "reasons"),
    [("    return max(turnover, 5)", True, []), ("    return max(turnover", False, ["suggestion-invalid"])],
)
def test_a_rule_has_to_prove_its_suggestion_too(replacement: str, kept: bool, reasons: list[str]) -> None:
    scanner = FakeScanner(finding(2, path="fees.py", suggestion=Suggestion(2, 2, replacement)))

    review = run(change(), engine(None, scanner))

    assert [item.suggestion is not None for item in review.findings] == [kept]
    assert [item.reason for item in review.rejected] == reasons


def verifier(answer: str) -> TalkingModel:
    return TalkingModel("r1", lambda _: answer)


@pytest.mark.parametrize(
    ("answer", "confidence", "reasons"),
    [
        (json.dumps({"verdict": "confirmed", "quote": QUOTE, "reason": "it caps"}), Confidence.HIGH, []),
        (json.dumps({"verdict": "confirmed", "quote": "max(turnover, 5)", "reason": ""}), Confidence.LOW, []),
        (json.dumps({"verdict": "confirmed", "quote": "", "reason": "I say so"}), Confidence.LOW, []),
        (json.dumps({"verdict": "refuted", "quote": "if turnover < 0:", "reason": ""}), Confidence.LOW, []),
        (json.dumps({"verdict": "unsure", "quote": "", "reason": ""}), Confidence.LOW, []),
        ("I have no idea.", Confidence.LOW, []),
        (
            json.dumps({"verdict": "refuted", "quote": "   2 + " + QUOTE, "reason": "it is meant"}),
            None,
            ["refuted"],
        ),
    ],
)
def test_a_verifier_confirms_refutes_or_leaves_doubt(
    answer: str, confidence: Confidence | None, reasons: list[str]
) -> None:
    gateway = FakeGateway(review=[TalkingModel("coder", listing(draft()))], verify=[verifier(answer)])

    review = run(change(), engine(gateway))

    assert [item.confidence for item in review.findings] == ([confidence] if confidence else [])
    assert [item.reason for item in review.rejected] == reasons


def test_a_verifier_that_is_away_is_never_a_yes() -> None:
    gateway = FakeGateway(review=[TalkingModel("coder", listing(draft()))], verify=[verifier("")])
    gateway.away.add("r1")
    made = engine(gateway)

    review = run(change(), made)

    assert [item.confidence for item in review.findings] == [Confidence.LOW]
    assert codes(review) == ["verifier-failed"]
    assert pipeline.judge(review, change(), made) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("role", ["review", "verify"])
def test_spent_tokens_are_a_budget_that_is_over_whoever_asks(role: str) -> None:
    def spent(request: ModelRequest) -> str:
        raise ModelBudget("the budget of 1000 tokens is spent", model="any")

    models = {"review": TalkingModel("coder", listing(draft())), "verify": verifier("")}
    models[role] = TalkingModel("any", spent)
    gateway = FakeGateway(review=[models["review"]], verify=[models["verify"]])
    made = engine(gateway)

    review = run(change(), made)

    assert codes(review) == ["budget"]
    assert pipeline.judge(review, change(), made) is Verdict.INCONCLUSIVE


def test_a_bigger_change_is_summed_up_once() -> None:
    model = TalkingModel("coder", listing(overview="Adds ten functions."))
    body = "".join(f"def part_{number}(a):\n    return a\n" for number in range(10))

    review = run(change_set(changed_file("many.py", None, body)), engine(FakeGateway(review=[model])))

    assert review.overview is not None
    assert review.overview.text == "Adds ten functions."


class Recorder:
    """A durable step in miniature: replays what it has, in the order it was begun."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.kept: dict[str, str] = {}

    async def __call__(
        self, name: str, fn: Callable[[], Awaitable[Json]], *, preemptible: bool = True
    ) -> Json:
        self.names.append(name)
        if name not in self.kept:
            self.kept[name] = json.dumps(await fn())
        kept: Json = json.loads(self.kept[name])
        return kept


def test_a_second_run_of_the_same_steps_calls_no_model_and_says_the_same() -> None:
    files = tuple(changed_file(f"part{number}.py", OLD, NEW * 40) for number in range(6))
    model = TalkingModel("coder", listing(draft(path="part3.py")))
    gateway = FakeGateway(
        review=[model], verify=[verifier(json.dumps({"verdict": "confirmed", "quote": "", "reason": ""}))]
    )
    made = engine(gateway)
    step = Recorder()

    first = run(change_set(*files), made, step=step)
    asked, names = len(model.requests), list(step.names)
    step.names.clear()
    second = run(change_set(*files), made, step=step)

    assert asked > 2
    assert len(model.requests) == asked
    assert step.names == names
    assert len(names) == len(set(names))
    assert replace(second, usage=first.usage) == first


def test_settings_of_a_repository_that_cannot_be_read_are_an_error() -> None:
    given = replace(change(), repository_settings=b"[review]\nfail_onn = 'high'\n")

    with pytest.raises(ConfigError, match="fail_on"):
        run(given, engine(None))


def test_the_repository_may_be_stricter_than_the_instance() -> None:
    strict = replace(change(), repository_settings=b"[review]\nfail_on = 'low'\n")
    loose = replace(change(), repository_settings=b"[review]\nfail_on = 'never'\n")
    made = engine(None, FakeScanner(finding(2, path="fees.py", severity=Severity.MEDIUM)))

    assert pipeline.judge(run(strict, made), strict, made) is Verdict.FAIL
    assert pipeline.judge(run(loose, made), loose, made) is Verdict.PASS
    assert "setting-refused" in codes(run(loose, made))
