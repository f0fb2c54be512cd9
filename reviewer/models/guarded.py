"""A model as an errand sees it: from the cache if it may be, else in its turn, within budget, and on record."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from reviewer.config import ModelSettings
from reviewer.domain import Check, Completion, Errand, ModelCall, Role, Usage
from reviewer.errors import (
    ModelBudget,
    ModelError,
    ModelOverflow,
    ModelTimeout,
    ModelUnavailable,
    StoreError,
)
from reviewer.models.checks import Reachable
from reviewer.models.circuit import Circuit
from reviewer.models.endpoints import Endpoint
from reviewer.models.reply_key import is_worth_keeping, key_of
from reviewer.models.token_budget import TokenBudget
from reviewer.ports import Ledger, ModelRequest, ReplyCache, Slots

_MESSAGE_TOKENS = 8  # what a chat template puts around a message


@dataclass(frozen=True, slots=True)
class Member:
    """A configured model, where it stands, and whether it answers: shared by all who ask it."""

    model: Reachable
    settings: ModelSettings
    endpoint: Endpoint
    circuit: Circuit

    async def refusal(self) -> ModelError | None:
        """Return why the model cannot serve now, None if it can; ask its endpoint only now and then."""
        if self.circuit.reason or self.circuit.healthy:
            return self.circuit.reason
        try:
            await self.model.reach()
        except ModelError as err:
            self.circuit.open(err)
            return err
        self.circuit.answered()
        return None

    async def allocated(self) -> int | None:
        """Return the context that the server has set aside; None if it does not serve or does not tell."""
        try:
            return None if await self.refusal() else (await self.model.windows()).allocated
        except ModelError:
            return None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all calls of a gateway go through; `wall` tells seconds since the epoch."""

    slots: Slots
    ledger: Ledger | None = None
    replies: ReplyCache | None = None
    wall: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Account:
    """An errand, what it may still cost, and the keys of what it has asked already."""

    errand: Errand
    budget: TokenBudget
    asked: set[str] = field(default_factory=set)


