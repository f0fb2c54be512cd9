"""Whose settings count: the target branch's and the operator's, never the author's."""

from __future__ import annotations

from pathlib import Path

from tests.contract.gate.lab import CLEAN, FLAWED, Job, Project

LENIENT = '[rules]\ndisable = ["python/no-eval"]\n'


def test_repository_settings_of_the_merge_base_count(job: Job, tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project")
    base = project.commit({"pay.py": CLEAN, ".reviewer.toml": LENIENT})
    project.commit({"pay.py": FLAWED})

    assert job.run(project, "--base", base).code == 0


def test_repository_settings_of_the_head_do_not(job: Job, tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project")
    base = project.commit({"pay.py": CLEAN})
    project.commit({"pay.py": FLAWED, ".reviewer.toml": LENIENT})

    assert job.run(project, "--base", base).code == 10


def test_a_stricter_threshold_of_the_merge_base_is_named_in_the_summary(job: Job, tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project")
    base = project.commit({"pay.py": "", ".reviewer.toml": '[review]\nfail_on = "low"\n'})
    project.commit({"pay.py": "x = 1  # reviewer: ignore[python/no-eval]\n"})  # without a reason: low
    outcome = job.run(project, "--base", base, "--format=markdown")

    assert outcome.code == 10
    assert "at or above `low`" in (outcome.reports / "reviewer.md").read_text(encoding="utf-8")


def test_a_reviewer_toml_in_the_checkout_is_never_read(job: Job, tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project")
    base = project.commit({"pay.py": CLEAN})
    project.commit({"pay.py": FLAWED, "reviewer.toml": f'{LENIENT}[review]\nfail_on = "never"\n'})

    assert job.run(project, "--base", base).code == 10


def test_the_operators_file_is_named_by_a_variable(job: Job, tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project")
    base = project.commit({"pay.py": CLEAN})
    project.commit({"pay.py": FLAWED})
    file = tmp_path / "reviewer.toml"
    file.write_text('[review]\nfail_on = "critical"\n')

    assert job.run(project, "--base", base, REVIEWER_CONFIG=str(file)).code == 0


def test_the_operator_disables_and_weighs_rules(job: Job, tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project")
    base = project.commit({"pay.py": CLEAN, ".reviewer.toml": '[rules]\ndisable = ["java/*"]\n'})
    project.commit({"pay.py": FLAWED})
    file = tmp_path / "reviewer.toml"
    file.write_text('[rules]\ndisable = ["python/no-eval"]\n')
    assert job.run(project, "--base", base, REVIEWER_CONFIG=str(file)).found == []

    file.write_text('[rules.severity]\n"python/no-eval" = "low"\n')
    outcome = job.run(project, "--base", base, REVIEWER_CONFIG=str(file))
    assert (outcome.code, [row["severity"] for row in outcome.result["findings"]]) == (0, ["low"])


def test_an_unknown_variable_of_ours_is_exit_2(job: Job, tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project")
    project.commit({"pay.py": CLEAN})
    outcome = job.run(project, REVIEWER_REVEIW__FAIL_ON="never")

    assert outcome.code == 2
    assert "REVIEWER_REVIEW__FAIL_ON" in outcome.err
