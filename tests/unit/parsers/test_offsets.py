"""Offsets of a file and of the UTF-8 made of it, both ways."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.offsets import Utf8View, as_utf8

CHINESE = "// 买入数量必须为正，否则拒绝。\r\nint qty; // €\n\nx\n"
RARE = "𠮷"  # four bytes in UTF-8, in UTF-16 and in GB18030
ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-32")


def bom_of(encoding: str) -> int:
    return {"utf-8-sig": 3, "utf-16": 2, "utf-32": 4}.get(encoding, 0)


def places(text: str, encoding: str) -> list[tuple[int, int]]:
    """Return the offsets of each character, and of the end, in UTF-8 and in the file."""
    codec = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(encoding, encoding)
    found = [(0, bom_of(encoding))]
    for character in text:
        utf8, original = found[-1]
        found.append((utf8 + len(character.encode()), original + len(character.encode(codec))))
    return found


def assert_maps(view: Utf8View, wanted: list[tuple[int, int]]) -> None:
    assert [(utf8, view.to_original(utf8)) for utf8, _ in wanted] == wanted
    assert [(view.from_original(original), original) for _, original in wanted] == wanted


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_character_is_found_both_ways(encoding: str) -> None:
    text = CHINESE + RARE + CHINESE
    view = as_utf8(text.encode(encoding))

    assert (view.utf8.decode(), view.encoding, view.lossless) == (text, encoding, True)
    assert_maps(view, places(text, encoding))


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(ENCODINGS))
def test_any_text_is_found_both_ways(text: str, encoding: str) -> None:
    """A text that is not seen to be in its encoding is another text: its own bytes are the truth then."""
    view = as_utf8(text.encode(encoding))
    if view.encoding == encoding and view.lossless:
        assert_maps(view, places(view.utf8.decode(), encoding))


@given(st.binary(max_size=80))
def test_any_bytes_have_a_way_back(data: bytes) -> None:
    view = as_utf8(data)
    there = [view.to_original(offset) for offset in range(len(view.utf8) + 1)]
    back = [view.from_original(offset) for offset in range(len(data) + 1)]

    assert there == sorted(there)
    assert back == sorted(back)
    assert (there[-1], back[-1]) == (len(data), len(view.utf8))
    assert all(view.to_original(view.from_original(offset)) == offset for offset in set(there))
    lines = [offset + 1 for offset, byte in enumerate(view.utf8) if byte == 0x0A]
    assert all(data[view.to_original(start) - 1 :][:1] in (b"\n", b"\0") for start in lines)


def test_damaged_characters_take_the_bytes_that_they_had() -> None:
    data = "价a".encode() + b"\xe4\xbb" + b"b\n\xff\xff" + ("价值数量正确" * 4).encode() + b"\xe4"
    view = as_utf8(data)

    assert (view.encoding, view.lossless) == ("utf-8", False)
    assert view.utf8.decode() == "价a\ufffdb\n\ufffd\ufffd" + "价值数量正确" * 4 + "\ufffd"
    for wanted in (b"b\n", "值数".encode()):
        assert view.to_original(view.utf8.index(wanted)) == data.index(wanted)
        assert view.from_original(data.index(wanted)) == view.utf8.index(wanted)
    assert view.to_original(5) == view.to_original(4) == 4  # inside of U+FFFD
    assert view.from_original(5) == view.from_original(4) == 4


def test_a_written_replacement_character_is_no_damage() -> None:
    data = codecs.BOM_UTF8 + "a\ufffdb".encode()
    view = as_utf8(data)

    assert view.lossless
    assert_maps(view, places("a\ufffdb", "utf-8-sig"))


def test_offsets_inside_of_a_character_stand_for_its_start() -> None:
    view = as_utf8(("买入" + RARE).encode("gb18030"))

    assert view.encoding == "gb18030"
    assert [view.to_original(offset) for offset in range(11)] == [0, 0, 0, 2, 2, 2, 4, 4, 4, 4, 8]
    assert [view.from_original(offset) for offset in range(9)] == [0, 0, 3, 3, 6, 6, 6, 6, 10]


def test_a_mark_at_the_start_is_no_part_of_the_text() -> None:
    view = as_utf8("x\n".encode("utf-16"))
    assert [view.from_original(offset) for offset in range(7)] == [0, 0, 0, 0, 1, 1, 2]


def test_utf8_is_taken_as_it_is() -> None:
    data = CHINESE.encode()
    view = as_utf8(data)

    assert view.utf8 is data
    assert (view.to_original(7), view.from_original(7)) == (7, 7)


def test_positions_are_lines_and_characters() -> None:
    view = as_utf8(CHINESE.encode("gb18030"))
    offset = view.utf8.index("€".encode())

    assert view.position(offset) == (2, 12)
    assert view.offset(2, 12) == offset
    assert view.position(0) == (1, 0)
    assert view.position(len(view.utf8)) == (5, 0)
    assert view.offset(5, 0) == len(view.utf8)
    for line, column in ((0, 0), (6, 0), (3, 1), (1, -1)):
        with pytest.raises(ValueError, match=f"no line {line}"):
            view.offset(line, column)


def test_much_damage_is_found_back() -> None:
    data = ("价值" * 20_000).encode() + b"\xff\n" * 5_000 + b"\xe4\xbbx"
    view = as_utf8(data)

    assert (view.encoding, view.lossless) == ("utf-8", False)
    assert view.to_original(len(view.utf8) - 1) == len(data) - 1
    assert view.from_original(len(data) - 3) == len(view.utf8) - 4
