"""`reviewer doctor` and `reviewer config`: is everything in place, and where does each value come from."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

from reviewer.cli.shared import Color, Common, ConfigFile, Quiet, Verbose, settle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reviewer.domain import Check

config_app = typer.Typer(help="Show and check the configuration.", no_args_is_help=True)


def doctor(
    context: typer.Context,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Check configuration, tokens, models, database and disk, and say what to do about each failure."""
    from functools import partial

    from reviewer import wiring
    from reviewer.doctor import examine

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    loaded = common.load(local_file=True)
    checks = asyncio.run(
        examine(
            loaded,
            forges=partial(wiring.checkable_forges, loaded.settings),
            gateway=partial(wiring.open_gateway, loaded.settings),
            database=wiring.check_database,
        )
    )
    _print_checks(checks, common)
    return 0 if all(check.ok for check in checks) else 1


@config_app.command("show")
def show(
    context: typer.Context,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Print every value with its source."""
    from reviewer.settings import flatten

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    loaded = common.load(local_file=True)
    rows = [(key, _toml(value), loaded.origin(key)) for key, value in flatten(loaded.settings)]
    key_width = max(len(key) for key, _, _ in rows)
    value_width = min(40, max(len(value) for _, value, _ in rows))
    for key, value, origin in rows:
        typer.echo(f"{key:<{key_width}}  {value:<{value_width}}  # {origin}")
    return 0


@config_app.command("check")
def check(
    context: typer.Context,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Read the configuration and say whether it can be used."""
    from reviewer.settings import without_effect

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    loaded = common.load(local_file=True)
    typer.echo(f"ok: {loaded.file or 'built-in defaults, no file'}")
    for text in without_effect(loaded.settings):
        common.say(f"note: {text}")
    return 0


def _toml(value: object) -> str:
    import json

    return "-" if value is None else json.dumps(value, ensure_ascii=False)


def _print_checks(checks: Sequence[Check], common: Common) -> None:
    colored = common.colored()
    width = max(len(item.name) for item in checks)
    for item in checks:
        mark = "ok  " if item.ok else "FAIL"
        shown = typer.style(mark, fg="green" if item.ok else "red", bold=not item.ok) if colored else mark
        typer.echo(f"{shown}  {item.name:<{width}}  {item.detail}", color=colored)
        if not item.ok and item.remedy:
            typer.echo(f"      {'':<{width}}  -> {item.remedy}")
    failed = sum(not item.ok for item in checks)
    typer.echo(f"\n{len(checks) - failed} ok, {failed} failed")
