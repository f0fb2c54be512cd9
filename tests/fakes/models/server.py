"""The scripted model server: Ollama's native protocol and OpenAI's, on one loopback port."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import Any

from tests.fakes.models.http import Exchange, LoopbackServer
from tests.fakes.models.script import Asked, Behaviour, Script
from tests.fakes.models.tokenizer import cut_to_window, pieces, prompt_tokens
from tests.fakes.models.wire import OllamaWire, OpenAiWire, ServedModel, Totals, Wire

CODER = ServedModel("deepseek-coder-v2:16b")
REASONER = ServedModel("deepseek-r1:14b", thinking=True, size="14B")


class ScriptedModels(LoopbackServer):
    """Models whose replies are written down.

    ::

        with ScriptedModels() as server:
            server.script.when(contains="def transfer", turn=1).reply("The balance may go below zero.")
            server.script.when(contains="def transfer", schema=True).reply({"findings": [...]})
            ...  # talk to server.url
            server.asked[0].prompt_tokens, server.asked[0].closed_by_client

    Without a rule every request is answered by NOTHING TO REPORT. `models` are the ones it has;
    `api_key` is asked for on every path if given, `streams` false makes it a gateway that never streams,
    `tls` serves HTTPS. `unavailable` (an HTTP status) refuses everything for as long as it is set.

    `asked` lists the chat requests in order of arrival, `paths` every request; `most_at_once` is how many
    of the former were being answered at the same time. `loaded` holds each
    model's allocated window and `loads` how often a changed one made it load again (Ollama's protocol).
    """

    def __init__(
        self,
        models: Iterable[ServedModel] = (CODER, REASONER),
        *,
        api_key: str | None = None,
        streams: bool = True,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(tls)
        self.script = Script()
        self.asked: list[Asked] = []
        self.paths: list[str] = []
        self.unavailable: int | None = None
        self.loaded: dict[str, int] = {}
        self.loads = 0
        self.most_at_once = 0
        self._at_once = 0
        self._models = {model.name: model for model in models}
        self._api_key = api_key
        self._streams = streams
        self.only_chats = False

    async def answer(self, exchange: Exchange) -> None:
        self.paths.append(f"{exchange.method} {exchange.path}")
        if self.unavailable:
            await exchange.respond(self.unavailable, {"error": "not now"})
        elif self.only_chats and "chat" not in exchange.path:
            await exchange.respond(404, {"error": "no such path"})
        elif self._api_key and exchange.headers.get("authorization") != f"Bearer {self._api_key}":
            await exchange.respond(401, {"error": {"message": "Invalid API Key"}})
        elif exchange.path == "/api/chat":
            await self._ollama_chat(exchange)
        elif exchange.path == "/v1/chat/completions":
            await self._openai_chat(exchange)
        else:
            await self._describe(exchange)

    async def _describe(self, exchange: Exchange) -> None:
        found = [
            {
                "name": model.name,
                "model": model.name,
                "details": {"parameter_size": model.size},
                **({"digest": model.digest} if model.digest else {}),
            }
            for model in self._models.values()
        ]
        running = [
            {"name": name, "model": name, "context_length": window} for name, window in self.loaded.items()
        ]
        served = [
            {
                "id": model.name,
                "object": "model",
                "max_model_len": model.context,
                **({"digest": model.digest} if model.digest else {}),
            }
            for model in self._models.values()
        ]
        answers: dict[str, Any] = {
            "/api/tags": {"models": found},
            "/api/ps": {"models": running},
            "/api/version": {"version": "0.99.0"},
            "/v1/models": {"object": "list", "data": served},
        }
        if exchange.path == "/api/show":
            await self._show(exchange)
        elif exchange.path in answers:
            await exchange.respond(200, answers[exchange.path])
        else:
            await exchange.respond(404, b"404 page not found", {"content-type": "text/plain"})

    async def _show(self, exchange: Exchange) -> None:
        name = exchange.json().get("model", "")
        model = self._models.get(name)
        if model is None:
            await exchange.respond(404, {"error": f"model '{name}' not found"})
            return
        await exchange.respond(
            200,
            {
                "details": {"family": "scripted", "parameter_size": model.size},
                "model_info": {"general.architecture": "scripted", "scripted.context_length": model.context},
                "capabilities": ["completion", *(["thinking"] if model.thinking else [])],
            },
        )

    async def _ollama_chat(self, exchange: Exchange) -> None:
        body = exchange.json()
        model = self._models.get(body["model"])
        if model is None:
            await exchange.respond(404, {"error": f"model '{body['model']}' not found"})
            return
        if body.get("think") and not model.thinking:
            await exchange.respond(400, {"error": f'"{model.name}" does not support thinking'})
            return
        options = body.get("options") or {}
        window = min(options.get("num_ctx", 4096), model.context)
        if self.loaded.get(model.name) != window:
            self.loaded[model.name] = window
            self.loads += 1
        seen = cut_to_window(body["messages"], window)
        if seen is not body["messages"] and model.refuses_overflow:
            await exchange.respond(400, {"error": "the input length exceeds the context length"})
            return
        schema = body.get("format") or None
        asked = self._record("ollama", exchange, seen, schema, options.get("num_predict", -1))
        wire = OllamaWire(exchange, model)
        await self._reply(wire, asked, stream=body.get("stream", True))

    async def _openai_chat(self, exchange: Exchange) -> None:
        body = exchange.json()
        model = self._models.get(body["model"])
        if model is None:
            await exchange.respond(
                404, {"error": {"message": f"The model `{body['model']}` does not exist."}}
            )
            return
        asked_tokens = prompt_tokens(body["messages"])
        if asked_tokens > model.context:
            error = {
                "code": 400,
                "type": "exceed_context_size_error",
                "message": f"request ({asked_tokens} tokens) exceeds the available context size",
                "n_prompt_tokens": asked_tokens,
                "n_ctx": model.context,
            }
            await exchange.respond(400, {"error": error})
            return
        schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema")
        asked = self._record("openai", exchange, body["messages"], schema, body.get("max_tokens", -1))
        wire = OpenAiWire(exchange, model)
        await self._reply(wire, asked, stream=body.get("stream", False) and self._streams)

    def _record(
        self,
        protocol: str,
        exchange: Exchange,
        seen: list[dict[str, str]],
        schema: dict[str, Any] | None,
        max_tokens: int,
    ) -> Asked:
        body = exchange.json()
        asked = Asked(
            protocol=protocol,
            model=body["model"],
            headers=exchange.headers,
            body=body,
            messages=seen,
            schema=schema,
            max_tokens=max_tokens if max_tokens > 0 else 1_000_000,
            prompt_tokens=prompt_tokens(seen),
        )
        self.asked.append(asked)
        self.changed()
        return asked

    async def _reply(self, wire: Wire, asked: Asked, *, stream: bool) -> None:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await self._write(wire, asked, stream=stream)
        finally:
            self._at_once -= 1

    async def _write(self, wire: Wire, asked: Asked, *, stream: bool) -> None:
        behaviour = self.script.behaviour(asked)
        asked.status = behaviour.status
        if behaviour.status != 200:
            headers = {"location": behaviour.location} if behaviour.location else {}
            await wire.exchange.respond(behaviour.status, wire.refusal(behaviour.text(asked)), headers)
            return
        tokens = _tokens(behaviour, asked, wire)
        finish = "length" if len(tokens) > asked.max_tokens else "stop"
        tokens = tokens[: asked.max_tokens]
        totals = Totals(finish, asked.prompt_tokens, len(tokens))
        if not stream:
            text, reasoning = ("".join(parts) for parts in zip(*tokens, strict=True)) if tokens else ("", "")
            await wire.exchange.respond(200, wire.document(text, reasoning, totals))
            return
        try:
            wire.exchange.start_stream(wire.content_type)
            if await self._stream(wire, tokens, behaviour):
                await wire.exchange.send(wire.end(totals))
                await wire.exchange.end()
                return
        except ConnectionError:
            wire.exchange.client_left.set()
        asked.closed_by_client = wire.exchange.client_left.is_set()

    async def _stream(self, wire: Wire, tokens: list[tuple[str, str]], behaviour: Behaviour) -> bool:
        """Send the tokens; False where the stream broke off, by script or by the client."""
        exchange = wire.exchange
        for number, (text, reasoning) in enumerate(tokens):
            if number == behaviour.stall_after:
                await exchange.client_left.wait()
            if exchange.client_left.is_set():
                return False
            if number == behaviour.cut_after:
                if behaviour.abort:
                    exchange.cut()
                else:
                    await exchange.end()
                return False
            await exchange.send(wire.piece(text, reasoning))
            if behaviour.raw or behaviour.error:
                await exchange.send(behaviour.raw or wire.error(behaviour.error))
                await exchange.end()
                return False
            if behaviour.delay_s:
                await exchange.pause(behaviour.delay_s)
        return True


def _tokens(behaviour: Behaviour, asked: Asked, wire: Wire) -> list[tuple[str, str]]:
    """Write a reply down as (text, reasoning) per token."""
    thoughts = pieces(behaviour.reasoning)
    if behaviour.endless:
        thoughts = thoughts * (asked.max_tokens // len(thoughts) + 1)
    words = pieces(behaviour.text(asked))
    if thoughts and not wire.separates_reasoning():
        return [(token, "") for token in [*thoughts, "\n</think>\n\n", *words]]
    return [("", token) for token in thoughts] + [(token, "") for token in words]
