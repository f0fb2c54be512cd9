"""Comments: calm and short for a reader, harmless for a forge."""

from __future__ import annotations

import re
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewer.domain import (
    Confidence,
    Coverage,
    Overview,
    Rejected,
    ReviewWarning,
    Severity,
    Source,
    Suggestion,
    Suppressed,
    Usage,
    Verdict,
)
from reviewer.stages.comment import BODY_LIMIT, Dialect, render_finding, render_summary, suggestion_block
from reviewer.stages.phrases import CHINESE, ENGLISH, phrases
from reviewer.stages.threshold import Bar
from tests.fakes.findings import finding, review

MARKER = "<!-- reviewer:v1:x:y:z -->"
HOSTILE = "/merge\n\n@all see #1 <b>![x](https://evil.example/x)\n~~~\n/approve"


def acting_lines(body: str) -> list[str]:
    """Return the lines that GitLab would obey: outside closed blocks of exactly three backticks."""
    outside = re.sub(r"^```(?!`).*?\n```$", "", body, flags=re.MULTILINE | re.DOTALL)
    return [line for line in outside.split("\n") if re.match(r"\s*/\w", line)]


def test_a_comment_reads_well() -> None:
    flaw = finding(
        12,
        title="eval runs what a user typed",
        message="`eval` receives the request's `expr`.",
        why="Use `ast.literal_eval`.",
        cwe=("CWE-95",),
        suggestion=Suggestion(11, 12, "    value = literal_eval(expr)\n    return value"),
    )
    assert render_finding(flaw, "gitlab", "en", MARKER) == (
        "**High** · eval runs what a user typed\n\n"
        "`eval` receives the request's `expr`.\n\n"
        "Use `ast.literal_eval`.\n\n"
        "```suggestion:-1+0\n    value = literal_eval(expr)\n    return value\n```\n\n"
        "<sub>`CWE-95` · To silence: comment `reviewer: ignore[python/no-eval]` here or on the line above.</sub>\n\n"
        f"{MARKER}"
    )


def test_it_reads_well_in_chinese() -> None:
    flaw = finding(None, title="重复扣费", message="第二次调用会再次扣费。", severity=Severity.CRITICAL)
    assert render_finding(flaw, "github", "zh-CN", MARKER) == (
        f"**致命** · 重复扣费\n\n第二次调用会再次扣费。\n\n<sub>`python/no-eval`</sub>\n\n{MARKER}"
    )


def test_a_title_is_not_said_twice() -> None:
    body = render_finding(finding(1, title="Once", message="Once"), "gitlab", "en", MARKER)
    assert body.count("Once") == 1


def test_a_finding_that_is_not_certain_says_so() -> None:
    body = render_finding(finding(1, confidence=Confidence.LOW), "gitlab", "en", MARKER)
    assert ENGLISH.low_confidence in body


@pytest.mark.parametrize(
    ("replacement", "dialect", "block"),
    [
        ("x = 1", "gitlab", "```suggestion:-2+0\nx = 1\n```"),
        ("x = 1", "github", "```suggestion\nx = 1\n```"),
        ("", "gitlab", "```suggestion:-2+0\n```"),
        ("", "github", "```suggestion\n```"),
        ("a\n/merge", "gitlab", "```suggestion:-2+0\na\n/merge\n```"),
        ("```\na\n```", "gitlab", "````suggestion:-2+0\n```\na\n```\n````"),
        ("```\n/merge\n```", "gitlab", None),
        ("```\n/merge\n```", "github", "````suggestion\n```\n/merge\n```\n````"),
        ("x = 1\u202e", "github", None),
        ('password = "hunter2-hunter2"', "github", None),
        ("<!-- reviewer:v1:a:b:c -->", "github", None),
    ],
)
def test_a_suggestion_is_byte_for_byte_or_not_there(
    replacement: str, dialect: Dialect, block: str | None
) -> None:
    assert suggestion_block(Suggestion(3, 5, replacement), dialect) == block


def test_gitlab_gets_no_suggestion_that_it_would_cut() -> None:
    assert suggestion_block(Suggestion(1, 101, "x"), "gitlab")
    assert suggestion_block(Suggestion(1, 102, "x"), "gitlab") is None
    assert suggestion_block(Suggestion(1, 102, "x"), "github")


def test_a_suggestion_that_is_left_out_is_mentioned() -> None:
    flaw = finding(1, suggestion=Suggestion(1, 1, "x\u200b"))
    assert ENGLISH.no_suggestion in render_finding(flaw, "gitlab", "en", MARKER)


@given(st.text("/`~\n \\<>@#ab", max_size=60), st.sampled_from(["gitlab", "github"]))
def test_nothing_in_a_comment_acts(text: str, dialect: Dialect) -> None:
    flaw = finding(1, title=text, message=text, why=text, suggestion=Suggestion(1, 1, "x = 1\n/merge\ny"))
    body = render_finding(flaw, dialect, "en", MARKER)
    assert not acting_lines(body)
    assert body.endswith(f"\n\n{MARKER}")
    assert body.count("<!--") == 1


# --- the summary ----------------------------------------------------------------------------------

