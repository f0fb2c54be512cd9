"""Roles over real endpoints: fallback, a cap on calls at once, and what a machine has by default."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest

from reviewer.config import ModelSettings, RoleSettings, Settings
from reviewer.domain import Message, Role
from reviewer.errors import ModelUnavailable
from reviewer.models.defaults import default_models
from reviewer.models.gateway import build
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
