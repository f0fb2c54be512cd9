"""Edits that people really made must pass, and the same with one bracket lost must not."""

from __future__ import annotations

import pytest

from tests.unit.parsers.real_edits import EditRow, measure_edits
from tests.unit.parsers.truth import Rows


@pytest.fixture(scope="module")
def table(rows: Rows) -> list[EditRow]:
    return measure_edits(rows)


def test_real_edits_pass(table: list[EditRow]) -> None:
    wrong = [name for row in table for name in row.wrong]
    assert len(wrong) <= 0.001 * sum(row.edits for row in table), wrong
    assert all(row.accepted for row in table)


def test_edits_that_lost_a_bracket_do_not_pass_in_any_language(table: list[EditRow]) -> None:
    passed = {
        row.language: f"{row.rejected} of {row.broken}" for row in table if row.rejected < 0.94 * row.broken
    }
    assert passed == {}
    assert any(row.broken for row in table)
