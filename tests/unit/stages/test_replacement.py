"""Replacements as careless models write them: what is meant is suggested, what is not is dropped."""

from __future__ import annotations

import pytest

from reviewer.domain import Suggestion
from reviewer.stages.verify import admit
from tests.fakes.changes import change_set, changed_file
from tests.fakes.findings import draft

OLD = "def f(a):\n    x = a\n    y = 2\n    return x\n"
NEW = "def f(a):\n    x = a + 1\n    y = 2\n    return x\n"
QUOTE = "    x = a + 1"


def suggested(
    replacement: str, *, old: str = OLD, new: str = NEW, quote: str = QUOTE, path: str = "a.py"
) -> tuple[int, int, str] | None:
    """Return what is suggested for a quote, checked to leave every other line as it is."""
    change = change_set(changed_file(path, old, new))
    found = admit([draft(quote, path=path, replacement=replacement)], change, redact=str)
    (finding,) = found.findings
    made: Suggestion | None = finding.suggestion
    assert [one.reason for one in found.rejected] == ([] if made else ["suggestion-invalid"])
    return (made.start_line, made.end_line, made.replacement) if made else None


@pytest.mark.parametrize(
    ("replacement", "expected"),
    [
        ("    x = a + 2", "    x = a + 2"),
        ("x = a + 2", "    x = a + 2"),  # without its indentation
        ("    x = a + 2\n    y = 2", "    x = a + 2"),  # with the line below
        ("    x = a + 2\n    y = 2\n    return x", "    x = a + 2"),
        ("def f(a):\n    x = a + 2", "    x = a + 2"),  # with the line above
        ("def f(a):\n    x = a + 2\n    y = 2", "    x = a + 2"),
        ("    x = a + 2\n    z = 2", "    x = a + 2\n    z = 2"),  # a line of its own
        ("    if a:\n        return x\n    x = 0", "    if a:\n        return x\n    x = 0"),
    ],
)
def test_the_lines_around_are_not_said_twice(replacement: str, expected: str) -> None:
    assert suggested(replacement) == (2, 2, expected)


@pytest.mark.parametrize(
    "replacement",
    [
        "    x = a",  # what the change took away
        "x  =  a",  # the same in other spacing
        "    x = a\n    y = 2",  # the same with the line below
        "    x = a + 1",  # nothing new
        "    x = a + 1\n    y = 2",
        "    x = (a + 1",
        "    x = '<redacted:password:1>'",
    ],
)
def test_what_leads_back_or_nowhere_is_not_suggested(replacement: str) -> None:
    assert suggested(replacement) is None


def test_a_file_with_tabs_keeps_them() -> None:
    old, new = (text.replace("    ", "\t") for text in (OLD, NEW))
    found = suggested("    if a:\n        x = 3", old=old, new=new, quote="\tx = a + 1")
    assert found == (2, 2, "\tif a:\n\t\tx = 3")


def test_a_brace_repeats_nothing() -> None:
    old, new = (
        "class A {\n  int f(int a) {\n    " + line + "\n  }\n}\n" for line in ("return a;", "return a + 1;")
    )
    replacement = "    if (a > 0) {\n      return a;\n  }"
    found = suggested(replacement, old=old, new=new, quote="    return a + 1;", path="A.java")
    assert found == (3, 3, replacement)


def test_line_ends_of_the_file_are_the_forges_business_and_change_nothing() -> None:
    old, new = (text.replace("\n", "\r\n") for text in (OLD, NEW))
    assert suggested("    x = a + 2\r\n    y = 2", old=old, new=new) == (2, 2, "    x = a + 2")
