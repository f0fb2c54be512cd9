"""What a review costs, with related code and all: the figures of the design, over real git and a real index."""

from __future__ import annotations

from tests.bench.engine import CHANGES


def test_three_files_cost_two_turns_for_units_that_speak_one_for_those_that_do_not_and_a_summary() -> None:
    for name, turns in (("3 files, nothing found", 1), ("3 files, every unit speaks", 2)):
        reviewed = CHANGES[name]()
        cost = reviewed.cost(name)
        assert 8 < cost.diff_kb < 14
        assert cost.related
        assert cost.calls <= turns * cost.units + 1
        assert cost.uncached <= 7000
        assert cost.seen_lines == cost.changed_lines


def test_one_line_is_one_unit_and_little_more_than_the_rules_of_the_review() -> None:
    silent, found = (CHANGES[name]() for name in ("one line, nothing found", "one line, a finding"))
    assert (len(silent.calls), len(found.calls)) == (1, 2)
    assert len(found.review.findings) == 1
    for reviewed in (silent, found):
        cost = reviewed.cost("")
        assert cost.units == 1
        assert cost.related
        assert cost.prompt <= 3000


def test_of_a_large_change_every_line_is_seen_or_listed() -> None:
    cost = CHANGES["24 files, 16k window"]().cost("")
    assert cost.diff_kb > 200
    assert cost.seen_lines == cost.changed_lines
