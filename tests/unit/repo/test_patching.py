"""One side of a file made out of the other."""

from __future__ import annotations

import difflib

from hypothesis import given
from hypothesis import strategies as st

from parsers.diff import FileDiff, Side, parse
from reviewer.repo.patching import derive, fits

LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\r\n", "\n", "d\x0ce\n"]), max_size=12)


def diff_of(old: list[str], new: list[str], context: int = 3) -> FileDiff:
    (file,) = parse("".join(difflib.unified_diff(old, new, "a/f", "b/f", n=context)).encode()).files
    return file


@given(LINES, LINES, st.integers(0, 3))
def test_each_side_follows_from_the_other(old: list[str], new: list[str], context: int) -> None:
    if old == new:
        return
    file = diff_of(old, new, context)
    before, after = "".join(old).encode(), "".join(new).encode()

    assert derive(before, file, Side.NEW) == after
    assert derive(after, file, Side.OLD) == before


def test_a_missing_last_line_end_is_kept() -> None:
    diff = b"--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n one\n-two\n\\ No newline at end of file\n+zwei\n"
    (file,) = parse(diff).files

    assert derive(b"one\ntwo", file, Side.NEW) == b"one\nzwei\n"
    assert derive(b"one\nzwei\n", file, Side.OLD) == b"one\ntwo"


def test_another_text_does_not_fit() -> None:
    file = diff_of(["a\n", "b\n"], ["a\n", "c\n"])

    assert fits(b"a\nb\n", file, Side.OLD)
    assert not fits(b"a\nc\n", file, Side.OLD)
    assert not fits(b"x\na\nb\n", file, Side.OLD)
    assert derive(b"", file, Side.NEW) is None
