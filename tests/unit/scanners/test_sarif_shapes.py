"""The files that tools really write: names, places, weights and weaknesses, one tool after the other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reviewer.config import RulesSettings, SarifSettings, Weight
from reviewer.domain import ChangeSet, Confidence, Finding, Severity
from reviewer.scanners.sarif import MOST_FINDINGS, SarifScanner
from reviewer.scanners.sarif_severity import Claim, weigh
from tests.fakes.changes import change_set, changed_file
from tests.unit.scanners import sarif_shapes as shapes

ROOT = Path("/builds/desk/pay")
PYTHON, SCRIPT = "desk/run it.py", "web/run.js"
JAVA, GO, YAML = "src/main/java/desk/Run.java", "cmd/run.go", "deploy/pod.yaml"


def change(path: str) -> ChangeSet:
    return change_set(changed_file(path, "one\n", "one\ntwo\n"), changed_file("other.txt", "a\n", "b\n"))


def taken(tmp_path: Path, log: shapes.Log, path: str, **more: Any) -> tuple[Finding, ...]:
    file = tmp_path / "tool.sarif"
    file.write_text(json.dumps(log), encoding="utf-8")
    report = SarifScanner([file], ROOT, **more).scan(change(path))
    assert report.warnings == ()
    return report.findings


@pytest.mark.parametrize(
    ("shape", "path", "rule_id", "severity", "cwe", "title"),
    [
        (shapes.semgrep, PYTHON, "semgrep/rules.eval-of-input", Severity.HIGH, "CWE-95", "Input is evaluated."),
        (shapes.codeql, PYTHON, "codeql/py/code-injection", Severity.CRITICAL, "CWE-94", "Code injection"),
        (shapes.ruff, PYTHON, "ruff/S307", Severity.MEDIUM, "CWE-95", "Use of `eval` that may be unsafe"),
        (shapes.eslint, SCRIPT, "eslint/@team/no-eval", Severity.MEDIUM, "", "eval can be harmful."),
        (shapes.spotbugs, JAVA, "spotbugs/SCRIPT_EVAL", Severity.MEDIUM, "CWE-95", "Script of a caller."),
        (shapes.golangci, GO, "golangci-lint/gosec", Severity.MEDIUM, "CWE-78", "G204: Subprocess with variable"),
        (shapes.checkov, YAML, "checkov/CKV_K8S_16", Severity.MEDIUM, "", "Container is privileged"),
        (shapes.bandit, PYTHON, "bandit/B307", Severity.MEDIUM, "CWE-78", "Possibly insecure function."),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)  # fmt: skip
def test_what_each_tool_writes_becomes_one_finding_on_the_changed_line(
    tmp_path: Path,
    *,
    shape: Callable[[str, int], shapes.Log],
    path: str,
    rule_id: str,
    severity: Severity,
    cwe: str,
    title: str,
) -> None:
    [finding] = taken(tmp_path, shape(path.replace(" ", "%20"), 2), path)

    assert (finding.rule_id, finding.path, finding.start_line) == (rule_id, path, 2)
    assert (finding.severity, finding.cwe[:1], finding.title) == (severity, (cwe,) if cwe else (), title)
    assert taken(tmp_path, shape(path.replace(" ", "%20"), 1), path) == (), "an unchanged line"


def test_arguments_are_put_into_a_rules_message(tmp_path: Path) -> None:
    [finding] = taken(tmp_path, shapes.spotbugs(JAVA, 2), JAVA)

    assert finding.message == "Desk.run() runs the script text."


def test_a_tools_word_on_its_confidence_counts(tmp_path: Path) -> None:
    assert taken(tmp_path, shapes.bandit(PYTHON, 2), PYTHON)[0].confidence is Confidence.HIGH
    assert taken(tmp_path, shapes.golangci(GO, 2), GO)[0].confidence is Confidence.MEDIUM


# --- weights --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weight", "severity"),
    [
        ({"tool": "sem*"}, Severity.LOW),
        ({"rules": ["rules.eval-*"]}, Severity.LOW),
        ({"level": "error"}, Severity.LOW),
        ({"tool": "ruff"}, Severity.HIGH),
        ({"tool": "semgrep", "rules": ["other"]}, Severity.HIGH),
        ({"level": "warning"}, Severity.HIGH),
        ({"score": 5.0}, Severity.HIGH),
    ],
)
def test_the_operators_table_decides_where_it_fits(
    tmp_path: Path, weight: dict[str, Any], severity: Severity
) -> None:
    table = SarifSettings.model_validate({"severity": [{"severity": "low", **weight}]}).severity

    [finding] = taken(tmp_path, shapes.semgrep(PYTHON, 2), PYTHON, weights=table)
    assert finding.severity is severity


def test_the_first_weight_that_fits_decides() -> None:
    table = [Weight(score=9.0, severity=Severity.HIGH), Weight(tool="codeql", severity=Severity.LOW)]

    assert weigh(Claim("codeql", "py/x", "error", 9.3), table) is Severity.HIGH
    assert weigh(Claim("codeql", "py/x", "error", 8.9), table) is Severity.LOW
    assert weigh(Claim("codeql", "py/x", "error"), table) is Severity.LOW


@pytest.mark.parametrize(
    ("claim", "severity"),
    [
        (Claim("any", "r", "error"), Severity.HIGH),
        (Claim("any", "r", "note"), Severity.LOW),
        (Claim("any", "r", "error", 3.9), Severity.LOW),
        (Claim("any", "r", "note", 4.0), Severity.MEDIUM),
        (Claim("any", "r", "note", 9.0), Severity.CRITICAL),
        (Claim("ruff", "E501", "error"), Severity.LOW),
        (Claim("ruff", "F821", "error"), Severity.HIGH),
        (Claim("ruff", "F401", "error"), Severity.LOW),
        (Claim("eslint", "no-undef", "warning"), Severity.LOW),
        (Claim("golangci-lint", "typecheck", "error"), Severity.HIGH),
        (Claim("golangci-lint", "gofmt", "error"), Severity.LOW),
        (Claim("checkov", "CKV_1", "warning"), Severity.MEDIUM),
    ],
    ids=str,
)
def test_the_defaults(claim: Claim, severity: Severity) -> None:
    assert weigh(claim) is severity


def test_the_settings_of_rules_hold_for_other_tools_rules_too(tmp_path: Path) -> None:
    log = shapes.semgrep(PYTHON, 2)
    low = RulesSettings(severity={"semgrep/rules.eval-of-input": Severity.LOW})

    assert taken(tmp_path, log, PYTHON, rules=low)[0].severity is Severity.LOW
    assert taken(tmp_path, log, PYTHON, rules=RulesSettings(disable=("semgrep/*",))) == ()


# --- more than is meant ---------------------------------------------------------------------------


def test_more_results_on_the_change_than_anybody_reads_are_cut_and_undecided(tmp_path: Path) -> None:
    log = shapes.golangci(GO, 2)
    [entry] = log["runs"][0]["results"]
    log["runs"][0]["results"] = [{**entry, "ruleId": f"r{number}"} for number in range(MOST_FINDINGS + 5)]
    file = tmp_path / "tool.sarif"
    file.write_text(json.dumps(log))
    report = SarifScanner([file], ROOT).scan(change(GO))

    assert len(report.findings) == MOST_FINDINGS
    assert [(one.code, one.undecided) for one in report.warnings] == [("too-many-results", True)]


def test_a_range_of_lines_without_end_is_cut_to_the_change(tmp_path: Path) -> None:
    log = shapes.golangci(GO, 1)
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["endLine"] = 10**18

    [finding] = taken(tmp_path, log, GO)
    assert (finding.start_line, finding.end_line) == (2, 2)


def test_a_run_that_failed_is_told_and_decides_nothing(tmp_path: Path) -> None:
    log = shapes.bandit(PYTHON, 2)
    log["runs"][0]["invocations"] = [{"executionSuccessful": False, "exitCodeDescription": "no rules"}]
    file = tmp_path / "tool.sarif"
    file.write_text(json.dumps(log))
    report = SarifScanner([file], ROOT).scan(change(PYTHON))

    assert len(report.findings) == 1
    assert [(one.code, one.undecided, "no rules" in one.message) for one in report.warnings] == [
        ("tool-failed", False, True)
    ]
