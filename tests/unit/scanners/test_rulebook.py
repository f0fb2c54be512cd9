"""Rule files: what is read, what is refused and how it is said, and what the settings do to rules."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from reviewer.config import RulesSettings
from reviewer.domain import Severity
from reviewer.errors import ConfigError, RuleError
from reviewer.scanners import rulebook
from reviewer.scanners.rules import RuleScanner
from tests.fakes.changes import change_set, changed_file

RULE = """\
id: python/no-sleep
language: python
message: This sleeps.
rule:
  pattern: time.sleep($SECONDS)
metadata:
  severity: low
  confidence: high
  category: performance
  title: Sleeping
  title-zh: 休眠
  message-zh: 这里在休眠。
  why: Wait for a condition instead.
  why-zh: 请改为等待条件成立。
  valid: ["wait()", "asyncio.sleep(1)"]
  invalid:
    - {code: "time.sleep(1)", lines: [1]}
    - code: |
        x = 1
        time.sleep(x)
      lines: [2]
"""
SLEEP = changed_file("x.py", None, "time.sleep(1)\neval(x)\n")


def folder(tmp_path: Path, text: str = RULE, name: str = "python/no-sleep.yml") -> Path:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return tmp_path


def test_a_rule_of_another_folder_is_found_without_registration(tmp_path: Path) -> None:
    book = rulebook.load(RulesSettings(paths=(folder(tmp_path),)))
    findings = RuleScanner(book, "zh-CN").scan(change_set(SLEEP)).findings
    assert next((finding.rule_id, finding.message) for finding in findings) == (
        "python/no-sleep",
        "这里在休眠。",
    )


def test_a_rule_of_a_later_folder_replaces_one_of_the_same_id(tmp_path: Path) -> None:
    text = RULE.replace("python/no-sleep", "python/no-eval")
    book = rulebook.load(RulesSettings(paths=(folder(tmp_path, text, "python/no-eval.yml"),)))
    rule = book.find("python/no-eval")
    assert rule is not None
    assert rule.text("en").title == "Sleeping"


def test_settings_disable_rules_by_id_and_by_glob() -> None:
    book = rulebook.load(RulesSettings(disable=("python/no-eval", "java/*")))
    assert book.find("python/no-eval") is None
    assert book.find("python/yaml-load") is not None
    assert "java" not in book.languages


def test_settings_set_severities() -> None:
    book = rulebook.load(RulesSettings(severity={"python/no-eval": Severity.LOW}))
    [finding] = RuleScanner(book).scan(change_set(changed_file("x.py", None, "eval(x)\n"))).findings
    assert finding.severity is Severity.LOW


@pytest.mark.parametrize(
    "settings",
    [RulesSettings(disable=("python/no-evil",)), RulesSettings(severity={"python/no-evil": Severity.LOW})],
)
def test_an_unknown_rule_in_the_settings_is_refused_with_the_nearest(settings: RulesSettings) -> None:
    with pytest.raises(ConfigError, match=r"'python/no-evil'; did you mean python/no-eval\?"):
        rulebook.load(settings)


def test_the_examples_of_the_documentation_are_rules_that_exist() -> None:
    rulebook.load(RulesSettings(disable=("python/no-print",), severity={"java/no-system-exit": Severity.LOW}))


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="missing"):
        rulebook.load(RulesSettings(paths=(tmp_path / "missing",)))


def test_guidelines_are_no_rules(tmp_path: Path) -> None:
    assert rulebook.read([folder(tmp_path, "# words", "guidelines/money.yml")]).rules == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("  severity: low", "  severty: low", 7, "unknown key metadata.severty; did you mean severity?"),
        ("message: This", "mesage: This", 3, "unknown key mesage; did you mean message?"),
        ("  severity: low", "  severity: awful", 7, "metadata.severity: Input should be"),
        ("  title-zh: 休眠\n", "", 6, "metadata.title-zh: Field required"),
        ("  pattern: time", "  pattern: [time", 6, "expected"),
        ("lines: [2]", "line: [2]", 21, "unknown key metadata.invalid.1.line; did you mean lines?"),
        ('valid: ["wait()", "asyncio.sleep(1)"]', "valid: []", 15, "at least 2 items"),
        ("id: python/no-sleep", "id: python/sleepy", 1, "the file's place says 'python/no-sleep'"),
        ("time.sleep($SECONDS)\n", '"time.sleep("\n  kind: nonsense\n', 4, "Kind `nonsense` is invalid"),
        ("language: python", "language: cobol", 2, "language: Input should be"),
        ("metadata:", "fix: pass\nmetadata:", None, "needs an invalid example that shows what the fix makes"),
        (RULE, "", None, "Field required"),
        (RULE, "- a list\n", 1, "valid dictionary"),
    ],
)  # fmt: skip
def test_a_broken_file_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, line: int | None, words: str
) -> None:
    assert old in RULE
    path = folder(tmp_path, RULE.replace(old, new))
    with pytest.raises(RuleError) as caught:
        rulebook.load(RulesSettings(paths=(path,)))
    assert caught.value.file == path / "python/no-sleep.yml"
    assert str(caught.value).startswith(str(caught.value.file))
    assert words in str(caught.value)
    if line is not None:
        assert caught.value.line == line
        assert f"no-sleep.yml:{line}: " in str(caught.value)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "python/x.yml"
    file.parent.mkdir()
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RuleError, match="utf-8"):
        rulebook.load(RulesSettings(paths=(tmp_path,)))


def test_broken_rules_leave_the_others_working(tmp_path: Path) -> None:
    folder(tmp_path)
    folder(tmp_path, "id: [", "python/torn.yml")
    bad = RULE.replace("python/no-sleep", "python/bad").replace(
        "pattern: time.sleep($SECONDS)", "kind: nonsense"
    )
    folder(tmp_path, bad, "python/bad.yml")
    book = rulebook.load(RulesSettings(paths=(tmp_path,)), tolerant=True)
    assert sorted(error.file.name for error in book.broken) == ["bad.yml", "torn.yml"]
    report = RuleScanner(book).scan(change_set(SLEEP))
    assert {finding.rule_id for finding in report.findings} == {"python/no-sleep", "python/no-eval"}
    assert {(warning.code, warning.undecided) for warning in report.warnings} == {("rule-broken", True)}


def test_a_rule_file_stays_readable_for_other_yaml_readers(tmp_path: Path) -> None:
    assert yaml.safe_load(RULE)["metadata"]["title-zh"] == "休眠"
    assert rulebook.read([folder(tmp_path)]).broken == ()
