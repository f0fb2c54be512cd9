"""`reviewer demo`: the main job on embedded defaults, on this machine alone."""

from __future__ import annotations

import io
import os
import sys
import threading
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from reviewer.cli.shared import Color, Quiet, Verbose, settle

if TYPE_CHECKING:
    from rich.console import Console

    from reviewer.demo.play import Chosen


class DemoModel(StrEnum):
    """Who reviews in the first act, beside the rules."""

    AUTO = "auto"
    NONE = "none"
    EMBEDDED = "embedded"


def demo(
    context: typer.Context,
    model: Annotated[
        DemoModel,
        typer.Option(
            "--model", help="auto: an Ollama on this machine if one answers; embedded: a tiny test model."
        ),
    ] = DemoModel.AUTO,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the forge open until Ctrl-C.")] = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Show the whole way: a flawed merge request, a signed webhook, the real service, posted comments.

    No network, no account, no model needed.
    """
    from rich.console import Console

    from reviewer.demo import play, show
    from reviewer.service.logs import configure_logs

    common = settle(context, config=None, verbose=verbose, quiet=quiet, color=color)
    colored = common.colored()
    console = Console(force_terminal=colored, no_color=not colored, width=show.width(), highlight=False)
    started = time.monotonic()
    configure_logs(stream=sys.stderr if common.verbose else io.StringIO())
    with play.open_stage(os.environ) as stage:
        chosen = play.find_model(model.value)
        _head(console, "Act one", _who(chosen, model))
        scene = play.play_first_act(stage, chosen, common.say)
        show.show_scene(console, stage, scene)
        console.print()
        _head(
            console,
            "Act two",
            "the same change, with a model's replies written by hand for this demonstration",
        )
        second = play.play_second_act(stage, common.say)
        show.show_scene(console, stage, second)
        console.print()
        show.show_drafts(console, second)
        console.print(f"\nBoth acts took {time.monotonic() - started:.1f} s.")
        if keep:
            console.print(f"The forge stays at {stage.forge.address} until Ctrl-C.")
            threading.Event().wait()
    return 0


def _who(chosen: Chosen | None, model: DemoModel) -> str:
    if chosen is None and model is DemoModel.NONE:
        return "the rules alone, as asked for"
    if chosen is None:
        return "the rules alone, because no Ollama with a usable model answers on 127.0.0.1:11434"
    name, settings = chosen
    if settings.backend == "llamacpp":
        return f"the rules and {name}, embedded: 135M parameters, which prove the plumbing and nothing else"
    return f"the rules and {name} on this machine"


def _head(console: Console, act: str, title: str) -> None:
    console.rule(style="cyan", characters="═")
    console.print(f"[bold]{act}:[/bold] {title}")
    console.rule(style="cyan", characters="═")
