"""Three verdicts and two kinds of trouble, each with the exit code that a pipeline acts on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.gate.lab import CLEAN, FLAWED, Job, Project, event
from tests.fakes.models import CODER, ScriptedModels


@pytest.fixture
def models() -> Iterator[ScriptedModels]:
    with ScriptedModels() as server:
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "project")
    made.commit({"pay.py": CLEAN})
    return made


def configuration(folder: Path, models: ScriptedModels, *, required: bool = True) -> str:
    file = folder / "reviewer.toml"
    file.write_text(
        f'[models.coder]\nbackend = "ollama"\nurl = "{models.url}"\nmodel = "{CODER.name}"\n'
        f"[gate]\nrequire_model = {str(required).lower()}\n"
    )
    return f"--config={file}"


def test_a_required_model_that_is_away_is_11(
    job: Job, project: Project, models: ScriptedModels, tmp_path: Path
) -> None:
    models.unavailable = 503
    project.commit({"pay.py": CLEAN + "\n\nRATE = 3\n"})
    outcome = job.run(project, configuration(tmp_path, models), "--base=HEAD~1", "--format=markdown")

    assert outcome.code == 11
    assert outcome.result["verdict"] == "inconclusive"
    assert [item["code"] for item in outcome.result["warnings"] if item["undecided"]] == ["model-unreachable"]
    assert "### Left undecided" in (outcome.reports / "reviewer.md").read_text(encoding="utf-8")


def test_a_model_that_need_not_answer_is_0(
    job: Job, project: Project, models: ScriptedModels, tmp_path: Path
) -> None:
    models.unavailable = 503
    project.commit({"pay.py": CLEAN + "\n\nRATE = 3\n"})

    assert job.run(project, configuration(tmp_path, models, required=False), "--base=HEAD~1").code == 0


def test_findings_win_over_a_model_that_is_away(
    job: Job, project: Project, models: ScriptedModels, tmp_path: Path
) -> None:
    models.unavailable = 503
    project.commit({"pay.py": FLAWED})

    assert job.run(project, configuration(tmp_path, models), "--base=HEAD~1").code == 10


def test_an_empty_range_needs_no_model(
    job: Job, project: Project, models: ScriptedModels, tmp_path: Path
) -> None:
    models.unavailable = 503
    outcome = job.run(project, configuration(tmp_path, models), "--base=HEAD")

    assert outcome.code == 0
    assert outcome.result["findings"] == []


def test_a_threshold_of_never_passes_with_findings(job: Job, project: Project) -> None:
    project.commit({"pay.py": FLAWED})
    outcome = job.run(project, "--base=HEAD~1", "--fail-on=never")

    assert outcome.code == 0
    assert outcome.found == ["pay.py"]


@pytest.mark.parametrize("iid", ["seven", "-7", "٧", "7.0"])
def test_a_number_that_is_none_is_2(job: Job, project: Project, iid: str) -> None:
    outcome = job.run(project, GITLAB_CI="true", CI_MERGE_REQUEST_IID=iid)

    assert outcome.code == 2
    assert "CI_MERGE_REQUEST_IID" in outcome.err


@pytest.mark.parametrize(
    "payload",
    [
        "{",
        "[" * 100_000,
        [],
        {"pull_request": {"number": 7}},
        {"pull_request": {"number": None, "base": {"sha": "a" * 40}, "head": {"sha": "b" * 40}}},
        {"pull_request": "yes"},
        {"merge_group": {"base_sha": 5}},
    ],
    ids=["cut", "deep", "list", "no-base", "no-number", "text", "number"],
)
def test_an_event_file_that_cannot_be_understood_is_2(
    job: Job, project: Project, tmp_path: Path, payload: object
) -> None:
    outcome = job.run(project, GITHUB_ACTIONS="true", GITHUB_EVENT_PATH=event(tmp_path, payload))

    assert outcome.code == 2
    assert "internal error" not in outcome.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--mr=seven"],
        ["--format=sarf"],
        ["--fail-on=sometimes"],
        ["--base=--output=x"],
        ["--baseline=missing.json"],
        ["--from-service=https://reviewer.example.internal"],
        ["--from-service=x", "--format=junit"],
    ],
)
def test_what_cannot_be_asked_for_is_2(job: Job, project: Project, arguments: list[str]) -> None:
    outcome = job.run(project, *arguments)

    assert outcome.code == 2
    assert "internal error" not in outcome.err


def test_a_job_summary_that_cannot_be_written_is_2(job: Job, project: Project, tmp_path: Path) -> None:
    outcome = job.run(
        project, "--base=HEAD", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(tmp_path / "no" / "summary")
    )

    assert outcome.code == 2
    assert "GITHUB_STEP_SUMMARY" in outcome.err


def test_the_process_exits_with_the_code_and_separates_results_from_talk(
    job: Job, project: Project, cache: Path
) -> None:
    project.commit({"pay.py": FLAWED})
    run = subprocess.run(
        [sys.executable, "-I", "-m", "reviewer", "gate", "--base=HEAD~1", "--model=none"],
        cwd=project.folder,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 10
    assert run.stdout.startswith("Reviewed by the rules alone.")
    assert "written: reviewer-reports/reviewer.json" in run.stderr
