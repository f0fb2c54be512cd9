"""A result that was written can be read back, and nothing else can."""

from __future__ import annotations

import json
from typing import Any

import pytest

from parsers.diff import Side
from reviewer.domain import (
    Overview,
    Rejected,
    Review,
    ReviewWarning,
    Source,
    Suggestion,
    Suppressed,
    Usage,
    Verdict,
)
from reviewer.outputs.document import document, dump
from reviewer.outputs.reading import NotAResult, read_back
from tests.fakes.changes import REF
from tests.fakes.findings import finding, review

FULL = review(
    finding(3, cwe=("CWE-95",), suggestion=Suggestion(3, 3, "x = 1"), fingerprint="f" * 32, why="Because."),
    finding(None, source=Source.MODEL, model="coder", side=Side.OLD, path="a/b.py"),
    suppressed=(Suppressed(finding(5, fingerprint="e" * 32), "inline", "a fixed table"),),
    rejected=(Rejected("quote-not-found", "app.py", "made up", "coder"),),
    warnings=(ReviewWarning("binary", "a binary file", "logo.png"), ReviewWarning("x", "y", undecided=True)),
    usage=Usage(1, 100, 0, 10, 2.5),
    models=("coder",),
    overview=Overview("Rounds the fee.", "low", ("app.py",), ("rounding",)),
)


def again(written: Review) -> Review:
    return read_back(json.loads(dump(document(written, Verdict.FAIL))), REF)


def test_what_was_written_is_read_back() -> None:
    read = again(FULL)

    assert read.findings == FULL.findings
    assert (read.rejected, read.warnings, read.coverage) == (FULL.rejected, FULL.warnings, FULL.coverage)
    assert (read.usage, read.models, read.overview) == (FULL.usage, FULL.models, FULL.overview)


def test_of_what_was_suppressed_rule_place_and_reason_are_known() -> None:
    [item] = again(FULL).suppressed

    assert (item.finding.rule_id, item.finding.path, item.finding.start_line) == (
        "python/no-eval",
        "app.py",
        5,
    )
    assert (item.reason, item.note, item.finding.fingerprint) == ("inline", "a fixed table", "e" * 32)


def test_the_result_as_it_was_first_published_can_be_read() -> None:
    written: dict[str, Any] = document(FULL, Verdict.FAIL)
    for row in written["findings"]:
        del row["title"]
    del written["models"], written["overview"]
    read = read_back(written, REF)

    assert read.findings[0].title == read.findings[0].message
    assert (read.models, read.overview) == ((), None)


@pytest.mark.parametrize(
    "broken",
    [
        {"version": 2},
        {"findings": None},
        {"findings": [7]},
        {"findings": [{"rule_id": "x", "message": "y"}]},
        {"suppressed": [{}]},
        {"warnings": "none"},
        {"coverage": []},
        {"overview": 7},
    ],
)
def test_anything_else_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(NotAResult):
        read_back({**document(FULL, Verdict.FAIL), **broken}, REF)


@pytest.mark.parametrize(
    "key", ["version", "findings", "suppressed", "rejected", "warnings", "coverage", "usage"]
)
def test_a_key_that_is_missing_is_named(key: str) -> None:
    written = document(FULL, Verdict.FAIL)
    del written[key]
    with pytest.raises(NotAResult, match=key):
        read_back(written, REF)
