"""`reviewer audit`: export and verify the log of model calls and posts, take checkpoints, show an entry."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from reviewer.cli.shared import Color, Common, ConfigFile, Quiet, Verbose, settle
from reviewer.errors import StoreError, UsageError

if TYPE_CHECKING:
    from reviewer.audit.seal import Entry, Statement
    from reviewer.audit.verification import Report

app = typer.Typer(help="The tamper-evident log of model calls and posts.", no_args_is_help=True)

_STANDARD = Path("-")
_SHOWN = 20
_DATES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
_NO_CHECKPOINT = (
    "without a checkpoint kept elsewhere, a tail that was cut by somebody with an old copy of the database "
    "does not show: reviewer audit checkpoint FILE makes one"
)

Checkpoints = Annotated[
    list[Path] | None,
    typer.Option("--checkpoint", metavar="FILE", help="A checkpoint (or an export) to hold it against."),
]
Out = Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it; - for stdout.")]


@app.command("verify")
def verify(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="An exported log; without one, the database.")
    ] = None,
    checkpoint: Checkpoints = None,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Say whether the log is what this instance wrote: nothing changed, missing, moved, added or cut."""
    from reviewer import wiring
    from reviewer.audit import journal
    from reviewer.audit.opening import look
    from reviewer.audit.seal import Seal
    from reviewer.audit.verification import verify as check

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    settings = common.load(local_file=True).settings
    points = [point for named in checkpoint or () for point in _read_checkpoints(named)]
    if file is not None:
        with _reading(file) as lines:
            report = journal.verify_file(Seal(wiring.existing_key(settings)), lines, str(file), points)
    else:
        with look(settings, wiring.existing_key(settings)) as log, log.chain.read() as snapshot:
            ends = [snapshot.head]
            report = check(log.seal, snapshot.base, snapshot.entries, ends=ends, checkpoints=points)
    _print_report(report, common, compared=bool(points))
    return 1 if report.problems else 0


@app.command("export")
def export(
    context: typer.Context,
    out: Out = _STANDARD,
    since: Annotated[
        datetime | None,
        typer.Option("--since", formats=_DATES, help="Entries from this day or moment on (UTC)."),
    ] = None,
    form: Annotated[str, typer.Option("--format", metavar="jsonl", help="JSON Lines.")] = "jsonl",
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Write the log as a file that can be verified elsewhere, given the instance key."""
    from reviewer import wiring
    from reviewer.audit import journal
    from reviewer.audit.opening import look

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    settings = common.load(local_file=True).settings
    if form != "jsonl":
        raise UsageError(f"--format {form}: the log is exported as jsonl")
    moment = round(since.replace(tzinfo=UTC).timestamp() * 1000) if since else 0
    with (
        look(settings, wiring.existing_key(settings)) as log,
        log.chain.read(moment) as snapshot,
        _writing(out) as target,
    ):
        count = -2  # the base and the closing checkpoint
        for line in journal.write(log.seal, snapshot):
            target.write(line + "\n")
            count += 1
    common.say(f"{count} entries")
    return 0


@app.command("checkpoint")
def checkpoint(
    context: typer.Context,
    out: Out = _STANDARD,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Sign which entry is the last one now. Keep the file where this machine cannot write."""
    from reviewer import wiring
    from reviewer.audit.journal import statement_line
    from reviewer.audit.opening import look

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    settings = common.load(local_file=True).settings
    with look(settings, wiring.existing_key(settings)) as log:
        line = statement_line(log.chain.checkpoint())
    with _writing(out) as target:
        target.write(line + "\n")
    return 0


@app.command("show")
def show(
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="ID", min=1, help="The number of an entry.")],
    prompt: Annotated[bool, typer.Option("--prompt", help="Decrypt the prompt, where it was kept.")] = False,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Print one entry, and with --prompt what was asked and answered."""
    from reviewer import wiring
    from reviewer.audit.opening import look

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    settings = common.load(local_file=True).settings
    with look(settings, wiring.existing_key(settings)) as log:
        entry = log.chain.entry(number)
        if entry is None:
            raise UsageError(f"there is no entry {number}")
        record = _record(entry)
        for key, value in record.items():
            typer.echo(f"{key:<18}{_shown(key, value)}")
        if prompt:
            _print_prompt(settings, log.chain.kept(number), number, record)
    return 0


def _record(entry: Entry) -> dict[str, Any]:
    import json

    try:
        record = json.loads(entry.record)
    except ValueError as err:
        raise StoreError(f"entry {entry.number} was changed", remedy="reviewer audit verify") from err
    return {"number": entry.number, "at": entry.at, **record, "mac": entry.mac}


def _shown(key: str, value: Any) -> str:
    """Show a value on one line, whatever is in it; moments as such."""
    import json

    if key in {"at", "began"} and isinstance(value, int):
        return datetime.fromtimestamp(value / 1000, UTC).isoformat(timespec="milliseconds")
    return value if isinstance(value, str) and value.isprintable() else json.dumps(value)


def _print_prompt(settings: Any, kept: Any, number: int, record: dict[str, Any]) -> None:
    from reviewer.audit.prompts import open_vault
    from reviewer.audit.record import hash_prompt

    vault = open_vault(settings.privacy)
    if kept is None:
        raise UsageError(
            f"no prompt is kept of entry {number}; privacy.keep_prompts_days says for how long one is"
        )
    if vault is None:
        raise UsageError("privacy.prompts_key_env does not name the key that the prompt is encrypted with")
    opened = vault.open(number, kept)
    if hash_prompt(opened.messages) != record.get("prompt_sha256"):
        raise StoreError(f"the kept prompt is not the one of entry {number}")
    for message in opened.messages:
        typer.echo(f"\n--- {message.role} ---\n{message.content}")
    typer.echo(f"\n--- reply ---\n{opened.reply}")


def _print_report(report: Report, common: Common, *, compared: bool) -> None:
    for problem in report.problems[:_SHOWN]:
        typer.echo(f"FAIL  {problem.kind:<10} {problem.message}")
    if len(report.problems) > _SHOWN:
        typer.echo(f"      and {len(report.problems) - _SHOWN} more")
    for note in report.notes:
        typer.echo(f"ok    {note}")
    span = f"entries {report.first} to {report.last}" if report.entries else "no entries"
    found = len(report.problems)
    outcome = f"{found} {'problem' if found == 1 else 'problems'}" if found else "the log holds"
    typer.echo(f"{report.entries} read, {span}: {outcome}")
    if not compared:
        common.say(f"note: {_NO_CHECKPOINT}")


def _read_checkpoints(file: Path) -> list[Statement]:
    from reviewer.audit.journal import read_checkpoints

    with _reading(file) as lines:
        return read_checkpoints(lines, str(file))


@contextmanager
def _reading(file: Path) -> Iterator[TextIO]:
    try:
        with nullcontext(sys.stdin) if file == _STANDARD else file.open(encoding="utf-8") as lines:
            yield lines
    except (OSError, UnicodeDecodeError) as err:
        raise UsageError(f"{file} cannot be read: {err}") from err


@contextmanager
def _writing(file: Path) -> Iterator[TextIO]:
    """Open a file for its owner alone: projects and names of people are in it."""
    if file == _STANDARD:
        yield sys.stdout
        return
    try:
        handle = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            yield out
    except OSError as err:
        raise UsageError(f"{file} cannot be written: {err.strerror}") from err
