"""`reviewer rules`: what an author of rules sees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
import yaml
from jsonschema import Draft202012Validator

from reviewer.cli import main
from reviewer.material import rules_dir
from reviewer.scanners import schema
from reviewer.scanners.rulefile import RuleLanguage
from tests.unit.scanners.test_rulebook import RULE, folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)


@pytest.fixture
def own(tmp_path: Path) -> str:
    return str(folder(tmp_path / "own"))


def test_own_rules_are_tested_alone(own: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "test", "--path", own]) == 0
    out, err = capsys.readouterr()
    assert out == "1 passed, 0 failed\n"
    assert err.endswith(" s\n")


def test_a_rule_that_breaks_its_word_is_exit_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = folder(tmp_path, RULE.replace("lines: [2]", "lines: [1]"))
    assert main(["rules", "test", "--path", str(wrong)]) == 1
    assert capsys.readouterr().out == (
        "python/no-sleep: invalid 2 (python): found on lines [2], expected [1]\n0 passed, 1 failed\n"
    )


@pytest.mark.parametrize("command", ["list", "test"])
def test_a_broken_file_is_exit_2_with_its_line(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = folder(tmp_path, RULE.replace("  severity: low", "  severty: low"))
    assert main(["rules", command, "--path", str(broken)]) == 2
    assert "no-sleep.yml:7: unknown key metadata.severty; did you mean severity?" in capsys.readouterr().err


def test_a_rule_over_its_budget_is_exit_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.unit.scanners.test_budget import WASTEFUL

    text = RULE.replace("  pattern: time.sleep($SECONDS)\n", WASTEFUL)
    assert main(["rules", "test", "--budget", "--path", str(folder(tmp_path, text))]) == 1
    out = capsys.readouterr().out
    assert "times a plain rule (python), 20 times are allowed" in out
    assert out.endswith("0 passed, 1 failed\n")


def test_a_list_can_be_narrowed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "list", "--language", "sql", "--category", "finance"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert any(row.startswith("sql/change-without-where") for row in rows)
    assert all("sql/" in row and " finance " in row for row in rows)
    assert main(["rules", "list", "--severity", "low", "--language", "vue"]) == 0
    assert all(" low " in row for row in capsys.readouterr().out.splitlines())


@pytest.mark.parametrize(
    ("option", "value"), [("--language", "cobol"), ("--severity", "awful"), ("--category", "style")]
)
def test_a_list_of_what_there_is_not_is_refused(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rules", "list", option, value]) == 2
    assert f"{option}: {value!r} is none of " in capsys.readouterr().err


def test_a_list_ends_with_the_guidelines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "list"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert rows[-1].startswith("guidelines/")
    assert " guideline " in rows[-1]


def test_a_page_shows_everything(own: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "show", "python/no-sleep", "--path", own]) == 0
    page = capsys.readouterr().out
    for part in (
        "python/no-sleep  Sleeping",
        "low severity, high confidence, performance",
        "  This sleeps.",
        "  Wait for a condition instead.",
        "  rule:\n    pattern: time.sleep($SECONDS)\n",
        "  > 1 | time.sleep(1)\n",
        "    1 | x = 1\n  > 2 | time.sleep(x)\n",
        "Fine\n    1 | wait()\n",
        "reviewer: ignore[python/no-sleep] reason",
        'disable = ["python/no-sleep"]',
    ):
        assert part in page
    assert "\x1b" not in page


def test_a_page_speaks_chinese(own: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "reviewer.toml"
    config.write_text('[review]\nlanguage = "zh-CN"\n', encoding="utf-8")
    assert main(["rules", "show", "python/no-sleep", "--path", own, "--config", str(config)]) == 0
    page = capsys.readouterr().out
    assert "休眠" in page
    assert "会报告" in page


def test_a_guideline_has_a_page_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "show", "guidelines/money-types"]) == 0
    assert "BigDecimal" in capsys.readouterr().out


def test_an_unknown_rule_is_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "show", "python/no-evil"]) == 2
    assert "did you mean python/no-eval?" in capsys.readouterr().err


def test_a_draft_of_every_language_proves_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    languages = get_args(RuleLanguage)
    for language in languages:
        assert main(["rules", "new", f"{language}/first-one", "--dir", str(tmp_path)]) == 0
    capsys.readouterr()
    assert main(["rules", "test", "--path", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{len(languages)} passed, 0 failed\n"


def test_a_draft_names_the_schema_beside_it(tmp_path: Path) -> None:
    assert main(["rules", "new", "java/first-one", "--dir", str(tmp_path)]) == 0
    text = (tmp_path / "java/first-one.yml").read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=../schema.json\n")
    Draft202012Validator(json.loads((tmp_path / "schema.json").read_text())).validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    ("rule_id", "words"),
    [
        ("pyton/no-x", "did you mean python?"),
        ("cobol/no-x", "'cobol' is no language that rules are written for"),
        ("python", "a name is of small letters, digits and hyphens"),
        ("python/../../x", "a name is of small letters, digits and hyphens"),
        ("python/No_X", "a name is of small letters, digits and hyphens"),
    ],
)
def test_a_draft_needs_a_language_and_a_name(
    tmp_path: Path, rule_id: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rules", "new", rule_id, "--dir", str(tmp_path / "rules")]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "rules").exists()


def test_a_draft_overwrites_nothing(own: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "new", "python/no-sleep", "--dir", own]) == 2
    assert "is there already" in capsys.readouterr().err
    assert (Path(own) / "python/no-sleep.yml").read_text(encoding="utf-8") == RULE


def test_the_schema_is_up_to_date() -> None:
    written = (rules_dir() / schema.FILE).read_text(encoding="utf-8")
    assert written == schema.write_schema(), "write it anew: python -m reviewer.scanners.catalogue"


def test_every_built_in_rule_fits_the_schema() -> None:
    validator = Draft202012Validator(json.loads(schema.write_schema()))
    files = sorted(rules_dir().glob("*/*.yml"))
    assert len(files) > 100
    assert [
        file.name
        for file in files
        if not validator.is_valid(yaml.safe_load(file.read_text(encoding="utf-8")))
    ] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [("rule:", "rul:"), ("severity: low", "severity: awful"), ("lines: [2]", "line: [2]"), ("kind", "kind")],
)
def test_the_schema_refuses_what_we_refuse(old: str, new: str) -> None:
    validator = Draft202012Validator(json.loads(schema.write_schema()))
    assert validator.is_valid(yaml.safe_load(RULE.replace(old, new))) == (old == new)
