"""The gate in the pipelines of each CI system, over a real repository."""

from __future__ import annotations

from pathlib import Path

from tests.contract.gate.lab import CLEAN, FLAWED, History, Job, event

ZERO = "0" * 40


def gitlab(history: History, **variables: str) -> dict[str, str]:
    return {"GITLAB_CI": "true", "CI_PROJECT_PATH": "desk/pay", "CI_DEFAULT_BRANCH": "main", **variables}


def test_a_gitlab_merge_request_is_compared_with_its_merge_base(job: Job, history: History) -> None:
    outcome = job.run(
        history.project,
        **gitlab(
            history,
            CI_MERGE_REQUEST_IID="7",
            CI_MERGE_REQUEST_DIFF_BASE_SHA=history.start,
            CI_COMMIT_SHA=history.head,
        ),
    )

    assert outcome.code == 10
    assert outcome.found == ["fees.py"]
    assert (outcome.result["base"], outcome.result["head"]) == (history.start, history.head)
    assert outcome.files == {"reviewer.json", "gl-code-quality-report.json"}
    assert "fees.py:2  high" in outcome.out
    assert "\nFAIL  1 high\n1 of 1 files, 2 changed lines\n" in outcome.out
    assert outcome.out.endswith(
        "\nWhat fails the gate (high or above, at medium confidence or above):\n"
        "  fees.py:2  high  python/no-eval  eval() or exec() of a computed value\n"
        "      fix: see above, and reviewer rules show python/no-eval\n"
        "      or say why it is right, on the line or alone above it: # reviewer: ignore[python/no-eval] REASON\n"
    )


def test_a_pipeline_for_merged_results_is_about_the_authors_head(job: Job, history: History) -> None:
    outcome = job.run(
        history.project,
        **gitlab(
            history,
            CI_MERGE_REQUEST_IID="7",
            CI_MERGE_REQUEST_DIFF_BASE_SHA=history.start,
            CI_MERGE_REQUEST_SOURCE_BRANCH_SHA=history.head,
            CI_COMMIT_SHA=history.merge,
        ),
    )

    assert outcome.result["head"] == history.head
    assert outcome.found == ["fees.py"]


def test_a_gitlab_branch_is_compared_with_the_default_branch(job: Job, history: History) -> None:
    branch = gitlab(history, CI_COMMIT_BRANCH="feature", CI_COMMIT_SHA=history.head)
    outcome = job.run(history.project, **branch, CI_COMMIT_BEFORE_SHA=history.head)

    assert outcome.found == ["fees.py"]
    assert outcome.result["base"] == history.start


def test_the_default_branch_is_compared_with_what_it_was(job: Job, history: History) -> None:
    main = gitlab(history, CI_COMMIT_BRANCH="main", CI_COMMIT_SHA=history.after)
    outcome = job.run(history.project, **main, CI_COMMIT_BEFORE_SHA=history.start)

    assert outcome.found == ["pay.py"]


def test_a_scheduled_pipeline_looks_at_the_last_commit(job: Job, history: History) -> None:
    main = gitlab(history, CI_COMMIT_BRANCH="main", CI_COMMIT_SHA=history.after)
    outcome = job.run(history.project, **main, CI_COMMIT_BEFORE_SHA=ZERO)

    assert outcome.found == ["pay.py"]


