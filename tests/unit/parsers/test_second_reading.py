"""A diff from elsewhere is read twice: both readers see the same lines, or it is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from parsers.diff import parse
from parsers.second_reading import disagreements

DIFF = b"--- a/x.sql\n+++ b/x.sql\n@@ -1,2 +1,2 @@\n--- old comment\n+++ new\r\n keep\xff\n"


def test_odd_lines_are_seen_alike_by_both_readers() -> None:
    assert disagreements(DIFF, parse(DIFF)) == ()


def test_a_line_that_only_one_reader_saw_is_a_problem() -> None:
    [problem] = disagreements(DIFF, parse(DIFF.replace(b"+++ new", b"+++ other")))
    assert problem.code == "ambiguous"
    assert "2 lines apart" in problem.message


def test_what_unidiff_cannot_read_gets_no_second_opinion() -> None:
    broken = DIFF.replace(b" keep", b"?keep")
    assert disagreements(broken, parse(DIFF)) == ()


def test_real_diffs_are_seen_alike(rows: Callable[[str], Iterator[dict[str, Any]]]) -> None:
    diffs = [row["diff"].encode() for row in rows("real_diffs") if row.get("diff")][::9]
    assert len(diffs) > 100
    assert [diff[:200] for diff in diffs if disagreements(diff, parse(diff))] == []
