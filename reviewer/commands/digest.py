"""Answer about more than a window holds: notes on each portion first, then one answer out of the notes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from reviewer.commands.assistant import Assistant, Talk
from reviewer.commands.reading import Reading
from reviewer.commands.subject import Answer
from reviewer.commands.wording import compose
from reviewer.domain import Message, ReviewUnit, ReviewWarning
from reviewer.errors import ModelOverflow
from reviewer.ports import Model

MOST_PORTIONS = 16  # further ones are named, not read
NOTES_TOKENS = 400  # for the notes on one portion
SMALLEST_PORTION = 200  # tokens: below, no code fits beside the texts that are always sent
HALVINGS = 2  # how often portions are cut smaller when a server counts more tokens than we did
_T = TypeVar("_T")
_ELSEWHERE_SHARE = 4  # of the room for code, one part is for definitions elsewhere


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be written: the texts that every call begins with, what is asked last, what for.

    `about` stands before the code (the change's title, say). `purpose` names the calls in records.
    """

    shared: tuple[str, ...]
    about: str
    ask: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Layout:
    """The code as the final call shows it: all of it, or notes on it."""

    material: str
    unread: tuple[ReviewWarning, ...]

    def messages(self, order: Order, talk: Talk) -> tuple[Message, ...]:
        """Return the final call."""
        return compose(talk.model.profile, shared=order.shared, rest=(order.about, self.material, order.ask))


async def tell(reading: Reading, order: Order, assistant: Assistant) -> Answer:
    """Have a model answer in words. Raises ModelError."""

    async def talk(model: Model) -> Answer:
        conversation = Talk(model, assistant)

        async def finish(layout: Layout) -> Answer:
            messages = layout.messages(order, conversation)
            text = await conversation.tell(messages, purpose=order.purpose, shown=True)
            return Answer(
                text=text,
                read=reading.read,
                warnings=(*reading.warnings, *layout.unread, *conversation.warnings),
                model=model.name,
                usage=conversation.usage,
            )

        return await over(reading, order, conversation, assistant, finish)

    return await assistant.ask(talk)


async def over(
    reading: Reading,
    order: Order,
    talk: Talk,
    assistant: Assistant,
    finish: Callable[[Layout], Awaitable[_T]],
) -> _T:
    """Show the code, or where it does not fit in one call, notes that the model takes on its portions.

    `finish` makes the final call. A server that counts more tokens than we did gets smaller portions.
    Raises ModelOverflow where not even those fit, and what else calls raise.
    """
    room = talk.room(Layout("", ()).messages(order, talk))
    for halving in range(HALVINGS):
        try:
            return await finish(await _lay_out(reading, order, talk, assistant, room >> halving))
        except ModelOverflow:
            room = min(room, talk.room(Layout("", ()).messages(order, talk)))  # it told its true window
    return await finish(await _lay_out(reading, order, talk, assistant, room >> HALVINGS))


async def _lay_out(reading: Reading, order: Order, talk: Talk, assistant: Assistant, budget: int) -> Layout:
    count = talk.model.estimate
    budget = max(budget, SMALLEST_PORTION)
    fence = count(reading.briefing.fence("code", "")) + 20
    plan = reading.portions(max(budget - fence, SMALLEST_PORTION), count)
    unread = plan.warnings
    if len(plan.units) <= 1:
        code = [reading.code(unit) for unit in plan.units]
        left = budget - fence - sum(unit.tokens for unit in plan.units)
        elsewhere = reading.elsewhere(min(left, budget // _ELSEWHERE_SHARE) - fence, count)
        return Layout("\n\n".join(filter(None, (elsewhere, *code))), unread)
    units = plan.units[:MOST_PORTIONS]
    notes = await _take_notes(reading, order, talk, assistant, units)
    if rest := plan.units[MOST_PORTIONS:]:
        unread = (*unread, _left_out(rest))
    fenced = reading.briefing.fence("notes", _clip(notes, budget - fence))
    return Layout(reading.briefing.wording.write("notes", notes=fenced), unread)


async def _take_notes(
    reading: Reading, order: Order, talk: Talk, assistant: Assistant, units: Sequence[ReviewUnit]
) -> list[str]:
    wording = reading.briefing.wording
    notes = []
    for number, unit in enumerate(units, start=1):
        assistant.progress("reading", number - 1, len(units))
        ask = wording.write(
            "take-notes",
            number=str(number),
            total=str(len(units)),
            task=order.ask,
            most=str(NOTES_TOKENS // 2),
        )
        messages = compose(
            talk.model.profile, shared=order.shared, rest=(order.about, reading.code(unit), ask)
        )
        told = await talk.tell(messages, purpose=f"{order.purpose} portion {number}")
        paths = ", ".join(dict.fromkeys(part.path for part in unit.parts))
        notes.append(f"## {number}: {paths}\n{told}")
    assistant.progress("reading", len(units), len(units))
    return notes


def _clip(notes: Sequence[str], tokens: int) -> str:
    """Cut each note so that all of them fit."""
    share = max(tokens // max(len(notes), 1), 40) * 2  # characters: of prose, a token has more than two
    return "\n\n".join(note if len(note) <= share else note[:share] + " …[cut]" for note in notes)


def _left_out(units: Sequence[ReviewUnit]) -> ReviewWarning:
    paths = dict.fromkeys(part.path for unit in units for part in unit.parts)
    lines = sum(unit.changed_lines for unit in units)
    return ReviewWarning("budget", f"{lines} lines were not read: {', '.join(paths)}")
