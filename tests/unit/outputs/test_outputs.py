"""Every report format: what it says, and that no text of a stranger breaks out of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from reviewer import outputs
from reviewer.domain import Verdict
from tests.conftest import ROOT
from tests.unit.outputs.sample import EVAL, REVIEW

SUFFIXES = {
    "text": "txt",
    "markdown": "md",
    "json": "json",
    "sarif": "sarif",
    "codequality": "codequality.json",
    "junit": "xml",
}


def render(name: str, *, colored: bool = False) -> str:
    return outputs.make(name, colored=colored).render(REVIEW, Verdict.FAIL)


@pytest.mark.parametrize("name", outputs.FORMATS)
def test_the_report_reads_as_agreed(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"outputs/report.{SUFFIXES[name]}", render(name))


@pytest.mark.parametrize("name", outputs.FORMATS)
def test_no_control_character_of_the_code_survives(name: str) -> None:
    assert "\x1b" not in render(name)


@pytest.mark.parametrize("name", outputs.FORMATS)
def test_an_undecodable_path_can_be_written_as_utf_8(name: str) -> None:
    odd = replace(EVAL, path="app/\udcff.py")

    outputs.make(name).render(replace(REVIEW, findings=(odd,)), Verdict.FAIL).encode("utf-8")


def test_json_has_exactly_the_agreed_keys() -> None:
    result = json.loads(render("json"))

    assert (result["version"], result["verdict"], result["head"], result["base"]) == (
        1,
        "fail",
        "a" * 40,
        "b" * 40,
    )
    assert set(result["findings"][0]) >= {
        "rule_id", "source", "severity", "confidence", "category", "path", "side", "start_line", "end_line",
        "message", "why", "cwe", "suggestion", "fingerprint", "model", "evidence",
    }  # fmt: skip
    assert result["suppressed"][0]["reason"] == "inline"
    assert result["rejected"][0]["reason"] == "quote-not-found"
    assert result["coverage"]["changed_lines_seen_by_model"] == 32
    assert result["usage"]["cached_tokens"] == 3000


def test_colour_only_when_asked_for() -> None:
    assert "\x1b[" in render("text", colored=True)


def test_the_first_line_says_that_rules_ran_alone() -> None:
    alone = replace(REVIEW, models=())

    assert (
        outputs.make("text")
        .render(alone, Verdict.PASS)
        .splitlines()[0]
        .startswith("Reviewed by the rules alone")
    )


def test_junit_is_xml_and_counts_what_it_holds() -> None:
    suite = ET.fromstring(render("junit"))[0]

    assert len(suite.findall("testcase/failure")) == int(suite.get("failures", "0")) == 4
    assert len(suite.findall("testcase")) == int(suite.get("tests", "0"))


def test_codequality_fingerprints_are_unique() -> None:
    twice = replace(REVIEW, findings=(EVAL, EVAL))
    issues = json.loads(outputs.make("codequality").render(twice, Verdict.FAIL))

    assert len({issue["fingerprint"] for issue in issues}) == 2
    assert {issue["severity"] for issue in issues} == {"critical"}


def test_sarif_holds_to_its_schema() -> None:
    schema = json.loads((ROOT / "tests/fixtures/sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))

    jsonschema.validate(json.loads(render("sarif")), schema)


def test_sarif_marks_what_was_silenced_and_what_failed() -> None:
    run = json.loads(outputs.make("sarif").render(REVIEW, Verdict.INCONCLUSIVE))["runs"][0]

    assert run["results"][-1]["suppressions"][0]["justification"] == "a constant table"
    assert run["invocations"][0]["executionSuccessful"] is False
    assert {result["ruleId"] for result in run["results"]} == {
        rule["id"] for rule in run["tool"]["driver"]["rules"]
    }
