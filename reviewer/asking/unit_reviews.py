"""The first opinion: each unit of a change goes to the reviewers, the largest one ahead of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from reviewer.asking import conversation
from reviewer.asking.conversation import UnitReply
from reviewer.asking.panel import Panel, with_fallback
from reviewer.asking.remembered import Remembered
from reviewer.asking.surroundings import Surroundings
from reviewer.checkpoint import Checkpoint
from reviewer.domain import ReviewUnit, Role, Usage
from reviewer.errors import ModelBudget, ModelError, ModelOverflow, ModelReplyInvalid, ModelTimeout
from reviewer.ports import Json, Model
from reviewer.stages.prompt import Briefing, review_prompt
from reviewer.stages.related_code import SHARE
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
    """The units and what was said of each, pass by pass, in the order of the units.

    `kept` is what a later review may remember.
    """

    plan: UnitPlan
    passes: tuple[tuple[Answer, ...], ...]
    kept: Mapping[str, Json] = field(default_factory=dict)

    def of_unit(self, number: int) -> list[Answer]:
        """Return what the passes said of a unit."""
        return [answers[number] for answers in self.passes]


_ANSWER = Checkpoint(Answer)


def room(panel: Panel, briefing: Briefing) -> int:
    """Return what a unit may have: a fallback may take over in the middle, so it has to fit each of them."""
    models = panel.gateway.configured(Role.REVIEW)
    return max(min(conversation.room(model, briefing) for model in models), SMALLEST_UNIT)


async def review_units(panel: Panel, briefing: Briefing, budget: int, around: Surroundings) -> UnitReviews:
    """Review the largest unit alone, which warms the prefix cache and the token count, then all others.

    Where a server finds the largest one too long, all are cut smaller. `review.passes` reviews are made
    of each unit, with other seeds, units and parts in another order.
    """
    desk = _Desk(panel, briefing)
    estimate = panel.gateway.configured(Role.REVIEW)[0].estimate
    spent = Usage()
    for attempt in range(HALVINGS + 1):
        # The share of related code is set aside in any case: units must not depend on an index.
        own = budget - int(budget * SHARE)
        plan = split(panel.files, budget_tokens=own, count=estimate, redact=panel.redact)
        plan = replace(plan, units=await around.beside(plan.units, budget))
        passes = [_turned(plan.units, number) for number in range(panel.settings.passes)]
        desk.expect(attempt, sum(map(len, passes)))
        if not plan.units:
            return UnitReviews(plan, ())
        await desk.memory.look_up(unit for units in passes for unit in units)
        largest = max(range(len(plan.units)), key=lambda number: plan.units[number].tokens)
        first = await desk.review(plan.units[largest], _Turn(largest, 0))
        if first.problem != "model-overflow" or attempt == HALVINGS:
            break
        spent += first.spent
        budget = min(budget // 2, first.room)
    turns = [turn for turn in _turns(len(plan.units), len(passes)) if turn != _Turn(largest, 0)]
    answers = await asyncio.gather(*(desk.review(passes[turn.again][turn.unit], turn) for turn in turns))
    told = dict(zip(turns, answers, strict=True)) | {
        _Turn(largest, 0): replace(first, spent=spent + first.spent)
    }
    return UnitReviews(
        plan=plan,
        passes=tuple(
            tuple(told[_Turn(number, again)] for number in range(len(plan.units)))
            for again in range(len(passes))
        ),
        kept=desk.memory.keep(
            (passes[turn.again][turn.unit], answer.model, answer.reply)
            for turn, answer in told.items()
            if answer.reply is not None
        ),
    )


class _Turn(NamedTuple):
    """Which unit is reviewed, and in which pass; both from 0 on."""

    unit: int
    again: int

    @property
    def name(self) -> str:
        return f"{self.unit + 1}" + (f" pass {self.again + 1}" if self.again else "")


def _turns(units: int, passes: int) -> Iterator[_Turn]:
    """Yield all turns; each pass begins at another unit."""
    for again in range(passes):
        start = units * again // passes
        yield from (_Turn((start + number) % units, again) for number in range(units))


def _turned(units: Sequence[ReviewUnit], again: int) -> tuple[ReviewUnit, ...]:
    """Return the units for a pass: the same code, its parts in another order."""
    if not again:
        return tuple(units)
    return tuple(
        replace(
            unit,
            id=f"{unit.id}+{again}",
            parts=tuple(unit.parts[(again + at) % len(unit.parts)] for at in range(len(unit.parts))),
        )
        for unit in units
    )


class _Desk:
    """Asks about one unit at a time, until the time for models is over."""

    def __init__(self, panel: Panel, briefing: Briefing) -> None:
        self._panel = panel
        self._briefing = briefing
        self.memory = Remembered(panel.recall, panel.gateway, briefing)
        self._deadline = panel.clock() + panel.settings.time_budget_s
        self._attempt = self._done = self._turns = 0

    def expect(self, attempt: int, turns: int) -> None:
        """Get ready for as many turns; `attempt` counts how often the units have been cut."""
        self._attempt, self._done, self._turns = attempt, 0, turns
        self._panel.progress("asking the model", 0, turns)

    async def review(self, unit: ReviewUnit, turn: _Turn) -> Answer:
        """Have a unit reviewed as one step, which it is even if the answer is remembered."""

        async def answer() -> Answer:
            if kept := self.memory.recall(unit):
                return Answer(kept.model, reply=kept.reply, remembered=True)
            return await self._ask(unit, turn)

        answered = await _ANSWER.run(self._panel.step, f"unit {self._attempt}.{turn.name}", answer)
        self._done += 1
        self._panel.progress("asking the model", self._done, self._turns)
        return answered

    async def _ask(self, unit: ReviewUnit, turn: _Turn) -> Answer:
        spent: list[Usage] = []
        try:
            async with asyncio.timeout(self._deadline - self._panel.clock()):
                answer = await self._converse(unit, turn, spent)
        except TimeoutError:
            limit = self._panel.settings.time_budget_s
            answer = Answer(problem="budget", message=f"the {limit:.0f} s for models are over")
        except ModelError as err:
            answer = Answer(
                model=err.model,
                problem=code_of(err),
                message=f"{err} ({err.remedy})" if err.remedy else str(err),
                room=room(self._panel, self._briefing),
            )
        return replace(answer, spent=sum(spent, Usage()))

    async def _converse(self, unit: ReviewUnit, turn: _Turn, spent: list[Usage]) -> Answer:
        # A seed per pass; a single one leaves the choice to the server, as a person would.
        seed = turn.again + 1 if self._panel.settings.passes > 1 else None

        async def review(model: Model) -> Answer:
            prompt = review_prompt(self._briefing, unit, model.profile)
            reply = await conversation.review_unit(
                model, prompt, purpose=f"unit {turn.name}", seed=seed, on_usage=spent.append
            )
            return Answer(model.name, reply=reply)

        return await with_fallback(self._panel, Role.REVIEW, review)


def code_of(err: ModelError) -> str:
    """Name the warning that a failed unit becomes."""
    if isinstance(err, ModelOverflow):
        return "model-overflow"
    if isinstance(err, ModelTimeout):
        return "model-timeout"
    if isinstance(err, ModelBudget):
        return "budget"
    return "reply-invalid" if isinstance(err, ModelReplyInvalid) else "model-unreachable"
