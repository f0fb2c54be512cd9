"""`reviewer backup` and `reviewer restore`: copy the service's database, and put a copy back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reviewer.cli.shared import Color, ConfigFile, Quiet, Verbose, settle


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes; must not exist.")],
    with_key: Annotated[
        bool, typer.Option("--with-key", help="Put the instance key into the copy; then guard it as one.")
    ] = False,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Copy the service's SQLite database while the service runs."""
    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    service = common.load(local_file=True).settings.service
    from reviewer.service.backup import back_up, database_file

    key_file = service.secret_key_file if with_key else None
    size = back_up(database_file(service.database), file, key_file=key_file)
    held = "with the instance key" if with_key else f"without the instance key ({service.secret_key_file})"
    common.say(f"{file}: {size / 1e6:.1f} MB, checked, {held}; mirrors are fetched again")
    return 0


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A copy that `reviewer backup` made.")],
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Put a copy in the place of the service's SQLite database; the service must not run."""
    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    service = common.load(local_file=True).settings.service
    from reviewer.service.backup import database_file
    from reviewer.service.backup import restore as put_back

    database = database_file(service.database)
    former = put_back(file, database, key_file=service.secret_key_file)
    common.say(f"{database} restored" + (f"; the former one is {former}" if former else ""))
    return 0
