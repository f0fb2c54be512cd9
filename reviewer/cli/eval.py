"""`reviewer eval`: measure models on labelled changes; `reviewer eval import`: read public benchmarks."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from reviewer.cli.review import settings_for_review
from reviewer.cli.shared import Color, Common, ConfigFile, Quiet, Verbose, settle
from reviewer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reviewer.config import Settings
    from reviewer.evaluation.dataset import Case
    from reviewer.evaluation.results import Outcome, Results
    from reviewer.evaluation.scoring import CaseScore

_RUN = "run"


class _RunByDefault(TyperGroup):
    """Takes `reviewer eval DATASET ...` for `reviewer eval run DATASET ...`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Name the command that was left out; `ctx` is of a class that typer keeps to itself."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [_RUN, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_RunByDefault,
    help="Measure models on labelled changes: `reviewer eval DATASET --model A [--model B]`.",
    no_args_is_help=True,
)


@app.command(_RUN)
def evaluate(
    context: typer.Context,
    datasets: Annotated[
        list[str],
        typer.Argument(metavar="DATASET...", help="JSON Lines files, folders of them, or `starter`."),
    ],
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model", metavar="NAME|none", help="A configured model, or the rules alone. Repeatable."
        ),
    ] = None,
    verify: Annotated[
        str | None,
        typer.Option("--verify", metavar="NAME|none", help="The verifier; else each model verifies itself."),
    ] = None,
    judge: Annotated[
        str | None, typer.Option("--judge", metavar="NAME", help="A model that says what matches what.")
    ] = None,
    tolerance: Annotated[
        int, typer.Option("--tolerance", metavar="LINES", min=0, help="How far apart a match may lie.")
    ] = 3,
    languages: Annotated[
        list[str] | None, typer.Option("--language", help="Only cases of this language. Repeatable.")
    ] = None,
    tags: Annotated[
        list[str] | None, typer.Option("--tag", help="Only cases with this tag. Repeatable.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only the first so many cases.")] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where results, JSON and page go.")
    ] = Path("reviewer-eval"),
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the stored results.")] = False,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Review every case with every model, and print how good each was.

    Results are kept as they come: a run that was cut off goes on where it stopped. Writes report.json
    and report.html. Exits 1 if a model answered no case to the end.
    """
    from reviewer.evaluation import dataset, page, report, table
    from reviewer.evaluation.results import Results

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    cases = dataset.select(dataset.load(datasets), languages=languages or (), tags=tags or ())[:limit]
    _make(out)
    results = Results(out / "results.jsonl", fresh=fresh)
    contenders = {name: _settings(common, name, verify) for name in models or ["none"]}
    judging = _settings(common, judge, None) if judge else None
    outcomes = {
        name: asyncio.run(_review(cases, name, settings, results, common))
        for name, settings in contenders.items()
    }
    scores, notes = asyncio.run(
        _score(cases, outcomes, common, file=out / "judge.jsonl", judging=judging, tolerance=tolerance)
    )
    told = report.build(scores, datasets=datasets, tolerance=tolerance, judge=judge or "", notes=notes)
    _write(out / "report.json", report.dump(told))
    _write(out / "report.html", page.render(told))
    typer.echo(table.render(told), nl=False)
    common.say(f"written: {out / 'report.json'}, {out / 'report.html'}")
    return 1 if any(one.incomplete == one.cases for one in told.contenders) else 0


@app.command("import")
def import_benchmark(
    context: typer.Context,
    form: Annotated[str, typer.Argument(metavar="aacr|martian", help="The benchmark's format.")],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="The benchmark's own files.")],
    repos: Annotated[
        Path, typer.Option("--repos", metavar="DIR", help="Where the clones lie, as OWNER/NAME.")
    ] = Path("repos"),
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The dataset to write.")] = Path(
        "dataset.jsonl"
    ),
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Turn a public benchmark's files into a dataset over clones on this machine; fetches nothing."""
    from reviewer.evaluation import dataset, imports

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    cases = imports.read(form, files, repos.absolute())
    _write(out, dataset.dump(cases))
    common.say(f"{len(cases)} cases written to {out}; their clones are expected under {repos}:")
    for case in cases:
        clone = case.repository
        if clone is not None:
            typer.echo(f"{clone.path}  {clone.base}...{clone.head}")
    return 0


def _settings(common: Common, name: str, verify: str | None) -> Settings:
    """Put one model into every role; a model that fails must count as a failure, whatever is configured."""
    settings = settings_for_review(common, model=name, fail_on=None)
    roles = settings.roles
    if verify is not None and name != "none":
        roles = roles.model_copy(update={"verify": () if verify == "none" else (verify,)})
    gate = settings.gate.model_copy(update={"require_model": True})
    return settings.model_copy(update={"roles": roles, "gate": gate})


async def _review(
    cases: Sequence[Case], name: str, settings: Settings, results: Results, common: Common
) -> list[Outcome]:
    from reviewer import wiring
    from reviewer.evaluation.results import setup_of
    from reviewer.evaluation.runner import Contender, review_cases

    engine = await wiring.open_engine(settings, rules_only=name == "none", measuring=True)
    parallel = settings.models[name].parallel if name in settings.models else 1
    contender = Contender(name, engine, setup_of(settings), parallel)
    try:
        await review_cases(cases, contender, results, common.progress() or _no_progress)
    finally:
        await engine.aclose()
    found = (results.find(case, name, contender.setup) for case in cases)
    return [outcome for outcome in found if outcome is not None]


async def _score(
    cases: Sequence[Case],
    outcomes: dict[str, list[Outcome]],
    common: Common,
    *,
    file: Path,
    judging: Settings | None,
    tolerance: int,
) -> tuple[dict[str, list[CaseScore]], list[str]]:
    """Score all outcomes, and say what a reader has to know about the figures."""
    from reviewer import wiring
    from reviewer.domain import Role
    from reviewer.evaluation import contest
    from reviewer.evaluation.judge import Judge

    gateway = await wiring.open_gateway(judging) if judging else None
    try:
        model = await gateway.pick(Role.REVIEW) if gateway else None
        judge = Judge(model, file) if model else None
        scores = await contest.score_all(
            cases, outcomes, tolerance=tolerance, judge=judge, progress=common.progress() or _no_progress
        )
        return scores, list(contest.remark(cases, scores, judge))
    finally:
        if gateway:
            await gateway.aclose()


def _no_progress(stage: str, done: int, total: int) -> None:
    """Show nothing."""


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise UsageError(f"{folder} cannot be made: {err.strerror}") from err


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as err:
        raise UsageError(f"{file} cannot be written: {err.strerror}") from err
