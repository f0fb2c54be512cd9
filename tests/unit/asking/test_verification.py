"""The second opinion: what it must quote, what a doubt is worth, and what it may do to a rule's finding."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from reviewer import pipeline
from reviewer.config import ReviewSettings, Settings
from reviewer.domain import Confidence, Finding, Review
from reviewer.pipeline import Engine
from reviewer.stages.proof import is_shown
from tests.fakes.changes import change_set, changed_file
from tests.fakes.findings import finding
from tests.fakes.panel import FakeGateway, FakeScanner, TalkingModel, listing

CHANGE = change_set(
    changed_file(
        "fees.py",
        "def fee(turnover):\n    return turnover\n",
        "def fee(turnover):\n    return min(turnover, 5)\n",
    )
)
QUOTE = "    return min(turnover, 5)"
DRAFT: dict[str, Any] = {
    "path": "fees.py", "quote": QUOTE, "start_line": 2, "end_line": 2, "severity": "high", "category": "finance",
    "title": "A maximum", "message": "min() caps the fee.", "confidence": "medium", "replacement": None,
}  # fmt: skip
SHOWN = """\
### fees.py (python)
imports: from decimal import Decimal
@@ def fee(turnover):
     -     return turnover
   2 +     return min(turnover, 5)
| def floor(x):"""


def answer(verdict: str, quote: str = QUOTE, reason: str = "It is meant.") -> str:
    return json.dumps({"verdict": verdict, "quote": quote, "reason": reason})


def review(
    said: str, *rules: Finding, drafts: bool = True, needs: Confidence = Confidence.MEDIUM, **settings: Any
) -> Review:
    coder = TalkingModel("coder", listing(*([DRAFT] if drafts else [])))
    coder.profile = replace(coder.profile, outlives_doubt=needs)
    gateway = FakeGateway(review=[coder], verify=[TalkingModel("r1", lambda _: said)])
    made = Engine(
        Settings(review=ReviewSettings(**settings)), b"k" * 32, gateway, lambda *_: (FakeScanner(*rules),)
    )
    return asyncio.run(pipeline.review(CHANGE, made))


@pytest.mark.parametrize(
    ("quote", "shown"),
    [
        (QUOTE, True),
        ("   2 +     return min(turnover, 5)", True),
        ("return  min(turnover,  5)", True),  # spacing says nothing
        ("return turnover\nreturn min(turnover, 5)", True),
        ("def floor(x):", True),
        ("def fee(turnover):", True),
        ("from decimal import Decimal", True),
        ("min(turnover, 5)", True),
        ("min", False),  # too little to be a ground
        ("return max(turnover, 5)", False),
        ("return min(turnover, 5)\nraise ValueError", False),
        ("", False),
    ],
)
def test_what_counts_as_a_quote_of_what_was_shown(quote: str, shown: bool) -> None:
    assert is_shown(quote, [SHOWN]) is shown


@pytest.mark.parametrize(
    ("needs", "kept"), [(Confidence.LOW, True), (Confidence.MEDIUM, True), (Confidence.HIGH, False)]
)
def test_in_doubt_the_familys_threshold_decides_and_the_reason_is_kept(needs: Confidence, kept: bool) -> None:
    found = review(answer("unsure", reason="The caller is not shown."), needs=needs)
    assert [one.confidence for one in found.findings] == [Confidence.LOW] * kept
    assert [(one.reason, one.message) for one in found.rejected] == [
        ("low-confidence", "A maximum: The caller is not shown.")
    ] * (not kept)


RULE = finding(2, path="fees.py", confidence=Confidence.MEDIUM, why="Amounts have limits.")


@pytest.mark.parametrize(
    ("said", "confidence"),
    [
        (answer("refuted"), Confidence.LOW),
        (answer("refuted", quote="invented line of code"), Confidence.MEDIUM),
        (answer("confirmed"), Confidence.MEDIUM),
        (answer("unsure"), Confidence.MEDIUM),
        ("no idea", Confidence.MEDIUM),
    ],
)
def test_a_refuted_rule_is_lowered_with_a_note_and_never_dropped(said: str, confidence: Confidence) -> None:
    (found,) = review(said, RULE, drafts=False, verify_rules=True).findings
    assert found.confidence is confidence
    assert ("doubts this: It is meant." in found.why) is (confidence is Confidence.LOW)
    assert found.why.startswith("Amounts have limits.")


def test_rules_are_not_asked_about_unless_that_is_wanted() -> None:
    (found,) = review(answer("refuted"), RULE, drafts=False).findings
    assert found.confidence is Confidence.MEDIUM


def test_a_rule_that_is_sure_of_itself_is_not_asked_about() -> None:
    sure = replace(RULE, confidence=Confidence.HIGH)
    (found,) = review(answer("refuted"), sure, drafts=False, verify_rules=True).findings
    assert found.confidence is Confidence.HIGH
