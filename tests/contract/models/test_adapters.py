"""What every adapter owes the core, asked of each against a server that can misbehave."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from reviewer.domain import Message
from reviewer.errors import ModelError, ModelOverflow, ModelTimeout, ModelUnavailable
from reviewer.models.checks import Reachable
from reviewer.ports import ModelRequest
from tests.contract.models.conftest import SCRIPTED, Connect
from tests.fakes.models import CODER, REASONER, ScriptedModels, ServedModel

pytestmark = pytest.mark.parametrize("backend", SCRIPTED)

SCHEMA = {
    "type": "object",
    "properties": {"findings": {"type": "array", "maxItems": 8}},
    "required": ["findings"],
}

LETTERS = "a b c d e f g h i j k l m n o p q r s t "  # 20 tokens, twice what the estimate makes of them


def ask(text: str = "Review this.", **more: Any) -> ModelRequest:
    return ModelRequest(messages=(Message("user", text),), **{"max_tokens": 200, **more})


async def failure(model: Reachable, request: ModelRequest | None = None) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await model.complete(request or ask())
    assert caught.value.model == "coder"
    return caught.value


async def test_a_reply_comes_back_whole_with_its_counts(
    backend: str, server: ScriptedModels, connect: Connect
) -> None:
    server.script.otherwise().reply("余额可能为负 \u2028 and more.")
    completion = await connect(backend, server.url).complete(ask("Review this. " * 40))
    assert (completion.text, completion.finish, completion.model) == (
        "余额可能为负 \u2028 and more.",
        "stop",
        "coder",
    )
    assert completion.usage.model_calls == 1
    assert completion.usage.prompt_tokens == server.asked[0].prompt_tokens
    assert completion.usage.completion_tokens > 0
    assert completion.usage.cached_tokens == (
        server.asked[0].prompt_tokens // 2 if backend == "openai" else 0
    )
    assert completion.first_token_s is not None


async def test_text_is_handed_on_while_the_reply_is_still_being_written(
    backend: str, server: ScriptedModels, connect: Connect
) -> None:
    server.script.otherwise().stall("first words, and no end", after=2)
    heard = asyncio.Event()
    reply = asyncio.create_task(connect(backend, server.url).complete(ask(), lambda _: heard.set()))
    await asyncio.wait_for(heard.wait(), 20)
    assert not reply.done()
    reply.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reply


async def test_cancelling_closes_the_connection(
    backend: str, server: ScriptedModels, connect: Connect
) -> None:
    server.script.otherwise().stall()
    heard = asyncio.Event()
    reply = asyncio.create_task(connect(backend, server.url).complete(ask(), lambda _: heard.set()))
    await asyncio.wait_for(heard.wait(), 20)
    reply.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reply
    await asyncio.to_thread(server.wait_until, lambda: server.asked[0].closed_by_client)


async def test_the_schema_and_every_limit_are_sent(
    backend: str, server: ScriptedModels, connect: Connect
) -> None:
    server.script.when(schema=True).reply({"findings": []})
    model = connect(backend, server.url, context=8192)
    completion = await model.complete(ask(schema=SCHEMA, seed=7))
    assert completion.text == '{"findings": []}'
    asked = server.asked[0]
    assert asked.schema == SCHEMA
    assert asked.max_tokens == 200
    sent = asked.body["options"] if backend == "ollama" else asked.body
    assert (sent["seed"], sent["temperature"], sent["top_p"]) == (7, 0.3, 0.95)
    assert asked.body.get("options", {}).get("num_ctx") == (8192 if backend == "ollama" else None)


async def test_a_reply_that_ran_out_of_tokens_says_so(
    backend: str, server: ScriptedModels, connect: Connect
) -> None:
    server.script.otherwise().reply("one two three four five six seven eight")
    completion = await connect(backend, server.url).complete(ask(max_tokens=3))
    assert completion.finish == "length"
    assert completion.usage.completion_tokens == 3


async def test_reasoning_is_kept_apart_from_the_answer(
    backend: str, server: ScriptedModels, connect: Connect
) -> None:
    server.script.otherwise().reply("So.", reasoning="Because of this.")
    heard: list[str] = []
    completion = await connect(backend, server.url, model=REASONER.name).complete(ask(), heard.append)
    assert (completion.reasoning, completion.text, "".join(heard)) == ("Because of this.", "So.", "So.")


async def test_reasoning_without_end_leaves_an_empty_answer_cut_for_its_length(
    backend: str, server: ScriptedModels, connect: Connect
) -> None:
    server.script.otherwise().reason_endlessly()
    completion = await connect(backend, server.url, model=REASONER.name).complete(ask())
    assert (completion.text, completion.finish) == ("", "length")
    assert completion.reasoning


async def test_a_prompt_that_cannot_fit_is_never_sent(
    backend: str, server: ScriptedModels, connect: Connect
) -> None:
    model = connect(backend, server.url, context=2048)
    error = await failure(model, ask("int x = 1;\n" * 2000))
    assert isinstance(error, ModelOverflow)
    assert error.context == 2048
    assert error.prompt_tokens > 2048
    assert server.asked == []


async def test_the_reply_is_limited_to_what_the_prompt_leaves(
    backend: str, server: ScriptedModels, connect: Connect
) -> None:
    await connect(backend, server.url, context=2048).complete(ask("int x = 1;\n" * 200, max_tokens=2000))
    asked = server.asked[0]
    assert asked.prompt_tokens + asked.max_tokens <= 2048


async def test_a_server_that_refuses_a_long_prompt_is_an_overflow(backend: str, connect: Connect) -> None:
    small = ServedModel("small", context=1024, refuses_overflow=True)
    with ScriptedModels([small]) as server:
        error = await failure(connect(backend, server.url, model="small", context=4096), ask(LETTERS * 60))
        assert isinstance(error, ModelOverflow)
        assert server.asked == []


async def test_nobody_there(backend: str, connect: Connect) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    error = await failure(connect(backend, url))
    assert isinstance(error, ModelUnavailable)
    assert "start the model server" in error.remedy


async def test_a_missing_model_names_the_remedy(
    backend: str, server: ScriptedModels, connect: Connect
) -> None:
    error = await failure(connect(backend, server.url, model="deepseek-r1:70b"))
    assert isinstance(error, ModelUnavailable)
    assert ("ollama pull deepseek-r1:70b" if backend == "ollama" else "/v1/models") in error.remedy


@pytest.mark.parametrize("status", [401, 429, 500, 503])
async def test_a_refusal_is_typed(
    backend: str, server: ScriptedModels, connect: Connect, status: int
) -> None:
    server.script.otherwise().fail(status, "not for you")
    error = await failure(connect(backend, server.url))
    assert isinstance(error, ModelUnavailable)
    assert str(status) in str(error)
    assert "not for you" in str(error)


async def test_a_stall_is_noticed(backend: str, server: ScriptedModels, connect: Connect) -> None:
    server.script.otherwise().stall()
    error = await failure(connect(backend, server.url, stall_s=0.2))
    assert isinstance(error, ModelTimeout)
    assert "stalled" in str(error)
    await asyncio.to_thread(server.wait_until, lambda: server.asked[0].closed_by_client)


async def test_a_reply_that_takes_too_long_is_given_up(
    backend: str, server: ScriptedModels, connect: Connect
) -> None:
    server.script.otherwise().stall(after=0)
    error = await failure(connect(backend, server.url, timeout_s=0.3, stall_s=0.1))
    assert isinstance(error, ModelTimeout)
    assert "did not finish within 0.3 s" in str(error)


@pytest.mark.parametrize("abort", [False, True])
async def test_a_cut_stream_is_no_reply(
    backend: str, server: ScriptedModels, connect: Connect, abort: bool
) -> None:
    server.script.otherwise().cut(abort=abort)
    error = await failure(connect(backend, server.url))
    assert isinstance(error, ModelTimeout)
    assert "broke off" in str(error)


async def test_what_is_no_protocol_is_typed(backend: str, server: ScriptedModels, connect: Connect) -> None:
    server.script.otherwise().garble(b'["no", "object"]\n' if backend == "ollama" else b"data: {nonsense\n\n")
    error = await failure(connect(backend, server.url))
    assert isinstance(error, ModelUnavailable)
    assert "does not answer as" in str(error)


async def test_an_error_inside_the_stream_is_typed(
    backend: str, server: ScriptedModels, connect: Connect
) -> None:
    server.script.otherwise().break_down("the model runner has stopped")
    error = await failure(connect(backend, server.url))
    assert isinstance(error, ModelUnavailable)
    assert "the model runner has stopped" in str(error)


async def test_a_redirect_is_never_followed(backend: str, server: ScriptedModels, connect: Connect) -> None:
    with ScriptedModels() as elsewhere:
        path = "/api/chat" if backend == "ollama" else "/v1/chat/completions"
        server.script.otherwise().redirect(elsewhere.url + path)
        error = await failure(connect(backend, server.url))
        assert isinstance(error, ModelUnavailable)
        assert "redirect" in str(error)
        assert elsewhere.paths == []


async def test_a_proxy_of_the_environment_is_ignored(
    backend: str, server: ScriptedModels, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedModels() as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv(name.lower(), proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        assert (await connect(backend, server.url).complete(ask())).text == "NOTHING TO REPORT"
        assert proxy.paths == []


async def test_a_public_address_is_refused_before_anything_is_sent(backend: str, connect: Connect) -> None:
    # TEST-NET-1 (RFC 5737): nobody's address, and outside private space.
    error = await failure(connect(backend, "http://192.0.2.1:11434"))
    assert isinstance(error, ModelUnavailable)
    assert "refused" in str(error)
    assert "service.public_models" in error.remedy


async def test_key_and_headers_are_sent_and_no_stray_credentials(
    backend: str, server: ScriptedModels, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "not-for-this-host")
    monkeypatch.setenv("GATEWAY_KEY", "s3cret")
    await connect(backend, server.url, api_key_env="GATEWAY_KEY", headers={"X-Team": "quant"}).complete(ask())
    await connect(backend, server.url).complete(ask())
    first, second = (asked.headers for asked in server.asked)
    assert (first["authorization"], first["x-team"]) == ("Bearer s3cret", "quant")
    assert "authorization" not in second


async def test_reach_and_check_tell_what_is_there(backend: str, connect: Connect) -> None:
    with ScriptedModels([ServedModel(CODER.name, context=4096)]) as server:
        server.script.when(schema=True).reply({"language": "Java"})
        model = connect(backend, server.url, context=8192)
        await model.reach()
        assert model.context == 4096
        checks = {check.name: check for check in await model.check()}
        assert checks["model coder: reachable"].ok
        structured = checks["model coder: structured output"]
        assert structured.ok
        assert float(structured.facts["tokens_per_second"]) > 0


async def test_check_has_a_line_and_a_remedy_for_each_thing_that_can_be_wrong(
    backend: str, server: ScriptedModels, connect: Connect
) -> None:
    server.script.otherwise().reply("Java is the language, I think it is Java.", delay_s=0.05)
    model = connect(backend, server.url, model=REASONER.name, context=200_000, timeout_s=1.5)
    checks = {check.name.removeprefix("model coder: "): check for check in await model.check()}
    assert list(checks)[:3] == ["reachable", "present", "context"]
    assert (checks["reachable"].ok, checks["present"].ok) == (True, True)
    assert not checks["context"].ok
    assert "131072" in checks["context"].detail
    assert "models.coder.context" in checks["context"].remedy
    assert not checks["structured output"].ok
    assert not checks["speed"].ok, "a tenth of a second a token is too slow for a second and a half"
    assert "models.coder.timeout_s" in checks["speed"].remedy


async def test_check_tells_a_missing_model_from_a_missing_server(
    backend: str, server: ScriptedModels, connect: Connect
) -> None:
    checks = await connect(backend, server.url, model="deepseek-r1:70b").check()
    failed = next(check for check in checks if not check.ok)
    assert failed.name == "model coder: present"
    assert checks[0].ok
    assert ("ollama pull deepseek-r1:70b" if backend == "ollama" else CODER.name) in failed.remedy


async def test_the_weights_are_told_apart_where_the_server_tells(backend: str, connect: Connect) -> None:
    with ScriptedModels([ServedModel(CODER.name, digest="sha256:5f0c")]) as server:
        model = connect(backend, server.url)
        await model.reach()
        assert model.digest == "sha256:5f0c"
        server.only_chats = True
        await model.reach()
        assert model.digest == ("" if backend == "ollama" else "sha256:5f0c")


async def test_check_never_raises(backend: str, server: ScriptedModels, connect: Connect) -> None:
    server.unavailable = 503
    (check,) = await connect(backend, server.url).check()
    assert not check.ok
    assert "503" in check.detail
    assert check.remedy


@pytest.mark.parametrize("reply", ["It is Java, I think.", '{"answer": "Java"}', '["Java"]', "Java"])
async def test_check_shows_a_server_that_ignores_schemas(
    backend: str, server: ScriptedModels, connect: Connect, reply: str
) -> None:
    server.script.otherwise().reply(reply)
    checks = await connect(backend, server.url).check()
    failed = [check for check in checks if not check.ok]
    assert [check.name for check in failed] == ["model coder: structured output"]
    assert repr(reply) in failed[0].detail
