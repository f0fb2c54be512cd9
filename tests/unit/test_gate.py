"""What each CI system's variables say, without a repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reviewer.domain import Category, Confidence, ReviewWarning, Severity, Verdict
from reviewer.errors import UsageError
from reviewer.gate import write_report, write_reports
from reviewer.gate_pipeline import Pipeline, detect, with_flags
from reviewer.stages.threshold import Bar
from tests.fakes.findings import finding, review

BASE, HEAD, ZERO = "b" * 40, "a" * 40, "0" * 40


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_DIFF_BASE_SHA": BASE}, f"{BASE}..{HEAD}"),
        (
            {"CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"},
            f"origin/main...{HEAD}",
        ),
        ({"CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": ""}, HEAD),
        ({"CI_COMMIT_BRANCH": "topic", "CI_DEFAULT_BRANCH": "main"}, f"origin/main...{HEAD}"),
        (
            {"CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main", "CI_COMMIT_BEFORE_SHA": BASE},
            f"{BASE}...{HEAD}",
        ),
        ({"CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main", "CI_COMMIT_BEFORE_SHA": ZERO}, HEAD),
        (
            {
                "CI_EXTERNAL_PULL_REQUEST_IID": "7",
                "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_SHA": HEAD,
                "CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_SHA": BASE,
            },
            f"{BASE}...{HEAD}",
        ),
        ({"CI_COMMIT_TAG": "v1", "CI_DEFAULT_BRANCH": "main", "CI_COMMIT_BEFORE_SHA": ZERO}, HEAD),
    ],
)
def test_gitlab_ranges(variables: dict[str, str], expected: str) -> None:
    assert detect({"GITLAB_CI": "true", "CI_COMMIT_SHA": HEAD, **variables}).git_range == expected


def test_a_merge_request_from_a_fork_belongs_to_the_target_project() -> None:
    found = detect(
        {
            "GITLAB_CI": "true",
            "CI_COMMIT_SHA": HEAD,
            "CI_MERGE_REQUEST_IID": "7",
            "CI_PROJECT_PATH": "someone/pay",
            "CI_MERGE_REQUEST_PROJECT_PATH": "desk/pay",
        }
    )

    assert (found.project, found.number) == ("desk/pay", 7)


@pytest.mark.parametrize(
    ("variables", "event", "expected"),
    [
        ({"GITHUB_BASE_REF": "main"}, {}, f"origin/main...{HEAD}"),
        (
            {"GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "topic"},
            {"before": BASE, "repository": {"default_branch": "main"}},
            f"origin/main...{HEAD}",
        ),
        (
            {"GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "main"},
            {"before": BASE, "repository": {"default_branch": "main"}},
            f"{BASE}...{HEAD}",
        ),
        (
            {"GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "main"},
            {"schedule": "0 0 * * *", "repository": {"default_branch": "main"}},
            HEAD,
        ),
        ({"GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "v1"}, {"before": ZERO}, HEAD),
    ],
)
def test_github_ranges(
    tmp_path: Path, variables: dict[str, str], event: dict[str, object], expected: str
) -> None:
    file = tmp_path / "event.json"
    file.write_text(json.dumps(event))
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_SHA": HEAD, "GITHUB_EVENT_PATH": str(file), **variables}

    assert detect(environ).git_range == expected


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"CHANGE_TARGET": "main", "CHANGE_ID": "7"}, "origin/main...HEAD"),
        ({"BRANCH_NAME": "topic", "GIT_PREVIOUS_SUCCESSFUL_COMMIT": BASE}, None),
        (
            {"BRANCH_NAME": "main", "BRANCH_IS_PRIMARY": "true", "GIT_PREVIOUS_SUCCESSFUL_COMMIT": BASE},
            f"{BASE}...{HEAD}",
        ),
        ({"BRANCH_NAME": "main", "BRANCH_IS_PRIMARY": "true"}, HEAD),
        ({"GIT_PREVIOUS_SUCCESSFUL_COMMIT": BASE}, f"{BASE}...{HEAD}"),
    ],
)
def test_jenkins_ranges(variables: dict[str, str], expected: str | None) -> None:
    environ = {"JENKINS_URL": "https://jenkins.example.internal/", "GIT_COMMIT": HEAD, **variables}

    assert detect(environ).git_range == expected


def test_a_change_request_without_a_number_is_no_error() -> None:
    environ = {"JENKINS_URL": "x", "CHANGE_TARGET": "main", "CHANGE_ID": "PR-7"}

    assert detect(environ).number is None


def test_a_plain_shell_leaves_the_range_to_review() -> None:
    assert detect({}) == Pipeline()
    assert Pipeline().git_range is None


def test_a_named_base_is_no_merge_base_yet() -> None:
    found = Pipeline(base=BASE, exact_base=True, head=HEAD, project="a/b", number=7)

    assert with_flags(found, base="main", head=None, project=None, number=None).git_range == f"main...{HEAD}"
    assert with_flags(found, base=None, head="x", project="c/d", number=8) == Pipeline(
        base=BASE, exact_base=True, head="x", project="c/d", number=8
    )


@pytest.mark.parametrize(
    ("system", "files"),
    [
        ("", {"reviewer.json"}),
        ("gitlab", {"reviewer.json", "gl-code-quality-report.json"}),
        ("github", {"reviewer.json", "reviewer.sarif"}),
        ("jenkins", {"reviewer.json"}),
    ],
)
def test_each_system_gets_what_it_reads_and_what_was_asked_for(
    tmp_path: Path, system: str, files: set[str]
) -> None:
    folder = tmp_path / "reports"
    write_reports(review(finding()), Verdict.FAIL, Pipeline(system=system), folder, ["junit", "json"])

    assert {file.name for file in folder.iterdir()} == files | {"reviewer-junit.xml"}


def test_the_summary_says_what_fails_first_and_how_to_silence_it(tmp_path: Path) -> None:
    small = finding(4, rule_id="python/no-print", severity=Severity.LOW, title="a forgotten print")
    unsure = finding(5, confidence=Confidence.LOW, title="perhaps a race", category=Category.CONCURRENCY)
    late = ReviewWarning("model-timeout", "no token for 60 s", "big.py", undecided=True)
    summary = tmp_path / "summary.md"
    pipeline = Pipeline(system="github", step_summary=summary)
    write_reports(
        review(unsure, finding(3), small, warnings=(late,)), Verdict.FAIL, pipeline, tmp_path, bar=Bar()
    )

    told = summary.read_text(encoding="utf-8")
    order = [told.index(text) for text in (
        "## ❌ Fail", "### Fails the check: 1 high", "eval runs", "ignore[python/no-eval]",
        "### Left undecided", "### Found as well", "perhaps a race", "a forgotten print",
    )]  # fmt: skip
    assert order == sorted(order)


def test_a_summary_stays_below_what_github_takes(tmp_path: Path) -> None:
    text = "订单金额错误。" * 200
    findings = [finding(number, message=text, why=text, evidence=text) for number in range(1, 400)]
    summary = tmp_path / "summary.md"
    pipeline = Pipeline(system="github", step_summary=summary)
    write_reports(review(*findings), Verdict.FAIL, pipeline, tmp_path, bar=Bar())

    assert 10_000 < summary.stat().st_size < 1_000_000
    assert "more, all of them in the JSON report" in summary.read_text(encoding="utf-8")


def test_a_report_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / "reviewer.json").write_text("of another run, and longer")

    assert write_report(tmp_path, "reviewer.json", "{}").read_text() == "{}"


def test_a_link_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "away").mkdir()
    (tmp_path / "reports").symlink_to(tmp_path / "away")

    with pytest.raises(UsageError, match="symbolic link"):
        write_report(tmp_path / "reports", "reviewer.json", "{}")
    assert list((tmp_path / "away").iterdir()) == []


def test_a_folder_in_place_of_a_report_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "reviewer.json").mkdir()

    with pytest.raises(UsageError, match=r"reviewer\.json"):
        write_report(tmp_path, "reviewer.json", "{}")
