"""Changes as models write them, and where they go."""

from __future__ import annotations

import pytest

from reviewer.commands.blocks import BlocksUnreadable, read_blocks, says_nothing
from reviewer.commands.edits import EditRefused, Limits, make_edits
from reviewer.commands.subject import NewText, select
from reviewer.domain import ChangedFile

FILES = select(
    [
        ("app/fees.py", b"def fee(fen):\n    rate = 2\n\n    return fen * rate\n", ()),
        ("doc/notes.md", b"Title\n=======\n\nold\n", ()),
    ],
    project="shop",
).change.files


def made(answer: str, *files: ChangedFile, wide: bool = False) -> tuple[NewText, ...]:
    return make_edits(read_blocks(answer), files or FILES, Limits(wide, redact=str))


def block(heading: str, old: str, new: str) -> str:
    return f"{heading}\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n"


@pytest.mark.parametrize(
    "heading",
    ["### app/fees.py", "app/fees.py", "`app/fees.py`:", "**app/fees.py**", "File: app/fees.py (python)", "fees.py",
     "In `app/fees.py`, line 2:\n\n```python", "repo/app/fees.py"],
)  # fmt: skip
def test_a_heading_names_the_file_in_many_ways(heading: str) -> None:
    (text,) = made(block(heading, "    rate = 2", "    rate = 3"))
    assert text.new == b"def fee(fen):\n    rate = 3\n\n    return fen * rate\n"


@pytest.mark.parametrize(
    "heading", ["", "other.py", "xapp/fees.pyc", "app/fees.py.bak", "../fees", "No file at all"]
)
def test_a_heading_that_names_none_is_refused(heading: str) -> None:
    with pytest.raises(EditRefused, match=r"none of the files shown|names no file"):
        made(block(heading, "    rate = 2", "    rate = 3"))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("   2 +     rate = 2", "   2 +     rate = 3", b"    rate = 3\n\n    return fen * rate\n"),
        ("rate = 2", "rate = 3", b"    rate = 3\n\n    return fen * rate\n"),
        ("  rate = 2\n  return fen * rate", "  return fen * 2", b"    return fen * 2\n"),
        ("    rate = 2\n\n", "", b"    return fen * rate\n"),
        ("    rate = 2", "    rate = 2\n    rate += 1", b"    rate = 2\n    rate += 1\n\n    return fen * rate\n"),
        ("    return fen * rate", "    return fen * rate\n\n\nLAST = 1",
         b"    rate = 2\n\n    return fen * rate\n\n\nLAST = 1\n"),
    ],
    ids=["numbers copied", "a piece", "indented otherwise", "deleted", "inserted", "at the end"],
)  # fmt: skip
def test_old_text_is_found_as_it_was_shown(old: str, new: str, expected: bytes) -> None:
    (text,) = made(block("app/fees.py", old, new))
    assert text.new == b"def fee(fen):\n" + expected


def test_a_line_of_equal_signs_in_the_code_divides_nothing() -> None:
    (text,) = made(block("doc/notes.md", "Title\n=======\n\nold", "Title\n=======\n\nnew"))
    assert text.new == b"Title\n=======\n\nnew\n"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (block("app/fees.py", "    rate = 9", "    rate = 3"), "does not stand there: rate = 9"),
        (block("app/fees.py", "", "    rate = 3"), "has no old text"),
        (block("app/fees.py", "    rate = 2", "    rate = 2"), "change nothing"),
        (block("app/fees.py", "    rate = 2", "    # ... rest of the code ..."), "stands for code"),
        (block("app/fees.py", "    rate = 2", "    rate = (3"), "no longer parses as python"),
        (block("app/fees.py", "    rate = 2", "    rate\u200b = 3"), "cannot be seen"),
        (block("app/fees.py", "    rate = 2", "    rate = 3") * 2, "two blocks change line 2"),
    ],
)
def test_a_change_that_cannot_stand_is_refused_with_the_reason(answer: str, why: str) -> None:
    with pytest.raises(EditRefused, match=why):
        made(answer)


@pytest.mark.parametrize(
    "answer",
    ["Just do it.", "<<<<<<< SEARCH\na\n=======\nb\n", "<<<<<<< SEARCH\na\n>>>>>>> REPLACE\n"],
)
def test_what_is_no_block_is_said(answer: str) -> None:
    with pytest.raises(BlocksUnreadable):
        read_blocks(answer)


def test_gbk_stays_gbk() -> None:
    text = "# 手续费\nx = 1\n".encode("gbk")
    (file,) = select([("a.py", text, ())], project="p").change.files

    assert made(block("a.py", "x = 1", "x = 2  # 两"), file)[0].new == "# 手续费\nx = 2  # 两\n".encode("gbk")
    with pytest.raises(EditRefused, match="GBK, which has no"):
        made(block("a.py", "x = 1", "x = 2  # 😀"), file)


def test_the_nothing_line_may_be_dressed_up() -> None:
    assert says_nothing("All is well.\n\n**NOTHING TO FIX**.")
    assert not says_nothing("NOTHING TO FIX here, but there:")
