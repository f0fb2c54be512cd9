"""Talk with a model about one unit, one finding or the whole change, and get typed answers.

A review takes one turn where there is nothing to report and two where there is: the model first writes
freely, for a grammar from the first token costs recall, then lists what it wrote under a schema. Every
turn may be asked once more, never twice: for a shorter answer where it was cut off, with more room where
reasoning used it all up, or for readable JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from reviewer.domain import (
    Completion,
    Draft,
    Finding,
    Message,
    Overview,
    Rejected,
    ReviewUnit,
    ReviewWarning,
    Usage,
)
from reviewer.errors import ModelOverflow, ModelReplyInvalid
from reviewer.ports import Model, ModelRequest
from reviewer.stages.prompt import (
    VERIFY_SCHEMA,
    Briefing,
    Prompt,
    Wording,
    review_prompt,
    summary_prompt,
)
from reviewer.stages.reasoning import split
from reviewer.stages.reply import (
    Judgement,
    Opinion,
    Reply,
    ReplyUnreadable,
    read_judgement,
    read_reply,
    read_summary,
    says_nothing,
)

MESSAGE_TOKENS = 8  # what a chat template puts around a message
SMALLEST_REPLY = 128  # tokens: with less no answer can be given
SUMMARY_TOKENS = 4000  # of code shown for a summary
_SHOWN_BACK = 2000  # characters of an unreadable reply that the model sees again

_Schema = dict[str, Any]
_T = TypeVar("_T")
OnText = Callable[[str], None]
OnUsage = Callable[[Usage], None]


@dataclass(frozen=True, slots=True)
class UnitReply:
    """What came of a review of one unit."""

    drafts: tuple[Draft, ...]
    malformed: tuple[Rejected, ...]
    usage: Usage
    warnings: tuple[ReviewWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class VerifierReply:
    """What came of a verification; without a readable answer the opinion is unsure."""

    judgement: Judgement
    usage: Usage
    warnings: tuple[ReviewWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class SummaryReply:
    """What came of a summary; None without a readable answer."""

    overview: Overview | None
    usage: Usage
    warnings: tuple[ReviewWarning, ...] = ()


async def review_unit(
    model: Model,
    prompt: Prompt,
    *,
    purpose: str = "",
    seed: int | None = None,
    on_text: OnText | None = None,
    on_usage: OnUsage | None = None,
) -> UnitReply:
    """Ask for the defects of a unit, by the strategy of the model's profile.

    `on_usage` hears of each call when it ends, those of a conversation that fails included. Raises
    ModelOverflow (the caller splits the unit smaller), ModelReplyInvalid, ModelUnavailable, ModelTimeout.
    """
    talk = _Talk(model, prompt.wording, purpose, seed, on_text=on_text, on_usage=on_usage)
    if model.profile.strategy == "two-turn":
        reply = await _review_in_two_turns(talk, prompt)
    else:
        reply = await talk.ask(prompt.messages, talk.read_reply, prompt.schema)
    return UnitReply(reply.drafts, reply.malformed, talk.usage, tuple(talk.warnings))


async def verify_finding(
    model: Model,
    prompt: Prompt,
    *,
    purpose: str = "",
    on_text: OnText | None = None,
    on_usage: OnUsage | None = None,
) -> VerifierReply:
    """Ask whether a finding is right. An unreadable answer is unsure, with a warning, never a yes.

    Raises ModelOverflow, ModelUnavailable, ModelTimeout.
    """
    talk = _Talk(model, prompt.wording, purpose, on_text=on_text, on_usage=on_usage)
    try:
        judgement = await talk.ask(prompt.messages, read_judgement, VERIFY_SCHEMA)
    except ModelReplyInvalid as err:
        talk.warn("reply-invalid", f"verification: {err}")
        judgement = Judgement(Opinion.UNSURE, "", "")
    return VerifierReply(judgement, talk.usage, tuple(talk.warnings))


async def summarise(
    model: Model,
    briefing: Briefing,
    units: Sequence[ReviewUnit],
    findings: Iterable[Finding],
    *,
    purpose: str = "",
    on_text: OnText | None = None,
    on_usage: OnUsage | None = None,
) -> SummaryReply:
    """Ask what the change does, showing as many units as have room. Raises as `verify_finding` does."""
    talk = _Talk(model, briefing.wording, purpose, on_text=on_text, on_usage=on_usage)
    told = tuple(findings)
    bare = summary_prompt(briefing, (), told, model.profile)
    shown = _fitting(units, min(SUMMARY_TOKENS, talk.left(bare.messages) - talk.allowance))
    prompt = summary_prompt(briefing, shown, told, model.profile)
    overview = None
    try:
        overview = await talk.ask(
            prompt.messages,
            lambda text: read_summary(text, briefing.labels),
            prompt.schema,
            deliberate=False,
        )
    except ModelReplyInvalid as err:
        talk.warn("reply-invalid", f"summary: {err}")
    return SummaryReply(overview, talk.usage, tuple(talk.warnings))


def room(model: Model, briefing: Briefing) -> int:
    """Return how many tokens a unit may have so that every turn about it fits the model's window.

    Zero or less where not even the shared texts fit.
    """
    talk = _Talk(model, briefing.wording)
    prompt = review_prompt(briefing, ReviewUnit("", (), 0), model.profile)
    later = (Message("assistant", ""), Message("user", prompt.listing))
    return talk.left((*prompt.messages, *later)) - talk.allowance - talk.reply_tokens


async def _review_in_two_turns(talk: _Talk, prompt: Prompt) -> Reply:
    told = await talk.tell(prompt.messages)
    if says_nothing(told):
        return Reply(())
    later = (Message("assistant", told), Message("user", prompt.listing))
    return await talk.ask(
        (*prompt.messages, *later), talk.read_reply, prompt.schema, deliberate=False, constrained=True
    )


def _fitting(units: Iterable[ReviewUnit], tokens: int) -> list[ReviewUnit]:
    fitting: list[ReviewUnit] = []
    for unit in units:
        tokens -= unit.tokens + 60  # the fence around it
        if tokens < 0:
            break
        fitting.append(unit)
    return fitting


class _Talk:
    """One conversation: keeps every call inside the model's window and adds up what the calls cost."""

    def __init__(
        self,
        model: Model,
        wording: Wording,
        purpose: str = "",
        seed: int | None = None,
        *,
        on_text: OnText | None = None,
        on_usage: OnUsage | None = None,
    ) -> None:
        self._model = model
        self._wording = wording
        self._purpose = purpose
        self._seed = seed
        self._on_text = on_text
        self._on_usage = on_usage
        self.usage = Usage()
        self.warnings: list[ReviewWarning] = []

    @property
    def reply_tokens(self) -> int:
        """Return the room for an answer: the profile's, but never more than a sixth of the window."""
        return min(self._model.profile.reply_tokens, self._model.context // 6)

    @property
    def allowance(self) -> int:
        """Return the room for reasoning and answer together."""
        return self.reply_tokens + min(self._model.profile.reasoning_tokens, self._model.context // 3)

    def left(self, messages: Iterable[Message]) -> int:
        """Return what messages leave of the window."""
        used = sum(self._model.count(message.content) + MESSAGE_TOKENS for message in messages)
        return self._model.context - used

    def warn(self, code: str, message: str) -> None:
        """Note something that the review must show."""
        self.warnings.append(ReviewWarning(code, f"{self._model.name}: {message}"))

    def read_reply(self, text: str) -> Reply:
        """Read findings as this model's."""
        return read_reply(text, self._model.name)

    async def tell(self, messages: tuple[Message, ...]) -> str:
        """Have the model write freely; return its answer without the reasoning."""
        completion = await self._complete(messages, None, deliberate=True)
        if completion.finish == "length" or not _answer(completion):
            completion = await self._once_more(messages, completion, None, deliberate=True)
            if completion.finish == "length" and _answer(completion):
                self.warn("reply-cut", "the review was cut off twice for its length; its first part counts")
        answer = _answer(completion)
        if not answer:
            cut = completion.finish == "length"
            said = "nothing but reasoning, twice, to the last token" if cut else "no answer, twice"
            raise self._invalid(said, completion)
        return answer

    async def ask(
        self,
        messages: tuple[Message, ...],
        read: Callable[[str], _T],
        schema: _Schema,
        *,
        deliberate: bool = True,
        constrained: bool = False,
    ) -> _T:
        """Have the model answer as JSON, at most twice, and read it.

        The schema is sent at once if `constrained` or if that is the profile's strategy; else only
        with the request to repair, and never to a model whose strategy is free.
        """
        strategy = self._model.profile.strategy
        first = schema if constrained or strategy == "constrained" else None
        completion = await self._complete(messages, first, deliberate=deliberate, read=read)
        try:
            return read(_answer(completion))
        except ReplyUnreadable as err:
            error = str(err)
        if completion.finish == "length" or not _answer(completion):
            completion = await self._once_more(messages, completion, first, deliberate=deliberate, read=read)
        else:
            later = (
                Message("assistant", _answer(completion)[:_SHOWN_BACK]),
                Message("user", self._wording.write("repair", error=error)),
            )
            second = None if strategy == "free" else schema
            completion = await self._complete((*messages, *later), second, deliberate=False, read=read)
        try:
            return read(_answer(completion))
        except ReplyUnreadable as err:
            raise self._invalid(str(err), completion) from err

    async def _once_more(
        self,
        messages: tuple[Message, ...],
        last: Completion,
        schema: _Schema | None,
        *,
        deliberate: bool,
        read: Callable[[str], object] | None = None,
    ) -> Completion:
        """Ask again: for less where the answer was cut off, with all the room there is where none came."""
        if _answer(last):
            shorter = f"{messages[-1].content}\n\n{self._wording.write('terse')}"
            messages = (*messages[:-1], replace(messages[-1], content=shorter))
            return await self._complete(messages, schema, deliberate=deliberate, read=read)
        if last.finish == "length" and self.left(messages) < self.allowance * 5 // 4:
            raise self._invalid("reasoning used up all the room and left none for an answer", last)
        most = self._model.context
        return await self._complete(messages, schema, deliberate=deliberate, most=most, read=read)

    async def _complete(
        self,
        messages: tuple[Message, ...],
        schema: _Schema | None,
        *,
        deliberate: bool,
        most: int | None = None,
        read: Callable[[str], object] | None = None,
    ) -> Completion:
        left = self.left(messages)
        if left < SMALLEST_REPLY:
            used = self._model.context - left
            raise ModelOverflow(
                f"a prompt of about {used} tokens leaves no room for an answer",
                model=self._model.name,
                prompt_tokens=used,
                context=self._model.context,
            )
        request = ModelRequest(
            messages=messages,
            max_tokens=min(left, most or self.allowance),
            schema=schema,
            think=self._think(deliberate and schema is None),
            seed=self._seed,
            purpose=self._purpose,
            readable=partial(_can_read, read) if read else None,
        )
        completion = await self._model.complete(request, self._on_text)
        self.usage += completion.usage
        if self._on_usage:
            self._on_usage(completion.usage)
        return completion

    def _think(self, wanted: bool) -> bool | None:
        """Say whether to think: a grammar and thinking do not go together everywhere."""
        profile = self._model.profile
        if profile.thinking == "optional":
            return wanted and profile.reasoning_tokens > 0
        return True if profile.thinking == "always" else None

    def _invalid(self, message: str, completion: Completion) -> ModelReplyInvalid:
        return ModelReplyInvalid(message, model=self._model.name, reply=completion.text)


def _can_read(read: Callable[[str], object], answer: str) -> bool:
    try:
        read(answer)
    except ReplyUnreadable:
        return False
    return True


def _answer(completion: Completion) -> str:
    return split(completion.text)[1]
