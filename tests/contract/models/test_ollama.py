"""What only Ollama does: silent truncation, thinking on demand, a window that must not change."""

from __future__ import annotations

import pytest

from reviewer.domain import Message
from reviewer.errors import ModelOverflow
from reviewer.ports import ModelRequest
from tests.contract.models.conftest import Connect
from tests.fakes.models import CODER, REASONER, ScriptedModels, ServedModel

PLAIN = "total = total + price\n"
LETTERS = "a b c d e f g h i j k l m n o p q r s t\n"  # 20 tokens, twice what the estimate makes of them


def ask(text: str, **more: object) -> ModelRequest:
    return ModelRequest(messages=(Message("system", "Rules."), Message("user", text)), max_tokens=256, **more)  # type: ignore[arg-type]


async def test_a_prompt_that_the_server_cut_is_never_a_result(
    server: ScriptedModels, connect: Connect
) -> None:
    model = connect("ollama", server.url, context=2048)
    for _ in range(3):
        await model.complete(ask(PLAIN * 50))
    assert (await model.complete(ask(PLAIN * 60))).text
    with pytest.raises(ModelOverflow) as caught:
        await model.complete(ask(PLAIN * 260 + LETTERS * 40))
    assert "Rules." not in server.asked[-1].prompt, "the server has not cut anything"
    assert caught.value.context == 2048


async def test_a_count_left_out_is_no_truncation(connect: Connect) -> None:
    with ScriptedModels([ServedModel(CODER.name, counts_prompt=False)]) as server:
        model = connect("ollama", server.url, context=2048)
        for _ in range(5):
            completion = await model.complete(ask(PLAIN * 50))
            assert completion.usage.prompt_tokens > 0


async def test_lone_surrogates_do_not_get_in(server: ScriptedModels, connect: Connect) -> None:
    piece = b'{"message": {"role": "assistant", "content": "a\\ud800b"}, "done": true}\n'
    server.script.otherwise().garble(piece)
    assert (await connect("ollama", server.url).complete(ask(PLAIN))).text.endswith("a?b")


async def test_the_window_never_changes_so_the_model_loads_once(
    server: ScriptedModels, connect: Connect
) -> None:
    model = connect("ollama", server.url, context=4096)
    for lines in (1, 50, 5, 100):
        await model.complete(ask(PLAIN * lines))
    assert server.loads == 1
    assert {asked.body["options"]["num_ctx"] for asked in server.asked} == {4096}


async def test_a_gateway_that_only_chats_will_do(server: ScriptedModels, connect: Connect) -> None:
    server.only_chats = True
    model = connect("ollama", server.url)

    await model.reach()

    assert (await model.complete(ask("Is this right?"))).text == "NOTHING TO REPORT"


async def test_no_more_context_than_the_model_was_trained_for(connect: Connect) -> None:
    with ScriptedModels([ServedModel(CODER.name, context=4096)]) as server:
        model = connect("ollama", server.url, context=16_384)
        await model.complete(ask(PLAIN))
        assert server.asked[0].body["options"]["num_ctx"] == 4096
        server.script.when(schema=True).reply({"language": "Java"})
        check = next(check for check in await model.check() if check.name.endswith("context"))
        assert not check.ok
        assert "at most 4096" in check.remedy


@pytest.mark.parametrize(
    ("model", "wanted", "sent"),
    [
        (CODER.name, None, None),
        (CODER.name, True, None),
        (REASONER.name, None, True),
        (REASONER.name, False, True),
        ("qwen3:32b", None, None),
        ("qwen3:32b", False, False),
        ("deepseek-r1:custom-import", None, None),
    ],
)
async def test_thinking_is_asked_for_only_where_it_can_be(
    connect: Connect, model: str, wanted: bool | None, sent: bool | None
) -> None:
    served = [
        CODER,
        REASONER,
        ServedModel("qwen3:32b", thinking=True),
        ServedModel("deepseek-r1:custom-import"),
    ]
    with ScriptedModels(served) as server:
        await connect("ollama", server.url, model=model).complete(ask(PLAIN, think=wanted))
        assert server.asked[0].body.get("think") is sent
