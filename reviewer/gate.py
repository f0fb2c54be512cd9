"""The CI step: which range a pipeline is about, which reports its platform reads, which exit code it gets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reviewer import outputs
from reviewer.domain import Review, Verdict
from reviewer.errors import UsageError

EXIT_CODES = {Verdict.PASS: 0, Verdict.FAIL: 10, Verdict.INCONCLUSIVE: 11}
REPORT_DIR = "reviewer-reports"
REPORT_FILES = {
    "json": "reviewer.json",
    "codequality": "gl-code-quality-report.json",
    "sarif": "reviewer.sarif",
    "junit": "reviewer-junit.xml",
    "markdown": "reviewer.md",
    "text": "reviewer.txt",
}
_ALWAYS = {
    "gitlab": ("json", "codequality"),
    "github": ("json", "sarif"),
    "jenkins": ("json",),
    "": ("json",),
}
_NO_COMMIT = "0" * 40


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What a CI system says of the pipeline we run in; `system` is gitlab, github, jenkins or empty.

    `base` is a commit or a ref to compare with, None where the system names none; `exact_base` says
    that it is the merge base already. `number` is the merge request's, None in a branch pipeline.
    """

    system: str = ""
    base: str | None = None
    exact_base: bool = False
    head: str = "HEAD"
    project: str | None = None
    number: int | None = None
    step_summary: Path | None = None

    @property
    def git_range(self) -> str | None:
        """Return the range to review as git takes it; None for the default of `review`."""
        if self.base is None:
            return None
        return f"{self.base}{'..' if self.exact_base else '...'}{self.head}"


def exit_code(verdict: Verdict) -> int:
    """Return the exit code of a verdict: 0, 10 or 11."""
    return EXIT_CODES[verdict]


def detect(environ: Mapping[str, str]) -> Pipeline:
    """Read the variables of GitLab CI, GitHub Actions or Jenkins; anything else is a plain shell.

    Sources: the systems' lists of predefined variables. Raises UsageError for an event file that
    cannot be read.
    """
    if environ.get("GITLAB_CI"):
        return _gitlab(environ)
    if environ.get("GITHUB_ACTIONS"):
        return _github(environ)
    if environ.get("JENKINS_URL"):
        return _jenkins(environ)
    return Pipeline()


def with_flags(
    pipeline: Pipeline, *, base: str | None, head: str | None, project: str | None, number: int | None
) -> Pipeline:
    """Let what was said on the command line win."""
    if base is not None:
        pipeline = replace(pipeline, base=base, exact_base=False)
    return replace(
        pipeline,
        head=head or pipeline.head,
        project=project or pipeline.project,
        number=number if number is not None else pipeline.number,
    )


def shallow_advice(pipeline: Pipeline) -> str:
    """Say what to set where a clone is too shallow to hold the base of the range."""
    if pipeline.system == "gitlab":
        return "this clone is too shallow: set the variable GIT_DEPTH to 0 for this job"
    if pipeline.system == "github":
        return "this clone is too shallow: set fetch-depth: 0 for actions/checkout"
    return "this clone is too shallow: run git fetch --unshallow first"


def reports(pipeline: Pipeline, formats: Sequence[str]) -> dict[str, str]:
    """Return the report formats to write with their file names: what the system reads, and what was asked for."""
    return {name: REPORT_FILES[name] for name in dict.fromkeys((*_ALWAYS[pipeline.system], *formats))}


def write_reports(
    review: Review, verdict: Verdict, pipeline: Pipeline, report_dir: Path, formats: Sequence[str]
) -> tuple[Path, ...]:
    """Write every report file and, on GitHub, the job summary; return what was written."""
    report_dir.mkdir(parents=True, exist_ok=True)
    written = []
    for name, file_name in reports(pipeline, formats).items():
        file = report_dir / file_name
        file.write_text(outputs.make(name).render(review, verdict), encoding="utf-8")
        written.append(file)
    if pipeline.step_summary is not None:
        with pipeline.step_summary.open("a", encoding="utf-8") as summary:
            summary.write(outputs.make("markdown").render(review, verdict))
    return tuple(written)


def _gitlab(environ: Mapping[str, str]) -> Pipeline:
    found = Pipeline(
        system="gitlab",
        head=environ.get("CI_COMMIT_SHA", "HEAD"),
        project=environ.get("CI_MERGE_REQUEST_PROJECT_PATH") or environ.get("CI_PROJECT_PATH"),
    )
    if number := environ.get("CI_MERGE_REQUEST_IID"):
        # In a merged-results pipeline CI_COMMIT_SHA is a merge commit that nobody wrote.
        head = environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or found.head
        base = environ.get("CI_MERGE_REQUEST_DIFF_BASE_SHA") or None
        return replace(found, number=int(number), head=head, base=base, exact_base=base is not None)
    before = environ.get("CI_COMMIT_BEFORE_SHA", _NO_COMMIT)
    if environ.get("CI_COMMIT_BRANCH") == environ.get("CI_DEFAULT_BRANCH") and before != _NO_COMMIT:
        return replace(found, base=before, exact_base=True)
    default = environ.get("CI_DEFAULT_BRANCH")
    return replace(found, base=f"origin/{default}" if default else None)


def _github(environ: Mapping[str, str]) -> Pipeline:
    event = _event(environ.get("GITHUB_EVENT_PATH"))
    summary = environ.get("GITHUB_STEP_SUMMARY")
    found = Pipeline(
        system="github",
        head=environ.get("GITHUB_SHA", "HEAD"),
        project=environ.get("GITHUB_REPOSITORY"),
        step_summary=Path(summary) if summary else None,
    )
    pull = event.get("pull_request")
    if isinstance(pull, dict):
        # GITHUB_SHA is a merge commit of both branches; the author's own head is in the event.
        return replace(found, number=pull["number"], base=pull["base"]["sha"], head=pull["head"]["sha"])
    before = event.get("before")
    if isinstance(before, str) and before != _NO_COMMIT:
        return replace(found, base=before)
    base = environ.get("GITHUB_BASE_REF")
    return replace(found, base=f"origin/{base}" if base else None)


def _event(file: str | None) -> dict[str, Any]:
    if not file:
        return {}
    try:
        event = json.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        raise UsageError(f"GITHUB_EVENT_PATH {file}: {err}") from err
    return event if isinstance(event, dict) else {}


def _jenkins(environ: Mapping[str, str]) -> Pipeline:
    target, number = environ.get("CHANGE_TARGET"), environ.get("CHANGE_ID", "")
    found = Pipeline(system="jenkins", head=environ.get("GIT_COMMIT", "HEAD"))
    if target:
        return replace(found, base=f"origin/{target}", number=int(number) if number.isdigit() else None)
    return replace(found, base=environ.get("GIT_PREVIOUS_SUCCESSFUL_COMMIT") or None)
