"""`fix`: new texts of the files that were pointed at, proven to apply and to parse."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from parsers.python_version import FILES as PYTHON_FILES
from parsers.python_version import declared_version
from reviewer.commands import remarks
from reviewer.commands.assistant import Assistant, Talk
from reviewer.commands.blocks import NOTHING, BlocksUnreadable, read_blocks, says_nothing
from reviewer.commands.edits import EditRefused, Limits, from_suggestions, make_edits
from reviewer.commands.patch import write_patch
from reviewer.commands.reading import Reading, read
from reviewer.commands.subject import Answer, NewText, Request, select
from reviewer.commands.wording import compose
from reviewer.domain import ChangedFile, Finding, Message, ReviewWarning, Severity
from reviewer.errors import ModelReplyInvalid, NothingToReview, UsageError
from reviewer.ports import Model

_TOKENS_PER_LINE = 14  # of an answer: old and new text of the lines that are asked about
_SHOWN_BACK = 6000  # characters of an answer that the model sees again


@dataclass(frozen=True, slots=True)
class _Task:
    """What is to be fixed in which files, and what the fix must keep to."""

    reading: Reading
    files: tuple[ChangedFile, ...]
    findings: tuple[Finding, ...]
    ask: str
    limits: Limits


async def run(request: Request, assistant: Assistant) -> Answer:
    """Fix what the instruction asks for, else the given findings, else what rules and the model find.

    Without a model the rules' own fixes are taken. Raises UsageError for what cannot be changed,
    NothingToReview where nothing is to be fixed, ModelReplyInvalid for an answer that still does not
    apply or parse after one repair round, and what else calls raise.
    """
    task = await _prepare(request, assistant)
    if assistant.gateway is None:
        made, left = _own_fixes(task)
        return _answer(made, task, left)
    return await assistant.ask(lambda model: _talk(model, task, assistant))


async def _prepare(request: Request, assistant: Assistant) -> _Task:
    reading = await read(request, assistant, rules=request.findings is None and not request.question)
    files = tuple(file for file in reading.files if file.new)
    if len({file.path for file in files}) < len(files):
        raise UsageError("the same file is named twice: once as it is, once as a range has it")
    if not files:
        raise NothingToReview("nothing of it can be changed: none of the files has a text here")
    findings = request.findings
    if findings is None:
        main = replace(request.subjects[0].change, files=reading.files)
        findings = remarks.standing(reading.findings, main)
    if request.finding:
        findings = remarks.choose(findings, request.finding)
    wording, fence = reading.briefing.wording, reading.briefing.fence
    if request.question:
        task = wording.write("fix-instruction", instruction=fence("instruction", request.question))
    elif findings:
        named = request.findings is not None or request.finding
        name = "fix-findings" if named else "fix-findings-and-more"
        task = wording.write(name, findings=fence("findings", remarks.tell(findings)))
    else:
        task = wording.write("fix-defects")
    root = await asyncio.to_thread(assistant.library.read, PYTHON_FILES)
    limits = Limits(request.wide, reading.briefing.redact, declared_version(root))
    ask = "\n\n".join((task, wording.write("fix-wide" if request.wide else "fix-lines")))
    return _Task(reading, files, findings, ask, limits)


def _own_fixes(task: _Task) -> tuple[tuple[NewText, ...], tuple[ReviewWarning, ...]]:
    """Take the fixes that rules bring along; what has none is named."""
    made: list[NewText] = []
    for file in task.files:
        proposed = [one.suggestion for one in task.findings if one.path == file.path and one.suggestion]
        text, _ = from_suggestions(file, proposed, task.limits)
        if text is not None and text.new != text.old:
            made.append(text)
    if not made:
        raise NothingToReview(
            f"{len(task.findings)} findings, and no rule has a fix for any of them", remedy="name a model"
        )
    without = [one for one in task.findings if one.suggestion is None]
    return tuple(made), tuple(_left(one, "the rule has no fix of its own") for one in without)


async def _talk(model: Model, task: _Task, assistant: Assistant) -> Answer:
    """Ask, read, prove; once more with the error where that fails."""
    lines = sum(len(file.diff.added_lines) for file in task.files)
    talk = Talk(model, assistant, want=lines * _TOKENS_PER_LINE)
    messages = _messages(task, talk)
    told = await talk.tell(messages, purpose="fix")
    attempt = await _attempt(told, task, assistant)
    if attempt.trouble:
        assistant.say(f"{model.name}: {attempt.trouble}; asking once more")
        again = await talk.tell(_repair(messages, told, attempt.trouble, task), purpose="fix repair")
        second = await _attempt(again, task, assistant)
        if second.made is None and attempt.made is None:
            raise ModelReplyInvalid(
                f"no fix that applies and parses, twice: {second.trouble}", model=model.name, reply=told
            )
        attempt = second if second.made is not None else attempt
    left = tuple(_left(one, "still found after the fix") for one in attempt.left)
    answer = _answer(attempt.made or (), task, (*talk.warnings, *left))
    return replace(answer, model=model.name, usage=talk.usage)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What became of an answer: new texts, if they hold; findings that are left; what to tell the model."""

    made: tuple[NewText, ...] | None
    left: tuple[Finding, ...] = ()
    trouble: str = ""


