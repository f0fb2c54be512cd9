"""`reviewer gate`: the step of a CI pipeline."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reviewer.cli import review as reviewing
from reviewer.cli.review import BaselineFile, FailOn, ModelName, Repo, SarifFiles
from reviewer.cli.shared import Color, Common, ConfigFile, Quiet, Verbose, settle
from reviewer.errors import UsageError

if TYPE_CHECKING:
    from reviewer.domain import ChangeSet
    from reviewer.gate import Pipeline


def gate(
    context: typer.Context,
    repo: Repo = Path(),
    base: Annotated[str | None, typer.Option("--base", help="Compare with this commit or ref.")] = None,
    head: Annotated[str | None, typer.Option("--head", help="Review this commit.")] = None,
    project: Annotated[str | None, typer.Option("--project", help="The project's path on its forge.")] = None,
    number: Annotated[int | None, typer.Option("--mr", help="The merge request's number.")] = None,
    model: ModelName = None,
    formats: Annotated[
        list[str] | None, typer.Option("--format", metavar="F", help="One more report file. Repeatable.")
    ] = None,
    report_dir: Annotated[Path, typer.Option("--report-dir", metavar="DIR")] = Path("reviewer-reports"),
    fail_on: FailOn = None,
    baseline: BaselineFile = None,
    sarif_in: SarifFiles = None,
    from_service: Annotated[
        str | None, typer.Option("--from-service", metavar="URL", help="Ask the running service instead.")
    ] = None,
    forge: Annotated[
        str | None, typer.Option("--forge", help="The forge's id in the service (with --from-service).")
    ] = None,
    service_token_env: Annotated[
        str | None,
        typer.Option("--service-token-env", metavar="NAME", help="Variable with the service's token."),
    ] = None,
    wait: Annotated[float, typer.Option("--wait", help="Seconds to wait for the service.", min=0)] = 900,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Review the change of this CI pipeline, write its reports and exit by verdict."""
    from reviewer import gate as ci

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    extra = [name for name, _ in reviewing.parse_formats(formats or [])]
    pipeline = ci.with_flags(ci.detect(os.environ), base=base, head=head, project=project, number=number)
    if from_service is not None:
        return _ask_service(from_service, pipeline, forge, service_token_env, wait)
    return _review(
        pipeline, common, repo, report_dir, extra,
        model=model, fail_on=fail_on, baseline=baseline, sarif=sarif_in or [],
    )  # fmt: skip


def _review(
    pipeline: Pipeline,
    common: Common,
    repo: Path,
    report_dir: Path,
    formats: list[str],
    *,
    model: str | None,
    fail_on: str | None,
    baseline: Path | None,
    sarif: list[Path],
) -> int:
    from reviewer import gate as ci
    from reviewer import wiring

    settings = reviewing.settings_for_review(common, model=model, fail_on=fail_on)
    known = wiring.read_baseline(baseline)
    change = _open_change(pipeline, repo)
    reviewed, verdict = reviewing.run_review(
        change, settings, common, model=model, baseline=known, sarif=sarif
    )
    for file in ci.write_reports(reviewed, verdict, pipeline, report_dir, formats):
        common.say(f"written: {file}")
    reviewing.write_outputs(reviewed, verdict, [("text", None)], colored=common.colored())
    return ci.exit_code(verdict)


def _open_change(pipeline: Pipeline, repo: Path) -> ChangeSet:
    from reviewer.forges import local
    from reviewer.gate import shallow_advice

    try:
        return local.open_range(repo, pipeline.git_range)
    except UsageError as err:
        if (repo / ".git" / "shallow").exists():
            raise UsageError(str(err), remedy=shallow_advice(pipeline)) from err
        raise


def _ask_service(url: str, pipeline: Pipeline, forge: str | None, token_env: str | None, wait: float) -> int:
    from reviewer import gate as ci
    from reviewer.config import secret
    from reviewer.gate_service import Question, fetch_verdict

    if not (forge and pipeline.project and pipeline.number) or pipeline.head == "HEAD":
        raise UsageError("--from-service needs --forge, --project, --mr and --head where the CI names none")
    token = secret(token_env, None, key="--service-token-env")
    question = Question(forge, pipeline.project, pipeline.number, pipeline.head)
    verdict = fetch_verdict(url, question, token=token, wait_s=wait)
    typer.echo(f"{verdict.value.upper()}  by the service, for {pipeline.head[:12]}")
    return ci.exit_code(verdict)
