"""`reviewer rules`: list, show and test the rules."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from reviewer.cli.shared import Color, Common, ConfigFile, Quiet, Verbose, settle
from reviewer.errors import UsageError

if TYPE_CHECKING:
    from reviewer.scanners.rulebook import Rulebook
    from reviewer.scanners.rulefile import Rule, TextLanguage

app = typer.Typer(help="List, show and test the rules.", no_args_is_help=True)


@app.command("list")
def list_rules(
    context: typer.Context,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Print every rule that runs: id, severity, category, title."""
    book, language = _load(settle(context, config=config, verbose=verbose, quiet=quiet, color=color))
    width = max((len(rule.id) for rule in book.rules), default=0)
    for rule in book.rules:
        text = rule.text(language)
        typer.echo(
            f"{rule.id:<{width}}  {rule.severity.value:<8}  {rule.written.metadata.category.value:<15}  {text.title}"
        )
    return 0


@app.command("show")
def show_rule(
    context: typer.Context,
    rule_id: Annotated[str, typer.Argument(metavar="RULE", help="A rule id, python/no-eval for example.")],
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Print what a rule looks for, why, and its own examples."""
    from reviewer.settings import nearest

    book, language = _load(settle(context, config=config, verbose=verbose, quiet=quiet, color=color))
    rule = book.find(rule_id)
    if rule is None:
        close = nearest(rule_id, [known.id for known in book.rules])
        raise UsageError(f"there is no rule {rule_id!r}" + (f"; did you mean {close}?" if close else ""))
    for line in _page(rule, language):
        typer.echo(line)
    return 0


@app.command("test")
def prove_rules(
    context: typer.Context,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Run every rule's own valid and invalid examples; exit 1 if one fails."""
    from reviewer.scanners.proof import prove

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    started = time.monotonic()
    proofs = prove(_load(common)[0].rules)
    failed = [proof for proof in proofs if not proof.passed]
    for proof in failed:
        for failure in proof.failures:
            typer.echo(f"{proof.rule_id}: {failure}")
    common.say(f"{time.monotonic() - started:.1f} s")
    typer.echo(f"{len(proofs) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


def _load(common: Common) -> tuple[Rulebook, TextLanguage]:
    from reviewer.scanners import rulebook

    settings = common.load().settings
    return rulebook.load(settings.rules), settings.review.language


def _page(rule: Rule, language: TextLanguage) -> Iterator[str]:
    text, metadata = rule.text(language), rule.written.metadata
    yield f"{rule.id}  {text.title}"
    yield (
        f"{rule.severity.value} severity, {metadata.confidence.value} confidence, {metadata.category.value}"
        + "".join(f", {cwe}" for cwe in metadata.cwe)
    )
    yield f"for {', '.join(rule.languages)}; {rule.file}:{rule.line}"
    yield ""
    for paragraph in (text.message, text.why):
        yield from textwrap.wrap(paragraph, 100)
        yield ""
    for example in metadata.invalid:
        yield f"found (line {', '.join(map(str, example.lines))}):"
        yield textwrap.indent(example.code.rstrip(), "    ")
        if example.fix is not None:
            yield "fixed:"
            yield textwrap.indent(example.fix.rstrip(), "    ")
    for code in metadata.valid:
        yield "fine:"
        yield textwrap.indent(code.rstrip(), "    ")
