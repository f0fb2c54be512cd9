"""Rules in words, from the prompt to the finding: which are told, and whose name a finding may bear."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from reviewer import pipeline
from reviewer.config import ModelSettings, RulesSettings, Settings
from reviewer.domain import ChangeSet, Confidence, Review, Severity, Source, Verdict
from reviewer.errors import ConfigError, RuleError
from reviewer.pipeline import Engine
from reviewer.stages.globs import Globs
from reviewer.stages.guidelines import MOST_CHARACTERS, Guideline, Guidelines, select
from tests.fakes.changes import change_set, changed_file
from tests.fakes.panel import FakeGateway, TalkingModel, listing

MODELS = {"coder": ModelSettings(backend="ollama", model="deepseek-coder-v2:16b")}
QUOTE = "    return amount * 1.1"
CHANGE = change_set(
    changed_file("trade/fee.py", None, f"def fee(amount):\n{QUOTE}\n"),
    changed_file("ui/view.py", None, "def show():\n    return 1.1\n"),
)


def guideline(name: str = "fen", **fields: Any) -> Guideline:
    values: dict[str, Any] = {
        "id": f"guidelines/{name}",
        "severity": Severity.HIGH,
        "title": "Money is fen",
        "text": "Amounts are integer fen.\nNo floats.",
        "title_zh": "金额以分为单位",
        "globs": ("trade/**",),
        "paths": Globs(["trade/**"]),
    }
    return Guideline(**(values | fields))


def draft(**fields: Any) -> dict[str, Any]:
    return {
        "path": "trade/fee.py", "quote": QUOTE, "start_line": 2, "end_line": 2, "severity": "low",
        "category": "finance", "title": "A float", "message": "1.1 is no exact rate.", "confidence": "high",
        "replacement": None, **fields,
    }  # fmt: skip


def review(
    model: TalkingModel,
    *guidelines: Guideline,
    rules: dict[str, Any] | None = None,
    change: ChangeSet = CHANGE,
    broken: tuple[RuleError, ...] = (),
) -> tuple[Review, Verdict]:
    settings = Settings(models=MODELS, rules=RulesSettings.model_validate(rules or {}))
    engine = Engine(
        settings,
        b"k" * 32,
        FakeGateway(review=[model]),
        lambda _review, _rules: (),
        guidelines=Guidelines(guidelines, broken),
    )
    reviewed = asyncio.run(pipeline.review(change, engine))
    return reviewed, pipeline.judge(reviewed, change, engine)


def told(model: TalkingModel) -> str:
    return "\n".join(message.content for message in model.requests[0].messages)


def test_a_finding_about_a_guideline_has_its_id_and_its_severity() -> None:
    model = TalkingModel("coder", listing(draft(guideline="guidelines/fen")))
    reviewed, verdict = review(model, guideline())

    [finding] = reviewed.findings
    assert (finding.rule_id, finding.severity) == ("guidelines/fen", Severity.HIGH)
    assert (finding.source, finding.confidence) == (Source.MODEL, Confidence.HIGH)
    assert verdict is Verdict.FAIL


def test_it_is_told_to_the_model_with_its_id_and_for_which_files_it_holds() -> None:
    model = TalkingModel("coder", listing())
    review(model, guideline())

    assert "- [guidelines/fen] (trade/**) Money is fen\n  Amounts are integer fen.\n  No floats." in told(
        model
    )


def test_where_it_holds_for_all_files_no_globs_take_room() -> None:
    model = TalkingModel("coder", listing())
    review(model, guideline(), change=change_set(CHANGE.files[0]))

    assert "- [guidelines/fen] Money is fen\n" in told(model)


def test_the_form_of_the_answer_has_a_place_for_exactly_those_told() -> None:
    model = TalkingModel("coder", listing(draft()))
    review(model, guideline(), guideline("audit"), guideline("ui", paths=Globs(["none/**"])))

    schema = model.requests[-1].schema
    assert schema is not None
    finding = schema["properties"]["findings"]["items"]
    assert finding["properties"]["guideline"]["enum"] == ["guidelines/audit", "guidelines/fen"]
    assert "guideline" not in finding["required"]
    assert '"guideline"' in model.requests[-1].messages[-1].content


def test_without_any_the_prompt_does_not_speak_of_them() -> None:
    model = TalkingModel("coder", listing(draft()))
    review(model, guideline(paths=Globs(["none/**"])))

    assert "guideline" not in str(model.requests)


@pytest.mark.parametrize(
    ("claimed", "path", "quote"),
    [
        ("guidelines/other", "trade/fee.py", QUOTE),
        ("secret/token", "trade/fee.py", QUOTE),
        (["guidelines/fen"], "trade/fee.py", QUOTE),
        ("guidelines/fen", "ui/view.py", "    return 1.1"),
    ],
    ids=["unknown", "of-others", "no-text", "elsewhere"],
)
def test_only_one_that_was_told_for_the_file_counts(claimed: object, path: str, quote: str) -> None:
    model = TalkingModel("coder", listing(draft(guideline=claimed, path=path, quote=quote)))
    reviewed, _ = review(model, guideline())

    assert [(one.rule_id, one.severity) for one in reviewed.findings] == [("model/finance", Severity.LOW)]


def test_brackets_around_the_id_are_taken_off() -> None:
    model = TalkingModel("coder", listing(draft(guideline="[guidelines/fen]")))

    assert review(model, guideline())[0].findings[0].rule_id == "guidelines/fen"


def test_a_disabled_one_is_neither_told_nor_believed() -> None:
    model = TalkingModel("coder", listing(draft(guideline="guidelines/fen")))
    reviewed, _ = review(model, guideline(), rules={"disable": ["guidelines/fen"]})

    assert "Money is fen" not in told(model)
    assert [one.rule_id for one in reviewed.findings] == ["model/finance"]


def test_its_severity_can_be_set_like_that_of_a_rule() -> None:
    model = TalkingModel("coder", listing(draft(guideline="guidelines/fen")))
    reviewed, verdict = review(model, guideline(), rules={"severity": {"guidelines/fen": "medium"}})

    assert [one.severity for one in reviewed.findings] == [Severity.MEDIUM]
    assert verdict is Verdict.PASS


def test_it_is_silenced_like_a_rule() -> None:
    line = f"{QUOTE}  # reviewer: ignore[guidelines/fen] a rate, no amount"
    change = change_set(changed_file("trade/fee.py", None, f"def fee(amount):\n{line}\n"))
    model = TalkingModel("coder", listing(draft(guideline="guidelines/fen", quote=line)))
    reviewed, _ = review(model, guideline(), change=change)

    assert [(one.finding.rule_id, one.note) for one in reviewed.suppressed] == [
        ("guidelines/fen", "a rate, no amount")
    ]


def test_the_verifier_is_told_the_one_that_the_claim_is_about() -> None:
    coder = TalkingModel("coder", listing(draft(guideline="guidelines/fen")))
    judge = TalkingModel("judge", lambda _: '{"quote": "", "reason": "", "verdict": "confirmed"}')
    engine = Engine(
        Settings(models=MODELS),
        b"k" * 32,
        FakeGateway(review=[coder], verify=[judge]),
        lambda _review, _rules: (),
        guidelines=Guidelines((guideline(), guideline("audit", title="Keep a record"))),
    )
    asyncio.run(pipeline.review(CHANGE, engine))

    assert "[guidelines/fen] (trade/**) Money is fen" in told(judge)
    assert "Keep a record" not in told(judge)


def test_settings_that_name_an_unknown_one_are_refused() -> None:
    with pytest.raises(ConfigError, match="did you mean guidelines/fen"):
        review(TalkingModel("coder", listing()), guideline(), rules={"disable": ["guidelines/fan"]})


def test_a_broken_one_leaves_the_verdict_undecided() -> None:
    broken = RuleError("odd.md:1: no front matter", file=Path("odd.md"))
    reviewed, verdict = review(TalkingModel("coder", listing()), broken=(broken,))

    assert [(item.code, item.undecided) for item in reviewed.warnings] == [("guideline-broken", True)]
    assert verdict is Verdict.INCONCLUSIVE


def test_the_most_severe_are_told_where_not_all_have_room() -> None:
    many = [
        guideline(f"g{number}", severity=level, text="word " * 300)
        for number, level in enumerate((Severity.LOW, Severity.CRITICAL, Severity.HIGH))
    ]
    selection = select(Guidelines(tuple(many)), CHANGE.files, "en")

    assert [one.guideline.id for one in selection.told] == ["guidelines/g1", "guidelines/g2"]
    assert sum(len(one.line) for one in selection.told) <= MOST_CHARACTERS
    assert [(item.code, item.undecided) for item in selection.warnings] == [("guideline-left-out", False)]
    assert "guidelines/g0" in selection.warnings[0].message


def test_a_small_window_keeps_its_room_for_code() -> None:
    model = TalkingModel("coder", listing(), context=4096)
    reviewed, _ = review(model, guideline(text="word " * 300), guideline("second", text="word " * 300))

    assert told(model).count("- [guidelines/") == 1
    assert "guideline-left-out" in [item.code for item in reviewed.warnings]


def test_a_chinese_review_is_told_in_chinese_where_there_is_some() -> None:
    selection = select(Guidelines((guideline(),)), CHANGE.files[:1], "zh-CN")

    assert [one.line for one in selection.told] == [
        "- [guidelines/fen] 金额以分为单位\n  Amounts are integer fen.\n  No floats."
    ]
