"""`reviewer explain|ask|fix|test|describe`: the commands of `reviewer.commands` on the command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from reviewer.cli.session import as_json, emit, open_session
from reviewer.cli.shared import Color, ConfigFile, Quiet, Verbose, settle
from reviewer.errors import UsageError

_TARGETS_HELP = (
    "A file, lines of it (path:10-40), a folder, a git range, or - for standard input. Repeatable."
)
Targets = Annotated[list[str], typer.Argument(metavar="TARGET...", help=_TARGETS_HELP)]
MaybeTargets = Annotated[list[str] | None, typer.Argument(metavar="[TARGET...]", help=_TARGETS_HELP)]
Repo = Annotated[
    Path, typer.Option("--repo", metavar="DIR", help="The repository; paths of targets are relative to DIR.")
]
ModelName = Annotated[str | None, typer.Option("--model", metavar="NAME", help="A configured model.")]
Tongue = Annotated[str | None, typer.Option("--language", metavar="en|zh-CN", help="Language of the answer.")]
StdinPath = Annotated[
    str | None, typer.Option("--path", metavar="PATH", help="What standard input is, where a target is -.")
]
Form = Annotated[str, typer.Option("--format", metavar="text|json", help="As it is written, or as JSON.")]


def explain(
    context: typer.Context,
    targets: Targets,
    repo: Repo = Path(),
    path: StdinPath = None,
    model: ModelName = None,
    language: Tongue = None,
    form: Form = "text",
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Explain code: what it does, how, and where its traps are. Of a git range, what it changes."""
    from reviewer.commands.subject import Request

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    session = open_session(common, repo, model=model, language=language, path=path)
    streamed = _streams(form)
    answer = session.answer("explain", Request(session.targets(targets)), stream=streamed)
    session.tell("explain", answer, form, streamed=streamed and sys.stdout.isatty())
    return 0


def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="In your words.")],
    targets: MaybeTargets = None,
    repo: Repo = Path(),
    path: StdinPath = None,
    model: ModelName = None,
    language: Tongue = None,
    form: Form = "text",
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Answer a question about code; without a TARGET about the definitions that the question names."""
    from reviewer.commands.subject import Request

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    if not question.strip():
        raise UsageError("the question is empty")
    session = open_session(common, repo, model=model, language=language, path=path)
    streamed = _streams(form)
    request = Request(session.targets(targets) if targets else (), question=question)
    answer = session.answer("ask", request, stream=streamed)
    session.tell("ask", answer, form, streamed=streamed and sys.stdout.isatty())
    return 0


def fix(
    context: typer.Context,
    targets: MaybeTargets = None,
    instruction: Annotated[
        str | None, typer.Option("--instruction", metavar="TEXT", help="What is to be changed.")
    ] = None,
    finding: Annotated[
        str | None,
        typer.Option("--finding", metavar="ID", help="Fix one finding: its fingerprint, or a rule's id."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Fix the findings of a JSON result of `review`."),
    ] = None,
    wide: Annotated[
        bool, typer.Option("--wide", help="Let other lines of the same files be changed too.")
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Change the files instead of printing a patch.")
    ] = False,
    repo: Repo = Path(),
    path: StdinPath = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", metavar="NAME|none", help="A configured model; none takes the rules' own fixes."
        ),
    ] = None,
    language: Tongue = None,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Print a patch that `git apply` takes, and after which the files still parse.

    Without --instruction it fixes what the rules find on the lines, and what the model can prove.
    """
    from reviewer.commands import remarks
    from reviewer.commands.patch import write_patch
    from reviewer.commands.subject import Request
    from reviewer.commands.targets import STDIN

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    _check_fix(targets, instruction, finding, report, model)
    if write and targets and STDIN in targets:
        raise UsageError("--write changes files: standard input is none")
    if targets and STDIN in targets and path is None:
        raise UsageError("--path says which file the patch is for, where a target is -")
    session = open_session(
        common, repo, model=model, language=language, path=path, rules_only=model == "none"
    )
    found = remarks.read_report(_read_file(report), str(report)) if report else None
    subjects = session.targets(targets or list(dict.fromkeys(one.path for one in found or ())))
    if found is not None:
        found, stale = remarks.on_lines(found, subjects)
        for warning in stale:
            common.say(f"warning [{warning.code}] {warning.path}: {warning.message}")
    request = Request(subjects, instruction or "", found, finding or "", wide)
    answer = session.answer("fix", request)
    if write:
        for file in answer.files:
            session.worktree.overwrite(file.path, file.old or b"", file.new)
            common.say(f"changed {file.path}")
    else:
        sys.stdout.buffer.write(write_patch(answer.files))
        sys.stdout.flush()
    session.warn(answer)
    return 0


