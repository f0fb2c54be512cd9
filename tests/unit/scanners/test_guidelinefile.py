"""Rules in words: what is read of their files, what is refused and where, and which ones come with us."""

from __future__ import annotations

from pathlib import Path

import pytest

from reviewer.config import RulesSettings
from reviewer.domain import Severity
from reviewer.errors import ConfigError, RuleError
from reviewer.material import rules_dir
from reviewer.scanners import guidelinefile
from reviewer.stages.guidelines import Guideline, Guidelines, configure, select
from tests.fakes.changes import changed_file

FEN = """\
---
id: guidelines/fen
severity: medium
title: Money is fen
title-zh: 金额以分为单位
paths: ["src/trade/**"]
languages: [python]
text-zh: 金额是整数分。
---

Amounts are integer fen.

No floats.
"""


def write(tmp_path: Path, text: str = FEN, name: str = "fen.md") -> Path:
    folder = tmp_path / "guidelines"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def known(tmp_path: Path, **settings: object) -> dict[str, Guideline]:
    rules = RulesSettings.model_validate({"paths": [tmp_path], **settings})
    return {one.id: one for one in configure(guidelinefile.load(rules), rules).known}


def test_front_matter_and_words(tmp_path: Path) -> None:
    read = guidelinefile.read(write(tmp_path))

    assert (read.id, read.severity, read.title) == ("guidelines/fen", Severity.MEDIUM, "Money is fen")
    assert read.text == "Amounts are integer fen.\n\nNo floats."
    assert (read.title_zh, read.text_zh) == ("金额以分为单位", "金额是整数分。")


@pytest.mark.parametrize(
    ("path", "concerned"),
    [("src/trade/fee.py", True), ("src/trade/fee.java", False), ("src/fee.py", False)],
)
def test_paths_and_languages_both_have_to_fit(tmp_path: Path, path: str, concerned: bool) -> None:
    read = guidelinefile.read(write(tmp_path))

    assert read.concerns(changed_file(path, None, "x = 1\n")) is concerned


def test_without_paths_and_languages_it_is_for_every_file(tmp_path: Path) -> None:
    bare = "---\nid: guidelines/fen\nseverity: low\ntitle: T\n---\nWords.\n"

    assert guidelinefile.read(write(tmp_path, bare)).concerns(changed_file("any.thing", None, "x\n"))


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("Amounts are fen.\n", 1, "begins with a line ---"),
        ("---\nid: guidelines/fen\n", 1, "no closing line"),
        (FEN.replace("severity:", "severty:"), 3, "did you mean severity"),
        (FEN.replace("medium", "grave"), 3, "severity"),
        (FEN.replace("[python]", "[cobol]"), 7, "'cobol' is no language"),
        (FEN.replace("src/trade/**", "!"), 6, "paths"),
        (FEN.replace("guidelines/fen", "team/fen"), 2, "the file's name says 'guidelines/fen'"),
        (FEN.replace("title: Money is fen", "title: [Money"), 5, ""),
        ("---\nid: guidelines/fen\nseverity: low\ntitle: T\n---\n\n", 6, "no words"),
        (FEN + "x" * guidelinefile.MOST_TEXT, 10, "at most"),
    ],
    ids=["bare", "open", "key", "value", "language", "glob", "id", "yaml", "empty", "long"],
)
def test_what_is_wrong_names_file_and_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(RuleError) as caught:
        guidelinefile.read(file)

    assert (caught.value.file, caught.value.line) == (file, line)
    assert f"{file}:{line}: " in str(caught.value)
    assert said in str(caught.value)


def test_a_file_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path)
    file.write_bytes(FEN.encode("utf-16"))
    with pytest.raises(RuleError):
        guidelinefile.read(file)


def test_a_broken_file_stops_the_command_line_and_not_the_service(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, "no front matter", "odd.md")
    settings = RulesSettings(paths=(tmp_path,))
    with pytest.raises(RuleError, match=r"odd\.md:1: "):
        guidelinefile.load(settings)

    tolerant = guidelinefile.load(settings, tolerant=True)
    assert "guidelines/fen" in {guideline.id for guideline in tolerant.known}
    assert [error.file.name for error in tolerant.broken] == ["odd.md"]


def test_a_later_folder_replaces_and_a_readme_is_none(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        write(folder, "about this folder\n", "README.md")
        write(folder, FEN.replace("Money is fen", f"The {folder.name}"))

    rules = RulesSettings(paths=(first, second))
    titles = {guideline.id: guideline.title for guideline in guidelinefile.load(rules).known}
    assert titles["guidelines/fen"] == "The second"


def test_settings_disable_and_weigh_them_like_rules(tmp_path: Path) -> None:
    write(tmp_path)

    assert "guidelines/fen" not in known(tmp_path, disable=["guidelines/fen"])
    assert known(tmp_path, disable=["guidelines/*"]) == {}
    assert known(tmp_path, severity={"guidelines/fen": "low"})["guidelines/fen"].severity is Severity.LOW


def test_settings_that_name_an_unknown_one_say_which_was_meant(tmp_path: Path) -> None:
    write(tmp_path)
    settings = RulesSettings(paths=(tmp_path,), disable=("guidelines/fenn",))
    with pytest.raises(ConfigError, match="did you mean guidelines/fen"):
        guidelinefile.load(settings)


def test_the_example_of_the_readme_can_be_used(tmp_path: Path) -> None:
    readme = (rules_dir() / "guidelines" / "README.md").read_text(encoding="utf-8")
    example = readme.partition("```markdown\n")[2].partition("```")[0]

    assert guidelinefile.read(write(tmp_path, example)).globs == ("src/trade/**",)


def test_those_that_come_with_us_are_in_both_languages_and_short_enough() -> None:
    shipped = guidelinefile.read_folders([rules_dir()])

    assert shipped.broken == ()
    assert len(shipped.known) >= 4
    for guideline in shipped.known:
        assert guideline.title_zh, guideline.id
        assert guideline.text_zh, guideline.id
        assert guideline.paths is not None, f"{guideline.id} would take room in every prompt"
        file = changed_file("any.py", None, "x = 1\n")
        told = select(Guidelines((guideline,)), [file], "en")
        assert told.told == (), f"{guideline.id} speaks up about a file with nothing to do with it"
