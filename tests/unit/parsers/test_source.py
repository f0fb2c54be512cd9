"""Bytes to text, lines and trees."""

from __future__ import annotations

import pytest

from parsers.languages import Language, by_name
from parsers.source import SourceTooLarge, decode, find_errors, parse, split_lines

CHINESE = "// 买入数量必须为正，否则拒绝。\nint qty;\n"


def python() -> Language:
    language = by_name("python")
    assert language is not None
    return language


@pytest.mark.parametrize(
    ("data", "encoding", "text"),
    [
        (b"plain", "utf-8", "plain"),
        (CHINESE.encode(), "utf-8", CHINESE),
        (b"\xef\xbb\xbfplain", "utf-8-sig", "plain"),
        (CHINESE.encode("utf-16"), "utf-16", CHINESE),
        (b"\xfe\xff" + CHINESE.encode("utf-16-be"), "utf-16", CHINESE),
        (b"\xff\xfe\0\0" + CHINESE.encode("utf-32-le"), "utf-32", CHINESE),
        (CHINESE.encode("gbk"), "gb18030", CHINESE),
        ("交易𠮷".encode("gb18030"), "gb18030", "交易𠮷"),
        ("買賣數量与价格".encode("gbk"), "gb18030", "買賣數量与价格"),
        ("élan, éclair, àpropos: èze, CRÉÉ".encode("latin-1"), "latin-1", "élan, éclair, àpropos: èze, CRÉÉ"),
        ("Straße, café, naïve".encode("latin-1"), "latin-1", "Straße, café, naïve"),
        (b"", "utf-8", ""),
    ],
)
def test_encodings_are_recognised(data: bytes, encoding: str, text: str) -> None:
    decoded = decode(data)
    assert (decoded.encoding, decoded.text, decoded.lossless) == (encoding, text, True)


def test_utf8_with_a_damaged_character_stays_utf8() -> None:
    decoded = decode(CHINESE.encode() + b"\xe4\n")
    assert (decoded.encoding, decoded.lossless) == ("utf-8", False)
    assert decoded.text == CHINESE + "\ufffd\n"


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"a", [b"a"]),
        (b"a\n", [b"a"]),
        (b"a\n\n", [b"a", b""]),
        (b"a\r\nb\rc\x0cd\xe2\x80\xa8e", [b"a\r", b"b\rc\x0cd\xe2\x80\xa8e"]),
    ],
)
def test_lines_end_at_lf_alone(data: bytes, lines: list[bytes]) -> None:
    assert split_lines(data) == lines


def test_trees_stand_on_the_lines_of_the_bytes() -> None:
    parsed = parse(CHINESE.encode("gb18030") + b"x = (\n", python())
    assert parsed.utf8.decode().count("\n") == 3
    assert parsed.error_lines != ()
    assert parse(b"x = 1\n", python()).error_lines == ()


def test_errors_are_told_by_line() -> None:
    assert parse(b"a = 1\nb = [1\nc = 2\n\ndef f():\n    return 1\n", python()).error_lines == (2,)


def test_errors_that_prove_nothing_are_not_told() -> None:
    sql, vue = by_name("sql"), by_name("vue")
    assert sql is not None
    assert vue is not None
    text = b"SELECT FROM FROM (\n"
    source = parse(text, sql)
    assert source.error_lines == (1,)
    assert list(find_errors(source, sql)) == []
    page = parse(b"<p>\n<script>\nf(\n</script>\n", vue)
    assert [node.start_point.row + 1 for node in find_errors(page, vue)] == list(page.error_lines)


@pytest.mark.parametrize("text", [b"- " * 300, b"".join(b" " * at + b"a:\n" for at in range(300))])
def test_yaml_that_its_grammar_would_crash_on_is_refused(text: bytes) -> None:
    yaml = by_name("yaml")
    assert yaml is not None
    with pytest.raises(SourceTooLarge, match="nested deeper than"):
        parse(text, yaml)
    assert parse(b"".join(b" " * at + b"a:\n" for at in range(90)), yaml).error_lines == ()


def test_a_file_over_the_limit_is_said_to_be_so() -> None:
    with pytest.raises(SourceTooLarge, match="11 bytes, more than 10"):
        parse(b"x" * 11, python(), max_bytes=10)


def test_a_file_that_takes_too_long_is_said_to_be_so() -> None:
    with pytest.raises(SourceTooLarge, match="not parsed within"):
        parse(b"x = f(a, b)\n" * 20_000, python(), max_seconds=0)
