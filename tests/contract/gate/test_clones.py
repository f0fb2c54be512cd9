"""Clones that lack what the gate needs, folders that are none, and links left by an author."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.contract.gate.lab import FLAWED, History, Job, Project, event


@pytest.fixture
def shallow(history: History, tmp_path: Path) -> Project:
    return history.project.clone(tmp_path / "shallow", "--depth=1", "--branch=feature")


def test_gitlab_is_told_how_deep_to_clone(job: Job, history: History, shallow: Project) -> None:
    outcome = job.run(
        shallow,
        GITLAB_CI="true",
        CI_MERGE_REQUEST_IID="7",
        CI_MERGE_REQUEST_DIFF_BASE_SHA=history.start,
        CI_COMMIT_SHA=history.head,
    )

    assert outcome.code == 2
    assert "set the variable GIT_DEPTH to 0" in outcome.err
    assert "Traceback" not in outcome.err
    assert not outcome.reports.exists()


def test_github_is_told_how_deep_to_clone(
    job: Job, history: History, shallow: Project, tmp_path: Path
) -> None:
    pull = {"number": 7, "base": {"sha": history.after}, "head": {"sha": history.head}}
    outcome = job.run(
        shallow, GITHUB_ACTIONS="true", GITHUB_EVENT_PATH=event(tmp_path, {"pull_request": pull})
    )

    assert (outcome.code, "fetch-depth: 0" in outcome.err) == (2, True)


def test_jenkins_is_told_to_clone_in_full(job: Job, shallow: Project) -> None:
    outcome = job.run(shallow, JENKINS_URL="https://jenkins.example.internal/", CHANGE_TARGET="main")

    assert (outcome.code, "switch the shallow clone off" in outcome.err) == (2, True)


def test_a_shell_is_told_to_fetch_the_history(job: Job, history: History, shallow: Project) -> None:
    outcome = job.run(shallow, "--base", history.start)

    assert (outcome.code, "git fetch --unshallow" in outcome.err) == (2, True)


def test_the_base_itself_is_enough_where_its_history_is_missing(
    job: Job, history: History, shallow: Project
) -> None:
    shallow.git("fetch", "--quiet", "--depth=1", "origin", history.start)
    outcome = job.run(
        shallow,
        GITLAB_CI="true",
        CI_MERGE_REQUEST_IID="7",
        CI_MERGE_REQUEST_DIFF_BASE_SHA=history.start,
        CI_COMMIT_SHA=history.head,
    )

    assert outcome.found == ["fees.py"]


def test_a_branch_that_was_not_fetched_is_named(job: Job, history: History, tmp_path: Path) -> None:
    clone = history.project.clone(tmp_path / "clone", "--single-branch", "--branch=feature")
    outcome = job.run(
        clone,
        GITLAB_CI="true",
        CI_COMMIT_BRANCH="feature",
        CI_DEFAULT_BRANCH="main",
        CI_COMMIT_SHA=history.head,
    )

    assert outcome.code == 2
    assert "git fetch origin +refs/heads/main:refs/remotes/origin/main" in outcome.err
    assert "shallow" not in outcome.err


def test_a_commit_that_is_gone_asks_for_another(job: Job, history: History) -> None:
    outcome = job.run(history.project, "--base", "1" * 40)

    assert outcome.code == 2
    assert "--base and --head" in outcome.err


def test_a_folder_that_is_no_repository_gets_no_advice_about_clones(job: Job, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    outcome = job.run(Project(folder), "--base", "main")

    assert outcome.code == 2
    assert "not a git repository" in outcome.err
    assert "->" not in outcome.err


def test_a_link_in_place_of_a_report_is_replaced_not_followed(
    job: Job, history: History, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    reports = history.project.folder / "reviewer-reports"
    reports.mkdir()
    (reports / "reviewer.json").symlink_to(victim)
    job.run(history.project, "--base", history.start, "--head", "feature")

    assert victim.read_text() == "precious"
    assert json.loads((reports / "reviewer.json").read_text())["verdict"] == "fail"


def test_reports_that_an_author_left_are_gone_even_where_the_gate_stops(job: Job, history: History) -> None:
    reports = history.project.folder / "reviewer-reports"
    reports.mkdir()
    (reports / "gl-code-quality-report.json").write_text("[]")
    (reports / "notes.txt").write_text("kept")
    outcome = job.run(history.project, "--base", "1" * 40, GITLAB_CI="true")

    assert outcome.code == 2
    assert outcome.files == {"notes.txt"}


def test_a_report_folder_that_is_a_link_is_exit_2(job: Job, history: History, tmp_path: Path) -> None:
    (history.project.folder / "reviewer-reports").symlink_to(tmp_path)
    outcome = job.run(history.project, "--base", history.start, "--head", "feature")

    assert (outcome.code, "symbolic link" in outcome.err) == (2, True)


def test_a_report_folder_that_is_a_file_is_exit_2(job: Job, history: History) -> None:
    outcome = job.run(history.project, "--base", history.start, "--head", "feature", "--report-dir=pay.py")

    assert outcome.code == 2
    assert "pay.py" in outcome.err


def test_a_gate_in_a_subfolder_sees_the_whole_change(job: Job, history: History) -> None:
    history.project.git("checkout", "--quiet", "feature")
    history.project.commit({"app/more.py": FLAWED})
    outcome = job.run(history.project, "--repo=app")

    assert sorted(outcome.found) == ["app/more.py", "fees.py"]


def test_another_tools_absolute_paths_are_understood(job: Job, history: History, tmp_path: Path) -> None:
    history.project.git("checkout", "--quiet", "feature")
    place = {
        "artifactLocation": {"uri": (history.project.folder / "fees.py").as_uri()},
        "region": {"startLine": 1, "endLine": 1},
    }
    result = {
        "ruleId": "naming",
        "level": "error",
        "message": {"text": "a poor name"},
        "locations": [{"physicalLocation": place}],
    }
    log = {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "other"}}, "results": [result]}]}
    file = tmp_path / "other.sarif"
    file.write_text(json.dumps(log))
    outcome = job.run(history.project, f"--sarif-in={file}")

    assert "a poor name" in outcome.out
