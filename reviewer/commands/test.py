"""`test`: a test file for the code that was pointed at, in the repository's own framework and style."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from parsers import edits
from parsers.edits import EditVerdict
from parsers.languages import Language, by_name, detect
from parsers.source import decode
from reviewer.commands import frameworks
from reviewer.commands.assistant import Assistant, Talk
from reviewer.commands.digest import Layout, Order, over
from reviewer.commands.frameworks import Framework
from reviewer.commands.library import Library
from reviewer.commands.reading import Reading, read
from reviewer.commands.subject import Answer, NewText, Request
from reviewer.commands.test_places import near_tests, propose
from reviewer.domain import ChangedFile, Message
from reviewer.errors import ModelReplyInvalid, UsageError
from reviewer.ports import Model
from reviewer.stages.neutralise import visible
from reviewer.stages.restoring import PLACEHOLDER

_TESTS_READ = 8  # to tell the framework
_BUILDS_READ = 12
_STYLE_LINES = 80  # of the test that is shown as a model
_WANTED_TOKENS = 3000
_SHOWN_BACK = 6000  # characters of an answer that the model sees again
_FENCE = re.compile(
    r"^[ \t]*(?P<mark>`{3,}|~{3,})[^\n]*\n(?P<code>.*?)^[ \t]*(?P=mark)[ \t]*$", re.MULTILINE | re.DOTALL
)
_PROVEN = (EditVerdict.CLEAN, EditVerdict.UNCHECKED)


@dataclass(frozen=True, slots=True)
class _Plan:
    """How the test is to be: its framework and what is used beside it, where it goes, what it is to be like."""

    framework: Framework
    beside: tuple[str, ...]
    path: str
    style: tuple[str, bytes] | None
    package: str


async def run(request: Request, assistant: Assistant) -> Answer:
    """Write a test file for one file's lines.

    Raises UsageError for what cannot be tested so, ModelReplyInvalid for an answer that is still no test
    that parses after one repair round, and what else calls raise.
    """
    file, language = _target(request)
    plan = await asyncio.to_thread(_plan, file, language, request, assistant.library)
    assistant.say(f"{plan.framework.name}{''.join(f' + {one}' for one in plan.beside)}, for {plan.path}")
    reading = await read(request, assistant, extras=[plan.style] if plan.style else ())
    order = _order(reading, plan)
    return await assistant.ask(lambda model: _talk(model, order, reading, plan, assistant))


def _target(request: Request) -> tuple[ChangedFile, Language]:
    files = [file for file in request.files if file.new]
    if len(files) != 1:
        named = ", ".join(file.path for file in files) or "none"
        raise UsageError(f"a test is written for one file at a time; named: {named}")
    language = detect(files[0].path, files[0].new or b"")
    if language is None or not any(language.name in one.languages for one in frameworks.FRAMEWORKS):
        raise UsageError(f"no test framework is known for {files[0].path}")
    return files[0], language


def _plan(file: ChangedFile, language: Language, request: Request, library: Library) -> _Plan:
    family = [one for one in frameworks.FRAMEWORKS if language.name in one.languages]
    relatives = {name for one in family for name in one.languages}
    suffixes = {suffix for name in relatives if (other := by_name(name)) for suffix in other.suffixes}
    tests = near_tests(file.path, suffixes, library.paths)
    texts = {path: decode(text).text for path, text in _in_order(tests[:_TESTS_READ], library).items()}
    builds = sorted(
        filter(frameworks.is_build_file, library.paths), key=lambda one: _distance(file.path, one)
    )
    build_texts = {
        path: decode(text).text for path, text in _in_order(builds[:_BUILDS_READ], library).items()
    }
    framework, beside = frameworks.choose(language.name, texts, build_texts)
    if framework is None:
        raise UsageError(f"no test framework is known for {language.name}")
    style = next((path for path, text in texts.items() if frameworks.holds_test(framework, text)), None)
    path = request.path or propose(file.path, language.name, framework, tests, set(library.paths))
    return _Plan(
        framework=framework,
        beside=beside,
        path=path,
        style=None if style is None else (style, texts[style].encode()),
        package=_package(file, language, texts.get(style or "", ""), path),
    )


def _in_order(paths: Sequence[str], library: Library) -> Mapping[str, bytes]:
    texts = library.read(paths)
    return {path: texts[path] for path in paths if path in texts}


def _distance(path: str, build: str) -> tuple[int, str]:
    """Order build files: those above the file first, the nearest of them foremost."""
    folder = PurePosixPath(build).parent
    above = PurePosixPath(path).is_relative_to(folder)
    return (-len(folder.parts) if above else 100 + len(folder.parts), build)


def _package(file: ChangedFile, language: Language, style: str, path: str) -> str:
    """Say what Go calls the package of a test: as the test beside it does, else as the file."""
    if language.name != "go":
        return ""
    same_folder = PurePosixPath(path).parent == PurePosixPath(file.path).parent
    clause = re.compile(r"^package\s+(\w+)", re.MULTILINE)
    own = clause.search(decode(file.new or b"").text)
    beside = clause.search(style) if same_folder else None
    if own and beside and beside[1] in {own[1], f"{own[1]}_test"}:
        return beside[1]
    return own[1] if own else ""


def _order(reading: Reading, plan: _Plan) -> Order:
    briefing = reading.briefing
    wording = briefing.wording
    beside = ", ".join(plan.beside)
    style = ""
    if plan.style:
        lines = briefing.redact(decode(plan.style[1]).text.replace("\r\n", "\n")).split("\n")[:_STYLE_LINES]
        shown = briefing.fence("test", f"### {plan.style[0]}\n" + "\n".join(lines))
        style = wording.write("test-style", test=shown)
    ask = wording.write(
        "test-ask",
        framework=f"{plan.framework.name}{f' ({beside})' if beside else ''}",
        path=briefing.fence("path", plan.path),
        package=wording.write("test-package", package=plan.package) if plan.package else "",
    )
    return Order(
        shared=(wording.write("test"), wording.write("notation"), briefing.conventions),
        about="\n\n".join(filter(None, (reading.about, style))),
        ask=ask,
        purpose="test",
    )


async def _talk(model: Model, order: Order, reading: Reading, plan: _Plan, assistant: Assistant) -> Answer:
    talk = Talk(model, assistant, want=_WANTED_TOKENS)

    async def finish(layout: Layout) -> Answer:
        code = await _ask(layout.messages(order, talk), reading, plan, talk, assistant)
        return Answer(
            text=code,
            files=(NewText(plan.path, None, code.encode()),),
            read=(*reading.read, *((plan.style[0],) if plan.style else ())),
            facts={"path": plan.path, "framework": plan.framework.name},
            warnings=(*reading.warnings, *layout.unread, *talk.warnings),
            model=model.name,
            usage=talk.usage,
        )

    return await over(reading, order, talk, assistant, finish)


async def _ask(
    messages: tuple[Message, ...], reading: Reading, plan: _Plan, talk: Talk, assistant: Assistant
) -> str:
    """Ask, read, prove; once more with the error where that fails."""
    told = await talk.tell(messages, purpose="test")
    code, trouble = _read(told, plan)
    if not trouble:
        return code
    name = talk.model.name
    assistant.say(f"{name}: {trouble}; asking once more")
    error = reading.briefing.wording.write("test-repair", error=reading.briefing.fence("error", trouble))
    later = (Message("assistant", told[:_SHOWN_BACK]), Message("user", error))
    told = await talk.tell((*messages, *later), purpose="test repair")
    code, trouble = _read(told, plan)
    if trouble:
        raise ModelReplyInvalid(f"no test that parses, twice: {trouble}", model=name, reply=told)
    return code


def _read(told: str, plan: _Plan) -> tuple[str, str]:
    """Return the code of an answer, and what is wrong with it, if anything."""
    blocks = [found["code"] for found in _FENCE.finditer(told.replace("\r\n", "\n"))]
    code = max(blocks, key=len, default=told if "```" not in told else "").strip("\n") + "\n"
    if not code.strip():
        return "", "there is no complete code block in it"
    if visible(code) != code:
        return "", "it holds characters that cannot be seen"
    if PLACEHOLDER.search(code):
        return (
            "",
            "a placeholder <redacted:...> stands for a secret: a test needs a value of its own",
        )
    if not frameworks.holds_test(plan.framework, code):
        return "", f"there is no test case of {plan.framework.name} in it"
    found = edits.check(plan.path, b"\n", 1, 1, code)
    if found.verdict not in _PROVEN:
        return "", found.detail + (f", line {found.line}" if found.line else "")
    return code, ""
