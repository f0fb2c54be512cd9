"""Neutralising: whatever a stranger wrote, the posted text only speaks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from reviewer.stages.neutralise import (
    PASSAGE_LIMIT,
    code_span,
    fence_for,
    fenced,
    is_postable,
    neutralise,
    neutralise_line,
    visible,
)

PIECES = [
    *"/`~>-*+@#!&<[](){}:;|\\ \n\t\r1aZ_.中…\"'=%",
    *(
        "/merge",
        "\n/close",
        "```",
        "~~~",
        "````",
        "```python\n",
        "```suggestion\n",
        "\n```\n",
        "\n/approve\n```",
    ),
    *(
        "@bob",
        "group/app#12",
        "#12",
        "!3",
        "&#64;",
        "&lt;",
        "&#96;",
        "https://evil.example/x?y=z",
        "www.evil.example",
    ),
    *("<!--", "-->", "<details>", "\n<summary>", ">>>", "1. ", "- ", "> ", "\\`", "GH-1", "~bug"),
    *(
        "password=",
        "token: s3cret!",
        "<redacted:password:1>",
        "\u202e",
        "\u200b",
        "\u2028",
        "\U000e0041",
        "\ud800",
    ),
]
hostile = st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(max_size=200)

# What GitLab looks for, stricter: marks of lists and quotations may stand before it.
ACTS = re.compile(r"(?:\s*(?:>|[-*+]\s|\d{1,9}[.)]\s))*\s*/\w")
CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")


def lines_outside_code(text: str) -> list[str]:
    """Drop closed blocks of three backticks, and refuse any that is not closed."""
    prose, block = [], False
    for line in text.split("\n"):
        if line.startswith("```"):
            assert not block or line == "```"
            block = not block
        elif not block:
            prose.append(line)
    assert not block
    return prose


def prose(text: str) -> str:
    return CODE.sub("·", "\n".join(lines_outside_code(text)))


@given(hostile)
def test_a_safe_text_stays_as_it_is(text: str) -> None:
    safe = neutralise(text)
    assert neutralise(safe) == safe
    line = neutralise_line(text)
    assert neutralise_line(line) == line


@given(hostile)
def test_no_line_is_a_quick_action(text: str) -> None:
    assert not [line for line in lines_outside_code(neutralise(text)) if ACTS.match(line)]
    assert not ACTS.match(neutralise_line(text))


@given(hostile)
def test_nothing_calls_links_or_hides(text: str) -> None:
    safe = neutralise(text)
    assert "<!--" not in safe
    shown = prose(safe)
    assert not re.search(r"@[A-Za-z0-9]", shown)
    assert not re.search(r"[#!&]\d", shown.replace("&#96;", "`"))
    assert not re.search(r"\]\(|\]\[|\]:|<|[a-z]://\w|www\.\w", shown)
    assert "\n```suggestion" not in f"\n{safe}"
    assert safe.isprintable() or all(char.isprintable() or char in "\n\t" or char > "\x7f" for char in safe)


def walk(tokens: Iterable[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from walk(token.children or ())


@given(hostile)
def test_a_markdown_reader_sees_words_and_code_and_nothing_else(text: str) -> None:
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    body = f"{neutralise(text)}\n\n```suggestion\nours\n```\n\n<!-- ours -->"
    tokens = list(walk(reader.parse(body)))
    assert not {"link_open", "image", "html_inline", "table_open"} & {token.type for token in tokens}
    assert [token.content.strip() for token in tokens if token.type == "html_block"] == ["<!-- ours -->"]
    assert [token.content for token in tokens if token.info.startswith("suggestion")] == ["ours\n"]
    for token in tokens:
        if token.type == "text":
            assert not re.search(r"@[A-Za-z0-9]|(?<!\w)[#!&]\d|[a-z]://\w|www\.\w", token.content)


@given(hostile, st.integers(1, 60))
def test_no_text_is_longer_than_allowed(text: str, limit: int) -> None:
    assert len(neutralise(text, limit)) <= limit
    assert len(neutralise_line(text, limit)) <= limit


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("/merge", "\\/merge"),
        ("  /merge", "  \\/merge"),
        ("- > 1. /merge", "- > 1. \\/merge"),
        ("~~~\n/merge\n~~~", "\\~~~\n\\/merge\n\\~~~"),
        ("<details>\n/merge\n</details>", "&lt;details>\n\\/merge\n&lt;/details>"),
        ("```\n/merge", "```\n\\/merge\n```"),
        (">>>\n/merge\n>>>", "\\>>>\n\\/merge\n\\>>>"),
        ("a\r/merge", "a\n\\/merge"),
        ("\u200b/merge", "\\/merge"),
        ("a/b, // c and 1/2", "a/b, // c and 1/2"),
        ("ask @alice and group/app@main", "ask `@alice` and group/`app@main`"),
        ("mail bob@example.com", "mail `bob@example.com`"),
        ("see #12, group/app!3, &4 and ~bug", "see `#12`, `group/app!3`, `&4` and `~bug`"),
        ("\\@bob \\#1", "`@bob` `#1`"),
        ("&#64;bob &commat;bob", "`&#64;`bob `&commat;`bob"),
        ("请找 @bob，见 https://x.example/a。", "请找 `@bob`，见 `https://x.example/a`。"),
        ("![x](https://e.example/p.png)", "![x]\\(`https://e.example/p.png`)"),
        ("[x](/relative)", "[x]\\(/relative)"),
        ("[x]: /relative", "[x]\\: /relative"),
        ("<img src=x onerror=y>", "&lt;img src=x onerror=y>"),
        ("`<img> @bob #1`", "`<img> @bob #1`"),
        ("`<!-- reviewer:v1:a -->`", "`<! -- reviewer:v1:a -->`"),
        ("an `unclosed tick", "an &#96;unclosed tick"),
        ("```suggestion:-0+0\nrm()\n```", "```\nrm()\n```"),
        ("```x```", "&#96;&#96;&#96;x&#96;&#96;&#96;"),
        ("```\na\n```python\nb\n```", "&#96;&#96;&#96;\na\n```python\nb\n```"),
        ("```python\nx = 1\n```", "```python\nx = 1\n```"),
        ("a | b\n--- | ---", "a | b\n\\--- | ---"),
        ("abc\u202e\U000e0061def", "abcdef"),
        ("List<String> x = a[0];", "List&lt;String> x = a[0];"),
        ("C:\\Users\\`x`", "C:\\\\Users&#96;x&#96;"),
        (
            "**bold**, _it_, `code` and a list:\n\n- one\n- two",
            "**bold**, _it_, `code` and a list:\n\n- one\n- two",
        ),
    ],
)
def test_what_becomes_of_a_text(text: str, safe: str) -> None:
    assert neutralise(text) == safe


def test_a_secret_does_not_get_out() -> None:
    for show in (neutralise, neutralise_line, code_span, fenced):
        assert "hunter2-hunter2" not in show('password = "hunter2-hunter2"')
        assert "<redacted:" in show('password = "hunter2-hunter2"')


def test_a_secret_is_not_cut_in_half() -> None:
    text = "x" * 20 + ' password = "hunter2-hunter2"'
    assert not any("hun" in neutralise(text, limit) for limit in range(1, 60))


def test_a_long_text_is_cut_and_says_so() -> None:
    safe = neutralise("word " * 5_000)
    assert PASSAGE_LIMIT - 10 < len(safe) <= PASSAGE_LIMIT
    assert safe.endswith("word…")


@pytest.mark.parametrize("text", ["`", "@", "<", "a@", "` `` ", "\\", "[](", "- ", "://.", "&#", "#1~"])
def test_a_hostile_megabyte_takes_no_time(text: str) -> None:
    assert len(neutralise(text * (1_000_000 // len(text)))) <= PASSAGE_LIMIT


def test_a_line_has_no_line_ends() -> None:
    assert neutralise_line("a\n\n/b\u2028c") == "a /b c"


@given(hostile)
def test_a_code_span_is_one_span(text: str) -> None:
    span = code_span(text)
    assert CODE.fullmatch(span)
    assert "\n" not in span
    assert "<!--" not in span


@given(hostile)
def test_a_block_cannot_be_broken_out_of(text: str) -> None:
    first, *inside, last = fenced(text).split("\n")
    assert first == last
    assert not [line for line in inside if line.strip().startswith(first)]
    assert len(first) == 3 or not [line for line in inside if re.match(r"\s*/\w", line)]


@given(st.text("`ab\n", max_size=30))
def test_a_fence_is_longer_than_any_inside(text: str) -> None:
    assert fence_for(text) not in text
    assert len(fence_for(text)) >= 3


@pytest.mark.parametrize(
    ("code", "postable"),
    [
        ("x = 1\n\ty = 2", True),
        ("/merge", True),
        ('password = os.environ["DB_PASSWORD"]', True),
        ("x = '中文 😀'", True),
        ('password = "hunter2-hunter2"', False),
        ("x = 1\u202e", False),
        ("x\u200b = 1", False),
        ("a\r\nb", False),
        ("<!-- reviewer:v1:x -->", False),
    ],
)
def test_code_is_posted_as_it_is_or_not_at_all(code: str, postable: bool) -> None:
    assert is_postable(code) is postable


def test_what_cannot_be_seen_goes_and_the_rest_stays() -> None:
    assert visible("a\u00adb\x00c\x1b[31m\u2066d\ufe0f\ufe01é中😀\t\n") == "abc[31md\ufe0fé中😀\t\n"
