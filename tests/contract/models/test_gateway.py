"""Roles over real endpoints: fallback, a cap on calls at once, and what a machine has by default."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace

import httpx
import pytest

from reviewer.config import ModelSettings, RoleSettings, Settings
from reviewer.domain import Completion, Errand, Message, Priority, Role
from reviewer.errors import ModelUnavailable
from reviewer.models.defaults import default_models
from reviewer.models.gateway import build
from reviewer.models.slots import LocalSlots
from reviewer.ports import ModelRequest
from tests.fakes.models import CODER, REASONER, ScriptedModels

ASK = ModelRequest(messages=(Message("user", "Review this."),), max_tokens=50)


def closed_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


async def test_the_next_one_serves_when_the_first_is_gone() -> None:
    with ScriptedModels() as server:
        settings = Settings(
            models={
                "gone": ModelSettings(backend="ollama", url=closed_port(), model=CODER.name),
                "missing": ModelSettings(backend="ollama", url=server.url, model="not-pulled:7b"),
                "coder": ModelSettings(backend="openai", url=server.url, model=CODER.name),
            },
            roles=RoleSettings(review=("gone", "missing", "coder"), verify=("gone", "missing")),
        )
        gateway = build(settings)
        try:
            model = await gateway.pick(Role.REVIEW)
            assert model.name == "coder"
            assert (await model.complete(ASK)).model == "coder"
            with pytest.raises(ModelUnavailable) as caught:
                await gateway.pick(Role.VERIFY)
            assert "gone" in str(caught.value)
            assert "ollama pull not-pulled:7b" in caught.value.remedy
        finally:
            await gateway.aclose()


async def test_no_more_calls_at_once_than_configured() -> None:
    with ScriptedModels() as server:
        server.script.otherwise().stall()
        settings = Settings(
            models={"coder": ModelSettings(backend="ollama", url=server.url, model=CODER.name, parallel=2)},
            roles=RoleSettings(review=("coder",)),
        )
        gateway = build(settings)
        (model,) = gateway.configured(Role.REVIEW)
        calls = [asyncio.create_task(model.complete(ASK)) for _ in range(5)]
        await asyncio.to_thread(two_at_work, server, 2)
        for ended in range(3):
            calls[ended].cancel()
            await asyncio.to_thread(two_at_work, server, ended + 3)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await gateway.aclose()


async def test_fifty_calls_to_two_models_of_one_server_never_exceed_its_limit_and_people_go_first() -> None:
    slots = LocalSlots()
    with ScriptedModels() as server:
        server.script.otherwise().reply("not at once", delay_s=0.05)
        settings = Settings(
            models={
                "coder": ModelSettings(backend="ollama", url=server.url, model=CODER.name, parallel=4),
                "r1": ModelSettings(backend="openai", url=f"{server.url}/v1", model=REASONER.name),
            },
            roles=RoleSettings(review=("coder", "r1")),
        )
        gateway = build(settings, slots=slots)

        def call(number: int) -> asyncio.Task[Completion]:
            priority = (Priority.BACKGROUND, Priority.REVIEW, Priority.PERSON)[number % 3]
            model = gateway.on_behalf_of(Errand(priority=priority)).configured(Role.REVIEW)[number % 2]
            return asyncio.create_task(
                model.complete(replace(ASK, messages=(Message("user", priority.name),)))
            )

        async with AsyncExitStack() as held:
            for _ in range(4):
                await held.enter_async_context(slots.take(server.url, 4, Priority.BACKGROUND))
            calls = [call(number) for number in range(50)]
            async with asyncio.timeout(60):
                while slots.waiting(server.url) < 50:
                    await asyncio.sleep(0.01)
        await asyncio.gather(*calls)
        await gateway.aclose()
        served = [asked.prompt for asked in server.asked]
        assert Counter(served) == {"PERSON": 16, "REVIEW": 17, "BACKGROUND": 17}
        assert server.most_at_once == 4
        # One place in nine goes by age, and four at once may overtake each other on their way.
        last = {
            kind: max(place for place, other in enumerate(served) if other == kind) for kind in set(served)
        }
        assert last["PERSON"] < 16 + 2 + 4
        assert last["REVIEW"] < 16 + 17 + 4 + 4
        assert {asked.model for asked in server.asked} == {CODER.name, REASONER.name}


def two_at_work(server: ScriptedModels, in_all: int) -> None:
    """Wait until so many requests have come in all, and all but two of them are over."""
    server.wait_until(lambda: len(server.asked) == in_all)
    server.wait_until(lambda: sum(not asked.closed_by_client for asked in server.asked) == 2)


class Rerouted(httpx.AsyncHTTPTransport):
    """Takes what goes to Ollama's usual port to another one."""

    def __init__(self, url: str) -> None:
        super().__init__(trust_env=False)
        self._port = httpx.URL(url).port

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(port=self._port)
        return await super().handle_async_request(request)


async def test_without_configuration_the_best_installed_coder_serves() -> None:
    with ScriptedModels([REASONER, CODER]) as server:
        settings = await default_models(Settings(), Rerouted(server.url))
        assert settings.roles.review == settings.roles.assist == (CODER.name,)
        assert settings.roles.verify == ()
        gateway = build(settings, Rerouted(server.url))
        assert (await gateway.pick(Role.REVIEW)).name == CODER.name
        await gateway.aclose()


async def test_without_an_ollama_nothing_is_configured() -> None:
    assert await default_models(Settings(), Rerouted(closed_port())) == Settings()
    with ScriptedModels() as server:
        server.unavailable = 503
        assert await default_models(Settings(), Rerouted(server.url)) == Settings()
