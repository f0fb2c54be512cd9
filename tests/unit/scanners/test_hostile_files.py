"""Files made to cost a parser gigabytes: they are named, and the others are searched all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from reviewer.config import RulesSettings
from reviewer.scanners import astgrep, engines, rulebook
from reviewer.scanners.matches import SourceText
from reviewer.scanners.rulebook import Rulebook
from reviewer.scanners.rules import RuleScanner
from tests.fakes.changes import change_set, changed_file

HOSTILE = "*x=" * 4_000
EXITS = "class A { void f() { System.exit(1); } }\n"


@pytest.fixture(scope="module")
def rules() -> Rulebook:
    return rulebook.load(RulesSettings())


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/Bad.java", HOSTILE),
        ("src/bad.c", "x=<" * 4_000),
        ("src/Bad.vue", f"<template><p/></template>\n<script>\n{HOSTILE}\n</script>\n"),
    ],
)
def test_a_file_that_nobody_should_parse_is_named_and_undecided(
    rules: Rulebook, path: str, text: str
) -> None:
    change = change_set(changed_file(path, None, text), changed_file("src/A.java", None, EXITS))
    report = RuleScanner(rules).scan(change)
    assert {finding.path for finding in report.findings} == {"src/A.java"}
    [warning] = report.warnings
    assert (warning.code, warning.path, warning.undecided) == ("too-costly", path, True)


def test_one_file_that_ast_grep_dies_of_leaves_the_others_searched(rules: Rulebook) -> None:
    texts = {str(number): SourceText("java", EXITS.encode()) for number in range(9)}
    run = engines.run(rules.rules, {**texts, "bad": SourceText("java", HOSTILE.encode())}, seconds=300)
    assert run.problem == ""
    assert run.scanned == texts.keys()
    assert {match.file for match in run.matches} == texts.keys()


def test_one_file_that_takes_all_the_time_leaves_the_others_searched(rules: Rulebook, tmp_path: Path) -> None:
    real = astgrep.find_binary()
    slow = tmp_path / "ast-grep"
    slow.write_text(f'#!/bin/sh\nif [ -e bad.java ]; then exec /bin/sleep 300; fi\nexec {real} "$@"\n')
    slow.chmod(0o755)
    texts = {name: SourceText("java", EXITS.encode()) for name in ("bad", "good", "fine")}
    run = engines.run(rules.rules, texts, seconds=10, binary=str(slow))
    assert run.scanned == {"good", "fine"}


def test_an_engine_that_dies_of_every_file_is_a_failure(rules: Rulebook, tmp_path: Path) -> None:
    dying = tmp_path / "ast-grep"
    dying.write_text("#!/bin/sh\nkill -ABRT $$\n")
    dying.chmod(0o755)
    texts = {str(number): SourceText("java", EXITS.encode()) for number in range(100)}
    run = engines.run(rules.rules, texts, seconds=300, binary=str(dying))
    assert "ended with -6" in run.problem


def test_with_no_time_left_nothing_is_tried_and_everything_is_named(rules: Rulebook) -> None:
    page = changed_file("a.vue", None, "<p>\n<script>\nf()\n</script>\n")
    java = changed_file("Bad.java", None, HOSTILE)
    warnings = RuleScanner(rules, seconds=0).scan(change_set(page, java)).warnings
    assert [(warning.code, warning.path) for warning in warnings] == [
        ("too-costly", "a.vue"),
        ("scanner-failed", None),
    ]
    assert all(warning.undecided for warning in warnings)
