"""The last words of the gate: what fails, and what to do."""

from __future__ import annotations

from parsers.diff import Side
from reviewer.domain import Confidence, ReviewWarning, Severity, Source, Suggestion, Verdict
from reviewer.outputs.closing import MOST_ROWS, close
from reviewer.stages.threshold import Bar
from tests.fakes.findings import finding, review

LATE = ReviewWarning("model-timeout", "no token for 60 s", "big.py", undecided=True)


def test_a_pass_needs_no_word() -> None:
    assert close(review(finding(severity=Severity.LOW)), Verdict.PASS, Bar()) == ""


def test_only_what_fails_is_listed_with_where_why_fix_and_silence() -> None:
    told = close(review(finding(3), finding(5, confidence=Confidence.LOW)), Verdict.FAIL, Bar())

    assert told.splitlines() == [
        "",
        "What fails the gate (high or above, at medium confidence or above):",
        "  app.py:3  high  python/no-eval  eval runs what a user typed",
        "      fix: see above, and reviewer rules show python/no-eval",
        "      or say why it is right, on the line or alone above it: # reviewer: ignore[python/no-eval] REASON",
    ]


def test_each_kind_of_finding_has_its_remedy() -> None:
    told = close(
        review(
            finding(suggestion=Suggestion(3, 4, "x = 1")),
            finding(suggestion=Suggestion(3, 3, "")),
            finding(source=Source.SECRET, rule_id="secret/aws-key"),
            finding(source=Source.MODEL, rule_id="model/finance"),
        ),
        Verdict.FAIL,
    )

    assert [line.strip() for line in told.splitlines() if "fix:" in line] == [
        "fix: replace lines 3-4 as shown above",
        "fix: delete line 3 as shown above",
        "fix: take it out, and change it where it is valid: it is in the history now",
        "fix: see above",
    ]


def test_the_comment_is_one_of_the_files_language() -> None:
    paths = ("a.java", "a.sql", "a.css", "a.html", "a.unknown")
    told = close(review(*(finding(path=path) for path in paths)), Verdict.FAIL)

    comments = [line.partition("alone above it: ")[2] for line in told.splitlines() if "alone above" in line]
    assert comments == [
        "// reviewer: ignore[python/no-eval] REASON",
        "-- reviewer: ignore[python/no-eval] REASON",
        "/* reviewer: ignore[python/no-eval] REASON */",
        "<!-- reviewer: ignore[python/no-eval] REASON -->",
        "# reviewer: ignore[python/no-eval] REASON",
    ]


def test_what_no_comment_can_silence_has_none() -> None:
    told = close(review(finding(None), finding(3, side=Side.OLD)), Verdict.FAIL)

    assert "ignore[" not in told
    assert "  app.py  high" in told


def test_what_is_undecided_says_what_to_mend() -> None:
    told = close(review(warnings=(LATE,)), Verdict.INCONCLUSIVE, Bar())

    assert told.splitlines() == [
        "",
        "Left undecided; run the job again once this is mended:",
        "  no token for 60 s",
    ]


def test_thresholds_are_mentioned_and_control_characters_shown() -> None:
    from reviewer.config import GateSettings
    from reviewer.stages.threshold import raise_bar

    gate = GateSettings.model_validate({"thresholds": [{"paths": ["src/**"], "fail_on": "low"}]})
    told = close(review(finding(title="a\x1b[2Jb")), Verdict.FAIL, raise_bar(gate, "high"))

    assert "or what the thresholds of the gate say" in told
    assert "a\\x1b[2Jb" in told


def test_long_lists_are_cut_and_counted() -> None:
    told = close(review(*(finding(number) for number in range(1, 40))), Verdict.FAIL, Bar())

    assert told.count("high  python/no-eval") == MOST_ROWS
    assert "… and 19 more" in told
