"""Code that only moved brings no new finding; code that merely looks like it does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parsers.diff import Side
from reviewer.domain import ChangedFile, Finding, Source
from reviewer.stages.aside import Aside
from reviewer.stages.globs import Globs
from reviewer.stages.moved import Moves, Origin
from tests.fakes.changes import change_set, changed_file
from tests.fakes.findings import finding

FUNCTION = "def load(text):\n    rules = eval(text)\n    return rules\n"
OTHER = "def other():\n    return 1\n\n\n"


def origin(flaw: Finding, *files: ChangedFile) -> Origin | None:
    return Moves(change_set(*files)).origin(flaw)


def in_file(path: str, line: int, end: int | None = None) -> Finding:
    return replace(finding(line), path=path, end_line=end or line)


def test_a_function_moved_to_another_file_brings_nothing_new() -> None:
    files = changed_file("a.py", FUNCTION + OTHER, OTHER), changed_file("b.py", None, FUNCTION)
    assert origin(in_file("b.py", 2), *files) == Origin("a.py", 2)


def test_indentation_does_not_matter() -> None:
    method = "class A:\n" + "".join(f"    {line}\n" for line in FUNCTION.splitlines())
    files = changed_file("a.py", FUNCTION + OTHER, OTHER), changed_file("b.py", None, method)
    assert origin(in_file("b.py", 3), *files) == Origin("a.py", 2)


def test_a_function_moved_within_its_file_brings_nothing_new() -> None:
    file = changed_file("a.py", FUNCTION + OTHER * 3, OTHER * 3 + FUNCTION)
    assert origin(in_file("a.py", 14), file) == Origin("a.py", 2)


def test_two_statements_that_change_places_are_news() -> None:
    old = "take_the_lock_of(account)\nresult = eval(text_of(account))\n"
    new = "result = eval(text_of(account))\ntake_the_lock_of(account)\n"
    assert origin(in_file("a.py", 1), changed_file("a.py", old, new)) is None


def test_an_edited_line_is_news() -> None:
    edited = FUNCTION.replace("eval(text)", "eval(text.strip())")
    files = changed_file("a.py", FUNCTION + OTHER, OTHER), changed_file("b.py", None, edited)
    assert origin(in_file("b.py", 2), *files) is None


def test_a_finding_over_more_than_what_moved_is_news() -> None:
    longer = FUNCTION + "    print(rules)\n"
    files = changed_file("a.py", FUNCTION + OTHER, OTHER), changed_file("b.py", None, longer)
    assert origin(in_file("b.py", 2, 3), *files) == Origin("a.py", 2)
    assert origin(in_file("b.py", 2, 4), *files) is None


def test_one_line_removed_absolves_one_line_added() -> None:
    files = changed_file("a.py", FUNCTION + OTHER, OTHER), changed_file("b.py", None, FUNCTION + FUNCTION)
    moves = Moves(change_set(*files))
    assert moves.origin(in_file("b.py", 2)) is not None
    assert moves.origin(in_file("b.py", 5)) is None


def test_code_that_leaves_the_tests_is_news() -> None:
    files = changed_file("tests/a.py", FUNCTION, None), changed_file("src/b.py", None, FUNCTION)
    assert origin(in_file("src/b.py", 2), *files) is None
    back = changed_file("src/b.py", FUNCTION, None), changed_file("tests/a.py", None, FUNCTION)
    assert origin(in_file("tests/a.py", 2), *back) is not None


def test_a_short_line_is_no_move() -> None:
    files = changed_file("a.py", "x = eval(y)\n", ""), changed_file("b.py", None, "x = eval(y)\n")
    assert origin(in_file("b.py", 1), *files) is None


def test_what_a_model_says_and_what_was_removed_stays() -> None:
    files = changed_file("a.py", FUNCTION + OTHER, OTHER), changed_file("b.py", None, FUNCTION)
    assert origin(replace(in_file("b.py", 2), source=Source.MODEL), *files) is None
    assert origin(replace(in_file("a.py", 2), side=Side.OLD), *files) is None


@pytest.mark.parametrize("path", ["vendor/a.py", "lib/node_modules/a.py", "src/generated/a.py", "docs/a.py"])
def test_code_that_nobody_looked_at_is_news_where_it_arrives(path: str) -> None:
    files = changed_file(path, FUNCTION, None), changed_file("src/b.py", None, FUNCTION)
    assert origin(in_file("src/b.py", 2), *files) is None


def test_code_of_a_path_that_is_not_reviewed_is_news_where_it_arrives() -> None:
    files = changed_file("old/a.py", FUNCTION, None), changed_file("src/b.py", None, FUNCTION)
    assert Moves(change_set(*files)).origin(in_file("src/b.py", 2)) is not None
    assert Moves(change_set(*files), Aside(Globs(["old/**"]))).origin(in_file("src/b.py", 2)) is None


@pytest.mark.parametrize("path", ["README.md", "notes.txt", "deploy.yaml", "a.java"])
def test_what_was_no_code_of_this_language_is_news(path: str) -> None:
    files = changed_file(path, FUNCTION, None), changed_file("src/b.py", None, FUNCTION)
    assert origin(in_file("src/b.py", 2), *files) is None


def test_code_moves_between_a_header_and_its_file_and_into_types() -> None:
    body = "void load(char *text) {\n    strcpy(buffer_of_rules, text);\n}\n"
    files = (
        changed_file("load.h", f"#pragma once\n{body}", "#pragma once\n"),
        changed_file("load.cpp", None, body),
    )
    assert origin(in_file("load.cpp", 2), *files) == Origin("load.h", 3)
    script = "function load(text) {\n  return eval(text + rules);\n}\n"
    files = changed_file("load.js", script, None), changed_file("load.ts", None, script)
    assert origin(in_file("load.ts", 2), *files) == Origin("load.js", 2)
