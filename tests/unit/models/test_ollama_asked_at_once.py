"""Several jobs ask after one Ollama model at the same time."""

from __future__ import annotations

import asyncio

import httpx

from reviewer.config import ModelSettings
from reviewer.models.ollama import OllamaModel

SETTINGS = ModelSettings(backend="ollama", url="http://127.0.0.1:11434", model="deepseek-coder-v2:16b")


async def test_a_second_question_leaves_the_answer_to_the_first_alone() -> None:
    others: list[asyncio.Task[None]] = []
    first_answered = asyncio.Event()

    async def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/show":
            if others:
                await first_answered.wait()
            return httpx.Response(200, json={"model_info": {"deepseek2.context_length": 8192}})
        if not others:
            others.append(asyncio.ensure_future(model.reach()))
            await asyncio.sleep(0)  # the second question is on its way before the first is answered
        return httpx.Response(200, json={"models": []})

    model = OllamaModel("coder", SETTINGS, public=True, transport=httpx.MockTransport(answer))
    try:
        await model.reach()
        first_answered.set()
        await asyncio.gather(*others)
        assert model.context == 8192
    finally:
        await model.aclose()
