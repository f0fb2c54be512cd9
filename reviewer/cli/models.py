"""`reviewer models`: which models there are, which fit this machine, and how fast they are."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reviewer.cli.shared import Color, Common, ConfigFile, Quiet, Verbose, settle
from reviewer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reviewer.config import Settings
    from reviewer.domain import Role
    from reviewer.models.fit import Fit
    from reviewer.models.gateway import Standing
    from reviewer.models.hardware import Machine
    from reviewer.models.speed import Speed

app = typer.Typer(help="List the models, find those that fit a machine, measure them.", no_args_is_help=True)

Format = Annotated[str, typer.Option("--format", metavar="text|json", help="A table, or JSON.")]
LEAST_CONTEXT = 4096  # tokens; with less, little code fits beside what is always sent
_DIGITS = 12  # of a digest, as Ollama shows it


@app.command("list")
def list_models(
    context: typer.Context,
    form: Format = "text",
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Print the configured models: roles, endpoint, whether it answers, context, profile, weights.

    With no model configured: what the review would use of an Ollama on this machine.
    """
    from reviewer import wiring

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    settings = common.load(local_file=True).settings

    async def look() -> Sequence[Standing]:
        gateway = await wiring.open_gateway(settings)
        try:
            return await gateway.standings(ask=True)
        finally:
            await gateway.aclose()

    standings = asyncio.run(look())
    if _is_json(form):
        typer.echo(json.dumps([_standing(one) for one in standings], indent=2))
    elif not standings:
        common.say("no model is configured, and no Ollama on 127.0.0.1:11434 has one that reviews")
    else:
        _print_table(
            ["model", "roles", "served as", "endpoint", "calls", "state", "context", "profile", "weights"],
            _standing_rows(standings),
        )
        _print_reasons(standings)
    return 0


