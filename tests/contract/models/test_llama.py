"""The same debts, paid by the real llama.cpp: directly, behind Ollama's protocol and embedded.

SmolLM2-135M proves the plumbing; what it says is nonsense and not looked at.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator

import httpx
import jsonschema
import pytest

from reviewer.domain import Message
from reviewer.errors import ModelOverflow, ModelUnavailable
from reviewer.models.checks import Reachable
from reviewer.ports import ModelRequest
from tests.contract.models.conftest import SCRIPTED, Connect
from tests.fakes.models.llama import MODEL, WINDOW, OllamaOverLlama, gguf_file

pytestmark = pytest.mark.xdist_group("llama")

DEADLINE_S = 30.0
SCHEMA = {
    "type": "object",
    "properties": {
        "severity": {"enum": ["high", "low"]},
        "title": {"type": "string", "maxLength": 30},
    },
    "required": ["severity", "title"],
    "additionalProperties": False,
}
CODE = "def settle(account, amount):\n    account.balance -= amount\n    return account.balance\n"


@pytest.fixture(scope="module")
def ollama_url(llama_url: str) -> Iterator[str]:
    with OllamaOverLlama(llama_url) as gateway:
        yield gateway.url


@pytest.fixture(params=SCRIPTED)
def model(request: pytest.FixtureRequest, connect: Connect) -> Reachable:
    url = request.getfixturevalue("llama_url" if request.param == "openai" else "ollama_url")
    return connect(request.param, url, model=MODEL, context=WINDOW)


def ask(text: str, max_tokens: int = 24, **more: object) -> ModelRequest:
    return ModelRequest(messages=(Message("user", text),), max_tokens=max_tokens, **more)  # type: ignore[arg-type]


async def test_a_reply_keeps_to_its_schema_and_is_counted(model: Reachable) -> None:
    await model.reach()
    heard: list[str] = []
    completion = await model.complete(ask(f"Review:\n{CODE}", 160, schema=SCHEMA), heard.append)
    jsonschema.validate(json.loads(completion.text), SCHEMA)
    assert completion.finish == "stop"
    assert "".join(heard) == completion.text
    assert len(heard) > 3
    usage = completion.usage
    assert usage.prompt_tokens > 20
    assert 5 < usage.completion_tokens <= 160
    assert completion.first_token_s is not None


async def test_out_of_tokens_is_length(model: Reachable) -> None:
    # Under this schema nothing can be complete after five tokens.
    completion = await model.complete(ask("Review.", 5, schema=SCHEMA))
    assert (completion.finish, completion.usage.completion_tokens) == ("length", 5)


async def test_a_prompt_beyond_the_window_is_refused(model: Reachable) -> None:
    with pytest.raises(ModelOverflow):
        await model.complete(ask(CODE * 200))


async def test_estimates_are_on_the_safe_side_of_the_real_tokenizer(model: Reachable) -> None:
    before = model.count(CODE * 10)
    completion = await model.complete(ask(CODE * 10, 1))
    assert completion.usage.prompt_tokens - 40 <= before <= completion.usage.prompt_tokens * 1.6


async def test_check_finds_it_well(model: Reachable) -> None:
    checks = await model.check()
    # Whether 135 million parameters finish their JSON within the budget is not the server's fault.
    assert [check for check in checks if not check.ok and "structured" not in check.name] == []
    assert model.context <= WINDOW


@pytest.mark.parametrize("backend", SCRIPTED)
async def test_cancelling_frees_the_slot(
    backend: str, connect: Connect, llama_url: str, ollama_url: str
) -> None:
    url = llama_url if backend == "openai" else ollama_url
    model = connect(backend, url, model=MODEL, context=WINDOW)
    heard = asyncio.Event()
    reply = asyncio.create_task(
        model.complete(ask("Write a very long story about a bank.", 1500), lambda _: heard.set())
    )
    await asyncio.wait_for(heard.wait(), DEADLINE_S)
    async with httpx.AsyncClient(base_url=llama_url, trust_env=False) as slots:
        assert (await slots.get("/slots")).json()[0]["is_processing"]
        reply.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reply
        end = time.monotonic() + DEADLINE_S
        while (await slots.get("/slots")).json()[0]["is_processing"]:
            assert time.monotonic() < end, "the server still works for nobody"


async def test_a_server_with_a_smaller_window_than_configured_is_an_overflow(
    connect: Connect, llama_url: str
) -> None:
    model = connect("openai", llama_url, model=MODEL, context=100_000)
    with pytest.raises(ModelOverflow) as caught:
        await model.complete(ask(CODE * 200))
    assert caught.value.context == WINDOW
    assert caught.value.prompt_tokens > WINDOW


async def test_a_shared_prefix_comes_from_the_cache(connect: Connect, llama_url: str) -> None:
    model = connect("openai", llama_url, model=MODEL, context=WINDOW)
    shared = f"Rules of the review.\n{CODE * 8}"
    await model.complete(ask(f"{shared}First unit.", 1))
    second = await model.complete(ask(f"{shared}Second unit.", 1))
    assert second.usage.cached_tokens > 0.8 * second.usage.prompt_tokens


async def test_the_embedded_server_starts_with_the_first_question_and_can_be_stopped(
    connect: Connect,
) -> None:
    model = connect("llamacpp", "", model=str(gguf_file()), context=1024)
    await model.reach()
    completion = await model.complete(ask("Review.", 5, schema=SCHEMA))
    assert (completion.finish, completion.model) == ("length", "coder")
    with pytest.raises(ModelOverflow):
        await model.complete(ask(CODE * 100))
    await model.aclose()
    assert (await model.complete(ask("Hello again.", 1))).usage.completion_tokens == 1  # started anew


async def test_a_file_that_is_not_there(connect: Connect) -> None:
    with pytest.raises(ModelUnavailable, match="there is no GGUF file"):
        await connect("llamacpp", "", model="/nowhere/model.gguf").reach()
