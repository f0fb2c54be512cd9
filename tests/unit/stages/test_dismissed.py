"""Dismissed findings stay away, and those that are so like them; secrets and strict rules hold out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from parsers.diff import Side
from reviewer.domain import Category, Finding, Gesture, Severity, Source, Trace
from reviewer.stages.dismissed import Dismissals, Match
from reviewer.stages.fingerprint import identify, trace
from reviewer.stages.suppress import apply_suppressions
from tests.fakes.changes import change_set, changed_file
from tests.fakes.findings import finding
from tests.fakes.memory import NOON, dismissal, rule_trace
from tests.fakes.memory import trace as model_trace

OTHER = "a" * 32


def match(found: Trace, dismissed: Trace, gesture: Gesture = Gesture.THUMBS_DOWN) -> Match | None:
    return Dismissals([dismissal(dismissed, gesture=gesture)]).match(found)


# --- the same finding -----------------------------------------------------------------------------


@pytest.mark.parametrize("gesture", Gesture)
@pytest.mark.parametrize("dismissed", [model_trace(), rule_trace(), model_trace(severity=Severity.CRITICAL)])
def test_any_gesture_dismisses_what_a_model_says_and_what_weighs_little(
    gesture: Gesture, dismissed: Trace
) -> None:
    found = match(dismissed, dismissed, gesture)
    assert found is not None
    assert found.same


@pytest.mark.parametrize("severity", [Severity.HIGH, Severity.CRITICAL])
@pytest.mark.parametrize("source", [Source.RULE, Source.SARIF])
@pytest.mark.parametrize(
    ("gesture", "dismisses"),
    [(Gesture.THUMBS_DOWN, False), (Gesture.RESOLVED, False), (Gesture.IGNORE, True)],
)
def test_what_a_rule_finds_of_high_severity_takes_an_ignore(
    severity: Severity, source: Source, gesture: Gesture, dismisses: bool
) -> None:
    strict = rule_trace(severity=severity, source=source)
    assert (match(strict, strict, gesture) is not None) is dismisses


def test_what_a_finding_weighs_today_decides() -> None:
    assert match(rule_trace(severity=Severity.HIGH), rule_trace(severity=Severity.LOW)) is None


@pytest.mark.parametrize("gesture", Gesture)
@pytest.mark.parametrize(
    "secret",
    [
        rule_trace(source=Source.SECRET, category=Category.SECRET, rule_id="secret/aws"),
        rule_trace(source=Source.SARIF, category=Category.SECRET, rule_id="leaks/aws"),
        model_trace(category=Category.SECRET, rule_id="model/secret"),
    ],
)
def test_a_secret_is_never_dismissed(gesture: Gesture, secret: Trace) -> None:
    assert match(secret, secret, gesture) is None


def test_the_words_and_the_category_of_a_model_are_no_part_of_what_is_dismissed() -> None:
    reworded = model_trace(
        category=Category.FINANCE, rule_id="model/finance", title="Clients overpay", message="Quite another."
    )
    assert match(reworded, model_trace()) is not None


def test_the_newest_dismissal_of_this_finding_is_named() -> None:
    older = dismissal(at=NOON - 5000, words="older")
    newer = dismissal(words="newer")
    like = dismissal(model_trace(fingerprint=OTHER), at=NOON + 5000, words="another")

    found = Dismissals([older, newer, like]).match(model_trace())

    assert found is not None
    assert found.note == "alice, 2026-11-28, thumbs-down: newer"


# --- similar ones ---------------------------------------------------------------------------------


def similar(found: Trace, dismissed: Trace, gesture: Gesture = Gesture.IGNORE) -> bool:
    result = match(replace(found, fingerprint=OTHER), dismissed, gesture)
    assert result is None or not result.same
    return result is not None


@pytest.mark.parametrize(
    "found",
    [
        model_trace(scope="charge"),
        model_trace(path="app/charges.py"),
        model_trace(rule_id="model/correctness", title="Other", message="Words about the same line."),
        model_trace(code="return min(turnover * fee_rate, MINIMUM)"),
        model_trace(
            code="return min(turnover * fee_rate, MINIMUM)",
            message="min() returns the smaller value, so nobody ever pays more than five.",
        ),
    ],
)
def test_a_model_that_says_the_same_of_such_a_line_is_not_heard_again(found: Trace) -> None:
    assert similar(found, model_trace())


@pytest.mark.parametrize(
    "found",
    [
        model_trace(path="app/charges.py", scope="charge"),
        model_trace(path="app/charges.py", scope=""),
        model_trace(category=Category.FINANCE, rule_id="model/finance"),
        model_trace(
            code="return min(turnover * fee_rate, MINIMUM)", title="Overflow", message="The product wraps."
        ),
        model_trace(code="self.orders.append(order)"),
        model_trace(severity=Severity.HIGH),
        model_trace(source=Source.RULE, rule_id="python/min"),
    ],
)
def test_another_place_kind_line_or_weight_is_another_finding(found: Trace) -> None:
    assert not similar(found, model_trace())


def test_findings_of_whole_files_are_not_alike_for_having_no_line() -> None:
    whole = model_trace(code="", scope="", title="Other words", message="Nothing alike.")
    assert not similar(whole, model_trace(code="", scope=""))


@pytest.mark.parametrize(
    ("found", "alike"),
    [
        (rule_trace(scope="refund"), True),
        (rule_trace(code='print(f"charged {amount} to {accounts}")'), True),
        (rule_trace(code='print("refunded")'), False),
        (rule_trace(rule_id="python/no-eval"), False),
        (rule_trace(path="app/other.py", scope=""), False),
    ],
)
def test_a_rules_words_prove_nothing_so_its_lines_have_to_be_close(found: Trace, alike: bool) -> None:
    assert similar(found, rule_trace()) is alike


@pytest.mark.parametrize(
    ("changed", "alike"),
    [
        ({}, True),
        ({"scope": "refund"}, False),
        ({"path": "app/other.py"}, False),
        ({"code": 'print(f"charged {amount} to {accounts}")'}, False),
    ],
)
def test_of_a_strict_rule_only_the_same_line_of_the_same_definition_is_alike(
    changed: dict[str, str], alike: bool
) -> None:
    strict = rule_trace(severity=Severity.HIGH)
    assert similar(replace(strict, **changed), strict) is alike  # type: ignore[arg-type]


def test_a_similar_one_names_the_finding_that_was_dismissed() -> None:
    found = match(model_trace(fingerprint=OTHER), model_trace())
    assert found is not None
    assert found.note == "alice, 2026-11-28, thumbs-down ≈ app/fees.py ffffffffffff"


# --- in a review ----------------------------------------------------------------------------------

BEFORE = "def fee(turnover):\n    return turnover\n"
AFTER = "def fee(turnover):\n    return min(turnover, 5)\n"
PUSHED_DOWN = "import os\n\n\ndef other():\n    return 1\n\n\n" + AFTER


def flaw(line: int, **fields: object) -> Finding:
    values = {"path": "fees.py", "source": Source.MODEL, "rule_id": "model/correctness"}
    return finding(line, **{**values, "side": Side.NEW, "severity": Severity.MEDIUM, **fields})


def test_what_is_dismissed_is_listed_as_suppressed_wherever_the_line_has_gone() -> None:
    here = change_set(changed_file("fees.py", BEFORE, AFTER))
    [remembered] = trace(identify([flaw(2)], here), here)
    assert (remembered.scope, remembered.code) == ("fee", "return min(turnover, 5)")
    there = change_set(changed_file("fees.py", BEFORE, PUSHED_DOWN))
    found = identify([flaw(9, title="Quite other words", category=Category.FINANCE)], there)

    kept, suppressed, _ = apply_suppressions(
        found, there, today=date(2026, 11, 28), dismissals=[dismissal(remembered, words="as agreed")]
    )

    assert kept == ()
    assert [(item.reason, item.note) for item in suppressed] == [
        ("memory", "alice, 2026-11-28, thumbs-down: as agreed")
    ]


def test_a_secret_leaves_no_code_behind() -> None:
    change = change_set(changed_file("a.py", None, 'KEY = "hunter2hunter2"\n'))
    leak = finding(1, path="a.py", source=Source.SECRET, category=Category.SECRET, evidence='KEY = "***"')
    [remembered] = trace(identify([leak], change), change)
    assert (remembered.code, remembered.message) == ("", "")
