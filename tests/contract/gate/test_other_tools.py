"""Other tools in the gate: files that they left, and programs that the operator has us run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from reviewer import wiring
from reviewer.config import Settings
from tests.contract.gate.lab import CLEAN, FLAWED, Job, Outcome, Project
from tests.unit.scanners import sarif_shapes as shapes

RUFF = str(Path(sys.executable).parent / "ruff")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "project")
    made.commit({"pay.py": CLEAN})
    return made


def gate(job: Job, project: Project, settings: str, *options: str) -> Outcome:
    file = project.folder.parent / "instance.toml"
    file.write_text(settings)
    return job.run(project, "--base=HEAD~1", *options, REVIEWER_CONFIG=str(file))


def tool(command: list[str], more: str = "") -> str:
    return f'[[rules.tools]]\nname = "lint"\ncommand = {json.dumps(command)}\n{more}\n'


# --- programs -------------------------------------------------------------------------------------


def test_a_real_linter_is_run_on_the_changed_files_and_its_findings_are_kept(
    job: Job, project: Project
) -> None:
    project.commit(
        {"pay.py": f"import os\n\n\n{FLAWED}", "notes.txt": "import os\n", "ruff.toml": "exclude=['*']\n"}
    )
    command = [
        RUFF,
        "check",
        "--isolated",
        "--ignore-noqa",
        "--select=S,F",
        "--output-format=sarif",
        "{files}",
    ]
    outcome = gate(job, project, tool(command, 'paths = ["*.py"]\nrequired = true'))

    assert outcome.code == 10
    found = {finding["rule_id"]: finding["severity"] for finding in outcome.result["findings"]}
    assert found == {"python/no-eval": "high", "lint/F401": "low"}
    repeats = [row["message"] for row in outcome.result["warnings"] if row["code"] == "sarif-repeats"]
    assert repeats == ["lint says what is reported already: pay.py:5 S307 (python/no-eval)"]


def test_its_results_are_weighed_by_the_operators_table(job: Job, project: Project) -> None:
    project.commit({"pay.py": f"import os\n\n\n{CLEAN}"})
    command = [RUFF, "check", "--isolated", "--select=F", "--output-format=sarif", "{files}"]
    weight = '[[sarif.severity]]\ntool = "lint"\nrules = ["F4*"]\nseverity = "high"\n'
    outcome = gate(job, project, tool(command) + weight)

    assert outcome.code == 10
    assert [finding["severity"] for finding in outcome.result["findings"]] == ["high"]


@pytest.mark.parametrize(("required", "code"), [("true", 11), ("false", 0)])
@pytest.mark.parametrize(
    "command",
    [["no-such-linter"], [sys.executable, "-c", "print('rubbish')"], [sys.executable, "-c", "1/0"]],
    ids=["missing", "rubbish", "dies"],
)
def test_one_that_fails_is_11_where_it_is_required(
    job: Job, project: Project, command: list[str], required: str, code: int
) -> None:
    project.commit({"pay.py": f"{CLEAN}RATE = 3\n"})
    outcome = gate(job, project, tool(command, f"required = {required}"))

    assert outcome.code == code
    assert [row["code"] for row in outcome.result["warnings"]] == ["tool-failed"]
    assert ("Left undecided" in outcome.out) == (code == 11)


def test_one_that_hangs_is_ended(job: Job, project: Project) -> None:
    project.commit({"pay.py": f"{CLEAN}RATE = 3\n"})
    hang = [sys.executable, "-c", "import time; time.sleep(600)"]
    outcome = gate(job, project, tool(hang, "required = true\ntimeout_s = 0.5"))

    assert outcome.code == 11
    assert "took longer than 0.5 s" in outcome.out


def test_the_repository_cannot_have_anything_run(job: Job, project: Project, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    project.commit({".reviewer.toml": tool([sys.executable, "-c", f"open({str(mark)!r}, 'w')"])})
    project.commit({"pay.py": f"{CLEAN}RATE = 3\n", "reviewer.toml": tool(["touch", str(mark)])})
    outcome = gate(job, project, "")

    assert outcome.code == 2
    assert "rules.tools can only be set by the operator" in outcome.err
    assert not mark.exists()


def test_an_ignore_comment_about_a_tools_rule_is_known(job: Job, project: Project) -> None:
    command = [RUFF, "check", "--isolated", "--select=F", "--output-format=sarif", "{files}"]
    project.commit({"pay.py": f"import os  # reviewer: ignore[lint/F401] kept for its effect\n\n\n{CLEAN}"})
    outcome = gate(job, project, tool(command))

    assert outcome.code == 0
    assert [(row["rule_id"], row["reason"]) for row in outcome.result["suppressed"]] == [
        ("lint/F401", "inline")
    ]
    assert outcome.result["warnings"] == []


def test_the_service_runs_them_too(tmp_path: Path) -> None:
    settings = Settings.model_validate({"rules": {"tools": [{"name": "lint", "command": ["lint"]}]}})
    rules = wiring.open_rules(settings, cache_dir=tmp_path, tolerant=True)

    assert "tools" in [scanner.name for scanner in rules.scanners(settings.review, settings.rules)]
    assert "lint/*" in rules.ids


# --- files ----------------------------------------------------------------------------------------


def test_a_file_of_another_tool_adds_to_ours_and_repeats_nothing(
    job: Job, project: Project, tmp_path: Path
) -> None:
    project.commit({"pay.py": FLAWED})
    file = tmp_path / "semgrep.sarif"
    file.write_text(json.dumps(shapes.semgrep("pay.py", 2)))
    other = tmp_path / "checkov.sarif"
    other.write_text(json.dumps(shapes.checkov("pay.py", 2)))
    outcome = gate(job, project, "", f"--sarif-in={file}", f"--sarif-in={other}")

    assert [finding["rule_id"] for finding in outcome.result["findings"]] == [
        "python/no-eval", "checkov/CKV_K8S_16"
    ]  # fmt: skip
    assert [row["code"] for row in outcome.result["warnings"]] == ["sarif-repeats"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ('{"runs": ' + "[" * 200_000, "nested too deeply"),
        ('{"runs": [{"results": [' + "{}," * 1_000_001 + "{}]}]}", "more than 1,000,000 objects and lists"),
    ],
    ids=["cut", "deep", "millions"],
)
def test_a_hostile_file_is_refused_with_its_reason(
    job: Job, project: Project, tmp_path: Path, content: str, said: str
) -> None:
    project.commit({"pay.py": f"{CLEAN}RATE = 3\n"})
    file = tmp_path / "hostile.sarif"
    file.write_text(content)
    outcome = gate(job, project, "", f"--sarif-in={file}")

    assert (outcome.code, said in outcome.err) == (2, True)
    assert not outcome.reports.exists()


def test_paths_outside_the_repository_are_refused_and_counted(
    job: Job, project: Project, tmp_path: Path
) -> None:
    project.commit({"pay.py": f"{CLEAN}RATE = 3\n"})
    file = tmp_path / "hostile.sarif"
    log = shapes.golangci("../../etc/passwd", 1)
    log["runs"][0]["results"] += shapes.golangci("/etc/passwd", 1)["runs"][0]["results"]
    file.write_text(json.dumps(log))
    outcome = gate(job, project, "", f"--sarif-in={file}")

    assert outcome.code == 0
    assert [row["message"] for row in outcome.result["warnings"]] == [
        "hostile.sarif: 2 results lie outside the repository"
    ]
