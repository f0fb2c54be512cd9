"""`reviewer gate`: the step of a CI pipeline."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reviewer.cli import review as reviewing
from reviewer.cli.review import BaselineFile, FailOn, ModelName, Repo, SarifFiles
from reviewer.cli.shared import Color, Common, ConfigFile, Quiet, Verbose, settle
from reviewer.errors import UsageError

if TYPE_CHECKING:
    from reviewer.gate import Pipeline


def gate(
    context: typer.Context,
    repo: Repo = Path(),
    base: Annotated[str | None, typer.Option("--base", help="Compare with this commit or ref.")] = None,
    head: Annotated[
        str | None, typer.Option("--head", help="Review this commit; without a base, what it changed itself.")
    ] = None,
    project: Annotated[str | None, typer.Option("--project", help="The project's path on its forge.")] = None,
    number: Annotated[int | None, typer.Option("--mr", help="The merge request's number.", min=1)] = None,
    model: ModelName = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="F[=FILE]",
            help="One more report, into the report folder or to FILE. Repeatable.",
        ),
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
    service_ca_file: Annotated[
        Path | None,
        typer.Option("--service-ca-file", metavar="FILE", help="Who has signed the service's certificate."),
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
    pipeline = ci.with_flags(ci.detect(os.environ), base=base, head=head, project=project, number=number)
    if from_service is not None:
        local = {"--model": model, "--format": formats, "--fail-on": fail_on, "--baseline": baseline}
        _refuse({**local, "--sarif-in": sarif_in})
        return _ask_service(
            from_service, pipeline, common, report_dir,
            forge=forge, token_env=service_token_env, ca_file=service_ca_file, wait=wait,
        )  # fmt: skip
    return _review(
        pipeline, common, repo, report_dir, reviewing.parse_formats(formats or []),
        model=model, fail_on=fail_on, baseline=baseline, sarif=sarif_in or [],
    )  # fmt: skip


def _review(
    pipeline: Pipeline,
    common: Common,
    repo: Path,
    report_dir: Path,
    targets: list[tuple[str, Path | None]],
    *,
    model: str | None,
    fail_on: str | None,
    baseline: Path | None,
    sarif: list[Path],
) -> int:
    from reviewer import gate as ci
    from reviewer import wiring
    from reviewer.stages import policy

    colored = common.colored()
    settings = reviewing.settings_for_review(common, model=model, fail_on=fail_on)
    known = wiring.read_baseline(baseline)
    change = ci.open_change(pipeline, repo)
    common.say(f"reviewing {pipeline.git_range or 'from the merge base with the default branch'}")
    reviewed, verdict = reviewing.run_review(
        change,
        settings,
        common,
        model=model,
        baseline=known,
        sarif=sarif,
        root=ci.top(repo) if sarif else None,
    )
    bar = policy.effective(settings, change.repository_settings).bar
    extra = [name for name, file in targets if file is None]
    for file in ci.write_reports(reviewed, verdict, pipeline, report_dir, extra, bar=bar):
        common.say(f"written: {file}")
    to_files = [(name, file) for name, file in targets if file is not None]
    reviewing.write_outputs(reviewed, verdict, [*to_files, ("text", None)], colored=colored)
    return ci.exit_code(verdict)


def _refuse(options: dict[str, object]) -> None:
    given = [name for name, value in options.items() if value]
    if given:
        raise UsageError(f"{', '.join(given)}: with --from-service the service has decided that already")


def _ask_service(
    url: str,
    pipeline: Pipeline,
    common: Common,
    report_dir: Path,
    *,
    forge: str | None,
    token_env: str | None,
    ca_file: Path | None,
    wait: float,
) -> int:
    from reviewer import gate as ci
    from reviewer.config import secret
    from reviewer.gate_service import Question, fetch_verdict
    from reviewer.outputs.document import dump

    if not (forge and pipeline.project and pipeline.number) or pipeline.head == "HEAD":
        raise UsageError("--from-service needs --forge, --project, --mr and --head where the CI names none")
    token = secret(token_env, None, key="--service-token-env")
    question = Question(forge, pipeline.project, pipeline.number, pipeline.head)
    answer = fetch_verdict(url, question, token=token, wait_s=wait, ca_file=ca_file)
    file = ci.write_report(report_dir, ci.REPORT_FILES["json"], dump(answer.document))
    common.say(f"written: {file}")
    for finding in answer.document.get("findings", []):
        typer.echo(_line(finding))
    typer.echo(f"{answer.verdict.value.upper()}  by the service, for {pipeline.head[:12]}")
    return ci.exit_code(answer.verdict)


def _line(finding: dict[str, Any]) -> str:
    from reviewer.outputs.text import visible

    where = f"{finding.get('path')}:{finding.get('start_line') or 1}"
    return visible(f"{where}  {finding.get('severity')}  {finding.get('title')}  [{finding.get('rule_id')}]")
