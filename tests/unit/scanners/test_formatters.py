"""The operator's formatters: a whole file in, a whole file out, and nothing of the repository in between."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from reviewer import pipeline
from reviewer.config import FormatterSettings, ReviewSettings, Settings
from reviewer.domain import ChangeSet, Finding, Suggestion
from reviewer.errors import ConfigError
from reviewer.pipeline import Engine
from reviewer.ports import Formatted
from reviewer.scanners.formatters import ToolFormatter
from reviewer.stages.formatted import format_suggestions
from reviewer.stages.policy import effective
from tests.fakes.changes import change_set, changed_file
from tests.fakes.findings import finding
from tests.fakes.panel import FakeScanner

TIDY = "def fee(turnover):\n    return max(turnover, 5)\n\n\nx = 1\n"
RUFF = {"paths": ["**/*.py"], "command": ["ruff", "format", "-"]}
HERE = str(Path(sys.executable).parent)


def formatter(*written: dict[str, Any], search_path: str = HERE) -> ToolFormatter:
    return ToolFormatter(
        [FormatterSettings.model_validate(each) for each in written], search_path=search_path
    )


def python(source: str, *words: str, **more: Any) -> dict[str, Any]:
    return {"paths": ["**"], "command": [sys.executable, "-I", "-c", source, *words], **more}


def suggested(
    *suggestions: Suggestion, new: str = TIDY, path: str = "fees.py"
) -> tuple[list[Finding], ChangeSet]:
    change = change_set(changed_file(path, None, new))
    return [finding(one.start_line, path=path, suggestion=one) for one in suggestions], change


def formatted(made: ToolFormatter, suggestion: Suggestion, **more: Any) -> Suggestion | None:
    """Return what becomes of the one suggestion, without a warning."""
    done, warnings = format_suggestions(*suggested(suggestion, **more), made)
    assert warnings == ()
    return done[0].suggestion


def test_a_suggestion_is_formatted_as_its_file_is() -> None:
    ugly = Suggestion(2, 2, "    return max( turnover,\n       5, key = int )")
    assert formatted(formatter(RUFF), ugly) == Suggestion(2, 2, "    return max(turnover, 5, key=int)")


def test_windows_line_ends_stay_out_of_the_suggestion() -> None:
    ugly = Suggestion(2, 2, "    return max( turnover,5 ,key = int)")
    neat = formatted(formatter(RUFF), ugly, new=TIDY.replace("\n", "\r\n"))
    assert neat == Suggestion(2, 2, "    return max(turnover, 5, key=int)")


def test_a_file_that_was_not_formatted_is_left_as_its_authors_like_it() -> None:
    ugly = Suggestion(2, 2, "    return max( turnover, 6 )")
    assert formatted(formatter(RUFF), ugly, new=TIDY.replace("x = 1", "x  =  1")) == ugly


def test_other_files_are_left_alone() -> None:
    ugly = Suggestion(2, 2, "    return max( turnover, 6 )")
    assert formatted(formatter(RUFF), ugly, path="fees.txt") == ugly
    assert formatter(RUFF).format("a.txt", b"x") == Formatted()


def test_what_a_formatter_makes_of_it_is_proven_too() -> None:
    ugly = Suggestion(2, 2, "    return max(turnover, 6)")
    breaks = python(
        "import sys; print(sys.stdin.read().replace('max(turnover, 6)', 'max(turnover, 6'), end='')"
    )
    hides = python("import sys; print(sys.stdin.read().replace('6)', '6) # \\u202e'), end='')")
    same = python("import sys; print(sys.stdin.read().replace('6', '5'), end='')")
    for made in (breaks, hides, same):
        assert formatted(formatter(made), ugly) == ugly


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (python("raise SystemExit('no such option')"), "it ended with 1: no such option"),
        (python("import time; time.sleep(60)", timeout_s=0.5), "it took longer than 0.5 s"),
        (python("print('x' * 9_000_000)"), "it printed more than 4 MB"),
        ({"paths": ["**"], "command": ["not-there"]}, "it is not on PATH"),
    ],
)
def test_trouble_is_a_warning_and_the_suggestion_stays(written: dict[str, Any], words: str) -> None:
    ugly = Suggestion(2, 2, "    return max( turnover, 6 )")
    findings, change = suggested(ugly)
    done, warnings = format_suggestions(findings, change, formatter(written))
    assert done == tuple(findings)
    [warning] = warnings
    assert (warning.code, warning.path, warning.undecided) == ("formatter-failed", "fees.py", False)
    assert words in warning.message


def test_after_two_failures_no_more_are_tried(tmp_path: Path) -> None:
    log = tmp_path / "log"
    fails = python(f"open({str(log)!r}, 'a').write('x'); raise SystemExit(1)")
    findings, change = suggested(*(Suggestion(2, 2, f"    return max( turnover, {n} )") for n in range(5, 9)))
    done, warnings = format_suggestions(findings, change, formatter(fails))
    assert (done, len(warnings), log.read_text()) == (tuple(findings), 2, "xx")


def test_a_formatter_is_alone_with_the_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", "glpat-of-the-bot")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ruff.toml").write_text("line-length = 20\n")
    told = formatter(
        python(
            "import os, sys; print(sorted(os.environ), os.listdir('.'), os.getcwd(), sys.argv[1:])", "{name}"
        )
    ).format("a/$(id) --config x.py", b"")
    assert told.text is not None
    environment, _, rest = told.text.decode().partition("]")
    assert "GITLAB_TOKEN" not in environment
    assert rest.startswith(" [] ")
    assert str(tmp_path) not in rest
    assert rest.endswith("['file.py']\n")
    assert os.environ["GITLAB_TOKEN"]


def test_a_repository_cannot_name_a_formatter() -> None:
    file = b'[[review.formatters]]\npaths = ["**"]\ncommand = ["sh", "-c", "id"]\n'
    with pytest.raises(ConfigError, match=r"review\.formatters can only be set by the operator"):
        effective(Settings(), file)
    settings = Settings(review=ReviewSettings.model_validate({"formatters": [RUFF]}))
    assert (
        effective(settings, b'[review]\nlanguage = "zh-CN"\n').review.formatters == settings.review.formatters
    )


def test_a_program_of_the_repository_is_refused() -> None:
    for program in ("./format.sh", "tools/format", ""):
        with pytest.raises(ValidationError, match="a program on PATH"):
            FormatterSettings.model_validate({"paths": ["**"], "command": [program]})
    with pytest.raises(ConfigError, match=r"review\.formatters\[1\]\.paths"):
        formatter({"paths": ["!"], "command": ["ruff"]})


def test_a_review_carries_what_the_formatter_left() -> None:
    [found], change = suggested(Suggestion(2, 2, "    return max( turnover, 6 )"))
    engine = Engine(
        Settings(), b"k" * 32, None, lambda _review, _rules: (FakeScanner(found),), formatter=formatter(RUFF)
    )
    review = asyncio.run(pipeline.review(change, engine))
    assert [one.suggestion for one in review.findings] == [Suggestion(2, 2, "    return max(turnover, 6)")]
    broken = replace(engine, formatter=formatter({"paths": ["**"], "command": ["not-there"]}))
    review = asyncio.run(pipeline.review(change, broken))
    assert [one.suggestion for one in review.findings] == [found.suggestion]
    assert [warning.code for warning in review.warnings] == ["formatter-failed"]
