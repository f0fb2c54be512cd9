"""A `.h` file is C or C++ by what stands in it."""

from __future__ import annotations

import pytest

from parsers.languages.headers import decide_header


@pytest.mark.parametrize(
    "text",
    [
        "class Book;",
        "struct Book : Base { };",
        "namespace desk {",
        "template <typename T> void add(T t);",
        "enum class Side { Buy };",
        "struct Book { public:\n int depth; };",
        "#include <vector>\n",
        "std::string name();",
        "using Price = long;",
        "void add(const Order &order);",
        "struct A { A operator+(A a); };",
        "struct A { virtual void f(); };",
        "#ifndef BOOK_H\n#define BOOK_H\n/* Books. */\nconstexpr int kDepth = 5;\n",
    ],
)
def test_words_that_c_lacks_say_cpp(text: str) -> None:
    assert decide_header(text.encode()) == "cpp"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "#include <stdio.h>\nint add(int a);\n",
        "/* a class of namespace std::string */ int depth; // template <T>\n",
        'static const char *help = "class Book: public Base";',
        '#ifdef __cplusplus\nextern "C" {\nclass Book;\n#endif\nint add(int a);\n#ifdef __cplusplus\n}\n#endif\n',
        "struct book { unsigned depth : 3; };",
        "#define HAS(flags) ((flags) & MAX_DEPTH)\n",
        "int (*handler)(struct book *book);",
        "/* cut off in a comment: class Book",
    ],
)
def test_c_is_what_shows_nothing_of_cpp(text: str) -> None:
    assert decide_header(text.encode()) == "c"
