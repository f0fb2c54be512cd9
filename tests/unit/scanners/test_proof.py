"""Every built-in rule proves itself, and the proof can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from parsers.languages import by_name
from parsers.source import parse
from reviewer.material import rules_dir
from reviewer.scanners import guidelinefile, rulebook
from reviewer.scanners.catalogue import catalogue
from reviewer.scanners.proof import prove
from reviewer.scanners.rulebook import Rulebook
from tests.unit.scanners.test_rulebook import RULE, folder


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return rulebook.read([rules_dir()])


def test_every_built_in_rule_passes_its_examples(book: Rulebook) -> None:
    assert book.broken == ()
    assert [proof for proof in prove(book.rules) if not proof.passed] == []


def test_there_are_rules_for_every_language_and_for_money(book: Rulebook) -> None:
    assert len(book.rules) >= 150
    promised = {
        "java",
        "python",
        "javascript",
        "typescript",
        "tsx",
        "vue",
        "go",
        "c",
        "cpp",
        "csharp",
        "kotlin",
    }
    assert book.languages >= promised | {"sql", "xml", "bash", "dockerfile", "yaml"}
    assert sum(rule.written.metadata.category == "finance" for rule in book.rules) >= 20


def test_every_example_is_code_that_parses(book: Rulebook) -> None:
    broken = [
        (rule.id, name, code)
        for rule in book.rules
        for name in rule.languages
        for code in (*rule.written.metadata.valid, *(one.code for one in rule.written.metadata.invalid))
        if (language := by_name(name)) is None
        or (parse(code.encode(), language).error_lines and not language.tolerant)
    ]
    assert broken == []


def test_rules_speak_chinese_in_chinese(book: Rulebook) -> None:
    for rule in book.rules:
        text = rule.text("zh-CN")
        assert all(
            any("\u4e00" <= char <= "\u9fff" for char in part)
            for part in (text.title, text.message, text.why)
        )
        assert not any(f"{mark} " in text.message + text.why for mark in "，。；：")  # a folded YAML line
        assert not text.title.endswith("。")
        assert text.message.endswith("。")


def test_the_catalogue_is_up_to_date(book: Rulebook) -> None:
    written = (rules_dir() / "README.md").read_text(encoding="utf-8")
    guidelines = guidelinefile.read_folders([rules_dir()]).known
    assert written == catalogue(book, guidelines), "write it anew: python -m reviewer.scanners.catalogue"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            'valid: ["wait()", ',
            'valid: ["time.sleep(2)", ',
            "valid 1 (python): found on lines [1], expected []",
        ),
        ("lines: [2]", "lines: [1]", "invalid 2 (python): found on lines [2], expected [1]"),
        ("lines: [2]", "lines: [1, 2]", "invalid 2 (python): found on lines [2], expected [1, 2]"),
        (
            "time.sleep($SECONDS)",
            "time.snooze($SECONDS)",
            "invalid 1 (python): found on lines [], expected [1]",
        ),
    ],
)
def test_a_proof_fails_where_an_example_is_not_kept(tmp_path: Path, old: str, new: str, words: str) -> None:
    [proof] = prove(rulebook.read([folder(tmp_path, RULE.replace(old, new))]).rules)
    assert not proof.passed
    assert words in proof.failures


@pytest.mark.parametrize(
    ("fix", "made", "words"),
    [
        ("wait($SECONDS)", "wait(1)", None),
        ("wait($SECONDS)", "wait(2)", "the fix makes 'wait(1)', expected 'wait(2)'"),
        ("time.sleep(0)", "time.sleep(0)", "still found after the fix"),
    ],
)
def test_a_fix_is_proven(tmp_path: Path, fix: str, made: str, words: str | None) -> None:
    text = RULE.replace("metadata:", f"fix: {fix}\nmetadata:").replace(
        "lines: [1]}", f'lines: [1], fix: "{made}"}}'
    )
    [proof] = prove(rulebook.read([folder(tmp_path, text)]).rules)
    assert proof.passed == (words is None)
    assert words is None or words in proof.failures[0]
