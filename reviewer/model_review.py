"""The part of the flow that asks models: units to drafts, drafts to findings, and a word on the whole.

Every conversation is one step, so that a job never pays twice for a finished one. Steps are begun in
the same order on every run: durable steps are counted, not only named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reviewer import conversation
from reviewer.checkpoint import Checkpoint
from reviewer.conversation import SummaryReply
from reviewer.domain import (
    Finding,
    ReviewUnit,
    ReviewWarning,
    Role,
    Usage,
)
from reviewer.errors import ModelError
from reviewer.panel import Asked, Panel, with_fallback
from reviewer.ports import Model
from reviewer.stages import verify
from reviewer.stages.guidelines import Selection, select
from reviewer.stages.prompt import Briefing, brief
from reviewer.stages.units import UnitPlan
from reviewer.unit_reviews import Answer, UnitReviews, review_units, room
from reviewer.verification import verify_findings

TOKENS_PER_GUIDELINE_CHARACTER = 2  # of the window: guidelines take about an eighth of it at most
OVERVIEW_FROM_LINES = 10  # a smaller change needs no summary of what it does


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
    reviews = await review_units(panel, briefing, start.budget)
    asked = _collect(panel, briefing, reviews, known)
    asked = replace(asked, warnings=(*words.warnings, *asked.warnings))
    asked = await verify_findings(panel, briefing, reviews.plan, asked)
    return await _summarise(panel, briefing, reviews.plan, asked, known)


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
    return _Start(model=picked.name, budget=room(panel, briefing))


def _collect(panel: Panel, briefing: Briefing, reviews: UnitReviews, known: Sequence[Finding]) -> Asked:
    """Admit what can be proven; count what was seen, by whom, and what went wrong."""
    plan, answers = reviews.plan, reviews.answers
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
        answers=reviews.kept,
        remembered=sum(answer.remembered for answer in answers),
    )


def _failure(panel: Panel, unit: ReviewUnit, answer: Answer) -> ReviewWarning:
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
