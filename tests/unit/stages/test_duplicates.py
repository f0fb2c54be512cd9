"""Several tools, one defect: what counts as the same, what stands, and that it is said."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from reviewer import pipeline
from reviewer.config import Settings
from reviewer.domain import Category, Confidence, Finding, Severity, Source
from reviewer.pipeline import Engine
from reviewer.stages.duplicates import merge
from tests.fakes.changes import change_set, changed_file
from tests.fakes.findings import finding
from tests.fakes.panel import FakeScanner

OURS = finding(3, cwe=("CWE-95",))


def theirs(line: int | None = 3, rule_id: str = "semgrep/rules.input", **fields: Any) -> Finding:
    values = {"title": "Input reaches a sink", "message": "Data flow ends here."}
    return finding(line, rule_id=rule_id, source=Source.SARIF, **(values | fields))


@pytest.mark.parametrize(
    "other",
    [
        theirs(cwe=("CWE-95",)),
        theirs(cwe=("CWE-78", "CWE-20")),
        theirs(rule_id="eslint/no-eval"),
        theirs(title=OURS.title, message=OURS.message),
        theirs(2, end_line=5, cwe=("CWE-94",)),
    ],
    ids=["weakness", "kind-of-weakness", "name", "words", "around"],
)
def test_the_same_defect_is_said_once_and_by_us(other: Finding) -> None:
    merged = merge([other, OURS])

    assert merged.findings == (OURS,)
    assert [one.code for one in merged.warnings] == ["sarif-repeats"]
    assert "(python/no-eval)" in merged.warnings[0].message


@pytest.mark.parametrize(
    "other",
    [
        theirs(4, cwe=("CWE-95",)),
        theirs(cwe=("CWE-89",)),
        theirs(),
        theirs(path="other.py", cwe=("CWE-95",)),
        theirs(None, cwe=("CWE-95",)),
    ],
    ids=["beside", "weakness", "nothing-said", "file", "whole-file"],
)
def test_another_place_or_another_defect_stands_for_itself(other: Finding) -> None:
    merged = merge([OURS, other])

    assert (merged.findings, merged.warnings) == ((OURS, other), ())


def test_what_another_tool_knows_may_make_it_graver_never_lighter() -> None:
    grave = theirs(cwe=("CWE-95",), severity=Severity.CRITICAL, confidence=Confidence.LOW)
    light = theirs(cwe=("CWE-95",), severity=Severity.LOW)

    [raised] = merge([OURS, grave]).findings
    assert (raised.rule_id, raised.severity, raised.confidence) == (
        OURS.rule_id, Severity.CRITICAL, Confidence.HIGH
    )  # fmt: skip
    assert merge([OURS, light]).findings == (OURS,)


@pytest.mark.parametrize("fields", [{"cwe": ("CWE-798",)}, {"category": Category.SECRET}])
def test_a_secret_is_one_secret_whatever_it_is_called(fields: dict[str, Any]) -> None:
    secret = finding(3, rule_id="secret/aws", source=Source.SECRET, category=Category.SECRET)

    assert merge([secret, theirs(**fields)]).findings == (secret,)


def test_two_other_tools_say_it_once_in_the_order_of_their_files() -> None:
    first, second = theirs(cwe=("CWE-89",)), theirs(rule_id="codeql/sql", cwe=("CWE-564",))

    assert merge([first, second]).findings == (first,)


def test_long_lists_are_cut_with_what_was_left_out_counted() -> None:
    many = [theirs(3, rule_id=f"semgrep/r{number}", cwe=("CWE-95",)) for number in range(8)]
    [warning] = merge([OURS, *many]).warnings

    assert warning.message.count("app.py:3") == 5
    assert warning.message.endswith("and 3 more")


def test_the_flow_says_it_once_and_tells_so() -> None:
    change = change_set(changed_file("app.py", None, "a = 1\nb = 2\neval(c)\n"))
    scanners = (FakeScanner(OURS), FakeScanner(theirs(cwe=("CWE-95",))))
    review = asyncio.run(pipeline.review(change, Engine(Settings(), b"k" * 32, None, lambda *_: scanners)))

    assert [one.rule_id for one in review.findings] == ["python/no-eval"]
    assert [one.code for one in review.warnings] == ["sarif-repeats"]


def test_of_two_rules_about_one_weakness_on_the_same_lines_the_graver_stands() -> None:
    general = finding(3, rule_id="python/unpickle", severity=Severity.MEDIUM, cwe=("CWE-502",))
    certain = finding(3, rule_id="python/unpickle-received", severity=Severity.HIGH, cwe=("CWE-502",))

    merged = merge([general, certain])

    assert merged.findings == (certain,)
    [rejected] = merged.rejected
    assert rejected.reason == "duplicate"
    assert rejected.message == "python/unpickle, line 3: said by python/unpickle-received"


@pytest.mark.parametrize(
    "other",
    [{"cwe": ("CWE-89",)}, {"cwe": ()}, {"end_line": 4}, {"rule_id": "python/unpickle"}],
    ids=["weakness", "none-named", "lines", "same-rule-twice"],
)
def test_two_rules_that_differ_in_what_they_say_both_stand(other: dict[str, Any]) -> None:
    first = finding(3, rule_id="python/unpickle", cwe=("CWE-502",))
    second = finding(3, **({"rule_id": "python/other", "cwe": ("CWE-502",)} | other))

    assert set(merge([first, second]).findings) == {first, second}
