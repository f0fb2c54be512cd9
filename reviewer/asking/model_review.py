"""The part of the flow that asks models: units to drafts, drafts to findings, and a word on the whole.

Every conversation is one step, so that a job never pays twice for a finished one. Steps are begun in
the same order on every run: durable steps are counted, not only named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reviewer.asking import conversation
from reviewer.asking.conversation import SummaryReply
from reviewer.asking.panel import Asked, Panel, with_fallback
from reviewer.asking.surroundings import Surroundings
from reviewer.asking.unit_reviews import Answer, UnitReviews, review_units, room
from reviewer.asking.verification import verify_findings, verify_rules
from reviewer.checkpoint import Checkpoint
from reviewer.domain import (
    Confidence,
    Finding,
    ReviewUnit,
    ReviewWarning,
    Role,
    Usage,
)
from reviewer.errors import ModelError
from reviewer.ports import Model
from reviewer.stages import verify
from reviewer.stages.guidelines import Selection, select
from reviewer.stages.prompt import Briefing, brief
from reviewer.stages.related_code import RelatedCode
from reviewer.stages.units import UnitPlan
from reviewer.stages.votes import Tally, merge

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
        return Asked(known=tuple(known))
    if not panel.gateway.configured(Role.REVIEW):
        return Asked(
            known=tuple(known),
            warnings=(ReviewWarning("no-model", "no model is configured and none was found"),),
        )
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
        return Asked(
            known=tuple(known),
            warnings=(ReviewWarning("model-unreachable", start.problem, undecided=panel.required),),
        )
    around = Surroundings(_related_code(panel))
    reviews = await review_units(panel, briefing, start.budget, around)
    asked = _collect(panel, briefing, reviews, known)
    asked = replace(asked, warnings=(*words.warnings, *asked.warnings))
    asked = await verify_findings(panel, briefing, reviews.plan, asked, around)
    asked = await verify_rules(panel, briefing, reviews.plan, asked, around)
    if panel.settings.summary:
        asked = await _summarise(panel, briefing, reviews.plan, asked, around)
    return replace(asked, warnings=(*asked.warnings, *around.warnings))


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


def _related_code(panel: Panel) -> RelatedCode | None:
    if panel.codebase is None:
        return None
    estimate = panel.gateway.configured(Role.REVIEW)[0].estimate
    return RelatedCode(panel.codebase, panel.files, count=estimate, redact=panel.redact)


async def _reach(panel: Panel, briefing: Briefing) -> _Start:
    try:
        picked = await panel.gateway.pick(Role.REVIEW)
    except ModelError as err:
        remedy = f" ({err.remedy})" if err.remedy else ""
        return _Start(problem=f"{err}{remedy}")
    return _Start(model=picked.name, budget=room(panel, briefing))


def _collect(panel: Panel, briefing: Briefing, reviews: UnitReviews, known: Sequence[Finding]) -> Asked:
    """Admit what can be proven; count what was seen, by whom, and what went wrong."""
    answers = [answer for one_pass in reviews.passes for answer in one_pass]
    replies = [answer.reply for answer in answers if answer.reply is not None]
    seen = [any(answer.reply for answer in reviews.of_unit(n)) for n in range(len(reviews.plan.units))]
    failures = (
        _failure(panel, unit, answer, seen=is_seen)
        for number, (unit, is_seen) in enumerate(zip(reviews.plan.units, seen, strict=True))
        for answer in reviews.of_unit(number)
        if answer.problem
    )
    notes = (warning for reply in replies for warning in reply.warnings)
    # What a unit could not show, the rules have seen all the same: listed, but not undecided.
    unseen = (replace(warning, undecided=False) for warning in reviews.plan.warnings)
    asked = Asked(
        rejected=tuple(item for reply in replies for item in reply.malformed),
        warnings=(*dict.fromkeys(failures), *unseen, *notes),
        usage=sum((answer.spent for answer in answers), Usage()),
        models=tuple(dict.fromkeys(answer.model for answer in answers if answer.reply is not None)),
        known=tuple(known),
        seen_lines=sum(
            unit.changed_lines for unit, is_seen in zip(reviews.plan.units, seen, strict=True) if is_seen
        ),
        answers=reviews.kept,
        remembered=sum(answer.remembered for answer in answers),
    )
    return _admit(panel, briefing, reviews, known, asked)


def _admit(
    panel: Panel, briefing: Briefing, reviews: UnitReviews, known: Sequence[Finding], asked: Asked
) -> Asked:
    """Admit the drafts of each pass by itself, and let several passes vote."""
    single = len(reviews.passes) == 1
    admissions = [
        verify.admit(
            (draft for answer in one_pass if answer.reply for draft in answer.reply.drafts),
            panel.change,
            known=known,
            redact=panel.redact,
            guidelines=[one.guideline for one in briefing.guidelines],
            least=Confidence.MEDIUM if single else Confidence.LOW,
        )
        for one_pass in reviews.passes
    ]

    def asked_about(finding: Finding) -> int:
        unit = reviews.plan.showing(finding)
        return 0 if unit is None else sum(answer.reply is not None for answer in reviews.of_unit(unit))

    findings = [admission.findings for admission in admissions]
    tally = Tally(sum(findings, ()), ()) if single else merge(findings, asked_about)
    return replace(
        asked,
        findings=tally.findings,
        rejected=(
            *asked.rejected,
            *(item for admission in admissions for item in admission.rejected),
            *tally.rejected,
        ),
        reanchored=sum(admission.reanchored for admission in admissions),
    )


def _failure(panel: Panel, unit: ReviewUnit, answer: Answer, *, seen: bool) -> ReviewWarning:
    paths = ", ".join(dict.fromkeys(part.path for part in unit.parts))
    lines = f"{unit.changed_lines} changed lines"
    effect = f"{lines} seen in fewer passes" if seen else f"{lines} not seen by a model"
    return ReviewWarning(
        answer.problem, f"{answer.message}; {effect}", paths, undecided=panel.required and not seen
    )


async def _summarise(
    panel: Panel, briefing: Briefing, plan: UnitPlan, asked: Asked, around: Surroundings
) -> Asked:
    """Ask what the change does, once, where it is big enough to ask and a model has answered before."""
    lines = sum(unit.changed_lines for unit in plan.units)
    if not asked.models or lines < OVERVIEW_FROM_LINES:
        return asked
    findings = (*asked.known, *asked.findings)
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
    overview = told.reply.overview
    if overview is not None:
        overview = replace(overview, untested=await around.untested())
    return replace(
        asked,
        overview=overview,
        usage=asked.usage + told.reply.usage,
        warnings=(*asked.warnings, *told.reply.warnings),
    )
