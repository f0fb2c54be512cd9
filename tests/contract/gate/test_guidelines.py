"""Rules in words through the whole gate: from the operator's folder to the model, and back as findings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.gate.lab import CLEAN, Job, Outcome, Project
from tests.fakes.models import CODER, ScriptedModels

FEN = """\
---
id: guidelines/fen
severity: high
title: Money is fen
paths: ["trade/**"]
---
Amounts are integer fen.
"""
FLOAT = "def fee(amount):\n    return amount * 1.1\n"
CLAIM = {
    "path": "trade/fee.py",
    "quote": "    return amount * 1.1",
    "start_line": 2,
    "end_line": 2,
    "guideline": "guidelines/fen",
    "severity": "low",
    "category": "finance",
    "title": "A float for money",
    "message": "1.1 is no exact rate: the fee is off by a fen.",
    "confidence": "high",
    "replacement": None,
}


@pytest.fixture
def models() -> Iterator[ScriptedModels]:
    with ScriptedModels() as server:
        server.script.when(schema=True).reply({"findings": [CLAIM]})
        server.script.when(schema=False).reply("The fee is computed with a float, against guidelines/fen.")
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "project")
    made.commit({"trade/fee.py": CLEAN})
    return made


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    (folder / "guidelines").mkdir(parents=True)
    (folder / "guidelines" / "fen.md").write_text(FEN)
    return folder


def gate(job: Job, project: Project, models: ScriptedModels, rules: Path, more: str = "") -> Outcome:
    file = project.folder.parent / "reviewer.toml"
    file.write_text(
        f'[models.coder]\nbackend = "ollama"\nurl = "{models.url}"\nmodel = "{CODER.name}"\n'
        f'[rules]\npaths = ["{rules}"]\n{more}'
    )
    return job.run(project, f"--config={file}", "--base=HEAD~1")


def test_a_finding_about_a_guideline_fails_the_gate_under_its_id(
    job: Job, project: Project, models: ScriptedModels, rules: Path
) -> None:
    project.commit({"trade/fee.py": FLOAT})
    outcome = gate(job, project, models, rules)

    assert outcome.code == 10
    [finding] = outcome.result["findings"]
    assert (finding["rule_id"], finding["severity"], finding["source"]) == ("guidelines/fen", "high", "model")
    assert any("[guidelines/fen]" in str(asked.messages) for asked in models.asked)


def test_it_is_weighed_disabled_and_silenced_like_a_rule(
    job: Job, project: Project, models: ScriptedModels, rules: Path
) -> None:
    project.commit({"trade/fee.py": FLOAT})
    lower = gate(job, project, models, rules, '[rules.severity]\n"guidelines/fen" = "medium"\n')
    assert (lower.code, lower.result["findings"][0]["severity"]) == (0, "medium")

    off = gate(job, project, models, rules, 'disable = ["guidelines/fen"]\n')
    assert [finding["rule_id"] for finding in off.result["findings"]] == ["model/finance"]

    line = FLOAT.replace("1.1\n", "1.1  # reviewer: ignore[guidelines/fen] a rate, no amount\n")
    models.script.clear()
    models.script.when(schema=False).reply("The fee is computed with a float.")
    models.script.when(schema=True).reply({"findings": [{**CLAIM, "quote": line.splitlines()[1]}]})
    project.commit({"trade/fee.py": line})
    silenced = gate(job, project, models, rules)
    assert silenced.code == 0
    assert [(row["rule_id"], row["reason"]) for row in silenced.result["suppressed"]] == [
        ("guidelines/fen", "inline")
    ]


def test_broken_front_matter_is_2_and_names_file_and_line(
    job: Job, project: Project, models: ScriptedModels, rules: Path
) -> None:
    (rules / "guidelines" / "fen.md").write_text(FEN.replace("severity: high", "severety: high"))
    project.commit({"trade/fee.py": FLOAT})
    outcome = gate(job, project, models, rules)

    assert outcome.code == 2
    assert "guidelines/fen.md:3: unknown key severety; did you mean severity?" in outcome.err


def test_guidelines_of_the_repository_itself_are_not_read(
    job: Job, project: Project, models: ScriptedModels, rules: Path
) -> None:
    own = FEN.replace("guidelines/fen", "guidelines/nothing").replace("Money is fen", "Report nothing")
    project.commit({"trade/fee.py": FLOAT, "rules/guidelines/nothing.md": own, "guidelines/nothing.md": own})
    gate(job, project, models, rules)

    system = [message for asked in models.asked for message in asked.messages if message["role"] == "system"]
    assert system
    assert not any("Report nothing" in message["content"] for message in system)