def write_test(
    context: typer.Context,
    target: Annotated[
        str,
        typer.Argument(metavar="TARGET", help="A file, lines of it, a git range, or - for standard input."),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the test to a new file.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write the test to the path that is proposed.")
    ] = False,
    repo: Repo = Path(),
    path: StdinPath = None,
    model: ModelName = None,
    language: Tongue = None,
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Write a test file in the repository's own framework and style; nothing is overwritten."""
    from reviewer.commands.subject import Request

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    session = open_session(common, repo, model=model, language=language, path=path)
    goes_to = ""
    if output is not None:
        goes_to = session.worktree.locate(session.place.folder / output)
        if (session.worktree.root / goes_to).exists():
            raise UsageError(f"{goes_to} is there already: nothing is overwritten")
    answer = session.answer("test", Request(session.targets([target]), path=goes_to))
    for file in answer.files:
        if write or output is not None:
            session.worktree.create(file.path, file.new)
            common.say(f"wrote {file.path}")
        else:
            emit(_with_path(file.path, answer.text))
    session.warn(answer)
    return 0


def describe(
    context: typer.Context,
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RANGE]", help="As git takes it; default: from the default branch to HEAD."),
    ] = None,
    staged: Annotated[bool, typer.Option("--staged", help="Describe what is staged.")] = False,
    worktree: Annotated[bool, typer.Option("--worktree", help="Describe all uncommitted changes.")] = False,
    repo: Repo = Path(),
    model: ModelName = None,
    language: Tongue = None,
    form: Annotated[
        str, typer.Option("--format", metavar="text|markdown|json", help="A commit message, a page, or JSON.")
    ] = "text",
    config: ConfigFile = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Describe a change: title, description, a walk through its files, and its risk."""
    from reviewer.commands.describe import headings, write_text
    from reviewer.commands.subject import Request
    from reviewer.commands.targets import read_change

    common = settle(context, config=config, verbose=verbose, quiet=quiet, color=color)
    _check_form(form, ("text", "markdown", "json"))
    session = open_session(common, repo, model=model, language=language, path=None)
    if sum((bool(targets), staged, worktree)) > 1:
        raise UsageError("RANGE, --staged and --worktree exclude each other")
    subjects = (
        session.targets(targets)
        if targets
        else (read_change(session.worktree, staged=staged, worktree_too=worktree),)
    )
    answer = session.answer("describe", Request(subjects), look_up=False)
    if form == "json":
        emit(as_json("describe", answer))
    elif form == "markdown":
        emit(answer.text)
    else:
        emit(write_text(answer.facts, answer.warnings, headings(session.settings.review.language)))
    session.warn(answer)
    return 0


def _check_fix(
    targets: list[str] | None,
    instruction: str | None,
    finding: str | None,
    report: Path | None,
    model: str | None,
) -> None:
    if not targets and report is None:
        raise UsageError("nothing is named: a TARGET, or --from with a report")
    if instruction is not None and (finding is not None or report is not None):
        raise UsageError("--instruction excludes --finding and --from")
    if instruction is not None and not instruction.strip():
        raise UsageError("the instruction is empty")
    if instruction is not None and model == "none":
        raise UsageError("--instruction needs a model")


def _check_form(form: str, known: Sequence[str]) -> None:
    if form not in known:
        raise UsageError(f"--format: {form!r} is not one of {', '.join(known)}")


def _streams(form: str) -> bool:
    _check_form(form, ("text", "json"))
    return form == "text"


def _read_file(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as err:
        raise UsageError(f"--from: {file}: {err.strerror}") from err


def _with_path(path: str, code: str) -> str:
    """Name the file in a comment at its top, below what has to stand first."""
    from parsers.languages import detect

    language = detect(path)
    mark = language.line_comments[0] if language and language.line_comments else "#"
    first, _, rest = code.partition("\n")
    head = f"{mark} {path}\n"
    return f"{first}\n{head}{rest}" if first.startswith(("<?php", "#!")) else head + code
