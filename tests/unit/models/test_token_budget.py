"""What an errand may cost holds for all of its calls together."""

from __future__ import annotations

import asyncio

import pytest

from reviewer.errors import ModelBudget
from reviewer.models.token_budget import TokenBudget


async def spend(budget: TokenBudget, prompt: int, reply: int, spent: int) -> int:
    async with budget.grant(prompt, reply, "coder") as grant:
        grant.spent = spent
        return grant.reply_tokens


async def test_without_a_bound_everything_is_granted() -> None:
    assert await spend(TokenBudget(None), 10**9, 4096, 10**9) == 4096


async def test_what_was_spent_counts_and_what_was_only_set_aside_does_not() -> None:
    budget = TokenBudget(10_000)
    for _ in range(8):
        assert await spend(budget, 4000, 2000, 500) == 2000
    assert await spend(budget, 5000, 2000, 5700) == 1000, "the reply gets what is left"
    with pytest.raises(ModelBudget) as caught:
        await spend(budget, 200, 2000, 0)
    assert "10000 tokens is spent: 9700 used" in str(caught.value)
    assert "review.token_budget" in caught.value.remedy


async def test_calls_at_once_wait_for_each_other_rather_than_fail() -> None:
    budget = TokenBudget(10_000)
    granted = await asyncio.wait_for(asyncio.gather(*(spend(budget, 4000, 2000, 500) for _ in range(8))), 30)
    assert granted == [2000] * 8


async def test_a_call_that_breaks_off_is_charged_its_prompt() -> None:
    budget = TokenBudget(5000)
    with pytest.raises(TimeoutError):
        async with budget.grant(4000, 500, "coder"):
            raise TimeoutError
    with pytest.raises(ModelBudget):
        await spend(budget, 2000, 500, 0)


async def test_who_waits_is_woken_by_a_call_that_is_cancelled() -> None:
    budget = TokenBudget(5000)
    inside = asyncio.Event()

    async def hold() -> None:
        async with budget.grant(3000, 500, "coder") as grant:
            grant.spent = 0
            inside.set()
            await asyncio.Event().wait()

    first = asyncio.create_task(hold())
    await inside.wait()
    second = asyncio.create_task(spend(budget, 3000, 500, 100))
    await asyncio.sleep(0)
    first.cancel()
    assert await asyncio.wait_for(second, 30) == 500
