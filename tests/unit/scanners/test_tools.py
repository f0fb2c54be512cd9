"""The operator's tools: what they are given, what is made of what they print, and what trouble looks like."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from reviewer.config import RulesSettings, Weight
from reviewer.domain import ChangeSet, Severity
from reviewer.errors import ConfigError
from reviewer.ports import ScanReport
from reviewer.scanners import tools
from reviewer.scanners.tools import ToolScanner
from tests.fakes.changes import change_set, changed_file

CHANGE = change_set(
    changed_file("app/x.py", "a = 1\n", "a = 1\nb = eval(c)\n"),
    changed_file("app/gone.py", "a = 1\n", None),
    changed_file("web/y.js", None, "eval(z)\n"),
)
# A linter that reports the last line of every file it is given, by its absolute path.
LINTER = """
import json, os, sys
results = [
    {
        "ruleId": "last-line",
        "message": {"text": "This is the last line."},
        "level": "error",
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": "file://" + os.path.abspath(name)},
            "region": {"startLine": len(open(name).readlines())},
        }}],
    }
    for name in sys.argv[1:]
]
print(json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Odd Name"}}, "results": results}]}))
sys.exit(1 if results else 0)
"""


def python(source: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", source, *arguments]


def scan(*written: dict[str, Any], change: ChangeSet = CHANGE, **more: Any) -> ScanReport:
    tools_written = [{"name": f"tool{number}", **tool} for number, tool in enumerate(written)]
    rules = RulesSettings.model_validate({"tools": tools_written, **more.pop("rules", {})})
    return ToolScanner(rules, **more).scan(change)


def failure(*written: dict[str, Any], **more: Any) -> str:
    """Return the one warning of a tool that found nothing."""
    report = scan(*written, **more)
    [warning] = report.warnings
    assert (report.findings, warning.code) == ((), "tool-failed")
    return warning.message


def test_a_tool_is_given_the_changed_files_and_its_findings_bear_its_name() -> None:
    report = scan({"name": "linter", "command": python(LINTER, "{files}")})

    assert report.warnings == ()
    found = {finding.path: finding for finding in report.findings}
    assert sorted(found) == ["app/x.py", "web/y.js"]
    assert (found["app/x.py"].rule_id, found["app/x.py"].start_line) == ("linter/last-line", 2)
    assert found["app/x.py"].severity is Severity.HIGH


def test_only_files_that_its_globs_fit_are_there_at_all() -> None:
    listing = "import os, sys; sys.exit(str(sorted(f for _, _, fs in os.walk('.') for f in fs)))"
    said = failure({"command": python(listing), "paths": ["*.py"]})

    assert "['x.py']" in said


def test_it_does_not_run_where_nothing_is_for_it(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    report = scan({"command": python(f"open({str(mark)!r}, 'w')"), "paths": ["*.go"], "required": True})

    assert report == ScanReport(())
    assert not mark.exists()


def test_files_that_would_steer_it_are_kept_from_it() -> None:
    change = change_set(*CHANGE.files, changed_file("web/eslint.config.js", None, "export default []\n"))
    report = scan({"name": "eslint", "command": python(LINTER, "{files}")}, change=change)

    assert "web/eslint.config.js" not in {finding.path for finding in report.findings}
    assert [(one.code, "web/eslint.config.js" in one.message) for one in report.warnings] == [
        ("tool-file-left-out", True)
    ]


@pytest.mark.parametrize("path", ["../out.py", "/tmp/reviewer-out.py", "a/../../out.py"])
def test_a_path_of_a_diff_that_leads_away_is_never_written(tmp_path: Path, path: str) -> None:
    change = change_set(changed_file(path, None, "x = 1\n"))
    report = scan({"command": python(LINTER, "{files}")}, change=change)

    assert [one.code for one in report.warnings] == ["tool-file-left-out"]
    assert not Path("/tmp/reviewer-out.py").exists()


def test_a_name_that_looks_like_an_option_is_none() -> None:
    change = change_set(changed_file("--fix.py", None, "x = 1\n"))
    source = "import sys; sys.exit(repr(sys.argv[1:]))"

    assert "['./--fix.py']" in failure({"command": python(source, "{files}")}, change=change)
    assert [one.path for one in scan({"command": python(LINTER, "{files}")}, change=change).findings] == [
        "--fix.py"
    ]


def test_many_files_are_given_in_several_runs() -> None:
    names = [f"{'deep/' * 40}{number:04}.py" for number in range(600)]  # over 100 kB of names
    assert sum(map(len, names)) > tools.MOST_ARGUMENTS
    change = change_set(*(changed_file(name, None, "x = 1\n") for name in names))
    report = scan({"command": python(LINTER, "{files}")}, change=change)

    assert (report.warnings, len(report.findings)) == ((), 600)


def test_a_tool_may_write_to_a_file_instead() -> None:
    source = LINTER.replace("sys.argv[1:]", "sys.argv[2:]").replace(
        "print(", "print('noise'); open(sys.argv[1].split('=')[1], 'w').write("
    )
    report = scan({"command": python(source, "--output={output}", "{files}")})

    assert (report.warnings, len(report.findings)) == ((), 2)


def test_its_environment_holds_no_secrets_and_no_home_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", "glpat-secret")
    source = "import os, sys; sys.exit(' '.join(sorted(os.environ)) + ' at ' + os.environ['HOME'])"
    said = failure({"command": python(source)})

    assert "ended with 1: HOME LANG LC_ALL NO_COLOR PATH TMPDIR at " in said
    assert "/reviewer-tool-" in said


def test_words_of_the_command_are_no_shell() -> None:
    source = "import sys; sys.exit(repr(sys.argv[1:]))"

    assert "['$HOME; echo `id`', '*']" in failure({"command": python(source, "$HOME; echo `id`", "*")})


# --- trouble --------------------------------------------------------------------------------------


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("print('<html>')", "not JSON"),
        ("print('{}')", "no runs"),
        ("import sys; sys.exit('cannot read my rules')", "ended with 1: cannot read my rules"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "ended by SIGSEGV"),
        ("print('[' * 500_000)", "nested too deeply"),
        ("while True: print('x' * 1_000_000)", "printed more than 25 MB"),
    ],
    ids=["rubbish", "other", "exit", "signal", "deep", "flood"],
)
def test_a_tool_that_fails_is_a_warning_undecided_if_it_is_required(
    source: str, said: str, required: bool
) -> None:
    report = scan({"command": python(source), "required": required}, {"command": python(LINTER, "{files}")})

    assert [(one.code, one.undecided) for one in report.warnings] == [("tool-failed", required)]
    assert report.warnings[0].message.startswith("tool0: ")
    assert said in report.warnings[0].message
    assert len(report.findings) == 2, "the next one runs all the same"


@pytest.mark.parametrize(
    "source",
    [
        "import time; time.sleep(600)",
        "import sys\nwhile True: sys.stderr.write('busy ')",
        "import os, time; os.close(1); os.close(2); time.sleep(600)",
    ],
    ids=["silent", "chatty", "closed"],
)
def test_a_tool_that_hangs_is_ended(source: str) -> None:
    assert "took longer than 0.5 s" in failure({"command": python(source), "timeout_s": 0.5})


def test_whatever_it_started_ends_with_it(tmp_path: Path) -> None:
    child = tmp_path / "child"
    source = (
        "import subprocess, sys\n"
        "child = subprocess.Popen(['sleep', '600'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        f"open({str(child)!r}, 'w').write(str(child.pid))\n"
    )
    failure({"command": python(source)})

    assert _ends(int(child.read_text()))


def _ends(pid: int) -> bool:
    """Wait until a process that was sent a signal is gone, or nobody's zombie."""
    stat = Path(f"/proc/{pid}/stat")
    for _ in range(500):
        try:
            if stat.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False


def test_a_program_that_is_not_there_is_said() -> None:
    assert "no-such-linter is not on PATH" in failure({"command": ["no-such-linter"]})


def test_no_folder_that_depends_on_where_we_stand_is_searched_for_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in (tmp_path / "linter", tmp_path / "bin" / "linter"):
        place.parent.mkdir(exist_ok=True)
        place.write_text("#!/bin/sh\n")
        place.chmod(0o755)
    monkeypatch.chdir(tmp_path)

    assert "linter is not on PATH" in failure({"command": ["linter"]}, search_path=".::bin")


def test_what_it_says_is_redacted() -> None:
    source = "import sys; sys.exit('bad line: key = AKIAQYLPMN5HFIQR7B3Z')"

    assert "AKIAQYLPMN5HFIQR7B3Z" not in failure({"command": python(source)})


def test_a_run_that_says_of_itself_that_it_failed_is_told() -> None:
    notes = [{"message": {"text": "out of memory"}}]
    run = {
        "tool": {"driver": {"name": "x"}},
        "results": [],
        "invocations": [{"executionSuccessful": False, "toolExecutionNotifications": notes}],
    }
    text = json.dumps({"version": "2.1.0", "runs": [run]})
    report = scan({"command": python(f"print({text!r})"), "required": True})

    assert [(one.code, one.undecided) for one in report.warnings] == [("tool-failed", True)]
    assert "out of memory" in report.warnings[0].message


# --- settings -------------------------------------------------------------------------------------


def test_its_rules_are_weighed_and_disabled_like_ours() -> None:
    tool = {"name": "linter", "command": python(LINTER, "{files}")}

    assert scan(tool, rules={"disable": ["linter/*"]}).findings == ()
    assert {one.severity for one in scan(tool, rules={"severity": {"linter/last-line": "low"}}).findings} == {
        Severity.LOW
    }
    weights = [Weight(tool="linter", rules=("last-*",), severity=Severity.CRITICAL)]
    assert {one.severity for one in scan(tool, weights=weights).findings} == {Severity.CRITICAL}


@pytest.mark.parametrize(
    ("tool", "said"),
    [
        ({"command": []}, "at least 1"),
        ({"command": [""]}, "name of a program"),
        ({"command": ["./lint"]}, "absolute path"),
        ({"command": ["bin/lint"]}, "absolute path"),
        ({"command": ["lint", "--in={files}"]}, "word of its own"),
        ({"command": ["lint"], "timeout_s": 0}, "greater than 0"),
        ({"command": ["lint"], "format": "checkstyle"}, "sarif"),
        ({"command": ["lint"], "name": "secret"}, "cannot be called secret"),
        ({"command": ["lint"], "shell": True}, "Extra"),
    ],
)
def test_settings_that_make_no_sense_are_refused(tool: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        RulesSettings.model_validate({"tools": [{"name": "lint", **tool}]})


def test_two_tools_of_one_name_are_refused() -> None:
    tool = {"name": "lint", "command": ["lint"]}
    with pytest.raises(ValidationError, match="two tools are called lint"):
        RulesSettings.model_validate({"tools": [tool, tool]})


def test_a_glob_that_is_none_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError):
        scan({"command": ["lint"], "paths": ["!"]})
