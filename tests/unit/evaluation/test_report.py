"""The report: its figures, as a table, as JSON and as a page."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

from reviewer.domain import Category, Source, Usage
from reviewer.evaluation import page, report, table
from reviewer.evaluation.report import Report
from reviewer.evaluation.scoring import score_case
from reviewer.evaluation.workspace import locate
from tests.unit.evaluation.lab import case, golden, outcome, reported

HOSTILE = '<script>alert("x")</script>'


def build() -> Report:
    cases = [
        case(golden(2, severity="critical"), golden(40), id="a", title=HOSTILE),
        case(id="b", language="go"),
        case(id="c", language="go"),
    ]
    usage = Usage(model_calls=2, prompt_tokens=1000, cached_tokens=600, completion_tokens=50)
    said = {
        "coder": [
            outcome(
                reported(2, suggestion="clean"),
                reported(3),
                of=cases[0],
                usage=usage,
                rejected={"duplicate": 2},
            ),
            outcome(reported(2, category=Category.SECURITY, source=Source.RULE), of=cases[1], usage=usage),
            outcome(of=cases[2], rejected={"suggestion-invalid": 1}),
        ],
        "qwen": [
            outcome(reported(90, in_diff=False, title=HOSTILE), of=cases[0], contender="qwen"),
            outcome(of=cases[1], contender="qwen", complete=False),
            outcome(of=cases[2], contender="qwen"),
        ],
    }
    scores = {
        name: [score_case(one, locate(one), each) for one, each in zip(cases, outcomes, strict=True)]
        for name, outcomes in said.items()
    }
    return report.build(scores, datasets=["starter"], tolerance=3, notes=["one note"])


def test_everything_is_summed_up() -> None:
    coder, qwen = build().contenders
    assert (coder.hits, coder.repeats, coder.wrong, coder.missed) == (1, 1, 1, 1)
    assert (coder.findings, coder.admitted, coder.drafts) == (3, 2, 4)
    assert (coder.precision.value, coder.recall.value, coder.silence.value) == (1 / 3, 0.5, 0.5)
    assert coder.rejected == {"duplicate": 2, "suggestion-invalid": 1}
    assert coder.suggestions == {"clean": 1}
    assert coder.usage.cached_tokens == 1200
    assert (coder.anchoring_errors, qwen.anchoring_errors) == (0, 1)
    assert (coder.incomplete, qwen.incomplete, qwen.silence.value) == (0, 1, 0.5)
    assert (qwen.first_comment_s.median, qwen.first_answer_s.median) == (1.0, None)


def test_figures_come_by_language_category_severity_and_source() -> None:
    coder, _ = build().contenders
    assert (coder.by_language["go"].silence, coder.by_language["python"].recall) == (0.5, 0.5)
    assert (coder.by_severity["critical"].hits, coder.by_severity["high"].missed) == (1, 1)
    assert coder.by_severity["high"].false == 2
    assert (coder.by_category["correctness"].false, coder.by_category["security"].false) == (1, 1)
    assert (coder.by_source["model"].hits, coder.by_source["rule"].false) == (1, 1)


def test_contenders_are_compared_pair_by_pair() -> None:
    (difference,) = build().differences
    assert (difference.left, difference.right) == ("coder", "qwen")
    assert difference.f1.value is not None
    assert difference.f1.value > 0


def test_json_holds_every_figure_and_every_case() -> None:
    document = json.loads(report.dump(build()))
    assert document["version"] == 1
    assert document["contenders"][0]["recall"]["value"] == 0.5
    assert document["rows"][0]["results"][1]["wrong"][0]["title"] == HOSTILE


def test_the_table_says_how_it_was_matched_and_what_is_missing() -> None:
    text = table.render(build())
    assert "3 cases of starter: 2 defects to find, 2 clean cases" in text
    assert "akin categories (no judge)" in text
    assert re.search(r"recall +50\.0 % \([\d-]+\) +0\.0 %", text)
    assert re.search(r"rejected: duplicate +2 +0\n", text)
    assert re.search(r"anchoring errors +0 +1\n", text)
    assert text.endswith("note: one note\n")


class _Page(HTMLParser):
    """Notes tags left open, elements that load something, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "meta":
            self.open.append(tag)
        if tag in {"script", "link", "img", "iframe"} or any(name in {"src", "href"} for name, _ in attrs):
            self.loads.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Opens nothing."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_stands_alone_and_shows_strangers_texts_as_texts() -> None:
    written = page.render(build())
    read = _Page()
    read.feed(written)
    assert (read.open, read.loads) == ([], [])
    assert HOSTILE in read.text
    assert "prefers-color-scheme: dark" in written
    assert "url(" not in written
    assert "default-src 'none'" in written


def test_the_page_shows_each_figure_of_the_table() -> None:
    read = _Page()
    made = build()
    read.feed(page.render(made))
    for name, value in table.facts_of(made.contenders[0]):
        assert name.strip() in read.text
        assert value in read.text


def test_nothing_to_divide_by_is_said() -> None:
    about = case(id="clean")
    made = report.build({"none": [score_case(about, (), outcome(of=about))]}, datasets=["x"], tolerance=3)
    assert "nothing to divide by" in page.render(made)
    assert re.search(r"recall +-\n", table.render(made))
