"""The command line: reads the environment, wires, catches, prints. Nothing else here prints.

Heavy imports stand inside the commands that need them: `--help` must answer at once.
"""

from __future__ import annotations

import gc
import sys
from typing import Annotated

import typer

from reviewer import __version__
from reviewer.cli import (
    assist,
    audit,
    backup,
    demo,
    gate,
    inspect,
    jobs,
    memory,
    models,
    review,
    rules,
    serve,
)
from reviewer.cli import eval as evaluation
from reviewer.cli.shared import Color, Common, ConfigFile, Quiet, Verbose
from reviewer.errors import ReviewerError

INTERRUPTED = 130  # 128 and the number of SIGINT, as shells count
# New objects before the collector looks. At Python's own 700 a fifth of every start goes into looking for cycles
# among the modules just imported, of which there are none.
_COLLECT_AFTER = (50_000, 20, 20)

app = typer.Typer(
    name="reviewer",
    help="Review merge requests and git ranges on rules and on models that you run yourself.",
    epilog="Exit codes: 0 pass, 1 failure of ours, 2 usage or configuration, 3 nothing to review, "
    "10 findings at or above the threshold, 11 inconclusive.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("review")(review.review)
app.command("gate")(gate.gate)
app.command("explain")(assist.explain)
app.command("ask")(assist.ask)
app.command("fix")(assist.fix)
app.command("test")(assist.write_test)
app.command("describe")(assist.describe)
app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("doctor")(inspect.doctor)
app.add_typer(rules.app, name="rules")
app.add_typer(models.app, name="models")
app.add_typer(jobs.app, name="jobs")
app.add_typer(evaluation.app, name="eval")
app.add_typer(memory.app, name="memory")
app.add_typer(audit.app, name="audit")
app.add_typer(inspect.config_app, name="config")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"reviewer {__version__}")
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the common options before the command as well as after it."""
    context.obj = Common(config=config, verbose=verbose, quiet=quiet, color=color)


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code; no traceback reaches a user without `-v`."""
    arguments = sys.argv[1:] if argv is None else argv
    gc.set_threshold(*_COLLECT_AFTER)
    try:
        outcome = app(args=arguments, prog_name="reviewer", standalone_mode=False)
    except typer.TyperException as err:  # what its own click raises; the package `click` is another one
        if message := err.format_message():  # none where the help has been printed instead
            typer.echo(message, err=True)
        return 2
    except (typer.Abort, KeyboardInterrupt):
        outcome = INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except ReviewerError as err:
        return _report(err, arguments)
    except Exception as err:  # noqa: BLE001  # the edge: whatever was not foreseen is said in one line
        return _report(err, arguments)
    if outcome == INTERRUPTED:  # typer's own answer to Ctrl-C is this code and no word
        typer.echo("reviewer: interrupted", err=True)
    return outcome if isinstance(outcome, int) else 0


def _report(err: Exception, arguments: list[str]) -> int:
    if "-v" in arguments or "--verbose" in arguments:
        import traceback

        traceback.print_exception(err)
    if not isinstance(err, ReviewerError):
        typer.echo(
            f"reviewer: internal error: {type(err).__name__}: {err} (-v shows the traceback)", err=True
        )
        return 1
    typer.echo(f"reviewer: {err}", err=True)
    if err.remedy:
        typer.echo(f"  -> {err.remedy}", err=True)
    return err.exit_code