@app.command("recommend")
def recommend(
    context: typer.Context,
    tokens: Annotated[
        int,
        typer.Option(
            "--context", metavar="N", min=1024, help="Tokens of context, prompt and reply together."
        ),
    ] = 16_384,
    gpus: Annotated[
        str | None,
        typer.Option(
            "--gpus", metavar="GB,...", help="GPUs to reckon with instead of this machine's; '' for none."
        ),
    ] = None,
    memory: Annotated[
        float | None, typer.Option("--memory", metavar="GB", min=0, help="Main memory to reckon with.")
    ] = None,
    form: Format = "text",
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Name the DeepSeek and Qwen models that fit this machine, with the arithmetic, and what to configure."""
    from reviewer.models.fit import fitting
    from reviewer.models.fit import recommend as choose

    settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    machine = _machine(gpus, memory)
    fits, rest = fitting(machine, tokens)
    chosen, beside = choose(fits, machine)
    snippet = write_settings(chosen, beside)
    if _is_json(form):
        listed = {"fits": [_fit(fit) for fit in fits], "too_big": [_fit(fit) for fit in rest]}
        typer.echo(
            json.dumps({"machine": asdict(machine), "context": tokens, **listed, "toml": snippet}, indent=2)
        )
        return 0
    typer.echo(_describe(machine, tokens))
    if fits:
        header = ["model", "form", "weights", "+ cache", "+ server", "= GiB", "of", "on", "longest", "notes"]
        _print_table(header, [_fit_row(fit) for fit in fits])
    for fit in rest:
        shorter = f"; fits with --context {fit.longest}" if fit.longest >= LEAST_CONTEXT else ""
        typer.echo(
            f"too big: {fit.size.tag} needs {fit.total:.1f} of {fit.room:.1f} GiB even in {fit.quantisation}{shorter}"
        )
    typer.echo(
        f"\n{snippet}"
        if snippet
        else "\nnothing that fits is worth reviewing with: the rules run without a model"
    )
    return 0


@app.command("bench")
def bench(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Configured models; all of them if none is named."),
    ] = None,
    form: Format = "text",
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Measure how fast models read and write, with and without a cached prompt, and try their structured output."""
    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    settings = common.load(local_file=True).settings
    speeds = asyncio.run(_measure(settings, names or [], common))
    if _is_json(form):
        typer.echo(json.dumps([asdict(speed) for speed in speeds], indent=2))
    else:
        header = [
            "model",
            "load s",
            "prompt",
            "read/s",
            "first token s",
            "cached s",
            "cached",
            "write/s",
            "schema",
        ]
        _print_table(header, [_speed_row(speed) for speed in speeds if not speed.error])
        for speed in speeds:
            if speed.error:
                typer.echo(f"{speed.model}: {speed.error}")
    return 1 if any(speed.error for speed in speeds) else 0


async def _measure(settings: Settings, names: list[str], common: Common) -> list[Speed]:
    from reviewer import wiring
    from reviewer.domain import Role
    from reviewer.models.speed import measure

    gateway = await wiring.open_gateway(settings)
    try:
        models = {model.name: model for role in Role for model in gateway.configured(role)}
        if unknown := [name for name in names if name not in models]:
            raise UsageError(f"no role uses a model {unknown[0]!r}; there are {', '.join(models) or 'none'}")
        speeds = []
        for name in names or models:
            common.say(f"measuring {name}")
            limit = settings.models[name].timeout_s if name in settings.models else 300.0
            speeds.append(await measure(models[name], secrets.token_hex(8), limit))
        return speeds
    finally:
        await gateway.aclose()


def _machine(gpus: str | None, memory: float | None) -> Machine:
    """Read this machine, or take what is told; GPUs alone leave the main memory as it is."""
    from reviewer.models.hardware import Machine, read_machine

    here = read_machine()
    try:
        told = None if gpus is None else tuple(float(gpu) for gpu in gpus.split(",") if gpu.strip())
    except ValueError as err:
        raise UsageError(f"--gpus: {gpus!r} is not a list of sizes in GB, as 24,24") from err
    if memory is not None and told is None:
        told = ()
    return Machine(here.memory if memory is None else memory, here.gpus if told is None else told)


def _describe(machine: Machine, tokens: int) -> str:
    kinds = Counter(f"{gpu:.0f}" for gpu in machine.gpus)
    gpus = ", ".join(f"{count} x {size} GiB" for size, count in kinds.items())
    where = f"GPUs: {gpus}" if gpus else f"no GPU, {machine.memory:.0f} GiB of memory"
    return (
        f"{where}; {tokens} tokens of context for one conversation at a time "
        "(each further `parallel` adds the cache)\n"
        "GiB = weights + cache + what the server takes; a GPU counts 95 %, main memory 80 %\n"
    )


def write_settings(chosen: Fit | None, beside: Fit | None) -> str:
    """Write the part of `reviewer.toml` that uses these models; empty where there is none."""
    if chosen is None:
        return ""
    parts = [_model_settings("coder", chosen, port=8000)]
    roles = 'review = ["coder"]\nassist = ["coder"]\n'
    if beside is not None:
        parts.append(_model_settings("verifier", beside, port=8001))
        roles = 'review = ["coder"]\nverify = ["verifier"]\nassist = ["coder"]\n'
    return "\n".join([*parts, f"[roles]\n{roles}"])


def _model_settings(name: str, fit: Fit, *, port: int) -> str:
    from reviewer.models.sizes import GGUF

    size = fit.size
    if fit.quantisation in GGUF:
        usual = fit.quantisation == "q4_K_M"  # what the library's short tags stand for
        how = f"ollama pull {size.tag}" + (
            "" if usual else f"   ({fit.quantisation}: see the library's tags)"
        )
        backend, url, served = "ollama", "http://127.0.0.1:11434", size.tag
    else:
        parallel = f" --tensor-parallel-size {fit.gpus}" if fit.gpus > 1 else ""
        how = f"vllm serve {size.repository} --port {port} --max-model-len {fit.context}{parallel}"
        backend, url, served = "openai", f"http://127.0.0.1:{port}", size.repository
    return (
        f"# {how}\n[models.{name}]\nbackend = {json.dumps(backend)}\nurl = {json.dumps(url)}\n"
        f"model = {json.dumps(served)}\ncontext = {fit.context}\n"
    )


def _fit(fit: Fit) -> dict[str, Any]:
    return {
        "model": fit.size.tag,
        "repository": fit.size.repository,
        "quantisation": fit.quantisation,
        "weights_gib": round(fit.weights, 2),
        "cache_gib": round(fit.cache, 2),
        "cache_bytes_per_token": fit.size.per_token(fit.quantisation),
        "server_gib": round(fit.overhead, 2),
        "total_gib": round(fit.total, 2),
        "room_gib": round(fit.room, 2),
        "gpus": fit.gpus,
        "longest_context": fit.longest,
        "usable": fit.usable,
        "notes": list(fit.notes),
    }


def _fit_row(fit: Fit) -> list[str]:
    return [
        fit.size.tag,
        fit.quantisation,
        f"{fit.weights:.1f}",
        f"{fit.cache:.1f}",
        f"{fit.overhead:.1f}",
        f"{fit.total:.1f}",
        f"{fit.room:.1f}",
        f"{fit.gpus} GPU" if fit.gpus else "CPU",
        f"{fit.longest // 1024}k",
        "; ".join(fit.notes),
    ]


def _standing(one: Standing) -> dict[str, Any]:
    return {
        "name": one.name,
        "roles": [role.value for role in one.roles],
        "model": one.served,
        "digest": one.digest,
        "endpoint": one.endpoint.name,
        "parallel": one.endpoint.limit,
        "circuit": one.circuit.value,
        "context": one.context,
        "allocated": one.allocated,
        "profile": one.profile,
        "reason": one.reason,
    }


def _standing_rows(standings: Sequence[Standing]) -> list[list[str]]:
    """Write one line for each configured model."""
    return [
        [
            one.name,
            _roles(one.roles),
            one.served,
            one.endpoint.name,
            str(one.endpoint.limit),
            f"does not serve, {one.circuit}" if one.reason else f"answers, {one.circuit}",
            str(one.context) + (f" ({one.allocated} allocated)" if one.allocated else ""),
            one.profile,
            _short(one.digest),
        ]
        for one in standings
    ]


def _short(digest: str) -> str:
    """Shorten a hash; what else a server tells of its weights stands as it is."""
    digits = digest.removeprefix("sha256:")
    return (digits[:_DIGITS] if re.fullmatch(r"[0-9a-f]{16,}", digits) else digest) or "-"


def _roles(roles: Sequence[Role]) -> str:
    return ",".join(role.value for role in roles) or "-"


def _print_reasons(standings: Sequence[Standing]) -> None:
    for one in standings:
        if one.reason:
            typer.echo(f"{one.name}: circuit {one.circuit}: {one.reason}")
    for endpoint in dict.fromkeys(one.endpoint for one in standings if one.endpoint.overruled):
        others = ", ".join(endpoint.overruled)
        typer.echo(
            f"{endpoint.name} takes {endpoint.limit} at once: the larger parallel of {others} does not count"
        )


def _speed_row(speed: Speed) -> list[str]:
    return [
        speed.model,
        f"{speed.load_s:.1f}",
        str(speed.prompt_tokens),
        f"{speed.reads_per_s:.0f}",
        f"{speed.cold_s:.2f}",
        f"{speed.cached_s:.2f}",
        str(speed.cached_tokens or "not told"),
        f"{speed.writes_per_s:.1f}" if speed.writes_per_s else "-",
        "yes" if speed.structured else "no",
    ]


def _is_json(form: str) -> bool:
    if form not in {"text", "json"}:
        raise UsageError(f"--format: {form!r} is neither text nor json")
    return form == "json"


def _print_table(header: list[str], rows: list[list[str]]) -> None:
    widths = [max(len(row[at]) for row in [header, *rows]) for at in range(len(header))]
    for row in [header, *rows]:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
