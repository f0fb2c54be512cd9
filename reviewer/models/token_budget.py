"""What the model calls of one errand may cost together, held to even where several run at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from reviewer.errors import ModelBudget

SMALLEST_REPLY = 128  # tokens: with less no answer can be given


@dataclass(slots=True)
class Grant:
    """What one call may write, in tokens, and what it turns out to have spent."""

    reply_tokens: int
    spent: int


class TokenBudget:
    """Uncached prompt tokens and written tokens, bounded together; None for no bound.

    A call sets aside its whole prompt and its longest reply before it is sent, for what will come out of
    the server's cache is known only afterwards; the rest is free again when it ends. Where it would not
    fit beside what others have set aside it waits for them, so that the bound costs no call that it
    would have had room for.
    """

    def __init__(self, tokens: int | None) -> None:
        self._tokens = tokens
        self._spent = 0
        self._set_aside = 0
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def grant(self, prompt: int, reply: int, model: str) -> AsyncIterator[Grant]:
        """Set tokens aside for a call; it is charged `Grant.spent`, its prompt unless that is corrected.

        Raises ModelBudget where nothing fits any more.
        """
        granted = Grant(await self._room(prompt, reply, model), spent=prompt)
        held = prompt + granted.reply_tokens
        self._set_aside += held
        try:
            yield granted
        finally:
            self._set_aside -= held
            self._spent += granted.spent
            self._changed.set()
            self._changed = asyncio.Event()

    async def _room(self, prompt: int, reply: int, model: str) -> int:
        if self._tokens is None:
            return reply
        while (free := self._tokens - self._spent - self._set_aside) < prompt + reply:
            if not self._set_aside:
                break
            await self._changed.wait()
        if free < prompt + min(reply, SMALLEST_REPLY):
            raise ModelBudget(
                f"the budget of {self._tokens} tokens is spent: {self._spent} used, {prompt} more to send",
                model=model,
                remedy="raise review.token_budget, or review a smaller change",
            )
        return min(reply, free - prompt)
