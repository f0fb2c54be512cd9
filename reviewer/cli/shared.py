"""What several commands take and do: the common options, loading settings, writing results."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from reviewer.settings import Loaded

ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Instance configuration file.")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more; show tracebacks.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print results only.")]
Color = Annotated[str, typer.Option("--color", metavar="auto|always|never", help="Colour on the terminal.")]


@dataclass(frozen=True, slots=True)
class Common:
    """The common options of one run."""

    config: Path | None = None
    verbose: bool = False
    quiet: bool = False
    color: str = "auto"

    def with_command(self, *, config: Path | None, verbose: bool, quiet: bool, color: str) -> Common:
        """Let what stands after the command win over what stands before it."""
        return Common(
            config=config or self.config,
            verbose=verbose or self.verbose,
            quiet=quiet or self.quiet,
            color=color if color != "auto" else self.color,
        )

    def load(
        self, *, local_file: bool = False, overrides: Mapping[str, Any] = MappingProxyType({})
    ) -> Loaded:
        """Read the settings; see `reviewer.settings.load`."""
        from reviewer.settings import load

        return load(os.environ, config=self.config, local_file=local_file, overrides=overrides)

    def colored(self) -> bool:
        """Say whether results on stdout are coloured (NO_COLOR is honoured)."""
        if self.color not in {"auto", "always", "never"}:
            raise typer.BadParameter(
                f"{self.color!r} is not one of auto, always, never", param_hint="--color"
            )
        wanted = self.color == "always"
        return wanted or (self.color == "auto" and sys.stdout.isatty() and not os.environ.get("NO_COLOR"))

    def say(self, text: str) -> None:
        """Tell something that is not a result, on stderr, unless quiet."""
        if not self.quiet:
            typer.echo(text, err=True)

    def progress(self) -> Callable[[str, int, int], None] | None:
        """Return a progress printer for a terminal, None in a pipe."""
        if self.quiet or not sys.stderr.isatty():
            return None

        def show(stage: str, done: int, total: int) -> None:
            counted = f" {done}/{total}" if total else ""
            sys.stderr.write(f"\r\x1b[2K{stage}{counted}")
            if total and done >= total:
                sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()

        return show


def settle(context: typer.Context, *, config: Path | None, verbose: bool, quiet: bool, color: str) -> Common:
    """Join the common options from before and after the command."""
    before = context.obj if isinstance(context.obj, Common) else Common()
    return before.with_command(config=config, verbose=verbose, quiet=quiet, color=color)
