"""Which definitions changed for those who use them."""

from __future__ import annotations

import pytest

from parsers.languages import LANGUAGES
from parsers.outline import outline
from parsers.signatures import SignatureChange, changed_signatures
from parsers.source import parse


def compare(language: str, old: str, new: str) -> list[tuple[str, str | None, tuple[str, ...]]]:
    """Return old name, new name and what differs."""
    return [
        (change.old.qualified, change.new and change.new.qualified, change.parts)
        for change in _changes(language, old, new)
    ]


def _changes(language: str, old: str, new: str) -> tuple[SignatureChange, ...]:
    known = LANGUAGES[language]
    before, after = (outline(parse(text.encode(), known), known) for text in (old, new))
    return changed_signatures(before, after)


@pytest.mark.parametrize(
    ("language", "old", "new", "parts"),
    [
        ("python", "def f(a): pass\n", "def f(a, b): pass\n", ("parameters",)),
        ("python", "def f(a) -> int: pass\n", "def f(a) -> str: pass\n", ("result",)),
        ("python", "def f(a): pass\n", "async def f(a): pass\n", ("modifiers",)),
        ("python", "def f(a): pass\n", "@cached\ndef f(a): pass\n", ("modifiers",)),
        ("python", "class f(A): pass\n", "class f(B): pass\n", ("parameters",)),
        ("python", "def f(a=(1, 2)): pass\n", "def f(a=(1, 3)) -> int: pass\n", ("parameters", "result")),
        ("go", "func f(a int) error {}\n", "func f(a int) (int, error) {}\n", ("result",)),
        ("typescript", "function f(a: A): B {}\n", "function f(a?: A): B {}\n", ("parameters",)),
        ("typescript", "const f = (a: A) => 1\n", "const f = async (a: A) => 1\n", ("modifiers",)),
    ],
)
def test_it_says_what_differs(language: str, old: str, new: str, parts: tuple[str, ...]) -> None:
    assert compare(language, old, new) == [("f", "f", parts)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("def f(a, b): pass\n", "# moved\n\ndef f(a, b):\n    return 1\n"),
        ("def f(a, b): pass\n", "def f(\n    a,\n    b,\n): pass\n"),
        ("def f(a): pass\n", "def f(a): pass\ndef g(): pass\n"),
    ],
)
def test_bodies_layout_and_what_is_new_change_nothing(old: str, new: str) -> None:
    assert compare("python", old, new) == []


def test_a_method_in_java() -> None:
    old = "class A {\n  int f(int a) { return a; }\n  void g() {}\n}\n"
    new = "class A {\n  long f(int a, int b) throws E { return a; }\n  void g() {}\n}\n"
    assert compare("java", old, new) == [("A.f", "A.f", ("modifiers", "parameters", "result"))]


def test_overloads_are_told_apart() -> None:
    old = "class A {\n  void f(int a) {}\n  void f(String a) {}\n}\n"
    new = "class A {\n  void f(String a) {}\n  void f(long a) {}\n}\n"
    (change,) = _changes("java", old, new)
    assert change.old.signature == "void f(int a)"
    assert change.new is not None
    assert change.new.signature == "void f(long a)"


def test_what_is_gone_has_no_new_side() -> None:
    assert compare("python", "def f(a): pass\ndef g(): pass\n", "def g(): pass\n") == [("f", None, ())]


def test_a_new_name_is_told_from_a_loss() -> None:
    old = "class A:\n    def f(self, a): pass\n"
    new = "class A:\n    def h(self, a): pass\n    def g(self, b): pass\n"
    assert compare("python", old, new) == [("A.f", "A.h", ("name",))]


def test_one_new_name_is_not_given_twice() -> None:
    old = "def f(a): pass\ndef g(a): pass\n"
    assert compare("python", old, "def h(a): pass\n") == [("f", "h", ("name",)), ("g", None, ())]


def test_changes_come_in_the_order_of_the_old_text() -> None:
    old = "def c(): pass\ndef b(): pass\ndef a(): pass\n"
    new = "def a(x): pass\ndef b(x): pass\n"
    assert [name for name, _, _ in compare("python", old, new)] == ["c", "b", "a"]
