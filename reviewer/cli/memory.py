"""`reviewer memory`: what people have dismissed, for the operator to read, take away and delete."""

from __future__ import annotations

from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reviewer.cli.shared import Color, Common, ConfigFile, Quiet, Verbose, settle

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reviewer.domain import Dismissal
    from reviewer.memory.database import DatabaseMemory

app = typer.Typer(
    help="Show, export and delete what is remembered of dismissed findings.", no_args_is_help=True
)

Project = Annotated[
    str | None, typer.Option("--project", metavar="P", help="Only this project, as its forge names it.")
]


class Format(StrEnum):
    """How a list is written."""

    TEXT = "text"
    JSON = "json"


@app.command("list")
def show(
    context: typer.Context,
    project: Project = None,
    format: Annotated[Format, typer.Option("--format", help="text or json.")] = Format.TEXT,  # noqa: A002
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """List the dismissals, newest first: which finding, who, when, how and why."""
    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    with closing(_open(common)) as memory:
        made = memory.dismissed(project)
    if format is Format.JSON:
        typer.echo(_json([_row(one) for one in made], indent=2))
    elif made:
        typer.echo(_table(made))
    else:
        common.say("nothing has been dismissed")
    return 0


@app.command("export")
def export(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="Where to; - is standard output.")],
    project: Project = None,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Write the dismissals as JSON Lines, oldest first."""
    from reviewer.errors import ConfigError

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    with closing(_open(common)) as memory:
        lines = [_json(_row(one)) for one in reversed(memory.dismissed(project))]
    text = "".join(f"{line}\n" for line in lines)
    if file == "-":
        typer.echo(text, nl=False)
        return 0
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as err:
        raise ConfigError(f"{file}: {err.strerror}", key="FILE", source="command line") from err
    common.say(f"{file}: {_counted(len(lines), 'dismissal')}")
    return 0


@app.command("prune")
def prune(
    context: typer.Context,
    older_than: Annotated[
        float | None,
        typer.Option("--older-than", metavar="DAYS", min=0, help="What was last used before that."),
    ] = None,
    project: Project = None,
    fingerprint: Annotated[
        str | None, typer.Option("--fingerprint", metavar="F", help="Findings whose name begins so.")
    ] = None,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Delete what fits all that is named; without an option what is older than memory.max_age_days."""
    from reviewer.errors import UsageError

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    if older_than is None and project is None and fingerprint is None:
        older_than = common.load(local_file=True).settings.memory.max_age_days
        if not older_than:
            raise UsageError("memory.max_age_days is 0: name --older-than, --project or --fingerprint")
    with closing(_open(common)) as memory:
        gone = memory.prune(older_than_days=older_than, project=project, fingerprint=_name(fingerprint))
    counts = (
        _counted(gone.dismissals, "dismissal"),
        _counted(gone.findings, "finding"),
        _counted(gone.answers, "answer"),
    )
    typer.echo(f"deleted: {', '.join(counts)}")
    return 0


@app.command("forget")
def forget(
    context: typer.Context,
    fingerprint: Annotated[str, typer.Argument(metavar="FINGERPRINT", help="The name, or its beginning.")],
    project: Project = None,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Forget that a finding was dismissed: the next review reports it again."""
    from reviewer.errors import UsageError

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    name = _name(fingerprint) or ""
    with closing(_open(common)) as memory:
        made = [one for one in memory.dismissed(project) if one.finding.fingerprint.startswith(name)]
        found = dict.fromkeys(one.finding.fingerprint for one in made)
        if not found:
            raise UsageError(f"no dismissed finding begins with {name}", remedy="reviewer memory list")
        if len(found) > 1:
            raise UsageError(f"{len(found)} dismissed findings begin with {name}: write more of it")
        memory.prune(project=project, fingerprint=next(iter(found)))
    typer.echo(f"forgotten: {next(iter(found))} ({_counted(len(made), 'dismissal')})")
    return 0


def _open(common: Common) -> DatabaseMemory:
    from reviewer import wiring

    return wiring.open_stored_memory(common.load(local_file=True).settings)


def _name(fingerprint: str | None) -> str | None:
    """Read the beginning of a fingerprint; seven digits at least, so that a slip deletes little."""
    from reviewer.commands.dismissing import SHORTEST_FINGERPRINT
    from reviewer.errors import UsageError

    if fingerprint is None:
        return None
    name = fingerprint.strip().lower()
    if len(name) < SHORTEST_FINGERPRINT or set(name) - set("0123456789abcdef"):
        raise UsageError(
            f"{fingerprint!r} is not the beginning of a fingerprint (7 hexadecimal digits or more)"
        )
    return name


def _row(made: Dismissal) -> dict[str, Any]:
    finding = made.finding
    return {
        "forge": made.forge,
        "project": made.project,
        "number": made.number,
        "fingerprint": finding.fingerprint,
        "rule_id": finding.rule_id,
        "source": finding.source.value,
        "severity": finding.severity.value,
        "category": finding.category.value,
        "path": finding.path,
        "scope": finding.scope,
        "code": finding.code,
        "title": finding.title,
        "message": finding.message,
        "gesture": made.gesture.value,
        "by": {"id": made.by.id, "name": made.by.name},
        "at": _time(made.at),
        "reason": made.words,
    }


def _json(value: Any, indent: int | None = None) -> str:
    import json

    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return text.encode("utf-8", "backslashreplace").decode()  # odd bytes of paths become escapes


def _table(made: Sequence[Dismissal]) -> str:
    head = ("FINGERPRINT", "WHEN", "WHO", "HOW", "WHERE", "RULE", "PATH", "REASON")
    rows = [
        (
            one.finding.fingerprint[:12],
            _time(one.at)[:10],
            one.by.name,
            one.gesture.value,
            f"{one.project} {one.number}",
            one.finding.rule_id,
            one.finding.path,
            one.words or one.finding.title,
        )
        for one in made
    ]
    shown = [head, *(tuple(map(_cell, row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return "\n".join(_line(row, widths) for row in shown)


def _line(row: Iterable[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _cell(text: str) -> str:
    """Show a stranger's text in one line of a terminal, without what could steer it."""
    from reviewer.stages.neutralise import visible

    line = " ".join(visible(text.encode("utf-8", "replace").decode()).split())
    return line if len(line) <= 60 else f"{line[:59]}…"


def _time(seconds: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
