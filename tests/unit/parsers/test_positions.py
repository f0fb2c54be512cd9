"""Which numbers a forge wants for a line."""

from __future__ import annotations

import pytest

from parsers.diff import FileDiff, Side, parse
from parsers.positions import LinePair, hunk_lines, pair_of, same_hunk

TWO_HUNKS = b"""\
--- a/x
+++ b/x
@@ -3,3 +3,4 @@
 three
-four
+FOUR
+more
 five
@@ -20,2 +20,0 @@
-twenty
-twentyone
"""


@pytest.fixture
def file() -> FileDiff:
    return parse(TWO_HUNKS).files[0]


@pytest.mark.parametrize(
    ("side", "line", "pair"),
    [
        (Side.NEW, 1, LinePair(1, 1)),
        (Side.NEW, 3, LinePair(3, 3)),
        (Side.OLD, 4, LinePair(4, None)),
        (Side.NEW, 4, LinePair(None, 4)),
        (Side.NEW, 5, LinePair(None, 5)),
        (Side.OLD, 5, LinePair(5, 6)),
        (Side.NEW, 10, LinePair(9, 10)),
        (Side.OLD, 10, LinePair(10, 11)),
        (Side.NEW, 20, LinePair(19, 20)),
        (Side.OLD, 20, LinePair(20, None)),
        (Side.NEW, 21, LinePair(22, 21)),
        (Side.OLD, 22, LinePair(22, 21)),
    ],
)
def test_pairs_in_and_outside_the_hunks(file: FileDiff, side: Side, line: int, pair: LinePair) -> None:
    assert pair_of(file, side, line) == pair


def test_lines_are_counted_from_one(file: FileDiff) -> None:
    with pytest.raises(ValueError, match="from 1"):
        pair_of(file, Side.NEW, 0)


def test_hunk_lines_are_those_of_both_sides(file: FileDiff) -> None:
    new = {(Side.NEW, line) for line in (3, 4, 5, 6)}
    old = {(Side.OLD, line) for line in (3, 4, 5, 20, 21)}
    assert hunk_lines(file) == new | old


@pytest.mark.parametrize(
    ("side", "start", "end", "same"),
    [
        (Side.NEW, 3, 6, True),
        (Side.NEW, 6, 7, False),
        (Side.OLD, 5, 20, False),
        (Side.OLD, 20, 21, True),
        (Side.NEW, 20, 20, False),
    ],
)
def test_a_range_lies_in_one_hunk_or_not(
    file: FileDiff, side: Side, start: int, end: int, same: bool
) -> None:
    assert same_hunk(file, side, start, end) is same


def test_a_type_change_has_lines_of_its_own_on_each_side() -> None:
    header = b"diff --git a/x b/x\n%s file mode %s\n--- %s\n+++ %s\n"
    gone = header % (b"deleted", b"100644", b"a/x", b"/dev/null") + b"@@ -1 +0,0 @@\n-text\n"
    made = header % (b"new", b"120000", b"/dev/null", b"b/x") + b"@@ -0,0 +1 @@\n+target\n"
    (file,) = parse(gone + made).files
    assert pair_of(file, Side.OLD, 1) == LinePair(1, None)
    assert pair_of(file, Side.NEW, 1) == LinePair(None, 1)
