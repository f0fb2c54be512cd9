"""`reviewer review`: a git range, the index, the worktree or a diff file, reviewed and printed."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reviewer.cli.shared import Color, Common, ConfigFile, Quiet, Verbose, settle
from reviewer.errors import ConfigError, NothingToReview, UsageError

if TYPE_CHECKING:
    from reviewer.config import Settings
    from reviewer.domain import ChangeSet, Review, Verdict
    from reviewer.stages.suppress import Baseline

Repo = Annotated[Path, typer.Option("--repo", metavar="DIR", help="The repository, or a folder inside it.")]
ModelName = Annotated[
    str | None,
    typer.Option("--model", metavar="NAME|none", help="A configured model for all roles, or none."),
]
Formats = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        metavar="F[=FILE]",
        help="text, markdown, json, sarif, codequality or junit; to a file if one is named. Repeatable.",
    ),
]
FailOn = Annotated[
    str | None,
    typer.Option("--fail-on", metavar="LEVEL", help="critical, high (default), medium, low or never."),
]
BaselineFile = Annotated[
    Path | None, typer.Option("--baseline", metavar="FILE", help="Accept the findings listed in this file.")
]
SarifFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--sarif-in", metavar="FILE", help="Take in another tool's findings on the change. Repeatable."
    ),
]


def review(
    context: typer.Context,
    git_range: Annotated[
        str | None,
        typer.Argument(metavar="[RANGE]", help="As git takes it: main...HEAD, HEAD~1..HEAD, one commit."),
    ] = None,
    repo: Repo = Path(),
    diff: Annotated[
        str | None, typer.Option("--diff", metavar="FILE|-", help="Review a unified diff instead of a range.")
    ] = None,
    staged: Annotated[bool, typer.Option("--staged", help="Review what is staged.")] = False,
    worktree: Annotated[bool, typer.Option("--worktree", help="Review all uncommitted changes.")] = False,
    model: ModelName = None,
    formats: Formats = None,
    fail_on: FailOn = None,
    baseline: BaselineFile = None,
    write_baseline: Annotated[
        Path | None,
        typer.Option("--write-baseline", metavar="FILE", help="Write today's findings as the baseline."),
    ] = None,
    sarif_in: SarifFiles = None,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Review a change of a local repository.

    Without RANGE: from the merge base with the default branch to HEAD.
    """
    from reviewer import wiring
    from reviewer.gate import exit_code, top
    from reviewer.stages import suppress

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    targets = parse_formats(formats or ["text"])
    settings = settings_for_review(common, model=model, fail_on=fail_on)
    named = repo if _given(context, "repo") else None
    change = _open_change(git_range, named, diff=diff, staged=staged, worktree=worktree)
    if not change.files and not change.warnings:
        raise NothingToReview("the change is empty: nothing to review")
    known = wiring.read_baseline(baseline)
    reviewed, verdict = run_review(
        change,
        settings,
        common,
        model=model,
        baseline=known,
        sarif=sarif_in or [],
        root=top(repo),
        repo=None if diff is not None and named is None else repo,
    )
    if write_baseline is not None:
        _write(write_baseline, suppress.write_baseline(reviewed.findings))
        common.say(f"baseline of {len(reviewed.findings)} findings written to {write_baseline}")
        return 0
    write_outputs(reviewed, verdict, targets, colored=common.colored())
    return exit_code(verdict)


def settings_for_review(common: Common, *, model: str | None, fail_on: str | None) -> Settings:
    """Load the settings with the options of a review on top."""
    overrides: dict[str, object] = {}
    if fail_on is not None:
        overrides["review.fail_on"] = fail_on
    if model is not None:
        names = [] if model == "none" else [model]
        overrides |= {f"roles.{role}": names for role in ("review", "verify", "assist")}
    return common.load(overrides=overrides).settings


def run_review(
    change: ChangeSet,
    settings: Settings,
    common: Common,
    *,
    model: str | None,
    baseline: Baseline | None,
    sarif: list[Path],
    root: Path | None = None,
    repo: Path | None = None,
) -> tuple[Review, Verdict]:
    """Run the one flow on a local change; `repo` is where the code around it lies."""
    from reviewer import pipeline, wiring
    from reviewer.domain import Errand, Priority
    from reviewer.forges.local import open_codebase

    # On a terminal somebody waits; a pipeline takes its turn with the service's reviews.
    priority = Priority.REVIEW if os.environ.get("CI") else Priority.PERSON
    errand = Errand(ref=change.ref, actor=_account(os.environ), priority=priority)

    cache = wiring.user_cache(os.environ)

    async def flow() -> tuple[Review, Verdict]:
        engine = await wiring.open_engine(settings, rules_only=model == "none", sarif=sarif, root=root)
        try:
            reviewed = await pipeline.review(
                change,
                engine,
                baseline=baseline,
                progress=common.progress(),
                errand=errand,
                codebase=open_codebase(repo, change, cache) if repo else None,
            )
            return reviewed, pipeline.judge(reviewed, change, engine)
        finally:
            await engine.aclose()

    return asyncio.run(flow())


def _account(environ: Mapping[str, str]) -> str:
    """Return who works here, as the CI system or the shell calls them; empty where neither says."""
    names = ("GITLAB_USER_LOGIN", "GITHUB_ACTOR", "LOGNAME", "USER", "USERNAME")
    return next((environ[name] for name in names if environ.get(name)), "")


def parse_formats(formats: list[str]) -> list[tuple[str, Path | None]]:
    """Split `F[=FILE]`; raises ConfigError for a format that does not exist."""
    from reviewer.outputs import FORMATS
    from reviewer.settings import nearest

    targets = []
    for text in formats:
        name, _, file = text.partition("=")
        if name not in FORMATS:
            close = nearest(name, list(FORMATS))
            hint = f"; did you mean {close}?" if close else f"; there are {', '.join(FORMATS)}"
            raise ConfigError(
                f"--format: unknown format {name!r}{hint}", key="--format", source="command line"
            )
        targets.append((name, Path(file) if file else None))
    return targets


def write_outputs(
    reviewed: Review, verdict: Verdict, targets: list[tuple[str, Path | None]], *, colored: bool
) -> None:
    """Write every report to its file, or to stdout."""
    from reviewer import outputs

    for name, file in targets:
        text = outputs.make(name, colored=colored and file is None).render(reviewed, verdict)
        if file is None:
            sys.stdout.write(text if text.endswith("\n") else text + "\n")
        else:
            _write(file, text)


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as err:
        raise UsageError(f"{file} cannot be written: {err.strerror}") from err


def _open_change(
    git_range: str | None, repo: Path | None, *, diff: str | None, staged: bool, worktree: bool
) -> ChangeSet:
    from reviewer.forges import local

    if sum((git_range is not None, diff is not None, staged, worktree)) > 1:
        raise UsageError("RANGE, --diff, --staged and --worktree exclude each other")
    if diff is None:
        index = os.environ.get("GIT_INDEX_FILE")  # set in hooks: `git commit FILE` brings its own
        return local.open_range(
            repo or Path(), git_range, staged=staged, worktree=worktree, index=Path(index) if index else None
        )
    try:
        data = sys.stdin.buffer.read() if diff == "-" else Path(diff).read_bytes()
    except OSError as err:
        raise UsageError(f"--diff: {diff}: {err.strerror}") from err
    return local.open_diff(data, repo)


def _given(context: typer.Context, option: str) -> bool:
    source = context.get_parameter_source(option)
    return source is not None and source.name != "DEFAULT"
