"""What the stages make of an oracle's drafts: nothing right is lost, nothing provably wrong gets through."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reviewer.evaluation.dataset import STARTER, load
from tests.bench.stages import HALF_WRONG, Measured, copies, measure
from tests.fakes.models.oracle import RIGHT, WRONG_KINDS, Quality

CASES = load([STARTER])


@pytest.fixture(scope="module")
def half_wrong() -> Measured:
    return measure(copies(CASES, 2)[::2], replace(HALF_WRONG, refutes=0.0))


def test_half_of_the_drafts_are_wrong_in_all_the_stated_ways(half_wrong: Measured) -> None:
    assert 35 < half_wrong.rows[0].precision < 65
    reasons = {"malformed", "quote-not-found", "unknown-path", "outside-diff", "low-confidence", "duplicate"}
    assert reasons <= set(half_wrong.reasons)


def test_what_was_found_is_kept(half_wrong: Measured) -> None:
    assert half_wrong.rows[-1].kept >= 98
    assert not half_wrong.lost


def test_no_wrong_line_and_no_repeat_is_posted(half_wrong: Measured) -> None:
    assert (half_wrong.wrong_lines, half_wrong.repeats) == (0, 0)


def test_precision_rises_from_stage_to_stage(half_wrong: Measured) -> None:
    precisions = [row.precision for row in half_wrong.rows]
    assert precisions == sorted(precisions)
    assert precisions[-1] > precisions[0]
    assert set(half_wrong.posted) == {RIGHT, "nonsense"}


@pytest.mark.parametrize("kind", [kind for kind in WRONG_KINDS if kind != "nonsense"])
def test_every_provable_kind_of_wrong_draft_is_rejected_without_a_verifier(kind: str) -> None:
    cases = [case for case in CASES if not case.clean][::3]
    measured = measure(cases, Quality(recall=1.0, wrong=0.5, kinds=(kind,)), verify=False)
    assert measured.rows[0].drafts > measured.rows[0].right
    assert (measured.rows[-1].precision, measured.rows[-1].kept) == (100, 100)


def test_plausible_nonsense_is_what_the_verifier_is_for() -> None:
    cases = [case for case in CASES if not case.clean][::3]
    quality = Quality(recall=1.0, wrong=0.5, kinds=("nonsense",))
    posted, verified = (measure(cases, quality, verify=verify).rows[-1].precision for verify in (False, True))
    assert posted < verified == 100


@pytest.mark.parametrize("fault", ["broken-json", "endless-reasoning", "refusal"])
def test_a_fault_costs_a_turn_and_no_finding(fault: str) -> None:
    cases = [case for case in CASES if not case.clean][::6]
    measured = measure(cases, Quality(recall=1.0, faults={fault: 1.0}), verify=False)
    assert measured.rows[-1].recall == 100


def test_three_passes_find_what_one_misses_and_say_it_once() -> None:
    cases = [case for case in CASES if not case.clean][::2]
    quality = Quality(recall=0.4)
    once, thrice = (measure(cases, quality, passes=passes, verify=False) for passes in (1, 3))
    assert once.rows[-1].recall < 60 < thrice.rows[-1].recall  # 1 - 0.6^3 = 78 %, of 22 goldens
    assert (thrice.rows[-1].kept, thrice.repeats, thrice.wrong_lines) == (100, 0, 0)
