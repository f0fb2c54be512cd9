"""Policy: the order of findings, the verdict, and whose settings win."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewer.config import PathSettings, ReviewSettings, RulesSettings, Settings
from reviewer.domain import Confidence, Coverage, ReviewWarning, Severity, Source, Verdict
from reviewer.errors import ConfigError
from reviewer.stages.policy import Effective, coverage, effective, judge, rank
from reviewer.stages.threshold import Bar
from tests.fakes.changes import change_set, changed_file
from tests.fakes.findings import finding, review

MISSED = ReviewWarning("model-unreachable", "no model answered", undecided=True)
SKIPPED = ReviewWarning("binary", "a picture", "logo.png")


def merged(repository: str, **sections: object) -> Effective:
    return effective(Settings.model_validate(sections), repository.encode())


# --- findings -------------------------------------------------------------------------------------


def test_the_most_important_comes_first() -> None:
    ordered = (
        finding(9, severity=Severity.CRITICAL, confidence=Confidence.LOW),
        finding(9),
        finding(1, confidence=Confidence.MEDIUM, path="a.py"),
        finding(2, confidence=Confidence.MEDIUM, path="a.py"),
        finding(None, confidence=Confidence.MEDIUM, path="b.py"),
        finding(1, confidence=Confidence.MEDIUM, path="a.py", source=Source.MODEL),
        finding(1, severity=Severity.LOW),
    )
    for seed in range(5):
        shuffled = list(ordered)
        random.Random(seed).shuffle(shuffled)
        assert rank(shuffled) == ordered


def test_of_two_that_weigh_the_same_the_new_one_comes_first_whoever_found_it() -> None:
    said = finding(1, path="a.py", fingerprint="said")
    new = finding(2, path="b.py", fingerprint="new", source=Source.MODEL)
    weightier = finding(3, path="c.py", fingerprint="also said", severity=Severity.CRITICAL)
    surer = finding(4, path="d.py", fingerprint="unsure", confidence=Confidence.MEDIUM)

    ordered = rank([surer, said, new, weightier], {"said", "also said"})

    assert ordered == (weightier, new, said, surer)
    assert rank([said, new]) == (said, new)


@pytest.mark.parametrize(
    ("severity", "fail_on", "verdict"),
    [
        (Severity.HIGH, "high", Verdict.FAIL),
        (Severity.CRITICAL, "high", Verdict.FAIL),
        (Severity.MEDIUM, "high", Verdict.PASS),
        (Severity.LOW, "low", Verdict.FAIL),
        (Severity.CRITICAL, "never", Verdict.PASS),
    ],
)
def test_findings_at_or_above_the_threshold_fail(severity: Severity, fail_on: str, verdict: Verdict) -> None:
    assert judge(review(finding(1, severity=severity)), Bar(fail_on)) is verdict  # type: ignore[arg-type]


def test_what_we_are_not_sure_of_holds_nobody_up() -> None:
    assert judge(review(finding(1, confidence=Confidence.LOW)), Bar("low")) is Verdict.PASS
    assert judge(review(finding(1, confidence=Confidence.MEDIUM)), Bar("low")) is Verdict.FAIL


def test_what_went_unseen_is_never_a_pass() -> None:
    assert judge(review(warnings=(SKIPPED,)), Bar("high")) is Verdict.PASS
    assert judge(review(warnings=(SKIPPED, MISSED)), Bar("high")) is Verdict.INCONCLUSIVE
    assert judge(review(warnings=(MISSED,)), Bar("never")) is Verdict.INCONCLUSIVE


def test_a_failure_wins_over_an_unknown() -> None:
    assert judge(review(finding(1), warnings=(MISSED,)), Bar("high")) is Verdict.FAIL


def test_coverage_counts_the_changed_lines_of_reviewable_files() -> None:
    code = changed_file("app.py", "a\nb\n", "a\nc\nd\n")
    other = changed_file("lock.json", None, "x\n" * 100)
    assert coverage(change_set(code, other), [code], unseen_by_model=1) == Coverage(2, 1, 1, 3, 2)


# --- settings -------------------------------------------------------------------------------------


def test_without_a_file_the_operators_settings_hold() -> None:
    settings = Settings(review=ReviewSettings(max_comments=3))
    assert effective(settings, None) == (settings.review, settings.rules, Bar(), ())
    assert effective(settings, b"") == (settings.review, settings.rules, Bar(), ())


def test_a_repository_may_say_how_it_is_reviewed() -> None:
    review, rules, _, warnings = merged(
        """
        [review]
        language = "zh-CN"
        max_comments = 2
        ignore = ["generated/**"]
        [review.paths."src/**"]
        instructions = "Money is integer fen."
        [rules]
        disable = ["python/no-print"]
        severity = { "java/no-exit" = "low" }
        """,
        review={"ignore": ["vendor/**"], "passes": 3},
        rules={"disable": ["go/x"]},
    )
    assert review == ReviewSettings(
        language="zh-CN",
        max_comments=2,
        passes=3,
        ignore=("vendor/**", "generated/**"),
        paths={"src/**": PathSettings(instructions="Money is integer fen.")},
    )
    assert rules == RulesSettings(
        disable=("go/x", "python/no-print"), severity={"java/no-exit": Severity.LOW}
    )
    assert warnings == ()


def test_a_repository_adds_to_the_operators_instructions() -> None:
    review, *_ = merged(
        '[review.paths."src/**"]\ninstructions = "Theirs."',
        review={"paths": {"src/**": {"instructions": "Ours."}}},
    )
    assert review.paths["src/**"].instructions == "Ours.\nTheirs."


LEVELS = ("low", "medium", "high", "critical", "never")


@given(st.sampled_from(LEVELS), st.sampled_from(LEVELS))
def test_fail_on_becomes_stricter_or_stays(operator: str, repository: str) -> None:
    review, _, _, warnings = merged(f'[review]\nfail_on = "{repository}"', review={"fail_on": operator})
    assert review.fail_on == min(operator, repository, key=LEVELS.index)
    assert bool(warnings) == (LEVELS.index(repository) > LEVELS.index(operator))


def test_leaving_fail_on_out_is_no_wish() -> None:
    review, _, _, warnings = merged("[review]\nmax_comments = 1", review={"fail_on": "low"})
    assert (review.fail_on, warnings) == ("low", ())


@pytest.mark.parametrize("rule", ["secret/aws-access-key", "secret/*", "*", "*/*", "s*/x", "secret"])
def test_a_repository_cannot_switch_secrets_off(rule: str) -> None:
    _, rules, _, warnings = merged(f'[rules]\ndisable = ["{rule}"]\nseverity = {{ "{rule}" = "low" }}')
    assert rules == RulesSettings()
    assert [warning.code for warning in warnings] == ["setting-refused"] * 2


def test_a_repository_cannot_lower_what_the_operator_has_set() -> None:
    severity = {"a/low": "high", "a/raise": "low"}
    _, rules, _, warnings = merged(
        '[rules.severity]\n"a/low" = "low"\n"a/raise" = "high"', rules={"severity": severity}
    )
    assert rules.severity == {"a/low": Severity.HIGH, "a/raise": Severity.HIGH}
    assert len(warnings) == 1


def test_rule_folders_of_a_repository_are_not_read_and_that_is_said() -> None:
    _, rules, _, warnings = merged('[rules]\npaths = ["rules"]', rules={"paths": ["/srv/rules"]})
    assert [str(path) for path in rules.paths] == ["/srv/rules"]
    assert "rules.paths" in warnings[0].message


@pytest.mark.parametrize(
    ("text", "key", "hint"),
    [
        ("[reviews]\n", "reviews", "did you mean review?"),
        ("[review]\nlanguag = 'en'", "review.languag", "did you mean review.language?"),
        ("[rules]\ndisabled = []", "rules.disabled", "did you mean rules.disable?"),
        ("[review]\npasses = 3", "review.passes", "operator"),
        ("[models.x]\nmodel = 'x'", "models", "operator"),
        ("[service]\nposting = false", "service", "operator"),
        ("[privacy]\nredact = false", "privacy", "operator"),
        ("[review]\nfail_on = 'hihg'", "review.fail_on", "high"),
        ("[review]\nmax_comments = -1", "review.max_comments", "greater"),
        ("[rules]\npaths = ['/etc']", "rules.paths", "leaves the repository"),
        ("[rules]\npaths = ['a/../../b']", "rules.paths", "leaves the repository"),
        ("review = 1", "review", ""),
        ("[review", "", ""),
        ("x = " + "[" * 5000, "", ""),
        ("\x00", "", ""),
    ],
)
def test_what_cannot_be_understood_is_an_error_that_names_its_place(text: str, key: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        merged(text)
    assert (caught.value.key, caught.value.source) == (key, ".reviewer.toml")
    assert ".reviewer.toml" in str(caught.value)
    assert hint in str(caught.value)


def test_bytes_that_are_no_text_are_an_error() -> None:
    with pytest.raises(ConfigError):
        effective(Settings(), b"\xff\xfe")
