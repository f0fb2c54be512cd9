"""A streamed reply is gathered whole, or fails by type."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from reviewer.errors import ModelTimeout
from reviewer.models.streaming import Chunk, Limits, gather

LIMITS = Limits(timeout_s=30, stall_s=30, max_tokens=100)


async def stream(*chunks: Chunk) -> AsyncGenerator[Chunk, None]:
    for chunk in chunks:
        yield chunk


async def test_pieces_and_counts_are_put_together() -> None:
    heard: list[str] = []
    completion = await gather(
        stream(
            Chunk(reasoning="hm"),
            Chunk(text="a"),
            Chunk(text="b"),
            Chunk(finish="length"),
            Chunk(prompt_tokens=7, completion_tokens=3, cached_tokens=5),
            Chunk(finish="stop"),
        ),
        model="m",
        limits=LIMITS,
        on_text=heard.append,
    )
    assert (completion.text, completion.reasoning, completion.finish) == ("ab", "hm", "length")
    assert heard == ["a", "b"]
    usage = completion.usage
    assert (usage.model_calls, usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens) == (
        1,
        7,
        5,
        3,
    )
    assert completion.first_token_s is not None


async def test_a_stream_without_end_mark_is_cut() -> None:
    with pytest.raises(ModelTimeout, match="broke off after 1 char"):
        await gather(stream(Chunk(text="a")), model="m", limits=LIMITS)


async def test_a_server_that_ignores_the_limit_is_cut_off() -> None:
    async def flood() -> AsyncGenerator[Chunk, None]:
        while True:
            yield Chunk(text="x" * 1000)

    completion = await gather(flood(), model="m", limits=LIMITS)
    assert completion.finish == "length"
    assert len(completion.text) < 10_000


async def hang(*first: Chunk) -> AsyncGenerator[Chunk, None]:
    for chunk in first:
        yield chunk
    await asyncio.Event().wait()


async def test_silence_after_the_first_token_is_a_stall() -> None:
    limits = Limits(timeout_s=30, stall_s=0.05, max_tokens=100)
    with pytest.raises(ModelTimeout, match="stalled"):
        await gather(hang(Chunk(text="a")), model="m", limits=limits)


async def test_silence_before_it_is_bounded_by_the_whole_time_only() -> None:
    limits = Limits(timeout_s=0.1, stall_s=0.01, max_tokens=100)
    with pytest.raises(ModelTimeout, match="did not finish within"):
        await gather(hang(Chunk()), model="m", limits=limits)


async def test_a_timeout_of_the_listener_stays_his_own() -> None:
    def fail(text: str) -> None:
        raise TimeoutError(text)

    with pytest.raises(TimeoutError, match="a"):
        await gather(stream(Chunk(text="a")), model="m", limits=LIMITS, on_text=fail)


async def test_the_stream_is_closed_whatever_happens() -> None:
    closed = asyncio.Event()

    async def careful() -> AsyncGenerator[Chunk, None]:
        try:
            yield Chunk(text="a")
            await asyncio.Event().wait()
        finally:
            closed.set()

    def fail(text: str) -> None:
        raise RuntimeError(text)

    with pytest.raises(RuntimeError):
        await gather(careful(), model="m", limits=LIMITS, on_text=fail)
    assert closed.is_set()
