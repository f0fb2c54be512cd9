"""Gather a streamed reply: time limits, stalls, cut streams, token counts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from reviewer.domain import Completion, Usage
from reviewer.errors import ModelTimeout

_CHARS_PER_TOKEN_AT_MOST = 32


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a reply as a backend's own protocol brings it; the first `finish` (stop or length) counts.

    Token counts stand in whichever chunk the server puts them; 0 means not told.
    """

    text: str = ""
    reasoning: str = ""
    finish: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """When to give up on a reply: seconds in all, seconds between two chunks, and tokens."""

    timeout_s: float
    stall_s: float
    max_tokens: int


class _Gathered:
    """What has come so far."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.reasoning: list[str] = []
        self.finish: str | None = None
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.cached_tokens = 0
        self.chars = 0
        self.first_token_s: float | None = None

    def add(self, chunk: Chunk, seconds: float) -> None:
        self.text.append(chunk.text)
        self.reasoning.append(chunk.reasoning)
        self.chars += len(chunk.text) + len(chunk.reasoning)
        if self.chars and self.first_token_s is None:
            self.first_token_s = seconds
        self.finish = self.finish or chunk.finish
        self.prompt_tokens = chunk.prompt_tokens or self.prompt_tokens
        self.completion_tokens = chunk.completion_tokens or self.completion_tokens
        self.cached_tokens = chunk.cached_tokens or self.cached_tokens


async def gather(
    chunks: AsyncGenerator[Chunk, None],
    *,
    model: str,
    limits: Limits,
    on_text: Callable[[str], None] | None = None,
) -> Completion:
    """Read a reply to its end and close the stream, whatever happens.

    Before the first token only the whole time limit counts: queueing, loading and reading a long
    prompt take minutes on a CPU. After it, `stall_s` without a token is a stall. A server that sends
    far more than it was asked for is cut off with finish `length`. Raises ModelTimeout for a stall, the
    time limit and a stream that ends without saying so.
    """
    started = time.monotonic()
    gathered = _Gathered()
    timer = asyncio.timeout(limits.timeout_s)
    try:
        async with timer, aclosing(chunks):
            end = timer.when() or 0.0
            async for chunk in chunks:
                gathered.add(chunk, time.monotonic() - started)
                if chunk.text and on_text:
                    on_text(chunk.text)
                if gathered.chars > limits.max_tokens * _CHARS_PER_TOKEN_AT_MOST:
                    gathered.finish = "length"
                    break
                if chunk.text or chunk.reasoning:
                    timer.reschedule(min(end, asyncio.get_running_loop().time() + limits.stall_s))
    except TimeoutError as err:
        if not timer.expired():
            raise
        raise ModelTimeout(_late(time.monotonic() - started, limits, model), model=model) from err
    if gathered.finish is None:
        raise ModelTimeout(f"the reply of {model} broke off after {gathered.chars} characters", model=model)
    return _completion(gathered, gathered.finish, model, time.monotonic() - started)


def _late(seconds: float, limits: Limits, model: str) -> str:
    if seconds >= limits.timeout_s:
        return f"{model} did not finish within {limits.timeout_s:g} s"
    return f"{model} stalled: no token for {limits.stall_s:g} s"


def _completion(gathered: _Gathered, finish: str, model: str, seconds: float) -> Completion:
    return Completion(
        text="".join(gathered.text),
        reasoning="".join(gathered.reasoning),
        finish=finish,
        usage=Usage(
            model_calls=1,
            prompt_tokens=gathered.prompt_tokens,
            cached_tokens=gathered.cached_tokens,
            completion_tokens=gathered.completion_tokens,
            seconds=seconds,
        ),
        model=model,
        first_token_s=gathered.first_token_s,
    )
