"""`reviewer rules`: list, show, test and begin rules."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from reviewer.cli.shared import Color, Common, ConfigFile, Quiet, Verbose, settle
from reviewer.errors import RuleError, UsageError

if TYPE_CHECKING:
    from reviewer.scanners.rulebook import Rulebook
    from reviewer.scanners.rulefile import Rule, TextLanguage
    from reviewer.stages.guidelines import Guideline

app = typer.Typer(help="List, show, test and begin rules.", no_args_is_help=True)

_NAME = re.compile(r"[a-z0-9-]+")
Folders = Annotated[
    list[Path] | None,
    typer.Option("--path", metavar="DIR", help="A rule folder, instead of the configured ones; repeatable."),
]


@app.command("list")
def list_rules(
    context: typer.Context,
    language: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only rules for this language.")
    ] = None,
    severity: Annotated[
        str | None, typer.Option(metavar="LEVEL", help="Only rules of this severity.")
    ] = None,
    category: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Only rules of this category (finance, guideline, ...)."),
    ] = None,
    path: Folders = None,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Print every rule that runs: id, severity, category, title; guidelines, which a model reads, last."""
    from reviewer.domain import Category, Severity

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    book, guidelines, words = _load(common, path)
    rows = [
        (rule.id, rule.severity.value, rule.written.metadata.category.value, rule.text(words).title)
        for rule in book.rules
        if language in {None, *rule.languages}
    ]
    rows += [
        (one.id, one.severity.value, "guideline", _title(one, words))
        for one in guidelines
        if not language or not one.languages or language in one.languages
    ]
    _check_choice("--language", language, {name for rule in book.rules for name in rule.languages})
    _check_choice("--severity", severity, set(Severity))
    _check_choice("--category", category, {"guideline", *Category})
    rows = [row for row in rows if severity in {None, row[1]} and category in {None, row[2]}]
    width = max((len(row[0]) for row in rows), default=0)
    for rule_id, level, kind, title in rows:
        typer.echo(f"{rule_id:<{width}}  {level:<8}  {kind:<15}  {title}")
    return 0


@app.command("show")
def show_rule(
    context: typer.Context,
    rule_id: Annotated[str, typer.Argument(metavar="RULE", help="A rule id, python/no-eval for example.")],
    path: Folders = None,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Print what a rule looks for, why, how it matches, and its own examples."""
    from rich.console import Console

    from reviewer.cli.rulepage import print_guideline, print_rule
    from reviewer.settings import nearest

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    book, guidelines, language = _load(common, path)
    colored = common.colored()
    console = Console(
        force_terminal=colored, no_color=not colored, color_system="standard" if colored else None,
        highlight=False, markup=False, emoji=False, soft_wrap=True,
    )  # fmt: skip
    rule = book.find(rule_id)
    guideline = next((one for one in guidelines if one.id == rule_id), None)
    if rule is not None:
        print_rule(rule, language, console)
    elif guideline is not None:
        print_guideline(guideline, language, console)
    else:
        close = nearest(rule_id, [*(one.id for one in book.rules), *(one.id for one in guidelines)])
        raise UsageError(f"there is no rule {rule_id!r}" + (f"; did you mean {close}?" if close else ""))
    return 0


@app.command("test")
def prove_rules(
    context: typer.Context,
    path: Folders = None,
    budget: Annotated[
        bool, typer.Option("--budget", help="Also weigh what each rule costs beside a plain one.")
    ] = False,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Run every rule's own valid and invalid examples; exit 1 if one fails, 2 for a file that is no rule."""
    from reviewer.scanners.proof import prove

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    started = time.monotonic()
    book = _load(common, path)[0]
    failures = {proof.rule_id: list(proof.failures) for proof in prove(book.rules)}
    if budget:
        for rule_id, excess in _excesses(book.rules):
            failures[rule_id].append(excess)
    failed = {rule_id: texts for rule_id, texts in failures.items() if texts}
    for rule_id, texts in failed.items():
        for text in texts:
            typer.echo(f"{rule_id}: {text}")
    common.say(f"{time.monotonic() - started:.1f} s")
    typer.echo(f"{len(failures) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


@app.command("new")
def begin_rule(
    context: typer.Context,
    rule_id: Annotated[
        str, typer.Argument(metavar="LANGUAGE/NAME", help="Its id, java/no-sleep for example.")
    ],
    folder: Annotated[Path, typer.Option("--dir", metavar="DIR", help="The rule folder.")] = Path("rules"),
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Write the first draft of a rule: it is valid, and `rules test` passes before and after you fill it."""
    from reviewer.cli.ruledraft import write_draft
    from reviewer.material import rules_dir
    from reviewer.scanners import schema

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    language = _language_of(rule_id)
    file = folder / f"{rule_id}.yml"
    if file.exists():
        raise UsageError(f"{file} is there already")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not (folder / schema.FILE).exists():
            shutil.copyfile(rules_dir() / schema.FILE, folder / schema.FILE)
        file.write_text(write_draft(rule_id, language, str(folder)), encoding="utf-8")
    except OSError as err:
        raise UsageError(f"{file}: {err.strerror}") from err
    typer.echo(str(file))
    common.say(f"edit it, then run: reviewer rules test --path {folder}")
    return 0


def _language_of(rule_id: str) -> str:
    from reviewer.scanners.rulefile import RuleLanguage
    from reviewer.settings import nearest

    language, _, name = rule_id.partition("/")
    languages = list(get_args(RuleLanguage))
    if language not in languages:
        close = nearest(language, languages)
        hint = f"; did you mean {close}?" if close else f": there are {', '.join(languages)}"
        raise UsageError(f"{language!r} is no language that rules are written for{hint}")
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{rule_id!r}: a name is of small letters, digits and hyphens, as in {language}/no-sleep"
        )
    return language


def _load(
    common: Common, folders: Sequence[Path] | None
) -> tuple[Rulebook, Sequence[Guideline], TextLanguage]:
    """Load what the settings name, or, where folders are given, those alone and as they are written."""
    from reviewer.scanners import guidelinefile, rulebook
    from reviewer.wiring import user_cache

    settings = common.load().settings
    if not folders:
        book = rulebook.load(settings.rules, cache_dir=user_cache(os.environ) / "rules")
        return book, guidelinefile.load(settings.rules).known, settings.review.language
    book, guidelines = rulebook.read(folders), guidelinefile.read_folders(folders)
    broken: tuple[RuleError, ...] = (*book.broken, *guidelines.broken)
    if broken:
        raise broken[0]
    return book, guidelines.known, settings.review.language


def _excesses(rules: Sequence[Rule]) -> Iterator[tuple[str, str]]:
    from reviewer.scanners.budget import LIMIT, find_excesses

    for excess in find_excesses(rules):
        text = (
            f"costs {excess.factor:.0f} times a plain rule ({excess.language}), {LIMIT:.0f} times are allowed"
        )
        yield excess.rule_id, text


def _check_choice(option: str, given: str | None, known: Set[str]) -> None:
    if given is not None and given not in known:
        raise UsageError(f"{option}: {given!r} is none of {', '.join(sorted(known))}")


def _title(guideline: Guideline, language: TextLanguage) -> str:
    return (language == "zh-CN" and guideline.title_zh) or guideline.title
