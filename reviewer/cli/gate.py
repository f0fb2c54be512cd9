"""`reviewer gate`: the step of a CI pipeline."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reviewer.cli import review as reviewing
from reviewer.cli.review import BaselineFile, FailOn, ModelName, Repo, SarifFiles
from reviewer.cli.shared import Color, Common, ConfigFile, Quiet, Verbose, settle
from reviewer.errors import UsageError

if TYPE_CHECKING:
    from reviewer.domain import Review, Verdict
    from reviewer.gate_pipeline import Pipeline
    from reviewer.stages.threshold import Bar

Target = tuple[str, Path | None]


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
    from reviewer import gate_pipeline

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    pipeline = gate_pipeline.with_flags(
        gate_pipeline.detect(os.environ), base=base, head=head, project=project, number=number
    )
    reports = _Reports(pipeline, report_dir, reviewing.parse_formats(formats or []), common)
    ci.clear_reports(report_dir)
    if from_service is not None:
        _refuse({"--model": model, "--fail-on": fail_on, "--baseline": baseline, "--sarif-in": sarif_in})
        return _ask_service(
            from_service,
            reports,
            forge=forge,
            token_env=service_token_env,
            ca_file=service_ca_file,
            wait=wait,
        )
    return _review(repo, reports, model=model, fail_on=fail_on, baseline=baseline, sarif=sarif_in or [])


@dataclass(frozen=True, slots=True)
class _Reports:
    """Where the outcome goes: the files that the platform reads, those asked for, and the job's log."""

    pipeline: Pipeline
    folder: Path
    targets: list[Target]
    common: Common

    def publish(self, reviewed: Review, verdict: Verdict, bar: Bar | None = None) -> None:
        """Write every file, then tell the log."""
        from reviewer import gate as ci
        from reviewer import outputs
        from reviewer.outputs.closing import close

        extra = [name for name, file in self.targets if file is None]
        for file in ci.write_reports(reviewed, verdict, self.pipeline, self.folder, extra, bar=bar):
            self.common.say(f"written: {file}")
        to_files = [target for target in self.targets if target[1] is not None]
        reviewing.write_outputs(reviewed, verdict, to_files, colored=False)
        told = outputs.make("text", colored=self.common.colored()).render(reviewed, verdict)
        self._print(told + close(reviewed, verdict, bar))
        if self.pipeline.system == "github":
            from reviewer.outputs.annotations import annotate

            sys.stdout.write(annotate(reviewed, bar))

    def _print(self, told: str) -> None:
        if self.pipeline.system == "github":
            from reviewer.outputs.annotations import inert

            told = inert(told)
        sys.stdout.write(told)


def _review(
    repo: Path,
    reports: _Reports,
    *,
    model: str | None,
    fail_on: str | None,
    baseline: Path | None,
    sarif: list[Path],
) -> int:
    from reviewer import gate as ci
    from reviewer import wiring
    from reviewer.stages import policy

    common, pipeline = reports.common, reports.pipeline
    common.colored()  # a wrong --color is said before anything is done
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
        repo=repo,
    )
    reports.publish(reviewed, verdict, policy.effective(settings, change.repository_settings).bar)
    return ci.exit_code(verdict)


def _refuse(options: dict[str, object]) -> None:
    given = [name for name, value in options.items() if value]
    if given:
        raise UsageError(f"{', '.join(given)}: with --from-service the service has decided that already")


def _ask_service(
    url: str,
    reports: _Reports,
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

    pipeline = reports.pipeline
    if not (forge and pipeline.project and pipeline.number) or pipeline.head == "HEAD":
        raise UsageError("--from-service needs --forge, --project, --mr and --head where the CI names none")
    token = secret(token_env, None, key="--service-token-env")
    question = Question(forge, pipeline.project, pipeline.number, pipeline.head)
    answer = fetch_verdict(url, question, token=token, wait_s=wait, ca_file=ca_file)
    reports.publish(answer.review, answer.verdict)
    # The service's own words: what this release does not know of them is not lost.
    ci.write_report(reports.folder, ci.REPORT_FILES["json"], dump(answer.document))
    reports.common.say(f"decided by the service, for {pipeline.head[:12]}")
    return ci.exit_code(answer.verdict)
