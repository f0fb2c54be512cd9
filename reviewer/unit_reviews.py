"""The first opinion: each unit of a change goes to the reviewers, the largest one ahead of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reviewer import conversation
from reviewer.checkpoint import Checkpoint
from reviewer.conversation import UnitReply
from reviewer.domain import ReviewUnit, Role, Usage
from reviewer.errors import ModelBudget, ModelError, ModelOverflow, ModelReplyInvalid, ModelTimeout
from reviewer.panel import Panel, with_fallback
from reviewer.ports import Json, Model
from reviewer.remembered import Remembered
from reviewer.stages.prompt import Briefing, review_prompt
from reviewer.stages.units import UnitPlan, split

HALVINGS = 2  # how often the units are cut smaller when a server counts more tokens than we did
SMALLEST_UNIT = 200  # tokens: below, no code fits beside the texts that are always sent


@dataclass(frozen=True, slots=True)
class Answer:
    """What one step about one unit leaves behind; `problem` is a warning's code, empty if all is well.

    After an overflow `room` is what the models have for a unit now: a server tells its true window then.
    `remembered` says that a former review has paid for it.
    """

    model: str = ""
    problem: str = ""
    message: str = ""
    reply: UnitReply | None = None
    spent: Usage = field(default_factory=Usage)
    room: int = 0
    remembered: bool = False


@dataclass(frozen=True, slots=True)
class UnitReviews:
    """The units and what was said of each, in the same order; `kept` is what a later review may remember."""

    plan: UnitPlan
    answers: tuple[Answer, ...]
    kept: Mapping[str, Json] = field(default_factory=dict)


_ANSWER = Checkpoint(Answer)


def room(panel: Panel, briefing: Briefing) -> int:
    """Return what a unit may have: a fallback may take over in the middle, so it has to fit each of them."""
    models = panel.gateway.configured(Role.REVIEW)
    return max(min(conversation.room(model, briefing) for model in models), SMALLEST_UNIT)


async def review_units(panel: Panel, briefing: Briefing, budget: int) -> UnitReviews:
    """Review the largest unit alone, which warms the prefix cache and the token count, then the others.

    Where a server finds the largest one too long, all are cut smaller.
    """
    desk = _Desk(panel, briefing)
    estimate = panel.gateway.configured(Role.REVIEW)[0].estimate
    spent = Usage()
    for attempt in range(HALVINGS + 1):
        plan = split(panel.files, budget_tokens=budget, count=estimate, redact=panel.redact)
        panel.progress("asking the model", 0, len(plan.units))
        if not plan.units:
            return UnitReviews(plan, ())
        await desk.memory.look_up(plan.units)
        largest = max(range(len(plan.units)), key=lambda number: plan.units[number].tokens)
        first = await desk.review(plan.units[largest], largest + 1, attempt)
        if first.problem != "model-overflow" or attempt == HALVINGS:
            break
        spent += first.spent
        budget = min(budget // 2, first.room)
    done = 1
    panel.progress("asking the model", done, len(plan.units))

    async def one(number: int, unit: ReviewUnit) -> Answer:
        nonlocal done
        answer = await desk.review(unit, number + 1, attempt)
        done += 1
        panel.progress("asking the model", done, len(plan.units))
        return answer

    others = [(number, unit) for number, unit in enumerate(plan.units) if number != largest]
    answers = list(await asyncio.gather(*(one(number, unit) for number, unit in others)))
    answers.insert(largest, replace(first, spent=spent + first.spent))
    return UnitReviews(plan, tuple(answers), desk.keep(plan, answers))


class _Desk:
    """Asks about one unit at a time, until the time for models is over."""

    def __init__(self, panel: Panel, briefing: Briefing) -> None:
        self._panel = panel
        self._briefing = briefing
        self.memory = Remembered(panel.recall, panel.gateway, briefing)
        self._deadline = panel.clock() + panel.settings.time_budget_s

    async def review(self, unit: ReviewUnit, number: int, attempt: int) -> Answer:
        """Have a unit reviewed as one step, which it is even if the answer is remembered."""

        async def answer() -> Answer:
            if kept := self.memory.recall(unit):
                return Answer(kept.model, reply=kept.reply, remembered=True)
            return await self._ask(unit, f"unit {number}")

        return await _ANSWER.run(self._panel.step, f"unit {attempt}.{number}", answer)

    def keep(self, plan: UnitPlan, answers: list[Answer]) -> dict[str, Json]:
        """Return what a later review of this change may remember."""
        return dict(
            self.memory.keep(unit, answer.model, answer.reply)
            for unit, answer in zip(plan.units, answers, strict=True)
            if answer.reply is not None
        )

    async def _ask(self, unit: ReviewUnit, purpose: str) -> Answer:
        spent: list[Usage] = []
        try:
            async with asyncio.timeout(self._deadline - self._panel.clock()):
                answer = await self._converse(unit, purpose, spent)
        except TimeoutError:
            limit = self._panel.settings.time_budget_s
            answer = Answer(problem="budget", message=f"the {limit:.0f} s for models are over")
        except ModelError as err:
            answer = Answer(
                model=err.model,
                problem=_code_of(err),
                message=str(err),
                room=room(self._panel, self._briefing),
            )
        return replace(answer, spent=sum(spent, Usage()))

    async def _converse(self, unit: ReviewUnit, purpose: str, spent: list[Usage]) -> Answer:
        async def review(model: Model) -> Answer:
            prompt = review_prompt(self._briefing, unit, model.profile)
            reply = await conversation.review_unit(model, prompt, purpose=purpose, on_usage=spent.append)
            return Answer(model.name, reply=reply)

        return await with_fallback(self._panel, Role.REVIEW, review)


def _code_of(err: ModelError) -> str:
    if isinstance(err, ModelOverflow):
        return "model-overflow"
    if isinstance(err, ModelTimeout):
        return "model-timeout"
    if isinstance(err, ModelBudget):
        return "budget"
    return "reply-invalid" if isinstance(err, ModelReplyInvalid) else "model-unreachable"