def test_a_pull_request_is_about_the_authors_head_not_the_merge_commit(
    job: Job, history: History, tmp_path: Path
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    pull = {"number": 7, "base": {"sha": history.after}, "head": {"sha": history.head}}
    outcome = job.run(
        history.project,
        GITHUB_ACTIONS="true",
        GITHUB_EVENT_PATH=event(tmp_path, {"pull_request": pull}),
        GITHUB_SHA=history.merge,
        GITHUB_BASE_REF="main",
        GITHUB_STEP_SUMMARY=str(summary),
    )

    assert outcome.code == 10
    assert outcome.found == ["fees.py"]
    assert outcome.result["head"] == history.head
    assert outcome.files == {"reviewer.json", "reviewer.sarif"}
    assert "::error file=fees.py,line=2,endLine=2,title=high%3A python/no-eval::" in outcome.out
    told = summary.read_text(encoding="utf-8")
    assert told.startswith("before\n## ❌ Fail: 1 high\n")
    assert "### Fails the check: 1 high, at or above `high`" in told
    assert "`fees.py:2` · `python/no-eval`" in told
    assert "`reviewer: ignore[python/no-eval] reason`" in told


def test_code_under_review_gives_githubs_runner_no_orders(job: Job, history: History) -> None:
    history.project.git("checkout", "--quiet", "feature")
    history.project.commit({"fees.py": FLAWED.replace("eval(text)", "eval(text + ' ##[add-mask]a ')")})
    out = job.run(history.project, GITHUB_ACTIONS="true").out
    start = out.partition("\n")[0]
    token = start.removeprefix("::stop-commands::")
    told, _, commands = out.partition(f"::{token}::\n")

    assert start.startswith("::stop-commands::")
    assert "##[add-mask]a" in told
    assert commands.startswith("::error file=fees.py,line=2")


def test_a_push_is_compared_with_what_the_default_branch_was(
    job: Job, history: History, tmp_path: Path
) -> None:
    pushed = {"before": history.after, "repository": {"default_branch": "main"}}
    outcome = job.run(
        history.project,
        GITHUB_ACTIONS="true",
        GITHUB_EVENT_PATH=event(tmp_path, pushed),
        GITHUB_SHA=history.merge,
        GITHUB_REF_TYPE="branch",
        GITHUB_REF_NAME="main",
    )

    assert outcome.found == ["fees.py"], "what the merge brought in"


def test_a_merge_queue_has_a_range_of_its_own(job: Job, history: History, tmp_path: Path) -> None:
    group = {"base_sha": history.after, "head_sha": history.merge}
    outcome = job.run(
        history.project, GITHUB_ACTIONS="true", GITHUB_EVENT_PATH=event(tmp_path, {"merge_group": group})
    )

    assert outcome.found == ["fees.py"]


def test_a_change_request_in_jenkins_is_compared_with_its_target(job: Job, history: History) -> None:
    history.project.git("checkout", "--quiet", "feature")
    outcome = job.run(
        history.project,
        "--format=junit",
        JENKINS_URL="https://jenkins.example.internal/",
        CHANGE_TARGET="main",
        CHANGE_ID="7",
    )

    assert outcome.code == 10
    assert outcome.found == ["fees.py"]
    assert outcome.files == {"reviewer.json", "reviewer-junit.xml"}


def test_a_plain_shell_is_told_by_flags(job: Job, history: History, tmp_path: Path) -> None:
    elsewhere = tmp_path / "out" / "review.md"
    outcome = job.run(
        history.project,
        "--base", history.start, "--head", "feature", "--format", "sarif", f"--format=markdown={elsewhere}",
    )  # fmt: skip

    assert outcome.found == ["fees.py"]
    assert outcome.files == {"reviewer.json", "reviewer.sarif"}
    assert elsewhere.read_text(encoding="utf-8").startswith("## ❌ Fail")


def test_flags_win_over_the_pipeline(job: Job, history: History) -> None:
    variables = gitlab(history, CI_COMMIT_BRANCH="feature", CI_COMMIT_SHA=history.head)
    outcome = job.run(history.project, "--base", history.start, "--head", history.after, **variables)

    assert outcome.found == ["pay.py"]


def test_a_plain_shell_without_flags_reviews_what_is_not_on_the_default_branch(
    job: Job, history: History
) -> None:
    history.project.git("checkout", "--quiet", "feature")

    assert job.run(history.project).found == ["fees.py"]


def test_an_empty_range_passes_with_its_reports(job: Job, history: History) -> None:
    outcome = job.run(history.project, "--base", history.head, "--head", history.head, GITLAB_CI="true")

    assert outcome.code == 0
    assert outcome.result["verdict"] == "pass"
    assert outcome.files == {"reviewer.json", "gl-code-quality-report.json"}
    assert (outcome.reports / "gl-code-quality-report.json").read_text() == "[]\n"


def test_a_fixed_change_passes(job: Job, history: History) -> None:
    history.project.git("checkout", "--quiet", "feature")
    head = history.project.commit({"fees.py": CLEAN})

    assert job.run(history.project, "--base", history.start, "--head", head).code == 0


def test_a_silenced_finding_is_listed_and_passes(job: Job, history: History) -> None:
    history.project.git("checkout", "--quiet", "feature")
    silenced = FLAWED.replace("eval(text)", "eval(text)  # reviewer: ignore[python/no-eval] a fixed table")
    history.project.commit({"fees.py": silenced})
    outcome = job.run(history.project, "--format=markdown")

    assert outcome.code == 0
    assert [item["reason"] for item in outcome.result["suppressed"]] == ["inline"]
    assert "(inline: a fixed table)" in (outcome.reports / "reviewer.md").read_text(encoding="utf-8")