async def _attempt(told: str, task: _Task, assistant: Assistant) -> _Attempt:
    if says_nothing(told):
        if not task.findings:
            raise NothingToReview("the model finds nothing to change")
        return _Attempt(None, trouble=f"{NOTHING}, but there are findings to fix")
    try:
        made = make_edits(read_blocks(told), task.files, task.limits)
    except (BlocksUnreadable, EditRefused) as err:
        return _Attempt(None, trouble=str(err))
    left = await asyncio.to_thread(_still_found, made, task, assistant)
    trouble = "; ".join(f"the change still has: {one.rule_id} at line {one.start_line}" for one in left)
    return _Attempt(made, left, trouble)


def _repair(messages: tuple[Message, ...], told: str, trouble: str, task: _Task) -> tuple[Message, ...]:
    """Go on with what was wrong about the first answer."""
    briefing = task.reading.briefing
    error = briefing.wording.write("fix-repair", error=briefing.fence("error", trouble))
    return (*messages, Message("assistant", told[:_SHOWN_BACK]), Message("user", error))


def _messages(task: _Task, talk: Talk) -> tuple[Message, ...]:
    """Show all the code at once: a fix of half of it would be none. Raises UsageError where it does not fit."""
    reading = task.reading
    wording = reading.briefing.wording
    form = wording.write("fix", nothing=NOTHING)
    shared = (form, wording.write("notation"), reading.briefing.conventions)

    def compose_with(*material: str) -> tuple[Message, ...]:
        return compose(talk.model.profile, shared=shared, rest=(reading.about, *material, task.ask))

    room = talk.room(compose_with())
    plan = replace(reading, files=task.files).portions(room, talk.model.count)
    if len(plan.units) != 1 or plan.unseen:
        raise UsageError(
            f"this is more than {talk.model.name} can change at once ({talk.model.context} tokens)",
            remedy="name fewer files, or the lines that matter: path:10-40",
        )
    code = reading.code(plan.units[0])
    elsewhere = reading.elsewhere(talk.room(compose_with(code)), talk.model.count)
    return compose_with(elsewhere, code)


def _still_found(made: Iterable[NewText], task: _Task, assistant: Assistant) -> tuple[Finding, ...]:
    """Have the rules compare old and new texts: what was to be fixed and is still there, or grave and new."""
    texts = tuple(made)
    before = _by_rules([(text.path, text.old or b"") for text in texts], assistant)
    after = _by_rules([(text.path, text.new) for text in texts], assistant)
    targets = {one.fingerprint for one in task.findings}
    rules = {one.rule_id for one in task.findings}
    known = {one.fingerprint for one in before} - targets
    return tuple(
        one
        for one in after
        if one.fingerprint not in known
        and (one.fingerprint in targets or one.rule_id in rules or one.severity.rank >= Severity.HIGH.rank)
    )


def _by_rules(texts: Iterable[tuple[str, bytes]], assistant: Assistant) -> tuple[Finding, ...]:
    change = select([(path, text, ()) for path, text in texts], project="").change
    settings = assistant.settings
    scanners = [one for one in assistant.scanners(settings.review, settings.rules) if not one.thorough]
    return remarks.standing((one for scanner in scanners for one in scanner.scan(change).findings), change)


def _left(finding: Finding, why: str) -> ReviewWarning:
    place = f", line {finding.start_line}" if finding.start_line else ""
    return ReviewWarning("not-fixed", f"{finding.rule_id}{place}: {why}", finding.path)


def _answer(made: Sequence[NewText], task: _Task, warnings: Iterable[ReviewWarning]) -> Answer:
    return Answer(
        text=write_patch(made).decode("utf-8", "replace"),
        files=tuple(made),
        read=task.reading.read,
        warnings=(*task.reading.warnings, *warnings),
    )
