"""The report files of a real run, held against the schemas of those who read them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tests.contract.gate.lab import CLEAN, FLAWED, Job, Project

ROOT = Path(__file__).resolve().parents[3]

# From GitLab's documentation of the Code Quality report format; paths are relative, without `./`.
CODE_QUALITY = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{32}(-[0-9]+)?$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": r"^[^./][^\\]*$|^\.[^./][^\\]*$"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "project")
    made.commit({"pay.py": CLEAN})
    silenced = FLAWED.replace("eval(text)", "eval(text)  # reviewer: ignore[python/no-eval] a fixed table")
    made.commit(
        {
            "pay.py": silenced,
            "app/税 费.py": f"{FLAWED}\n\n{FLAWED}",
            "deploy/.env": "AWS_KEY=AKIAQYLPMN5HFIQR7B3Z\nAWS_SECRET=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\n",
            "bare.py": "x = 1  # reviewer: ignore[python/no-eval]\n",
        }
    )
    return made


def test_the_code_quality_report_has_its_form_and_unique_fingerprints(job: Job, project: Project) -> None:
    outcome = job.run(project, "--base=HEAD~1", GITLAB_CI="true")
    issues = json.loads((outcome.reports / "gl-code-quality-report.json").read_text(encoding="utf-8"))

    jsonschema.validate(issues, CODE_QUALITY)
    assert len(issues) == len(outcome.result["findings"]) >= 4
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)


def test_the_sarif_report_holds_to_its_schema_with_what_was_silenced(job: Job, project: Project) -> None:
    outcome = job.run(project, "--base=HEAD~1", "--format=sarif")
    report = json.loads((outcome.reports / "reviewer.sarif").read_text(encoding="utf-8"))

    schema = json.loads((ROOT / "tests/fixtures/sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
    jsonschema.validate(report, schema)
    results = report["runs"][0]["results"]
    assert sum("suppressions" in result for result in results) == 1
    uris = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in results}
    assert "app/%E7%A8%8E%20%E8%B4%B9.py" in uris
