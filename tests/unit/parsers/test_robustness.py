"""Hostile input costs neither a crash nor a hang."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.context import context
from parsers.diff import DiffSyntaxError, parse
from parsers.edits import EditVerdict, check
from parsers.languages import LANGUAGES, Language
from parsers.source import SourceTooLarge, decode
from parsers.source import parse as parse_source

NAMES = sorted(LANGUAGES)
PIECES = st.sampled_from(
    [
        b"diff --git a/x b/x\n",
        b"diff --git ",
        b"diff --cc x\n",
        b"--- a/x\n",
        b"+++ b/x\n",
        b"@@ -1 +1 @@\n",
        b"@@ -1,2 +1,3 @@ f\n",
        b"@@@ -1 -1 +1 @@@\n",
        b"rename from a\n",
        b"rename to b\n",
        b"new file mode 100644\n",
        b"index 1..2 100644\n",
        b"Binary files a/x and b/x differ\n",
        b"GIT binary patch\n",
        b"\\ No newline at end of file\n",
        b"+a\n",
        b"-b\n",
        b" c\n",
        b"-- \n",
        b"\n",
        b'"\\777',
        b"\xff\x00",
        b"\r",
    ]
)


@given(st.lists(st.one_of(PIECES, st.binary(max_size=8)), max_size=20).map(b"".join))
def test_any_bytes_are_a_diff_or_refused(data: bytes) -> None:
    try:
        parsed = parse(data)
    except DiffSyntaxError:
        return
    for hunk in (hunk for file in parsed.files for hunk in file.hunks):
        assert sum(line.old_line is not None for line in hunk.lines) == hunk.old_count
        assert sum(line.new_line is not None for line in hunk.lines) == hunk.new_count


@pytest.mark.parametrize(
    "data",
    [
        b"diff --git " + b" " * 3_000_000,
        b"diff --git " + b"a/b c" * 300_000,
        b'diff --git "' + b"\\" * 3_000_000,
        b"Binary files " + b"x and " * 300_000,
        b"--- " + b"\t" * 1_000_000 + b"\n+++ " + b"/" * 1_000_000 + b"\n",
    ],
)
def test_endless_headers_are_refused(data: bytes) -> None:
    with pytest.raises(DiffSyntaxError):
        parse(data)


def test_a_single_line_of_fifty_megabytes_is_a_line() -> None:
    (file,) = parse(b"--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+" + b"x" * 50_000_000 + b"\n").files
    assert len(file.hunks[0].lines[0].text) == 50_000_000


NASTY = [
    b"",
    b"\0" * 200_000,
    b"\xff\xfe\xfd" * 500,
    b"(" * 100_000,
    b"[" * 100_000 + b"]" * 100_000,
    b"{" * 20_000,
    b"f" + b"()" * 5_000,
    b"a" + b".a" * 5_000 + b"()",
    b"class A {" * 5_000,
    b"function f(){" * 5_000,
    b"if x:\n" + b"".join(b" " * depth + b"if x:\n" for depth in range(1, 300)),
    b"// c\n" * 5_000 + b"class A {}\n",
    b'"' * 10_001,
    b"`${" * 5_000,
    b"<a>" * 5_000,
    b"x" * 1_900_000,
    b"\xff" * 200_000 + b"\n",
    b"1+" * 5_000 + b"1",
    b"not " * 5_000,
    b"<script>" * 2_000,
]


def path_of(language: Language) -> str:
    return f"a{language.suffixes[0]}" if language.suffixes else language.filenames[0]


def test_a_file_of_one_endless_line_goes_unchecked() -> None:
    data = b"x" * 50_000_000
    with pytest.raises(SourceTooLarge):
        parse_source(data, LANGUAGES["python"])
    assert check("a.py", data, 1, 1, "y" * 3_000_000).verdict is EditVerdict.UNCHECKED


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("data", NASTY, ids=lambda data: repr(data[:12]))
def test_nasty_files_have_a_context_or_a_limit(name: str, data: bytes) -> None:
    language = LANGUAGES[name]
    lines = range(1, data.count(b"\n") + 2)
    try:
        source = parse_source(data, language)
    except SourceTooLarge:
        return
    assert set(context(source, language, lines).chains) <= set(lines)
    check(path_of(language), data + b"\nx\n", 1, 1, "y")


def test_many_methods_of_many_types_cost_no_square() -> None:
    go = b"package a\n" + b"".join(
        b"type T%d struct { f int }\nfunc (t *T%d) m() int { return t.f }\n" % (at, at) for at in range(3_000)
    )
    language = LANGUAGES["go"]
    found = context(parse_source(go, language, max_seconds=60), language, range(1, 6_002))
    assert found.fields == ("f int",)
    assert len({chain[-1].qualified for chain in found.chains.values() if chain}) == 6_000


@pytest.mark.parametrize("name", NAMES)
@given(data=st.binary(max_size=60))
def test_any_bytes_are_source(name: str, data: bytes) -> None:
    language = LANGUAGES[name]
    lines = range(-1, data.count(b"\n") + 3)
    found = context(parse_source(data, language), language, lines)
    assert set(found.chains) <= {line for line in lines if line >= 1}
    assert isinstance(decode(data).text, str)
    check(path_of(language), data, 1, 1, data.decode("latin-1"))
