"""What GitHub Actions shows beside the code, and that nobody else gives the runner orders."""

from __future__ import annotations

from parsers.diff import Side
from reviewer.domain import Confidence, ReviewWarning, Severity
from reviewer.outputs.annotations import MOST_OF_A_KIND, annotate, inert
from reviewer.stages.threshold import Bar
from tests.fakes.findings import finding, review


def test_what_fails_is_an_error_and_the_rest_is_not() -> None:
    told = annotate(
        review(
            finding(3, end_line=4),
            finding(5, confidence=Confidence.LOW),
            finding(6, severity=Severity.LOW),
            warnings=(ReviewWarning("model-timeout", "no token for 60 s", undecided=True),),
        ),
        Bar(),
    )

    assert told.splitlines() == [
        "::warning title=left undecided::no token for 60 s",
        "::error file=app.py,line=3,endLine=4,title=high%3A python/no-eval::"
        "eval runs what a user typed: Whoever controls the argument runs code in this process.",
        "::warning file=app.py,line=5,endLine=5,title=high%3A python/no-eval::"
        "eval runs what a user typed: Whoever controls the argument runs code in this process.",
        "::notice file=app.py,line=6,endLine=6,title=low%3A python/no-eval::"
        "eval runs what a user typed: Whoever controls the argument runs code in this process.",
    ]


def test_without_a_bar_the_severity_decides() -> None:
    kinds = [line.split(" ")[0] for line in annotate(review(
        finding(severity=Severity.CRITICAL), finding(severity=Severity.MEDIUM), finding(severity=Severity.LOW)
    )).splitlines()]  # fmt: skip

    assert kinds == ["::error", "::warning", "::notice"]


def test_nothing_in_a_finding_is_taken_for_more_than_text() -> None:
    odd = finding(
        3, path="a,b:c\n::add-mask::x.py", title="t\r\n::error::owned", message="100%\n::stop-commands::x"
    )
    [line] = annotate(review(odd)).splitlines()

    assert line.startswith("::error file=a%2Cb%3Ac%0A%3A%3Aadd-mask%3A%3Ax.py,line=3,")
    assert line.endswith("::t%0D%0A::error::owned: 100%25%0A::stop-commands::x")


def test_what_has_no_line_on_the_new_side_is_about_the_file() -> None:
    told = annotate(review(finding(None), finding(7, side=Side.OLD)))

    assert [line.split("::")[1] for line in told.splitlines()] == [
        "error file=app.py,title=high%3A python/no-eval"
    ] * 2


def test_no_more_of_a_kind_than_github_shows() -> None:
    many = [finding(number) for number in range(1, 30)]
    lines = annotate(review(*many, finding(40, severity=Severity.LOW))).splitlines()

    assert len(lines) == MOST_OF_A_KIND + 1
    assert lines[-1].startswith("::notice file=app.py,line=40,")


def test_odd_bytes_of_a_path_are_no_trouble() -> None:
    assert "file=caf?.py" in annotate(review(finding(path="caf\udce9.py")))


def test_a_text_is_wrapped_in_a_word_that_it_cannot_know() -> None:
    first, second = inert("::error::x\n"), inert("::error::x\n")
    start, text, end = first.splitlines()

    assert (start.removeprefix("::stop-commands::"), text) == (end.strip(":"), "::error::x")
    assert first != second
