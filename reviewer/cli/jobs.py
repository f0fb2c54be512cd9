"""`reviewer jobs`: what the service has done and is doing."""

from __future__ import annotations

import json
import time
from contextlib import AbstractContextManager
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reviewer.cli.shared import Color, Common, ConfigFile, Quiet, Verbose, settle
from reviewer.domain import Job, JobState

if TYPE_CHECKING:
    from reviewer.service.console import Console

app = typer.Typer(help="List, show, retry and cancel the service's jobs.", no_args_is_help=True)

JobId = Annotated[str, typer.Argument(metavar="JOB", help="The job's id, as `jobs list` shows it.")]


class JobFormat(StrEnum):
    """How jobs are written."""

    TEXT = "text"
    JSON = "json"


Format = Annotated[JobFormat, typer.Option("--format", help="How to write it.")]

_COLORS = {JobState.FAILED: "red", JobState.RUNNING: "cyan", JobState.CANCELLED: "yellow"}
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"))


@app.command("list")
def list_jobs(
    context: typer.Context,
    state: Annotated[JobState | None, typer.Option("--state", help="Only jobs of this state.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many at most.")] = 50,
    output: Format = JobFormat.TEXT,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """List the newest jobs first."""
    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    with _console(common) as console:
        jobs, queue = console.list(limit, state), console.queue()
    if output is JobFormat.JSON:
        typer.echo(json.dumps({"queue": asdict(queue), "jobs": [_as_json(job) for job in jobs]}, indent=1))
        return 0
    for line in _table(jobs, colored=common.colored()):
        typer.echo(line)
    oldest = f", the oldest for {_age(queue.oldest_s)}" if queue.waiting else ""
    common.say(f"{queue.waiting} waiting{oldest}; {queue.running} running; {len(jobs)} shown")
    return 0


@app.command("show")
def show_job(
    context: typer.Context,
    job: JobId,
    output: Format = JobFormat.TEXT,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Show one job: what asked for it, how far it got, and why it stopped."""
    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    with _console(common) as console:
        found, steps, review = console.show(job)
    if output is JobFormat.JSON:
        whole = {**_as_json(found), "review": review, "steps": [asdict(step) for step in steps]}
        typer.echo(json.dumps(whole, indent=1))
        return 0
    event = found.event
    facts = {
        "job": found.id,
        "state": found.state.value,
        "about": f"{event.forge} {event.project} {event.number}",
        "head": event.head or "-",
        "asked by": event.trigger
        if event.command is None
        else f"{event.command.actor}: {event.command.verb}",
        "attempt": str(found.attempts),
        "created": f"{_moment(found.created)} ({_age(time.time() - found.created)} ago)",
        "changed": _moment(found.updated),
        "review": review or "-",
        "error": found.error or "-",
    }
    for name, value in facts.items():
        typer.echo(f"{name:<9} {value}")
    typer.echo(f"{'steps':<9} {len(steps)} done")
    for step in steps:
        took = "" if step.seconds is None else f"  {step.seconds:.1f} s"
        typer.echo(f"  {'failed' if step.failed else 'done':<6}  {step.name}{took}")
    return 0


@app.command("retry")
def retry_job(
    context: typer.Context,
    job: JobId,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Run a failed or cancelled job again; print the id of the new attempt."""
    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    with _console(common) as console:
        typer.echo(console.retry(job))
    common.say("it waits for a worker; a running service takes it within seconds")
    return 0


@app.command("cancel")
def cancel_job(
    context: typer.Context,
    job: JobId,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Stop a waiting or running job; a finished one stays as it is."""
    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    with _console(common) as console:
        now = console.cancel(job)
    typer.echo(f"{now.id} is {now.state.value}")
    return 0


def _console(common: Common) -> AbstractContextManager[Console]:
    settings = common.load(local_file=True).settings
    from reviewer.service.console import open_console

    return open_console(settings.service.database)


def _table(jobs: list[Job], *, colored: bool) -> list[str]:
    rows = [("STATE", "AGE", "TRY", "FORGE", "MERGE REQUEST", "ASKED BY", "JOB")]
    now = time.time()
    for job in jobs:
        event = job.event
        place = f"{event.project} {event.number}"
        asked = event.trigger if event.command is None else f"{event.command.actor} ({event.command.verb})"
        age, attempt = _age(now - job.created), str(job.attempts)
        rows.append((job.state.value, age, attempt, event.forge, place, asked, job.id))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    lines = []
    described: list[Job | None] = [None, *jobs]
    for row, shown in zip(rows, described, strict=True):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        if colored and shown is not None and shown.state in _COLORS:
            cells[0] = typer.style(cells[0], fg=_COLORS[shown.state])
        lines.append("  ".join([*cells, row[-1]]))
        if shown is not None and shown.error:
            lines.append(f"{' ' * (widths[0] + 2)}{shown.error}")
    return lines


def _as_json(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "state": job.state.value,
        "attempts": job.attempts,
        "created": job.created,
        "updated": job.updated,
        "error": job.error,
        "event": asdict(job.event),
    }


def _age(seconds: float) -> str:
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{max(0, int(seconds))}s"


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
