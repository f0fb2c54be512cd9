"""Other tools' findings: kept where the change touches, whatever the file looks like."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reviewer.domain import Category, Confidence, Finding, Severity, Source
from reviewer.errors import UsageError
from reviewer.scanners import sarif_file
from reviewer.scanners.sarif import SarifScanner
from tests.fakes.changes import change_set, changed_file

CHANGE = change_set(
    changed_file("app/x.py", "a = 1\nb = 2\n", "a = 1\nb = eval(c)\n"),
    changed_file("app/a b.py", None, "a = 1\n"),
)


def result(uri: str = "app/x.py", line: int | None = 2, **fields: Any) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if line is not None:
        place["region"] = {"startLine": line}
    return {"ruleId": "S1", "message": {"text": "bad"}, "locations": [{"physicalLocation": place}], **fields}


def write(tmp_path: Path, *results: Any, driver: dict[str, Any] | None = None, **run: Any) -> Path:
    file = tmp_path / "tool.sarif"
    tool = {"driver": {"name": "My Tool", **(driver or {})}}
    file.write_text(json.dumps({"version": "2.1.0", "runs": [{"tool": tool, "results": results, **run}]}))
    return file


def found(file: Path, root: Path | None = None) -> tuple[Finding, ...]:
    report = SarifScanner([file], root).scan(CHANGE)
    assert report.warnings == ()
    return report.findings


def test_a_result_becomes_a_finding(tmp_path: Path) -> None:
    rule = {
        "id": "S1",
        "shortDescription": {"text": "Do not eval"},
        "properties": {
            "tags": ["external/cwe/cwe-095"],
            "precision": "very-high",
            "security-severity": "9.1",
        },
    }
    [finding] = found(write(tmp_path, result(level="note"), driver={"rules": [rule]}))
    assert (finding.rule_id, finding.source, finding.path) == ("my-tool/S1", Source.SARIF, "app/x.py")
    assert (finding.start_line, finding.end_line, finding.evidence) == (2, 2, "b = eval(c)")
    assert (finding.severity, finding.confidence) == (Severity.CRITICAL, Confidence.HIGH)
    assert (finding.category, finding.cwe) == (Category.SECURITY, ("CWE-95",))
    assert (finding.title, finding.message) == ("Do not eval", "bad")


def test_only_what_the_change_touches_is_kept(tmp_path: Path) -> None:
    assert found(write(tmp_path, result(line=1), result("app/y.py"), result(line=99))) == ()


def test_a_result_without_lines_is_about_the_file(tmp_path: Path) -> None:
    [finding] = found(write(tmp_path, result(line=None)))
    assert (finding.start_line, finding.end_line) == (None, None)


@pytest.mark.parametrize(
    ("level", "severity"),
    [
        ("error", Severity.HIGH),
        ("warning", Severity.MEDIUM),
        ("note", Severity.LOW),
        ("weird", Severity.MEDIUM),
    ],
)
def test_levels(tmp_path: Path, level: str, severity: Severity) -> None:
    assert [finding.severity for finding in found(write(tmp_path, result(level=level)))] == [severity]


def test_the_level_of_the_rule_counts_where_the_result_has_none(tmp_path: Path) -> None:
    rules = [{"id": "S0"}, {"id": "S1", "defaultConfiguration": {"level": "error"}}]
    entry = result(ruleIndex=1)
    del entry["ruleId"]
    [finding] = found(write(tmp_path, entry, driver={"rules": rules}))
    assert (finding.rule_id, finding.severity) == ("my-tool/S1", Severity.HIGH)


def test_a_special_case_of_a_rule_is_the_rule(tmp_path: Path) -> None:
    rules = [{"id": "CA1000", "defaultConfiguration": {"level": "note"}}]
    [finding] = found(write(tmp_path, result(ruleId="CA1000/1"), driver={"rules": rules}))
    assert (finding.rule_id, finding.severity) == ("my-tool/CA1000/1", Severity.LOW)


def test_rules_and_messages_of_an_extension(tmp_path: Path) -> None:
    rule = {"id": "Q7", "messageStrings": {"default": {"text": "from the rule"}}}
    entry = result(rule={"id": "Q7", "index": 0, "toolComponent": {"index": 0}}, message={"id": "default"})
    del entry["ruleId"]
    tool = {"driver": {"name": "My Tool"}, "extensions": [{"name": "pack", "rules": [rule]}]}
    [finding] = found(write(tmp_path, entry, tool=tool))
    assert (finding.rule_id, finding.message) == ("my-tool/Q7", "from the rule")


@pytest.mark.parametrize("uri", ["./app/x.py", "app//x.py", "app/../app/x.py", "app\\x.py", "app%2Fx.py"])
def test_paths_are_normalised(tmp_path: Path, uri: str) -> None:
    assert [finding.path for finding in found(write(tmp_path, result(uri)))] == ["app/x.py"]


def test_absolute_paths_are_taken_inside_the_repository(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    file = write(tmp_path, result((root / "app/x.py").as_uri()), result(f"{root}/app/a%20b.py", line=1))
    assert sorted(finding.path for finding in found(file, tmp_path)) == ["app/a b.py", "app/x.py"]


def test_a_base_is_put_in_front(tmp_path: Path) -> None:
    entry = result("x.py")
    entry["locations"][0]["physicalLocation"]["artifactLocation"]["uriBaseId"] = "SRC"
    assert len(found(write(tmp_path, entry, originalUriBaseIds={"SRC": {"uri": "app/"}}))) == 1


def test_a_file_named_by_its_index(tmp_path: Path) -> None:
    entry = result()
    entry["locations"][0]["physicalLocation"]["artifactLocation"] = {"index": 0}
    assert len(found(write(tmp_path, entry, artifacts=[{"location": {"uri": "app/x.py"}}]))) == 1


@pytest.mark.parametrize(
    "uri", ["../x.py", "/etc/passwd", "file:///etc/passwd", "C:\\x.py", "http://a/x.py", ".", "a/../.."]
)
def test_paths_outside_are_refused_and_said(tmp_path: Path, uri: str) -> None:
    report = SarifScanner([write(tmp_path, result(uri))], tmp_path).scan(CHANGE)
    assert report.findings == ()
    assert [warning.code for warning in report.warnings] == ["sarif-outside"]


@pytest.mark.parametrize(
    "entry",
    [
        None,
        7,
        {},
        {"ruleId": "S1"},
        {"ruleId": "S1", "message": {"text": "bad"}},
        result(locations=[]),
        result(locations="x"),
        result(message="bad"),
        result(ruleId=None),
        result(locations=[{"physicalLocation": {"artifactLocation": {"index": 9}}}]),
    ],
)
def test_what_cannot_be_read_is_counted(tmp_path: Path, entry: Any) -> None:
    report = SarifScanner([write(tmp_path, entry, result())]).scan(CHANGE)
    assert len(report.findings) == 1
    assert [warning.code for warning in report.warnings] == ["sarif-malformed"]


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "pass"},
        {"baselineState": "absent"},
    ],
)
def test_what_the_tool_has_closed_is_left_out(tmp_path: Path, fields: dict[str, Any]) -> None:
    assert found(write(tmp_path, result(**fields))) == ()


@pytest.mark.parametrize("status", [{}, {"status": "accepted"}])
def test_what_the_tool_calls_suppressed_is_counted(tmp_path: Path, status: dict[str, Any]) -> None:
    entry = result(suppressions=[{"kind": "inSource", **status}])
    report = SarifScanner([write(tmp_path, entry)]).scan(CHANGE)
    assert report.findings == ()
    assert [(one.code, one.undecided) for one in report.warnings] == [("sarif-silenced", False)]


def test_a_suppression_that_was_not_granted_silences_nothing(tmp_path: Path) -> None:
    assert len(found(write(tmp_path, result(suppressions=[{"kind": "external", "status": "rejected"}])))) == 1


def test_odd_numbers_and_types_do_no_harm(tmp_path: Path) -> None:
    entry = result(ruleIndex=-1, level=3)
    entry["locations"][0]["physicalLocation"]["region"] = {"startLine": 2, "endLine": True}
    rules = [{"id": "S1", "properties": {"tags": "security", "security-severity": "NaN"}}, 4]
    [finding] = found(write(tmp_path, entry, driver={"rules": rules}))
    assert (finding.end_line, finding.severity) == (2, Severity.MEDIUM)


def test_the_same_result_twice_is_one_finding(tmp_path: Path) -> None:
    assert len(found(write(tmp_path, result(), result()))) == 1


def test_secrets_in_messages_are_redacted(tmp_path: Path) -> None:
    [finding] = found(write(tmp_path, result(message={"text": "found AKIAQYLPMN5HFIQR7B3Z"})))
    assert "AKIAQYLPMN5HFIQR7B3Z" not in repr(finding)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON"),
        (b"<xml/>", "not JSON"),
        (b"[]", "no runs"),
        (b'{"runs": {}}', "no runs"),
        (b'{"runs": ' + b"[" * 200_000, "nested too deeply"),
        (b'{"runs": [' + b" " * sarif_file.MAX_BYTES + b"]}", "larger than 25 MB"),
        (
            b'{"runs": [{"results": [' + b"{}," * sarif_file.MAX_NODES + b"{}]}]}",
            "more than 1,000,000 objects",
        ),
    ],
    ids=["empty", "xml", "list", "object", "deep", "huge", "millions"],
)
def test_a_file_that_is_no_sarif_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "x.sarif"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=words):
        SarifScanner([file]).scan(CHANGE)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        SarifScanner([tmp_path / "x.sarif"]).scan(CHANGE)


def test_files_with_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    file = write(tmp_path, result())
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert len(found(file)) == 1
