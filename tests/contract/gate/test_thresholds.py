"""What fails, by path, rule, severity and confidence; and who may say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.gate.lab import CLEAN, FLAWED, Job, Outcome, Project

BARE = "x = 1  # reviewer: ignore[python/no-eval]\n"  # a low finding of high confidence


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "project")
    made.commit({"src/trade/pay.py": CLEAN, "tools/fix.py": CLEAN, "notes.py": "x = 1\n"})
    return made


def gate(job: Job, project: Project, settings: str, *options: str) -> Outcome:
    file = project.folder.parent / "instance.toml"
    file.write_text(settings)
    return job.run(project, "--base=HEAD~1", *options, REVIEWER_CONFIG=str(file))


def test_a_path_may_be_stricter(job: Job, project: Project) -> None:
    settings = '[[gate.thresholds]]\npaths = ["src/trade/**"]\nfail_on = "low"\n'
    project.commit({"notes.py": BARE})
    assert gate(job, project, settings).code == 0

    project.commit({"src/trade/pay.py": BARE})
    outcome = gate(job, project, settings, "--format=markdown")
    assert outcome.code == 10
    assert "or what the thresholds of the gate say" in outcome.out
    assert "as the thresholds of the gate say" in (outcome.reports / "reviewer.md").read_text(
        encoding="utf-8"
    )


def test_a_path_or_a_rule_may_be_more_lenient(job: Job, project: Project) -> None:
    project.commit({"tools/fix.py": FLAWED})
    assert gate(job, project, "").code == 10
    assert gate(job, project, '[[gate.thresholds]]\npaths = ["tools/**"]\nfail_on = "never"\n').code == 0
    assert (
        gate(job, project, '[[gate.thresholds]]\nrules = ["python/no-*"]\nfail_on = "critical"\n').code == 0
    )
    assert gate(job, project, '[[gate.thresholds]]\nrules = ["java/*"]\nfail_on = "never"\n').code == 10


def test_the_first_that_fits_decides(job: Job, project: Project) -> None:
    settings = (
        '[[gate.thresholds]]\npaths = ["tools/fix.py"]\nfail_on = "high"\n'
        '[[gate.thresholds]]\npaths = ["tools/**"]\nfail_on = "never"\n'
    )
    project.commit({"tools/fix.py": FLAWED})

    assert gate(job, project, settings).code == 10


def test_a_repository_cannot_loosen_it(job: Job, project: Project) -> None:
    project.commit({".reviewer.toml": '[[gate.thresholds]]\npaths = ["**"]\nfail_on = "never"\n'})
    project.commit({"tools/fix.py": FLAWED})
    outcome = gate(job, project, "")

    assert outcome.code == 2
    assert "can only be set by the operator" in outcome.err


def test_what_a_repository_may_not_ask_for_is_refused_and_said(job: Job, project: Project) -> None:
    project.commit({".reviewer.toml": '[review]\nfail_on = "never"\n[rules]\ndisable = ["secret/*"]\n'})
    project.commit({"tools/fix.py": FLAWED})
    outcome = gate(job, project, "")

    assert outcome.code == 10
    refused = [row["message"] for row in outcome.result["warnings"] if row["code"] == "setting-refused"]
    assert [message.split(": ")[1].split(" ")[0] for message in refused] == [
        "review.fail_on",
        "rules.disable",
    ]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('[[gate.thresholds]]\nfail_on = "low"\n', "paths or rules"),
        ('[[gate.thresholds]]\npaths = ["a"]\n', "fail_on or confidence"),
        ('[[gate.thresholds]]\npath = ["a"]\nfail_on = "low"\n', "unknown key"),
        ('[[gate.thresholds]]\npaths = ["!"]\nfail_on = "low"\n', "gate.thresholds"),
    ],
)
def test_thresholds_that_make_no_sense_are_2(job: Job, project: Project, settings: str, said: str) -> None:
    project.commit({"tools/fix.py": FLAWED})
    outcome = gate(job, project, settings)

    assert (outcome.code, said in outcome.err) == (2, True), outcome.err
