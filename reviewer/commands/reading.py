"""Lay out what a command is about: redacted, with what surrounds it, in portions that fit a window.

The notation is that of reviews (`stages.excerpt`): lines marked `+` are those that are asked about, the
others show where they stand. Secrets are taken out of whole files before anything of them is cut out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from parsers.source import decode
from reviewer.commands.assistant import Assistant
from reviewer.commands.subject import Request, places, select
from reviewer.commands.wording import read_command_wording
from reviewer.config import ReviewSettings
from reviewer.domain import ChangedFile, ChangeSet, Finding, Related, ReviewUnit, ReviewWarning, UnitPart
from reviewer.stages.excerpt import Detail, printable, surroundings, view
from reviewer.stages.prompt import Briefing, brief
from reviewer.stages.redact import Redactor
from reviewer.stages.sides import side_texts
from reviewer.stages.triage import triage
from reviewer.stages.units import UnitPlan, split, text_of

Count = Callable[[str], int]
_SIGN_LINES = 12  # of a definition elsewhere


@dataclass(frozen=True, slots=True)
class Reading:
    """What a command reads: the files, what they use elsewhere, and how prompts about them begin.

    `findings` are what the rules say of the lines that are asked about, without fingerprints. `about`
    tells title and files of a change, empty where lines were pointed at.
    """

    files: tuple[ChangedFile, ...]
    related: tuple[Related, ...]
    extras: tuple[ChangedFile, ...]
    findings: tuple[Finding, ...]
    briefing: Briefing
    about: str
    warnings: tuple[ReviewWarning, ...]

    @property
    def read(self) -> tuple[str, ...]:
        """Name all that is shown."""
        return (*map(places, self.files), *(f"{one.path}:{one.start_line}" for one in self.related))

    def portions(self, tokens: int, count: Count) -> UnitPlan:
        """Cut the files into as few portions as fit `tokens` each; what fits none is named."""
        layouts = [view(file, surroundings, self.briefing.redact) for file in self.files]
        whole = tuple(one.part(one.changed, Detail.FULL) for one in layouts if one.changed)
        if count(text_of(whole)) <= tokens:
            return UnitPlan((_unit(whole, count),) if whole else (), ())
        plan = split(self.files, budget_tokens=tokens, count=count, redact=self.briefing.redact)
        return UnitPlan(tuple(_join(plan.units, tokens, count)), plan.unseen)

    def elsewhere(self, tokens: int, count: Count) -> str:
        """Show the definitions elsewhere that have room, fenced; empty if there are none."""
        texts = {file.path: _redacted_lines(file.new, self.briefing.redact) for file in self.extras}
        shown: list[str] = []
        for one in self.related:
            lines = texts.get(one.path, [])[one.start_line - 1 :][: min(len(one.lines), _SIGN_LINES)]
            rows = (f"{number:>4}   {line}" for number, line in enumerate(lines, one.start_line))
            text = "\n".join([f"### {printable(one.path)} ({printable(one.name)})", *rows])
            tokens -= count(text) + 4
            if tokens < 0:
                break
            shown.append(text)
        if not shown:
            return ""
        fenced = self.briefing.fence("elsewhere", "\n\n".join(shown))
        return self.briefing.wording.write("elsewhere", code=fenced)

    def code(self, unit: ReviewUnit) -> str:
        """Show a portion, fenced."""
        return self.briefing.wording.write("code", code=self.briefing.fence("code", text_of(unit.parts)))


async def read(
    request: Request,
    assistant: Assistant,
    *,
    extras: Iterable[tuple[str, bytes]] = (),
    rules: bool = False,
) -> Reading:
    """Read what a request is about; `extras` are further files that a prompt will show pieces of.

    With `rules` the rules look at the lines too; secrets are looked for anyway, in everything shown.
    """
    settings = assistant.settings.review
    files, warnings = _worth_reading(request, settings)
    related = tuple(one for file in files for one in assistant.library.related(file))
    texts = dict(extras) | assistant.library.read(dict.fromkeys(one.path for one in related))
    beside = select([(path, text, ()) for path, text in texts.items()], project="").change.files
    main = next((one for one in request.subjects if not one.selected), request.subjects[0])
    change = replace(main.change, files=files, attributes={}, repository_settings=None)
    scan = await asyncio.to_thread(_scan, change, beside, assistant, rules=rules)
    shown = (change.title, change.description, *side_texts(replace(change, files=(*files, *beside))))
    redact = await asyncio.to_thread(_redactor, assistant, scan.secrets, shown)
    briefing = brief(change, files, settings, key=assistant.key, redact=redact)
    return Reading(
        files=files,
        related=related,
        extras=beside,
        findings=scan.findings,
        briefing=replace(briefing, wording=read_command_wording(settings.language)),
        about="" if main.selected else briefing.change,
        warnings=(*warnings, *scan.warnings, *assistant.library.warnings),
    )


def _worth_reading(
    request: Request, settings: ReviewSettings
) -> tuple[tuple[ChangedFile, ...], tuple[ReviewWarning, ...]]:
    """Take all that was pointed at, and of a change what a review would read."""
    files: list[ChangedFile] = []
    warnings: list[ReviewWarning] = []
    for subject in request.subjects:
        warnings += subject.change.warnings
        if subject.selected:
            files += subject.change.files
        else:
            sorted_out = triage(subject.change, settings)
            files += sorted_out.reviewable
            warnings += sorted_out.skipped
    return tuple(files), tuple(warnings)


@dataclass(frozen=True, slots=True)
class _Scan:
    findings: tuple[Finding, ...]
    secrets: tuple[str, ...]
    warnings: tuple[ReviewWarning, ...]


def _scan(change: ChangeSet, beside: tuple[ChangedFile, ...], assistant: Assistant, *, rules: bool) -> _Scan:
    settings = assistant.settings
    findings: list[Finding] = []
    secrets: list[str] = []
    warnings: list[ReviewWarning] = []
    whole = replace(change, files=(*map(_whole, change.files), *beside))
    for scanner in assistant.scanners(settings.review, settings.rules):
        if scanner.thorough:  # the one that looks for secrets
            secrets += scanner.scan(whole).secrets
        if rules:
            report = scanner.scan(change)
            findings += report.findings
            warnings += report.warnings
    return _Scan(tuple(findings), tuple(secrets), tuple(warnings))


def _whole(file: ChangedFile) -> ChangedFile:
    """Have all lines of a file looked at: those around the ones that are asked about are shown too."""
    if file.new is None:
        return file
    return select([(file.path, file.new, ())], project="").change.files[0]


def _redactor(assistant: Assistant, secrets: Iterable[str], shown: Iterable[str]) -> Callable[[str], str]:
    """Return what takes secrets out: what one of the shown texts gives away is taken out of all of them."""
    if not assistant.settings.privacy.redact:
        return lambda text: text
    redactor = Redactor(tuple(secrets))
    for text in shown:
        redactor.learn(text)
    return lambda text: redactor.redact(text).text


def _redacted_lines(text: bytes | None, redact: Callable[[str], str]) -> list[str]:
    lines = decode(text or b"").text.replace("\r\n", "\n")
    return redact(lines).split("\n")


def _join(units: Iterable[ReviewUnit], tokens: int, count: Count) -> list[ReviewUnit]:
    """Put neighbours together as long as they fit."""
    joined: list[tuple[UnitPart, ...]] = []
    for unit in units:
        together = (*joined[-1], *unit.parts) if joined else unit.parts
        if joined and count(text_of(together)) <= tokens:
            joined[-1] = together
        else:
            joined.append(unit.parts)
    return [_unit(parts, count) for parts in joined]


def _unit(parts: tuple[UnitPart, ...], count: Count) -> ReviewUnit:
    return ReviewUnit("", parts, count(text_of(parts)))
