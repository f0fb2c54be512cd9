"""The calls of one merge request at the real llama.cpp: what they share is computed once."""

from __future__ import annotations

import pytest

from tests.bench.prefix import measure_prefix

pytestmark = pytest.mark.xdist_group("llama")


def test_what_two_calls_share_comes_from_the_cache() -> None:
    rows = measure_prefix(most=3)
    assert len(rows) > 3
    for row in rows[1:]:
        assert row.shared > 800  # the rules, the form of the reply, the merge request
        assert row.served >= 0.95
