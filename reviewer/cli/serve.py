"""`reviewer serve`: the webhook service with its workers."""

from __future__ import annotations

from typing import Annotated

import typer

from reviewer.cli.shared import Color, ConfigFile, Quiet, Verbose, settle
from reviewer.domain import ProcessRole
from reviewer.errors import ConfigError


def serve(
    context: typer.Context,
    role: Annotated[
        ProcessRole, typer.Option("--role", help="Take webhooks, do the work, or both.")
    ] = ProcessRole.ALL,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="Port to listen on; 0 takes a free one.")] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, max=64, help="Reviews at a time in this process.")
    ] = None,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Run the service until it is told to stop; SIGTERM lets running steps end first."""
    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    given = {"host": host, "port": port, "workers": workers}
    overrides = {f"service.{name}": value for name, value in given.items() if value is not None}
    loaded = common.load(local_file=True, overrides=overrides)
    from reviewer import wiring

    if not loaded.settings.forges:
        raise ConfigError(
            "no forge is configured: there is nothing to serve", key="forges", source=str(loaded.file)
        )
    # A worker answers nobody but probes, and those only where it is told to: the web process has the port.
    listening = role is not ProcessRole.WORKER or port is not None
    wiring.run_service(loaded.settings, role=role, listening=listening, verbose=common.verbose)
    return 0
