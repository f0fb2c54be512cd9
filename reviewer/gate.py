"""The CI step: the change of a pipeline, the reports that its platform reads, the exit code it gets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reviewer import outputs
from reviewer.domain import ChangeSet, Review, Verdict
from reviewer.errors import UsageError
from reviewer.gate_pipeline import REMOTE, Pipeline
from reviewer.repo.git import Git, GitFailed
from reviewer.stages.threshold import Bar

EXIT_CODES = {Verdict.PASS: 0, Verdict.FAIL: 10, Verdict.INCONCLUSIVE: 11}
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
_UNSHALLOW = {
    "gitlab": "set the variable GIT_DEPTH to 0 for this job",
    "github": "set fetch-depth: 0 for actions/checkout",
    "jenkins": "switch the shallow clone off in the job's clone behaviours",
    "": "run git fetch --unshallow first",
}


def exit_code(verdict: Verdict) -> int:
    """Return the exit code of a verdict: 0, 10 or 11."""
    return EXIT_CODES[verdict]


# --- the change -----------------------------------------------------------------------------------


def open_change(pipeline: Pipeline, repo: Path) -> ChangeSet:
    """Read the pipeline's change from the clone at `repo`.

    Raises UsageError, with what to set where the clone lacks a commit of it.
    """
    from reviewer.forges import local

    try:
        return local.open_range(repo, pipeline.git_range)
    except UsageError as err:
        raise UsageError(str(err), remedy=_advice(pipeline, repo)) from err


def top(repo: Path) -> Path:
    """Return the top folder of the worktree that `repo` lies in, `repo` itself where there is none."""
    return Path(_ask_git(repo, "--show-toplevel") or repo)


def _advice(pipeline: Pipeline, repo: Path) -> str:
    shallow = _ask_git(repo, "--is-shallow-repository")
    if not shallow:
        return ""  # no repository at all
    advice = []
    if shallow == "true":
        advice.append(f"this clone is too shallow: {_UNSHALLOW[pipeline.system]}")
    if pipeline.base and pipeline.base.startswith(REMOTE):
        branch = pipeline.base.removeprefix(REMOTE)
        advice.append(
            f"where the job has not fetched {branch}: "
            f"git fetch origin +refs/heads/{branch}:refs/remotes/origin/{branch}"
        )
    return "; ".join(advice) or "name commits that are in this clone with --base and --head"


def _ask_git(repo: Path, question: str) -> str:
    try:
        return Git(repo.absolute()).text("rev-parse", question)
    except GitFailed:
        return ""


# --- the reports ----------------------------------------------------------------------------------


def write_reports(
    review: Review,
    verdict: Verdict,
    pipeline: Pipeline,
    report_dir: Path,
    formats: Sequence[str] = (),
    *,
    bar: Bar | None = None,
) -> tuple[Path, ...]:
    """Write what the platform reads and what was asked for; return the files.

    On GitHub the job summary is added to. `bar` lets the Markdown say what fails. Raises
    UsageError where nothing can be written.
    """
    written = []
    for name in dict.fromkeys((*_ALWAYS[pipeline.system], *formats)):
        text = _render(name, review, verdict, bar)
        written.append(write_report(report_dir, REPORT_FILES[name], text))
    if pipeline.step_summary is not None:
        try:
            with pipeline.step_summary.open("a", encoding="utf-8", errors="replace") as summary:
                summary.write(_render("markdown", review, verdict, bar))
        except OSError as err:
            raise UsageError(f"GITHUB_STEP_SUMMARY {pipeline.step_summary}: {err.strerror}") from err
    return tuple(written)


def clear_reports(report_dir: Path) -> None:
    """Remove the reports that an earlier run, or the author, left: none may be taken for this run's.

    Raises UsageError where that is not possible.
    """
    _refuse_link(report_dir)
    for name in REPORT_FILES.values():
        file = report_dir / name
        try:
            file.unlink(missing_ok=True)
        except OSError as err:
            raise UsageError(f"the old report {file} cannot be removed: {err.strerror}") from err


def write_report(report_dir: Path, name: str, text: str) -> Path:
    """Write one report file anew; raises UsageError where that is not possible."""
    _refuse_link(report_dir)
    file = report_dir / name
    try:
        report_dir.mkdir(parents=True, exist_ok=True)
        # The folder may be part of the code under review: a link in it must not lead the report away.
        file.unlink(missing_ok=True)
        with file.open("x", encoding="utf-8", errors="replace") as out:
            out.write(text)
    except OSError as err:
        raise UsageError(f"the report {file} cannot be written: {err.strerror}") from err
    return file


def _refuse_link(report_dir: Path) -> None:
    if report_dir.is_symlink():
        raise UsageError(f"{report_dir} is a symbolic link: reports go into a folder of their own")


def _render(name: str, review: Review, verdict: Verdict, bar: Bar | None) -> str:
    if name == "markdown":
        from reviewer.outputs.markdown import summarise

        return summarise(review, verdict, bar)
    return outputs.make(name).render(review, verdict)