class GuardedModel:
    """One model in one role on behalf of one errand; see `ports.Model`."""

    def __init__(self, member: Member, role: Role, account: Account, around: Surroundings) -> None:
        self.name = member.model.name
        self.profile = member.model.profile
        self._member = member
        self._role = role
        self._account = account
        self._around = around

    @property
    def context(self) -> int:
        """Return the window in tokens; the server may turn out to have less than was configured."""
        return self._member.model.context

    async def complete(
        self, request: ModelRequest, on_text: Callable[[str], None] | None = None
    ) -> Completion:
        """Return a kept reply to the very same call, or wait for a place and stream a new one.

        Whatever comes of it is told to the ledger. Raises what `ports.Model` says, ModelBudget where the
        errand's tokens are spent, and StoreError where the ledger could not take its note.
        """
        note = _Note(self._around.wall(), self._around.clock())
        try:
            completion = await self._answer(request, on_text, note)
        except ModelError as err:
            note.outcome = outcome_of(err)
            raise
        except asyncio.CancelledError:
            note.outcome = "cancelled"
            raise
        else:
            note.completion = completion
            return completion
        finally:
            await self._tell(request, note)

    def count(self, text: str) -> int:
        """Estimate the tokens of a text, on the safe side."""
        return self._member.model.count(text)

    def estimate(self, text: str) -> int:
        """Estimate without the server's corrections: the same on every run."""
        return self._member.model.estimate(text)

    async def check(self) -> Sequence[Check]:
        """Look at the endpoint and the model; never raise."""
        await self._member.refusal()  # so that the circuit's state is today's
        return (*await self._member.model.check(), _check_endpoint(self._member))

    async def aclose(self) -> None:
        """Close connections."""
        await self._member.model.aclose()

    async def _answer(
        self, request: ModelRequest, on_text: Callable[[str], None] | None, note: _Note
    ) -> Completion:
        key = self._key(request)
        kept = await self._kept(key, request)
        if kept is not None:
            if on_text and kept.text:
                on_text(kept.text)
            note.outcome = "cached"
            return kept
        completion = await self._ask(request, on_text, note)
        note.outcome = "length" if completion.finish == "length" else "ok"
        if self._around.replies and is_worth_keeping(request, completion):
            await asyncio.to_thread(self._around.replies.put, key, completion)
        return completion

    async def _kept(self, key: str, request: ModelRequest) -> Completion | None:
        """Look for a kept reply, but not a second time: who asks again was not content with the first."""
        account = self._account
        if self._around.replies is None or account.errand.fresh or key in account.asked:
            return None
        account.asked.add(key)
        kept = await asyncio.to_thread(self._around.replies.get, key)
        if kept is None or (kept.usage.completion_tokens or self.count(kept.text)) > request.max_tokens:
            return None
        return replace(kept, model=self.name, usage=Usage(), first_token_s=None)

    async def _ask(
        self, request: ModelRequest, on_text: Callable[[str], None] | None, note: _Note
    ) -> Completion:
        prompt = sum(self.count(message.content) + _MESSAGE_TOKENS for message in request.messages)
        async with self._account.budget.grant(prompt, request.max_tokens, self.name) as grant:
            granted = replace(request, max_tokens=grant.reply_tokens)
            try:
                async with self._place():
                    note.sent = True
                    completion = await self._watched(granted, on_text)
            except (ModelUnavailable, ModelOverflow):
                grant.spent = 0
                raise
            usage = completion.usage
            grant.spent = max(usage.prompt_tokens - usage.cached_tokens, 0) + usage.completion_tokens
            return completion

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        endpoint, circuit = self._member.endpoint, self._member.circuit
        take = self._around.slots.take
        async with (
            circuit.trial(),
            take(endpoint.name, endpoint.limit, self._account.errand.priority),
        ):
            if circuit.reason:
                raise ModelUnavailable(
                    f"{self.name} is left alone for a while: {circuit.reason}", model=self.name
                ) from circuit.reason
            yield

    async def _watched(self, request: ModelRequest, on_text: Callable[[str], None] | None) -> Completion:
        circuit = self._member.circuit
        try:
            completion = await self._member.model.complete(request, on_text)
        except (ModelUnavailable, ModelTimeout) as err:
            circuit.failed(err)
            raise
        circuit.succeeded()
        return completion

    def _key(self, request: ModelRequest) -> str:
        member = self._member
        return key_of(
            request,
            member.settings,
            self.profile,
            context=self.context,
            digest=member.model.digest,
            endpoint=member.endpoint.name,
        )

    async def _tell(self, request: ModelRequest, note: _Note) -> None:
        if self._around.ledger is None:
            return
        member, completion = self._member, note.completion
        seconds = self._around.clock() - note.started
        call = ModelCall(
            errand=self._account.errand,
            role=self._role,
            purpose=request.purpose,
            model=self.name,
            served=member.settings.model,
            digest=member.model.digest,
            endpoint=member.endpoint.name,
            outcome=note.outcome,
            began=note.began,
            usage=completion.usage if completion else Usage(model_calls=int(note.sent), seconds=seconds),
            first_token_s=completion.first_token_s if completion else None,
            messages=request.messages,
            reply=completion.text if completion else "",
        )
        try:
            # A thread that has begun is not stopped by a second cancellation: the note is taken.
            await asyncio.shield(asyncio.to_thread(self._around.ledger.called, call))
        except StoreError as err:
            if note.outcome != "cancelled":
                raise
            logging.getLogger(__name__).error("a cancelled model call is not on record: %s", err)  # noqa: TRY400


@dataclass(slots=True)
class _Note:
    """What is known of a call so far; without another word it has failed."""

    began: float
    started: float
    outcome: str = "failed"
    sent: bool = False
    completion: Completion | None = None


def outcome_of(error: ModelError) -> str:
    """Name what went wrong, in the words of `domain.ModelCall`."""
    kinds = (
        (ModelUnavailable, "unavailable"),
        (ModelTimeout, "timeout"),
        (ModelOverflow, "overflow"),
        (ModelBudget, "budget"),
    )
    return next((word for kind, word in kinds if isinstance(error, kind)), "failed")


def _check_endpoint(member: Member) -> Check:
    """Tell how many calls the endpoint takes, and whether its models agree on that."""
    endpoint, state = member.endpoint, member.circuit.state
    calls = "1 call" if endpoint.limit == 1 else f"{endpoint.limit} calls"
    detail = f"{endpoint.name}: {calls} at once, circuit {state}"
    others = ", ".join(endpoint.overruled)
    if others:
        detail = f"{detail}; `parallel` of {others} is larger and does not count"
    return Check(
        f"model {member.model.name}: endpoint",
        ok=True,
        detail=detail,
        facts={"endpoint": endpoint.name, "parallel": str(endpoint.limit), "circuit": str(state)},
    )
