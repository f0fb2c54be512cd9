"""Matching: by place, one to one, the best assignment; then the figures."""

from __future__ import annotations

import itertools
import random

import pytest

from parsers.diff import Side
from reviewer.domain import Category
from reviewer.evaluation.assignment import assign
from reviewer.evaluation.dataset import Golden
from reviewer.evaluation.measures import Counts, compare, count, estimate, quantile, sum_up
from reviewer.evaluation.results import Reported
from reviewer.evaluation.scoring import FAMILIES, CaseScore, Same, score_case
from reviewer.evaluation.workspace import locate
from tests.unit.evaluation.lab import case, golden, outcome, reported


def score(goldens: list[dict[str, object]], findings: list[Reported], same: Same | None = None) -> CaseScore:
    about = case(*goldens)
    return score_case(about, locate(about), outcome(*findings, of=about), same=same)


def test_the_assignment_is_the_best_of_all() -> None:
    chance = random.Random(3)
    for _ in range(400):
        rows, columns = chance.randint(0, 4), chance.randint(1, 4)
        worth = [
            [chance.choice([0.0, 0.0, 1.0, 2.5, chance.random()]) for _ in range(columns)]
            for _ in range(rows)
        ]
        pairs = assign(worth)
        best = max(
            sum(worth[row][column] for row, column in enumerate(order) if column < columns)
            for order in itertools.permutations(range(max(rows, columns)), rows)
        )
        assert sum(worth[row][column] for row, column in pairs) == pytest.approx(best)
        assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
        assert all(worth[row][column] > 0 for row, column in pairs)


@pytest.mark.parametrize(
    ("finding", "hit"),
    [
        (reported(10), True),
        (reported(13), True),
        (reported(7), True),
        (reported(14), False),
        (reported(6), False),
        (reported(None), True),
        (reported(10, path="other.py"), False),
        (reported(10, category=Category.FINANCE), True),
        (reported(10, category=Category.SECURITY), False),
        (reported(40, span=(11, 11), side=Side.OLD), True),
    ],
)
def test_a_finding_matches_by_path_lines_and_akin_category(finding: Reported, hit: bool) -> None:
    scored = score([golden(10)], [finding])
    assert (scored.hits, scored.missed, scored.wrong) == (((0, 0),), (), ()) if hit else ((), (0,), (0,))


def test_every_category_is_akin_to_itself_only_or_to_its_family() -> None:
    assert score([golden(10, category=None)], [reported(10, category=Category.SECRET)]).hits
    for one, other in itertools.product(Category, Category):
        akin = one is other or any({one, other} <= family for family in FAMILIES)
        assert bool(score([golden(10, category=one)], [reported(10, category=other)]).hits) is akin


def test_as_many_pairs_as_possible_count_more_than_the_nearest_pair() -> None:
    scored = score([golden(10), golden(12)], [reported(11), reported(15)])
    assert scored.hits == ((0, 0), (1, 1))


def test_of_two_that_match_the_nearer_and_more_alike_is_taken_and_the_other_repeats() -> None:
    near = score([golden(10)], [reported(12), reported(10)])
    assert (near.hits, near.repeats, near.wrong) == (((0, 1),), (0,), ())
    alike = score([golden(10)], [reported(10, category=Category.FINANCE), reported(10)])
    assert alike.hits == ((0, 1),)


def test_a_judge_decides_instead_of_the_category() -> None:
    def says_title(expected: Golden, found: Reported) -> bool:
        return found.title == "same"

    findings = [
        reported(10),
        reported(10, category=Category.SECURITY, title="same"),
        reported(90, title="same"),
    ]
    scored = score([golden(10)], findings, same=says_title)
    assert (scored.hits, scored.wrong) == (((0, 1),), (0, 2))


def test_a_golden_without_a_place_is_for_the_judge_alone() -> None:
    placeless: dict[str, object] = {"text": "Somewhere."}
    assert score([placeless], [reported(10)]).missed == (0,)
    assert score([placeless], [reported(10)], same=lambda *_: True).hits == ((0, 0),)


def test_counts_give_precision_recall_f1_and_silence() -> None:
    counts = Counts(hits=3, false=1, missed=3, clean=4, silent=1)
    assert (counts.precision, counts.recall, counts.f1, counts.silence) == (0.75, 0.5, 0.6, 0.25)
    nothing = Counts()
    assert (nothing.precision, nothing.recall, nothing.f1, nothing.silence) == (None, None, None, None)


def test_repeats_count_against_precision() -> None:
    counted = count(score([golden(10)], [reported(10), reported(11), reported(90)]))
    assert (counted.hits, counted.false, counted.missed) == (1, 2, 0)


def test_silence_is_for_clean_cases_reviewed_to_the_end() -> None:
    quiet, failed, loud = (
        score_case(case(), (), outcome(*findings, complete=complete))
        for findings, complete in (((), True), ((), False), ((reported(),), True))
    )
    assert [each.silent for each in (quiet, failed, loud)] == [True, False, False]
    assert not score([golden()], []).silent


def test_intervals_hold_the_value_and_are_the_same_on_every_run() -> None:
    counts = [Counts(hits=1), Counts(missed=1)] * 20
    found = estimate(counts, lambda one: one.recall)
    assert found.value == 0.5
    assert found.low is not None
    assert found.high is not None
    assert 0.3 < found.low < 0.42
    assert 0.58 < found.high < 0.7
    assert found == estimate(counts, lambda one: one.recall)


def test_an_estimate_without_anything_to_divide_by_is_none() -> None:
    found = estimate([Counts(clean=1)], lambda one: one.precision)
    assert (found.value, found.low, found.high) == (None, None, None)


def test_contenders_are_compared_on_the_same_cases() -> None:
    good, bad = [Counts(hits=1)] * 30, [Counts(missed=1, false=1)] * 30
    better = compare(("good", good), ("bad", bad))
    assert (better.f1.value, better.f1.low, better.left_ahead) == (1.0, 1.0, 1.0)
    assert compare(("bad", bad), ("good", good)).left_ahead == 0.0
    equal = compare(("good", good), ("again", good))
    assert (equal.f1.value, equal.left_ahead) == (0.0, 0.5)


def test_pairing_takes_the_difficulty_of_the_cases_out() -> None:
    easy, hard = Counts(hits=5), Counts(missed=5)
    left = [easy, hard, Counts(hits=1, missed=0)] * 10
    right = [easy, hard, Counts(hits=0, missed=1)] * 10
    found = compare(("left", left), ("right", right))
    assert found.f1.low is not None
    assert found.f1.low > 0


def test_sums_and_quantiles() -> None:
    assert sum_up([Counts(hits=1, clean=2), Counts(hits=2, silent=1)]) == Counts(hits=3, clean=2, silent=1)
    assert [quantile([3.0, 1.0, 2.0], part) for part in (0.0, 0.5, 1.0)] == [1.0, 2.0, 3.0]
    assert quantile([], 0.5) is None
