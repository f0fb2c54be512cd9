"""What differs between the servers that call themselves OpenAI-compatible."""

from __future__ import annotations

import pytest

from reviewer.domain import Message
from reviewer.errors import ModelOverflow, ModelUnavailable
from reviewer.ports import ModelRequest
from tests.contract.models.conftest import Connect
from tests.fakes.models import CODER, REASONER, ScriptedModels, ServedModel

ASK = ModelRequest(messages=(Message("user", "Review this."),), max_tokens=200)


async def test_a_gateway_that_does_not_stream(connect: Connect) -> None:
    with ScriptedModels(streams=False) as server:
        server.script.otherwise().reply("So.", reasoning="Why.")
        completion = await connect("openai", server.url).complete(ASK)
        assert (completion.text, completion.reasoning, completion.finish) == ("So.", "Why.", "stop")
        assert completion.usage.prompt_tokens > 0


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
async def test_both_names_of_reasoning(connect: Connect, field: str) -> None:
    with ScriptedModels([ServedModel(REASONER.name, reasoning_field=field)]) as server:
        server.script.otherwise().reply("So.", reasoning="Why.")
        completion = await connect("openai", server.url, model=REASONER.name).complete(ASK)
        assert (completion.text, completion.reasoning) == ("So.", "Why.")


async def test_inline_reasoning_is_left_to_the_reader_of_replies(connect: Connect) -> None:
    with ScriptedModels([ServedModel(REASONER.name, reasoning_field="")]) as server:
        server.script.otherwise().reply("So.", reasoning="Why.")
        completion = await connect("openai", server.url, model=REASONER.name).complete(ASK)
        assert completion.text == "Why.\n</think>\n\nSo."


async def test_an_overflow_tells_both_numbers_and_is_remembered(connect: Connect) -> None:
    with ScriptedModels([ServedModel(CODER.name, context=1024)]) as server:
        model = connect("openai", server.url, context=4096)
        with pytest.raises(ModelOverflow) as caught:
            await model.complete(
                ModelRequest((Message("user", "a b c d e f g h i j " * 120),), max_tokens=200)
            )
        assert (caught.value.prompt_tokens, caught.value.context) == (1205, 1024)
        assert model.context == 1024


async def test_the_window_is_that_of_the_model_not_of_its_neighbour(connect: Connect) -> None:
    with ScriptedModels(
        [ServedModel("small", context=2048), ServedModel(CODER.name, context=8192)]
    ) as server:
        model = connect("openai", server.url)
        await model.reach()
        assert model.context == 8192


@pytest.mark.parametrize("base", ["", "/", "/v1", "/v1/"])
async def test_the_base_is_found_with_and_without_path(
    server: ScriptedModels, connect: Connect, base: str
) -> None:
    await connect("openai", server.url + base).complete(ASK)
    assert server.paths == ["POST /v1/chat/completions"]


async def test_a_gateways_own_path_is_kept(server: ScriptedModels, connect: Connect) -> None:
    with pytest.raises(ModelUnavailable):
        await connect("openai", f"{server.url}/llm/api/v3").complete(ASK)
    assert server.paths == ["POST /llm/api/v3/chat/completions"]


async def test_a_switch_for_thinking_is_sent_only_to_models_that_have_one(
    server: ScriptedModels, connect: Connect
) -> None:
    ask = ModelRequest(messages=ASK.messages, max_tokens=200, think=False)
    await connect("openai", server.url).complete(ask)
    await connect("openai", server.url, profile="deepseek-v3.1").complete(ask)
    plain, switched = (asked.body for asked in server.asked)
    assert "chat_template_kwargs" not in plain
    assert switched["chat_template_kwargs"] == {"thinking": False, "enable_thinking": False}


async def test_a_model_that_is_not_listed_is_shown(server: ScriptedModels, connect: Connect) -> None:
    model = connect("openai", server.url, model="deepseek-v4-pro")
    check = next(check for check in await model.check() if check.name.endswith("present"))
    assert not check.ok
    assert CODER.name in check.remedy