FLAW = finding(12, fingerprint="a" * 32)
OTHER = finding(
    7, fingerprint="b" * 32, source=Source.MODEL, severity=Severity.LOW, title="t | u", message="Details."
)
FULL = review(
    FLAW,
    OTHER,
    suppressed=(Suppressed(FLAW, "inline", "legacy"),),
    rejected=(Rejected("quote-not-found", "a", "b"), Rejected("suggestion-invalid", "a", "b")),
    warnings=(
        ReviewWarning("binary", "a binary file", "logo.png"),
        ReviewWarning("model-unreachable", "r1 did not answer", undecided=True),
    ),
    models=("coder",),
    usage=Usage(3, 5120, 3000, 640, 12.34),
    coverage=Coverage(24, 22, 2, 812, 790),
    overview=Overview("Adds fees.", "medium", ("app.py",), ("a fee of zero",)),
)


def test_a_summary_says_everything_there_is_to_say() -> None:
    assert (
        render_summary(FULL, Verdict.FAIL, {OTHER.fingerprint}, "en", MARKER)
        == f"""\
### ❌ Not passed (at or above “high”: 1)

**Could not be reviewed**

- r1 did not answer

Adds fees.

- **Risk**: medium
- **Read first**: `app.py`
- **Tests that are missing**: a fee of zero

| Severity | Finding | Place |
| --- | --- | --- |
| High | eval runs what a user typed | `app.py:12` |
| Low | t \\| u | `app.py:7` |

**Not commented inline (1)**

- **Low** · t | u · `app.py:7` · `bbbbbbbbbbbb`: Details.

<details><summary>Not reviewed, or with limits (1)</summary>

- `logo.png` a binary file

</details>

<details><summary>Silenced (1)</summary>

- `app.py:12` `python/no-eval` · in the code: legacy

</details>

<details><summary>How this was reviewed</summary>

- Findings of rules and other tools: 2.
- Drafts of the model (`coder`): 2, of which 1 became findings.
- Rejected: quoted code that is not there (1), suggestion that did not fit (finding kept) (1).
- Files reviewed: 22 of 24; changed lines seen by a model: 790 of 812.
- Model calls: 3; tokens in: 5120 (3000 cached), out: 640; 12.3 s.

</details>

<sub>Reviewed at `{"2" * 40}`</sub>

{MARKER}"""
    )


def test_a_clean_change_gets_few_words() -> None:
    body = render_summary(review(), Verdict.PASS, (), "zh-CN", MARKER)
    assert body.startswith("### ✅ 通过\n\n未发现问题。\n\n<details>")
    assert CHINESE.rules_alone in body
    assert len(body.split("\n")) < 20


def test_what_was_kept_from_an_earlier_review_is_counted() -> None:
    body = render_summary(review(remembered=9), Verdict.PASS, (), "en", MARKER)
    assert "whose answers were kept: 9." in body
    assert "were kept" not in render_summary(review(), Verdict.PASS, (), "en", MARKER)


def test_the_threshold_is_the_one_that_was_applied() -> None:
    body = render_summary(FULL, Verdict.FAIL, (), "en", MARKER, bar=Bar("low"))
    assert body.startswith("### ❌ Not passed (at or above “low”: 2)")
    assert "Inconclusive" in render_summary(FULL, Verdict.INCONCLUSIVE, (), "en", MARKER, bar=Bar("never"))


def test_a_huge_review_still_fits_and_counts_what_was_cut() -> None:
    flaw = replace(FLAW, title="<" * 5000, message="<" * 5000, path="p" * 4000)
    missed = ReviewWarning("binary", "<" * 5000, "p" * 4000)
    many = replace(
        FULL,
        findings=(flaw,) * 500,
        warnings=(missed,) * 500,
        suppressed=(Suppressed(flaw, "inline", "<" * 500),) * 500,
    )
    body = render_summary(many, Verdict.FAIL, {flaw.fingerprint}, "en", MARKER)
    assert len(body) <= BODY_LIMIT
    assert body.count("and 480 more") == 4
    assert body.endswith(MARKER)


def test_nothing_in_a_summary_acts() -> None:
    hostile = replace(
        FULL,
        findings=(replace(OTHER, title=HOSTILE, message=HOSTILE, path="@all/<b>`|\n/x.py"),),
        warnings=(ReviewWarning("x", HOSTILE, HOSTILE), ReviewWarning("x", HOSTILE, undecided=True)),
        suppressed=(Suppressed(FLAW, "inline", HOSTILE),),
        models=(HOSTILE,),
        overview=Overview(HOSTILE, HOSTILE, (HOSTILE,), (HOSTILE,)),
    )
    body = render_summary(hostile, Verdict.FAIL, {OTHER.fingerprint}, "en", MARKER)
    assert not acting_lines(body)
    shown = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", body)
    assert not re.search(r"@all|#1|<b>|\]\(|https:|~~~\n/", shown)
    assert body.count("<!--") == 1
    assert len(re.findall(r"^\|", body, re.MULTILINE)) == 3


def test_both_languages_fill_the_same_gaps() -> None:
    def gaps(text: object) -> list[str]:
        return sorted(re.findall(r"\{\w+\}", str(text)))

    for field in fields(ENGLISH):
        assert gaps(getattr(ENGLISH, field.name)) == gaps(getattr(CHINESE, field.name)), field.name
    assert ENGLISH.reasons.keys() == CHINESE.reasons.keys()
    assert phrases("fr") is ENGLISH
