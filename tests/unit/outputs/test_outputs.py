"""Every report format: what it says, and that no text of a stranger breaks out of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from reviewer import outputs
from reviewer.domain import ReviewWarning, Suggestion, Suppressed, Verdict
from reviewer.outputs.text import INDENT, visible
from reviewer.outputs.wrapping import WIDTH, wrap
from tests.conftest import ROOT
from tests.unit.outputs.sample import EVAL, REMOVED, REVIEW, WHOLE_FILE

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
    report = render("junit")
    suite = ET.fromstring(report)[0]

    assert report.startswith('<?xml version="1.0" encoding="utf-8"?>\n')
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


CHINESE = (
    "调用方可以控制该字符串，从而在服务进程里执行任意代码（包括读取数据库口令）。请改用 ast.literal_eval 解析字面量，"
    "用自己编写的小型解析器处理公式，并通过字典选择函数；不要把用户输入直接交给 eval 或 exec。"
)


def test_prose_is_wrapped_at_a_hundred_cells_in_any_script() -> None:
    english = "Whoever controls the string runs code with the rights of this process. " * 4
    told = outputs.make("text").render(
        replace(REVIEW, findings=(replace(EVAL, message=CHINESE, why=english),)), Verdict.FAIL
    )
    prose = [line.removeprefix(INDENT) for line in told.splitlines() if line.startswith(INDENT)]
    chinese = [line for line in prose if cell_len(line) != len(line)]

    assert len(chinese) > 1
    assert max(cell_len(line) for line in prose) <= WIDTH
    assert "".join(chinese).replace(" ", "") == CHINESE.replace(" ", "")
    assert " ".join(prose[len(chinese) : -1]) == english.strip()


@given(
    st.text(alphabet="订单金额（，。）《》abc def-/,.", min_size=1, max_size=200),
    st.integers(min_value=12, max_value=60),
)
def test_wrapping_loses_nothing_and_keeps_punctuation_with_its_word(text: str, width: int) -> None:
    lines = list(wrap(text, width))

    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        assert cell_len(line) <= width or len(re.findall(r"[订单金额]|\s", line.strip())) <= 1


def test_no_line_begins_with_a_closing_mark() -> None:
    lines = list(wrap("订单金额必须用整数分表示，" * 20, 24))

    assert len(lines) > 10
    assert [line for line in lines if line[0] in "，。"] == []


def test_a_word_longer_than_a_line_stays_whole_and_an_indent_is_kept() -> None:
    address = "a" * 150

    assert list(wrap(f"  see {address} for more", 40)) == ["  see", f"  {address}", "  for more"]
    assert list(wrap("   ")) == [""]


def test_long_code_is_cut_and_what_is_missing_is_said() -> None:
    long = replace(EVAL, evidence="\n".join(["订" * 500, *("x" for _ in range(20))]))
    lines = outputs.make("text").render(replace(REVIEW, findings=(long,)), Verdict.FAIL).splitlines()
    cut = next(line for line in lines if "订" in line)

    assert cell_len(cut) <= 170
    assert cut.endswith("…")
    assert "        │ … 13 more" in lines


@pytest.mark.parametrize("source", ["rule", "path", "title", "note", "warning"])
def test_no_text_of_a_stranger_drives_the_terminal(source: str) -> None:
    hostile = "\x1b]0;pwned\x07\u202e\r\n"
    texts = dict.fromkeys(["rule", "path", "title", "note", "warning"], "x") | {source: hostile}
    odd = replace(EVAL, rule_id=texts["rule"], path=texts["path"], title=texts["title"])
    review = replace(
        REVIEW,
        models=(),
        findings=(odd,),
        suppressed=(Suppressed(odd, "inline", texts["note"]),),
        warnings=(ReviewWarning("model-unreachable", texts["warning"]),),
    )
    told = outputs.make("text").render(review, Verdict.FAIL)

    assert [char for char in told if not char.isprintable() and char != "\n"] == []


def test_the_space_of_chinese_prose_is_no_hidden_character() -> None:
    assert visible("金额\u3000单位\xa0\u200b") == "金额\u3000单位\\xa0\\u200b"


def test_json_says_which_warnings_leave_the_verdict_open() -> None:
    warnings = json.loads(render("json"))["warnings"]

    assert [(item["code"], item["undecided"]) for item in warnings] == [
        ("binary", False),
        ("model-timeout", True),
    ]


def test_json_counts_what_a_quote_has_moved() -> None:
    moved = outputs.make("json").render(replace(REVIEW, reanchored=3, remembered=9), Verdict.PASS)

    assert json.loads(moved)["reanchored"] == 3
    assert json.loads(moved)["remembered"] == 9


def test_what_is_about_removed_lines_or_a_whole_file_points_at_no_innocent_line() -> None:
    review = replace(REVIEW, findings=(REMOVED, WHOLE_FILE), suppressed=())
    issues = json.loads(outputs.make("codequality").render(review, Verdict.FAIL))
    results = json.loads(outputs.make("sarif").render(review, Verdict.FAIL))["runs"][0]["results"]

    assert [issue["location"]["lines"]["begin"] for issue in issues] == [1, 1]
    assert issues[0]["description"].endswith("(about removed line 4)")
    assert [one["locations"][0]["physicalLocation"]["region"]["startLine"] for one in results] == [1, 1]


def test_codequality_has_the_fields_that_gitlab_documents() -> None:
    for issue in json.loads(render("codequality")):
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert "\n" not in issue["description"]
        assert issue["location"]["lines"]["begin"] >= 1


def test_sarif_rates_security_rules_and_others_as_github_wants_it() -> None:
    rules = {rule["id"]: rule for rule in json.loads(render("sarif"))["runs"][0]["tool"]["driver"]["rules"]}

    assert rules["python/no-eval"]["properties"]["security-severity"] == "8.0"
    assert "security" in rules["secret/private-key"]["properties"]["tags"]
    assert rules["model/correctness"]["properties"]["problem.severity"] == "error"
    assert rules["model/correctness"]["shortDescription"]["text"] == "Found by a model: correctness"


def test_sarif_names_the_file_of_a_warning() -> None:
    told = json.loads(render("sarif"))["runs"][0]["invocations"][0]["toolExecutionNotifications"]

    assert [item["level"] for item in told] == ["warning", "error"]
    assert told[1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "src/Big.java"


def test_markdown_lets_no_text_break_out() -> None:
    breakout = replace(
        EVAL,
        title="x\n# Approved <img src=x>",
        message="@everyone /merge\n```\n## Pass\n",
        evidence="```\n## Pass",
        suggestion=Suggestion(3, 3, "````\n/approve"),
    )
    told = outputs.make("markdown").render(replace(REVIEW, findings=(breakout,)), Verdict.FAIL)
    outside = re.sub(r"^(`{3,})[^\n]*\n.*?^\1$", "", told, flags=re.DOTALL | re.MULTILINE)

    assert "## Pass" not in outside
    assert "<img" not in outside
    assert not re.search(r"^\s*/(merge|approve)", outside, re.MULTILINE)


def test_an_inconclusive_review_says_so_in_junit() -> None:
    suite = ET.fromstring(outputs.make("junit").render(REVIEW, Verdict.INCONCLUSIVE))[0]
    error = suite.find("testcase/error")

    assert suite.get("errors") == "1"
    assert error is not None
    assert error.text == "no token for 60 s"
