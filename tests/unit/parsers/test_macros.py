"""Macros that no C grammar can read are blanked before it parses."""

from __future__ import annotations

import pytest

from parsers.languages import LANGUAGES
from parsers.languages.macros import blank_macros
from parsers.source import parse
from tests.unit.parsers.labelled import describe

READABLE = [
    "class DESK_API Book : public Base { int depth; };",
    "typedef struct DESK_API(2) tag { int depth; } tag_t;",
    "LRESULT CALLBACK Book::Window(int x) { return 0; }",
    "STDMETHODIMP_(ULONG) Book::AddRef() { return 1; }",
    "class Book {\npublic:\n    Q_OBJECT\n    Q_PROPERTY(int depth READ depth)\n    Book();\n};",
    "BEGIN_MAP(Book, Base)\n    ON_CLICK(add, OnAdd)\nEND_MAP()\n\nvoid Book::add() {}",
    '#ifdef __cplusplus\nextern "C" {\n#endif\n\nint add(int a);\n\n#ifdef __cplusplus\n}\n#endif\n',
    "// Adds.\nDESK_NODISCARD\nint add(int a);\n",
]
LEFT_ALONE = [
    "int add(int a,\n        MAX_DEPTH\n    );",
    "enum side {\n    BUY,\n    SELL\n};",
    "int depth = a ?\n    FIRST\n    : SECOND;",
    "HRESULT\nbook_add(int a)\n{\n    return a;\n}",
    "static HRESULT book_add(int a);",
    "return MAX_DEPTH;",
    "MAX_DEPTH(a) {\n}",
]


@pytest.mark.parametrize("text", READABLE)
def test_what_the_grammar_cannot_read_is_blanked_in_place(text: str) -> None:
    blanked = blank_macros(text.encode())
    assert len(blanked) == len(text)
    assert [at for at, byte in enumerate(blanked) if byte == 10] == [
        at for at, char in enumerate(text) if char == "\n"
    ]
    assert all(new in (old, 32) for old, new in zip(text.encode(), blanked, strict=True))
    assert parse(text.encode(), LANGUAGES["cpp"]).error_lines == ()


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_macros_that_the_grammar_reads_stay(text: str) -> None:
    assert blank_macros(text.encode()) == text.encode()


def test_what_is_said_of_a_class_still_shows_its_macro() -> None:
    case = describe("cpp", "class DESK_API Book : public Base {\n    int depth;\n};\n", "depth")
    assert case.chain == "class Book"
    assert case.signature == "class DESK_API Book : public Base"


@pytest.mark.parametrize(
    "text", [b"A" * 200_000, b"A(" * 100_000, b"class A " * 50_000, b" A B" * 100_000, b"A\n" * 50_000]
)
def test_endless_macros_cost_no_square(text: bytes) -> None:
    assert len(blank_macros(text)) == len(text)
