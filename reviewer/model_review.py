"""The part of the flow that asks models: units to drafts, drafts to findings, findings to a verifier.

Every conversation is one step, so that a job never pays twice for a finished one. Steps are begun in
the same order on every run: durable steps are counted, not only named.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from reviewer import conversation
from reviewer.checkpoint import Checkpoint
from reviewer.config import ReviewSettings
from reviewer.conversation import SummaryReply, UnitReply, VerifierReply
from reviewer.domain import (
    ChangedFile,
    ChangeSet,
    Confidence,
    Finding,
    Overview,
    Rejected,
    ReviewUnit,
    ReviewWarning,
    Role,
    Usage,
)
from reviewer.errors import ModelError, ModelOverflow, ModelReplyInvalid, ModelTimeout, ModelUnavailable
from reviewer.ports import Gateway, Model, Step
from reviewer.stages import verify
from reviewer.stages.prompt import Briefing, brief, review_prompt, verify_prompt
from reviewer.stages.reply import Opinion
from reviewer.stages.units import UnitPlan, split

HALVINGS = 2  # how often the units are cut smaller when a server counts more tokens than we did
SMALLEST_UNIT = 200  # tokens: below, no code fits beside the texts that are always sent
OVERVIEW_FROM_LINES = 10  # a smaller change needs no summary of what it does

_T = TypeVar("_T")
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Panel:
    """Who is asked, about what, with which limits; `required` makes a failure of theirs undecided."""

    gateway: Gateway
    change: ChangeSet
    files: tuple[ChangedFile, ...]
    settings: ReviewSettings
    key: bytes
    redact: Callable[[str], str]
    required: bool
    step: Step
    progress: Progress
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking: admitted findings without fingerprints, and everything that was not."""

    findings: tuple[Finding, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    warnings: tuple[ReviewWarning, ...] = ()
    usage: Usage = field(default_factory=Usage)
    models: tuple[str, ...] = ()
    overview: Overview | None = None
    seen_lines: int = 0
    reanchored: int = 0


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one step about one unit leaves behind; `problem` is a warning's code, empty if all is well."""

    model: str = ""
    problem: str = ""
    message: str = ""
    reply: UnitReply | None = None
    spent: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class _Judged:
    model: str = ""
    problem: str = ""
    reply: VerifierReply | None = None
    spent: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class _Told:
    model: str = ""
    problem: str = ""
    reply: SummaryReply | None = None


@dataclass(frozen=True, slots=True)
class _Start:
    """The model that answered first, and the room it has for a unit, in tokens."""

    model: str = ""
    budget: int = 0
    problem: str = ""


_ANSWER = Checkpoint(_Answer)
_JUDGED = Checkpoint(_Judged)
_TOLD = Checkpoint(_Told)
_START = Checkpoint(_Start)


async def ask(panel: Panel, known: Sequence[Finding]) -> Asked:
    """Have the change reviewed by models; `known` are the findings that need none.

    Nothing is raised for a model that fails: each failure is a warning, undecided where a model is
    required.
    """
    if not panel.files:
        return Asked()
    if not panel.gateway.configured(Role.REVIEW):
        return Asked(warnings=(ReviewWarning("no-model", "no model is configured and none was found"),))
    briefing = brief(panel.change, panel.files, panel.settings, key=panel.key, redact=panel.redact)
    start = await _START.run(panel.step, "reach a model", lambda: _reach(panel, briefing))
    if start.problem:
        return Asked(warnings=(ReviewWarning("model-unreachable", start.problem, undecided=panel.required),))
    plan, answers = await _review_units(panel, briefing, start.budget)
    asked = _collect(panel, plan, answers, known)
    asked = await _verify(panel, briefing, plan, asked)
    return await _summarise(panel, briefing, plan, asked, known)


async def _reach(panel: Panel, briefing: Briefing) -> _Start:
    try:
        picked = await panel.gateway.pick(Role.REVIEW)
    except ModelError as err:
        remedy = f" ({err.remedy})" if err.remedy else ""
        return _Start(problem=f"{err}{remedy}")
    # A fallback may have to take over in the middle: units are cut to fit each of them.
    budget = min(conversation.room(model, briefing) for model in panel.gateway.configured(Role.REVIEW))
    return _Start(model=picked.name, budget=max(budget, SMALLEST_UNIT))


async def _review_units(panel: Panel, briefing: Briefing, budget: int) -> tuple[UnitPlan, list[_Answer]]:
    """Review the first unit alone, which warms the prefix cache and the token count, then the others."""
    deadline = panel.clock() + panel.settings.time_budget_s
    estimate = panel.gateway.configured(Role.REVIEW)[0].estimate
    plan = UnitPlan((), ())
    first: list[_Answer] = []
    for attempt in range(HALVINGS + 1):
        plan = split(panel.files, budget_tokens=budget >> attempt, count=estimate, redact=panel.redact)
        panel.progress("asking the model", 0, len(plan.units))
        if not plan.units:
            return plan, first
        first.append(await _review_unit(panel, briefing, plan.units[0], f"unit {attempt}.1", deadline))
        if first[-1].problem != "model-overflow":
            break
    done = 1
    panel.progress("asking the model", done, len(plan.units))

    async def one(number: int, unit: ReviewUnit) -> _Answer:
        nonlocal done
        answer = await _review_unit(panel, briefing, unit, f"unit {len(first) - 1}.{number}", deadline)
        done += 1
        panel.progress("asking the model", done, len(plan.units))
        return answer

    rest = await asyncio.gather(*(one(number, unit) for number, unit in enumerate(plan.units[1:], start=2)))
    return plan, [first[-1], *rest]


async def _review_unit(
    panel: Panel, briefing: Briefing, unit: ReviewUnit, name: str, deadline: float
) -> _Answer:
    spent: list[Usage] = []

    async def talk() -> _Answer:
        if panel.clock() >= deadline:
            budget = panel.settings.time_budget_s
            return _Answer(problem="budget", message=f"the time budget of {budget:.0f} s was used up before")
        try:
            answer = await _converse(panel, briefing, unit, spent)
        except ModelError as err:
            answer = _Answer(model=err.model, problem=_code_of(err), message=str(err))
        return replace(answer, spent=sum(spent, Usage()))

    return await _ANSWER.run(panel.step, name, talk)


async def _converse(panel: Panel, briefing: Briefing, unit: ReviewUnit, spent: list[Usage]) -> _Answer:
    async def review(model: Model) -> _Answer:
        prompt = review_prompt(briefing, unit, model.profile)
        return _Answer(model.name, reply=await conversation.review_unit(model, prompt, on_usage=spent.append))

    return await _with_fallback(panel, Role.REVIEW, review)


async def _with_fallback(panel: Panel, role: Role, talk: Callable[[Model], Awaitable[_T]]) -> _T:
    """Talk with the first model of a role that serves; when it goes away in the middle, with the next.

    Raises what the last one failed with.
    """
    failed: dict[str, ModelError] = {}
    while True:
        try:
            model = await panel.gateway.pick(role, without=failed.keys())
        except ModelUnavailable as err:
            raise next(reversed(failed.values()), err) from err
        try:
            return await talk(model)
        except (ModelUnavailable, ModelTimeout) as err:
            failed[model.name] = err


def _code_of(err: ModelError) -> str:
    if isinstance(err, ModelOverflow):
        return "model-overflow"
    if isinstance(err, ModelTimeout):
        return "model-timeout"
    return "reply-invalid" if isinstance(err, ModelReplyInvalid) else "model-unreachable"


def _collect(panel: Panel, plan: UnitPlan, answers: Sequence[_Answer], known: Sequence[Finding]) -> Asked:
    """Admit what can be proven; count what was seen, by whom, and what went wrong."""
    replies = [answer.reply for answer in answers if answer.reply is not None]
    drafts = tuple(draft for reply in replies for draft in reply.drafts)
    admission = verify.admit(drafts, panel.change, known=known, redact=panel.redact)
    failures = (
        _failure(panel, unit, answer)
        for unit, answer in zip(plan.units, answers, strict=True)
        if answer.problem
    )
    notes = (warning for reply in replies for warning in reply.warnings)
    # What a unit could not show, the rules have seen all the same: listed, but not undecided.
    unseen = (replace(warning, undecided=False) for warning in plan.warnings)
    return Asked(
        findings=admission.findings,
        rejected=(*(item for reply in replies for item in reply.malformed), *admission.rejected),
        warnings=(*failures, *unseen, *notes),
        usage=sum((answer.spent for answer in answers), Usage()),
        reanchored=admission.reanchored,
        models=tuple(dict.fromkeys(answer.model for answer in answers if answer.reply is not None)),
        seen_lines=sum(
            unit.changed_lines
            for unit, answer in zip(plan.units, answers, strict=True)
            if answer.reply is not None
        ),
    )


def _failure(panel: Panel, unit: ReviewUnit, answer: _Answer) -> ReviewWarning:
    paths = ", ".join(dict.fromkeys(part.path for part in unit.parts))
    message = f"{answer.message}; {unit.changed_lines} changed lines not seen by a model"
    return ReviewWarning(answer.problem, message, paths, undecided=panel.required)


async def _verify(panel: Panel, briefing: Briefing, plan: UnitPlan, asked: Asked) -> Asked:
    """Send each finding to the verifiers, if there are any, and keep what is not refuted."""
    if not panel.gateway.configured(Role.VERIFY) or not asked.findings:
        return asked
    total = len(asked.findings)
    panel.progress("verifying", 0, total)
    judged = await asyncio.gather(
        *(
            _judge(panel, briefing, plan, finding, f"verify {number}")
            for number, finding in enumerate(asked.findings, start=1)
        )
    )
    panel.progress("verifying", total, total)
    kept: list[Finding] = []
    rejected: list[Rejected] = []
    for finding, verdict in zip(asked.findings, judged, strict=True):
        outcome = weigh(finding, verdict.reply)
        (rejected if isinstance(outcome, Rejected) else kept).append(outcome)  # type: ignore[arg-type]
    problems = dict.fromkeys(
        ReviewWarning("verifier-failed", verdict.problem, undecided=panel.required)
        for verdict in judged
        if verdict.problem
    )
    notes = (warning for verdict in judged if verdict.reply for warning in verdict.reply.warnings)
    return replace(
        asked,
        findings=tuple(kept),
        rejected=(*asked.rejected, *rejected),
        warnings=(*asked.warnings, *problems, *notes),
        usage=sum((verdict.spent for verdict in judged), asked.usage),
        models=tuple(dict.fromkeys((*asked.models, *(verdict.model for verdict in judged if verdict.reply)))),
    )


def weigh(finding: Finding, reply: VerifierReply | None) -> Finding | Rejected:
    """Make of a verifier's answer what it is worth; no answer is unsure, and unsure is never a yes."""
    opinion = reply.judgement.opinion if reply else Opinion.UNSURE
    if opinion is Opinion.CONFIRMED:
        return replace(finding, confidence=Confidence.HIGH)
    if opinion is Opinion.REFUTED:
        reason = reply.judgement.reason if reply else ""
        return Rejected("refuted", finding.path, f"{finding.title}: {reason}", finding.model)
    if finding.confidence is Confidence.LOW:
        return Rejected("low-confidence", finding.path, finding.title, finding.model)
    return replace(finding, confidence=Confidence.LOW)


async def _judge(panel: Panel, briefing: Briefing, plan: UnitPlan, finding: Finding, name: str) -> _Judged:
    unit = _unit_of(plan, finding)
    spent: list[Usage] = []

    async def judge(model: Model) -> _Judged:
        prompt = verify_prompt(briefing, unit, finding, model.profile)
        reply = await conversation.verify_finding(model, prompt, on_usage=spent.append)
        return _Judged(model.name, reply=reply)

    async def talk() -> _Judged:
        try:
            judged = await _with_fallback(panel, Role.VERIFY, judge)
        except ModelError as err:
            judged = _Judged(model=err.model, problem=f"no verification: {err}")
        return replace(judged, spent=sum(spent, Usage()))

    return await _JUDGED.run(panel.step, name, talk)


def _unit_of(plan: UnitPlan, finding: Finding) -> ReviewUnit:
    """Return the unit that shows the finding's lines, else the first of its file, else the first."""
    lines = set(range(finding.start_line or 0, (finding.end_line or 0) + 1))

    def rank(unit: ReviewUnit) -> int:
        parts = [part for part in unit.parts if part.path == finding.path]
        shown = any(lines & {*part.new_lines} or lines & {*part.old_lines} for part in parts)
        return 0 if shown else 1 if parts else 2

    return min(plan.units, key=rank)


async def _summarise(
    panel: Panel, briefing: Briefing, plan: UnitPlan, asked: Asked, known: Sequence[Finding]
) -> Asked:
    """Ask what the change does, once, where it is big enough to ask and a model has answered before."""
    lines = sum(unit.changed_lines for unit in plan.units)
    if not asked.models or lines < OVERVIEW_FROM_LINES:
        return asked
    findings = (*known, *asked.findings)
    panel.progress("summing up", 0, 1)

    async def tell(model: Model) -> _Told:
        return _Told(model.name, reply=await conversation.summarise(model, briefing, plan.units, findings))

    async def talk() -> _Told:
        try:
            return await _with_fallback(panel, Role.REVIEW, tell)
        except ModelError as err:
            return _Told(problem=f"no summary: {err}")

    told = await _TOLD.run(panel.step, "summary", talk)
    panel.progress("summing up", 1, 1)
    if told.reply is None:
        return replace(asked, warnings=(*asked.warnings, ReviewWarning("no-summary", told.problem)))
    return replace(
        asked,
        overview=told.reply.overview,
        usage=asked.usage + told.reply.usage,
        warnings=(*asked.warnings, *told.reply.warnings),
    )
