from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewer.domain import Category, Confidence, Finding, Severity, Source, Suggestion
from reviewer.stages.votes import merge, weigh
from tests.fakes.findings import finding

LOW, MEDIUM, HIGH = Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH
RACE = "Two workers may book the same order at once, because the check is not part of the transaction."
RACE_TOO = "Because the check is not part of the transaction, two workers may book one order twice."
ROUNDING = "Fees are rounded before they are added up, so a fen is lost."


def said(message: str = RACE, line: int = 5, end: int | None = None, **fields: Any) -> Finding:
    values = {"confidence": MEDIUM, "category": Category.CONCURRENCY, "title": "", "source": Source.MODEL}
    return finding(line, **{**values, "end_line": end or line, "message": message, **fields})


def confidences(*passes: list[Finding]) -> list[Confidence]:
    return [one.confidence for one in merge(passes, lambda _: len(passes)).findings]


@pytest.mark.parametrize(
    ("votes", "asked", "expected"),
    [
        *[(1, 1, MEDIUM), (1, 2, MEDIUM), (2, 2, HIGH), (1, 3, LOW), (2, 3, HIGH)],
        *[(3, 3, HIGH), (1, 5, LOW), (2, 5, MEDIUM), (3, 5, HIGH)],
    ],
)
def test_the_rule(votes: int, asked: int, expected: Confidence) -> None:
    assert weigh(MEDIUM, votes, asked) is expected


def test_agreement_raises_and_disagreement_lowers() -> None:
    assert confidences([said()], [said(RACE_TOO)], []) == [HIGH]
    assert confidences([said()], [], []) == [LOW]
    assert confidences([said()], []) == [MEDIUM]


@pytest.mark.parametrize(
    ("other", "count"),
    [
        (said(RACE_TOO), 1),  # the same in other words
        (said(RACE_TOO, line=4, end=6), 1),  # of a wider range
        (said(RACE, line=8), 1),  # quoted from a line nearby
        (said(ROUNDING), 1),  # one category on the very same line
        (said(ROUNDING, category=Category.FINANCE), 2),
        (said(ROUNDING, line=4, end=6), 2),
        (said(RACE_TOO, line=40), 2),
        (said(RACE, path="other.py"), 2),
    ],
)
def test_what_is_one_finding(other: Finding, count: int) -> None:
    assert len(merge([[said()], [other]], lambda _: 2).findings) == count


def test_the_surest_words_are_kept_with_their_suggestion() -> None:
    better = said(RACE_TOO, confidence=HIGH, suggestion=Suggestion(5, 5, "lock()"))
    (kept,) = merge([[said(severity=Severity.CRITICAL)], [better]], lambda _: 2).findings
    assert (kept.message, kept.suggestion) == (RACE_TOO, better.suggestion)


def test_a_doubt_that_nobody_shares_is_rejected_and_one_that_is_shared_counts() -> None:
    alone = merge([[said(confidence=LOW)], []], lambda _: 2)
    assert (alone.findings, [one.reason for one in alone.rejected]) == ((), ["low-confidence"])
    assert confidences([said(confidence=LOW)], [said(RACE_TOO, confidence=LOW)]) == [MEDIUM]


def test_one_pass_that_repeats_itself_has_one_vote() -> None:
    assert confidences([said(), said(RACE_TOO, line=6)], [], []) == [LOW]


def test_a_pass_that_did_not_answer_about_the_code_has_no_voice() -> None:
    (kept,) = merge([[said()], [], []], lambda _: 1).findings
    assert kept.confidence is MEDIUM


@given(
    st.lists(
        st.lists(
            st.builds(said, st.sampled_from([RACE, RACE_TOO, ROUNDING]), st.integers(1, 30)), max_size=4
        ),
        min_size=1,
        max_size=4,
    )
)
def test_nothing_is_invented_nothing_said_twice_and_order_of_passes_changes_no_count(
    passes: list[list[Finding]],
) -> None:
    tally = merge(passes, lambda _: len(passes))
    everything = {(one.message, one.start_line) for findings in passes for one in findings}
    assert {(one.message, one.start_line) for one in tally.findings} <= everything
    places = [(one.start_line, one.category) for one in tally.findings]
    assert len(places) == len(set(places))
