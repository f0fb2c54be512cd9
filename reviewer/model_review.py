"""The part of the flow that asks models: units to drafts, drafts to findings, and a word on the whole.

Every conversation is one step, so that a job never pays twice for a finished one. Steps are begun in
the same order on every run: durable steps are counted, not only named.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from reviewer import conversation
from reviewer.checkpoint import Checkpoint
from reviewer.conversation import SummaryReply, UnitReply
from reviewer.domain import (
    Finding,
    ReviewUnit,
    ReviewWarning,
    Role,
    Usage,
)
from reviewer.errors import ModelError, ModelOverflow, ModelReplyInvalid, ModelTimeout
from reviewer.panel import Asked, Panel, with_fallback
from reviewer.ports import Model
from reviewer.stages import verify
from reviewer.stages.guidelines import Selection, select
from reviewer.stages.prompt import Briefing, brief, review_prompt
from reviewer.stages.units import UnitPlan, split
from reviewer.verification import verify_findings

HALVINGS = 2  # how often the units are cut smaller when a server counts more tokens than we did
SMALLEST_UNIT = 200  # tokens: below, no code fits beside the texts that are always sent
TOKENS_PER_GUIDELINE_CHARACTER = 2  # of the window: guidelines take about an eighth of it at most
OVERVIEW_FROM_LINES = 10  # a smaller change needs no summary of what it does


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one step about one unit leaves behind; `problem` is a warning's code, empty if all is well.

    After an overflow `room` is what the models have for a unit now: a server tells its true window then.
    """

    model: str = ""
    problem: str = ""
    message: str = ""
    reply: UnitReply | None = None
    spent: Usage = field(default_factory=Usage)
    room: int = 0


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
    words = _choose_guidelines(panel)
    briefing = brief(
        panel.change,
        panel.files,
        panel.settings,
        key=panel.key,
        redact=panel.redact,
        guidelines=words.told,
    )
    start = await _START.run(panel.step, "reach a model", lambda: _reach(panel, briefing))
    if start.problem:
        return Asked(warnings=(ReviewWarning("model-unreachable", start.problem, undecided=panel.required),))
    plan, answers = await _review_units(panel, briefing, start.budget)
    asked = _collect(panel, briefing, plan, answers, known)
    asked = replace(asked, warnings=(*words.warnings, *asked.warnings))
    asked = await verify_findings(panel, briefing, plan, asked)
    return await _summarise(panel, briefing, plan, asked, known)


def _choose_guidelines(panel: Panel) -> Selection:
    """Choose what the smallest window has room for beside the code."""
    context = min(model.context for model in panel.gateway.configured(Role.REVIEW))
    return select(
        panel.guidelines,
        panel.files,
        panel.settings.language,
        room=context // TOKENS_PER_GUIDELINE_CHARACTER,
        required=panel.required,
    )


async def _reach(panel: Panel, briefing: Briefing) -> _Start:
    try:
        picked = await panel.gateway.pick(Role.REVIEW)
    except ModelError as err:
        remedy = f" ({err.remedy})" if err.remedy else ""
        return _Start(problem=f"{err}{remedy}")
    return _Start(model=picked.name, budget=_room(panel, briefing))


def _room(panel: Panel, briefing: Briefing) -> int:
    """Return what a unit may have: a fallback may take over in the middle, so it has to fit each of them."""
    models = panel.gateway.configured(Role.REVIEW)
    return max(min(conversation.room(model, briefing) for model in models), SMALLEST_UNIT)


async def _review_units(panel: Panel, briefing: Briefing, budget: int) -> tuple[UnitPlan, list[_Answer]]:
    """Review the first unit alone, which warms the prefix cache and the token count, then the others."""
    deadline = panel.clock() + panel.settings.time_budget_s
    estimate = panel.gateway.configured(Role.REVIEW)[0].estimate
    plan = UnitPlan((), ())
    first: list[_Answer] = []
    for attempt in range(HALVINGS + 1):
        plan = split(panel.files, budget_tokens=budget, count=estimate, redact=panel.redact)
        panel.progress("asking the model", 0, len(plan.units))
        if not plan.units:
            return plan, first
        first.append(await _review_unit(panel, briefing, plan.units[0], 1, deadline, attempt=attempt))
        if first[-1].problem != "model-overflow":
            break
        budget = min(budget // 2, first[-1].room)
    done = 1
    panel.progress("asking the model", done, len(plan.units))

    async def one(number: int, unit: ReviewUnit) -> _Answer:
        nonlocal done
        answer = await _review_unit(panel, briefing, unit, number, deadline, attempt=len(first) - 1)
        done += 1
        panel.progress("asking the model", done, len(plan.units))
        return answer

    rest = await asyncio.gather(*(one(number, unit) for number, unit in enumerate(plan.units[1:], start=2)))
    return plan, [first[-1], *rest]


async def _review_unit(
    panel: Panel, briefing: Briefing, unit: ReviewUnit, number: int, deadline: float, *, attempt: int
) -> _Answer:
    purpose = f"unit {number}"
    spent: list[Usage] = []

    async def talk() -> _Answer:
        try:
            async with asyncio.timeout(deadline - panel.clock()):
                answer = await _converse(panel, briefing, unit, purpose, spent)
        except TimeoutError:
            answer = _Answer(
                problem="budget", message=f"the {panel.settings.time_budget_s:.0f} s for models are over"
            )
        except ModelError as err:
            room = _room(panel, briefing)
            answer = _Answer(model=err.model, problem=_code_of(err), message=str(err), room=room)
        return replace(answer, spent=sum(spent, Usage()))

    return await _ANSWER.run(panel.step, f"unit {attempt}.{number}", talk)


async def _converse(
    panel: Panel, briefing: Briefing, unit: ReviewUnit, purpose: str, spent: list[Usage]
) -> _Answer:
    async def review(model: Model) -> _Answer:
        prompt = review_prompt(briefing, unit, model.profile)
        reply = await conversation.review_unit(model, prompt, purpose=purpose, on_usage=spent.append)
        return _Answer(model.name, reply=reply)

    return await with_fallback(panel, Role.REVIEW, review)


def _code_of(err: ModelError) -> str:
    if isinstance(err, ModelOverflow):
        return "model-overflow"
    if isinstance(err, ModelTimeout):
        return "model-timeout"
    return "reply-invalid" if isinstance(err, ModelReplyInvalid) else "model-unreachable"


def _collect(
    panel: Panel,
    briefing: Briefing,
    plan: UnitPlan,
    answers: Sequence[_Answer],
    known: Sequence[Finding],
) -> Asked:
    """Admit what can be proven; count what was seen, by whom, and what went wrong."""
    replies = [answer.reply for answer in answers if answer.reply is not None]
    drafts = tuple(draft for reply in replies for draft in reply.drafts)
    guidelines = [one.guideline for one in briefing.guidelines]
    admission = verify.admit(drafts, panel.change, known=known, redact=panel.redact, guidelines=guidelines)
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
        reply = await conversation.summarise(model, briefing, plan.units, findings, purpose="summary")
        return _Told(model.name, reply=reply)

    async def talk() -> _Told:
        try:
            return await with_fallback(panel, Role.REVIEW, tell)
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
