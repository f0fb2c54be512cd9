"""Replacing lines, and what that does to a file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.edits import EditVerdict, apply, check

PYTHON = b"def f(a):\n    return (a)\n\n\nx = f(1)\n"


@pytest.mark.parametrize(
    ("source", "lines", "replacement", "result"),
    [
        (b"a\nb\nc\n", (2, 2), "B", b"a\nB\nc\n"),
        (b"a\nb\nc\n", (2, 2), "B\n", b"a\nB\nc\n"),
        (b"a\nb\nc\n", (1, 2), "X\nY\nZ", b"X\nY\nZ\nc\n"),
        (b"a\nb\nc\n", (2, 2), "", b"a\nc\n"),
        (b"a\nb\nc\n", (2, 2), "\n", b"a\n\nc\n"),
        (b"a\nb\nc\n", (2, 2), "B\n\n", b"a\nB\n\nc\n"),
        (b"a\r\nb\r\n", (1, 1), "x\ny", b"x\r\ny\r\nb\r\n"),
        (b"a\r\nb\r\n", (1, 1), "x\r\ny\r\n", b"x\r\ny\r\nb\r\n"),
        (b"a\r\nb\n", (2, 2), "x\ny", b"a\r\nx\ny\n"),
        (b"a\nb", (2, 2), "x\ny\n", b"a\nx\ny"),
        (b"a\r\nb", (2, 2), "x\ny", b"a\r\nx\r\ny"),
        (b"a\nb", (1, 1), "x", b"x\nb"),
        (b"a\rb\nc\n", (2, 2), "x", b"a\rb\nx\n"),
        (b"\xef\xbb\xbfa\nb\n", (2, 2), "中", b"\xef\xbb\xbfa\n\xe4\xb8\xad\n"),
        (b"\xef\xbb\xbfa\nb\n", (1, 1), "x", b"\xef\xbb\xbfx\nb\n"),
        (b"\xef\xbb\xbfa\nb\n", (1, 1), "\ufeffx", b"\xef\xbb\xbfx\nb\n"),
        (b"\xef\xbb\xbfa\nb\n", (1, 1), "", b"\xef\xbb\xbfb\n"),
        ("买\n卖\n".encode("gbk"), (2, 2), "  买卖", "买\n  买卖\n".encode("gbk")),
        ("é\nb\n".encode("latin-1"), (2, 2), "ü", "é\nü\n".encode("latin-1")),
    ],
)
def test_apply_keeps_what_is_not_replaced(
    source: bytes, lines: tuple[int, int], replacement: str, result: bytes
) -> None:
    assert apply(source, *lines, replacement) == result


@pytest.mark.parametrize("lines", [(0, 1), (2, 1), (1, 4), (4, 4), (-1, 1)])
def test_a_range_outside_the_file_is_refused(lines: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="of a file with 3 lines"):
        apply(b"a\nb\nc\n", *lines, "x")


@pytest.mark.parametrize(
    ("source", "replacement"),
    [("é, ü\n".encode("latin-1"), "买"), ("a\n".encode("utf-16"), "b"), (b"a\n", "\ud800")],
)
def test_text_that_the_encoding_cannot_hold_is_refused(source: bytes, replacement: str) -> None:
    with pytest.raises(ValueError, match=r"encod|replaced"):
        apply(source, 1, 1, replacement)
    assert check("a.py", source, 1, 1, replacement).verdict is EditVerdict.BREAKS_SYNTAX


LINES = st.lists(
    st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=5), min_size=1, max_size=6
)


@given(LINES, LINES, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.data())
def test_lines_outside_the_range_keep_their_bytes(
    old: list[str], new: list[str], end: str, last: bool, data: st.DataObject
) -> None:
    source = end.join(old) + (end if last or not old[-1] else "")
    start = data.draw(st.integers(1, len(old)))
    stop = data.draw(st.integers(start, len(old)))
    result = apply(source.encode(), start, stop, "\n".join(new) + "\n").decode()
    end = end if end in source else "\n"  # a file without any line end takes ours
    wanted = end.join([*old[: start - 1], *new, *old[stop:]])
    assert result == wanted + (end if source.endswith(end) else "")


def test_a_good_edit_is_clean() -> None:
    assert check("a.py", PYTHON, 2, 2, "    return a + 1").verdict is EditVerdict.CLEAN


@pytest.mark.parametrize(
    ("path", "source", "replacement"),
    [
        ("a.py", b"def f(a):\n    return (a)\n", "    return (a"),
        ("a.py", b"def f(a):\n    return (a)\n", "return a"),
        ("a.py", b"def f(a):\n    return (a)\n", "    return = a"),
        ("A.java", b"class A {\n  int f() { return 1; }\n}\n", "  int f() { return 1;"),
        ("a.go", b"package a\nfunc f() int { return 1 }\n", "func f() int { return (1 }"),
        ("a.js", b"function f() {\n  g(1);\n}\n", "  g(1;"),
        ("a.ts", b"class A {\n  f(): number { return 1; }\n}\n", "  f(): number return 1; }"),
        ("a.tsx", b"const a = (\n  <A>1</A>\n);\n", "  <A>1"),
        ("a.c", b"int f(void) {\n  return g(1);\n}\n", "  return g(1;"),
        ("a.cpp", b"namespace a {\nint f() { return g(1); }\n}\n", "int f() { return g(1);"),
        ("A.cs", b"class A {\n  int F() => G(1);\n}\n", "  int F() => G(1;"),
        ("a.kt", b"class A {\n  fun f() = g(1)\n}\n", "  fun f() = g(1"),
        ("a.rs", b"fn f() -> i32 {\n    g(1)\n}\n", "    g(1"),
        ("a.php", b"<?php\nf(1);\n", "f(1;"),
        ("a.rb", b"def f\n  g(1)\nend\n", "  g(1"),
        ("a.sh", b"f() {\n  g $(h)\n}\n", "  g $(h"),
        ("a.json", b'{\n  "a": [1]\n}\n', '  "a": [1'),
        ("a.css", b"a {\n  b: c(1);\n}\n", "  b: c(1;"),
        ("a.vue", b"<script>\nf([1])\n</script>\n<template><p>(</p></template>\n", "f([1)"),
        ("a.vue", b'<script setup lang="ts">\nconst a: number = f(1)\n</script>\n', "const a: number = f(1"),
        ("a.html", b"<p>(</p><script>\nf(1)\n</script>\n", "f(1"),
    ],
)
def test_an_edit_that_breaks_the_syntax_is_told_with_its_line(
    path: str, source: bytes, replacement: str
) -> None:
    found = check(path, source, 2, 2, replacement)
    assert found.verdict is EditVerdict.BREAKS_SYNTAX
    assert found.line is not None
    assert found.detail.startswith("no longer parses as ")


@pytest.mark.parametrize(
    ("path", "source", "replacement"),
    [
        ("a.sh", b"#!/bin/sh\nif [ -f x ]; then y; fi\n", "if -f x ]; then y; fi"),
        ("a.yml", b"on: push\nos: [linux, mac]\n", "os: linux, mac]"),
        ("Dockerfile", b'FROM a\nCMD ["b", "c"]\n', 'CMD ["b", "c"'),
    ],
)
def test_a_lost_bracket_is_told_where_one_alone_is_a_word(path: str, source: bytes, replacement: str) -> None:
    found = check(path, source, 2, 2, replacement)
    assert (found.verdict, found.line) == (EditVerdict.BREAKS_SYNTAX, 2)
    assert (
        check(path, source + b"# [\n", 2, 2, replacement).verdict is EditVerdict.CLEAN
    )  # none paired before
    escaped = source.decode().split("\n")[1] + r" # \["
    assert check(path, source, 2, 2, escaped).verdict is EditVerdict.CLEAN


def test_the_template_of_a_component_may_be_edited_beside_its_script() -> None:
    source = b"<template>\n  <p>{{ total }}</p>\n</template>\n<script>\nf([1])\n</script>\n"
    assert check("a.vue", source, 2, 2, "  <p>{{ total }} (net)</p>").verdict is EditVerdict.CLEAN


def test_a_language_of_many_dialects_goes_unchecked() -> None:
    found = check("a.sql", b"select 1;\n", 1, 1, "select (1;")
    assert (found.verdict, found.detail) == (EditVerdict.UNCHECKED, "sql has more dialects than we can parse")
    mapper = b'<mapper>\n<select id="a">\nselect f(1)\n</select>\n</mapper>\n'
    assert check("a.xml", mapper, 3, 3, "select f(1").verdict is EditVerdict.CLEAN
    assert check("a.xml", mapper, 4, 4, "<select>").verdict is EditVerdict.BREAKS_SYNTAX


def test_python_itself_is_asked_where_the_grammar_is_lenient() -> None:
    found = check("a.py", b"x = 1\ny = 2\n", 1, 1, "return = 1")
    assert found.verdict is EditVerdict.BREAKS_SYNTAX
    assert check("a.py", b"def f():\n    pass\n", 2, 2, "    nonlocal").verdict is EditVerdict.BREAKS_SYNTAX
    assert check("a.py", b"x = 1\n", 1, 1, "f(a=1, 2)").verdict is EditVerdict.BREAKS_SYNTAX


def test_python_2_is_left_to_the_grammar() -> None:
    source = b"print 'python 2'\nx = 1\n"
    assert check("a.py", source, 2, 2, "x = 2").verdict is EditVerdict.CLEAN
    assert check("a.py", b"x = 1\n", 1, 1, "print x", python_version=(2, 7)).verdict is EditVerdict.CLEAN


WALRUS = "if (n := len(a)) > 1: pass"
MATCH = "match a:\n    case [b]:\n        pass"
GENERIC = "type Pair[T] = tuple[T, T]"


@pytest.mark.parametrize(
    ("text", "version", "verdict"),
    [
        (WALRUS, (3, 7), EditVerdict.BREAKS_SYNTAX),
        (WALRUS, (3, 8), EditVerdict.CLEAN),
        (MATCH, (3, 9), EditVerdict.BREAKS_SYNTAX),
        (MATCH, (3, 10), EditVerdict.CLEAN),
        (GENERIC, (3, 99), EditVerdict.CLEAN),
        (GENERIC, (3, 11), EditVerdict.BREAKS_SYNTAX),
        ("f(a=1, 2)", (3, 8), EditVerdict.BREAKS_SYNTAX),
        ("f(a", (3, 99), EditVerdict.BREAKS_SYNTAX),
    ],
)
def test_python_is_read_in_the_version_that_the_project_declares(
    text: str, version: tuple[int, int], verdict: EditVerdict
) -> None:
    found = check("a.py", b"a = 1\n", 1, 1, text, python_version=version)
    assert found.verdict is verdict


def test_the_version_that_refuses_is_named() -> None:
    found = check("a.py", b"a = 1\nb = 2\n", 2, 2, WALRUS, python_version=(3, 7))
    assert (found.detail, found.line) == ("no longer parses as python 3.7", 2)


def test_a_file_that_its_declared_version_never_took_is_left_to_the_grammar() -> None:
    found = check("a.py", f"{MATCH}\nx = 1\n".encode(), 4, 4, "x = 2", python_version=(3, 8))
    assert found.verdict is EditVerdict.CLEAN


def test_warnings_of_the_python_compiler_are_no_errors() -> None:
    assert check("a.py", PYTHON, 2, 2, "    return '\\d'").verdict is EditVerdict.CLEAN


class TestErrorsThatWereThereBefore:
    """A file that never parsed may still be edited, beside its errors and in them."""

    SOURCE = b"def f(:\n    pass\n\n\ndef g():\n    return 1\n\n\ndef h(:\n    pass\n"

    def test_an_edit_beside_them_is_clean(self) -> None:
        replacement = "    a = 1\n    b = 2\n    return a + b"
        assert check("a.py", self.SOURCE, 6, 6, replacement).verdict is EditVerdict.CLEAN

    def test_an_edit_that_heals_one_is_clean(self) -> None:
        assert check("a.py", self.SOURCE, 1, 1, "def f():").verdict is EditVerdict.CLEAN

    def test_as_many_stay_within_the_edit_as_there_were(self) -> None:
        assert check("a.py", self.SOURCE, 1, 1, "def ff(:").verdict is EditVerdict.CLEAN
        assert (
            check("a.py", self.SOURCE, 1, 1, "def ff(:\n    pass\ndef g(:").verdict
            is EditVerdict.BREAKS_SYNTAX
        )

    def test_a_further_error_is_told(self) -> None:
        found = check("a.py", self.SOURCE, 6, 6, "    a = 1\n    return )")
        assert (found.verdict, found.line) == (EditVerdict.BREAKS_SYNTAX, 7)


@pytest.mark.parametrize("replacement", ["    return (a)", "    return (a)\n", "    return (a)\r\n"])
def test_the_same_lines_are_no_edit(replacement: str) -> None:
    assert check("a.py", PYTHON, 2, 2, replacement).verdict is EditVerdict.NO_OP
    assert check("a.py", PYTHON.replace(b"\n", b"\r\n"), 2, 2, replacement).verdict is EditVerdict.NO_OP


PLACEHOLDERS = [
    "```python",
    "```",
    "~~~",
    "# ...",
    "// ...",
    "/* ... */",
    "<!-- ... -->",
    "{/* ... existing code ... */}",
    "...existing code...",
    "... rest of the function",
    "# ... existing code ...",
    "// ...existing code...",
    "// … rest of the method unchanged",
    "# rest of the code unchanged",
    "# rest unchanged",
    "// The rest of the class remains the same",
    "// remaining code stays the same",
    "// existing code here",
    "# unchanged",
    "# same as before",
    "# omitted for brevity",
    "// your code here",
    "# 其余代码不变",
    "// 其他代码保持不变",
    "// …… 省略其余代码 ……",
    "/* 此处省略 */",
    "# 剩余部分省略",
    "// 代码保持不变",
    "-- 原有逻辑不变",
    "// ...其他代码...",
]
REAL_CODE = [
    "    ...",
    "return {...rest, code};",
    "...existing.labels_to_add,",
    "...rest",
    "f(*args, **other)",
    "# The rest of the day is settled at noon.",
    "// Orders stay here until they are matched.",
    "# remaining quantity, unchanged by cancellations of other orders in the same book",
    "// 其余订单在收盘后结算",
    "# 数量保持不变时不通知",
    'log("...")',
    "// see https://example.com/...",
    "x = a[..., 0]  # the same as before",
    "#!/bin/sh",
]


@pytest.mark.parametrize("line", PLACEHOLDERS)
def test_a_placeholder_is_no_code(line: str) -> None:
    found = check("a.txt", b"a\nb\n", 1, 1, f"first\n    {line}\nlast")
    assert found.verdict is EditVerdict.PLACEHOLDER
    assert line.lower() in found.detail.lower()


@pytest.mark.parametrize("line", REAL_CODE)
def test_code_is_no_placeholder(line: str) -> None:
    assert check("a.txt", b"a\nb\n", 1, 1, line).verdict is EditVerdict.UNCHECKED


def test_a_line_that_was_there_is_no_placeholder() -> None:
    assert check("a.py", b"# ...\nx = 1\n", 1, 2, "# ...\nx = 2").verdict is EditVerdict.CLEAN


def test_fences_are_text_in_prose() -> None:
    assert check("README.md", b"a\n", 1, 1, "```sh\nmake\n```").verdict is EditVerdict.UNCHECKED


def test_what_we_cannot_parse_is_unchecked() -> None:
    assert check("a.cobol", b"a\n", 1, 1, "b").verdict is EditVerdict.UNCHECKED
    assert check("a.py", b"a\n" * 1_500_000, 1, 1, "b").verdict is EditVerdict.UNCHECKED
