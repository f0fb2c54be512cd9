"""Any server with an OpenAI-compatible chat API: vLLM, SGLang, llama.cpp, a company's gateway."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace
from typing import Any

import httpx
from pydantic import BaseModel

from reviewer.config import ModelSettings
from reviewer.domain import Check, Completion, Profile
from reviewer.errors import ModelError, ModelOverflow, ModelUnavailable
from reviewer.models.checks import Windows, check_context, reachable, try_schema
from reviewer.models.connection import IN_STREAM, client_options, is_overflow, refusal, strange, translated
from reviewer.models.profiles import context_of, find
from reviewer.models.sse import read_events
from reviewer.models.streaming import Chunk, Limits, gather
from reviewer.models.tokens import TokenMeter
from reviewer.ports import ModelRequest

_ASK_S = 10.0
_END = Chunk(finish="stop")  # counts only where no finish reason came before
_BROKEN = frozenset({"abort", "error"})  # vLLM and SGLang when a request dies inside the server
_SAMPLING = ("temperature", "top_p")  # the only ones every gateway takes


class _Text(BaseModel):
    """A message or a piece of one; vLLM says `reasoning`, the others `reasoning_content`."""

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None


class _Choice(BaseModel):
    delta: _Text | None = None
    message: _Text | None = None
    finish_reason: str | None = None


class _PromptDetails(BaseModel):
    cached_tokens: int | None = None


class _Usage(BaseModel):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None


class _Event(BaseModel):
    choices: list[_Choice] = []
    usage: _Usage | None = None
    error: Any = None


class _Meta(BaseModel):
    n_ctx: int | None = None
    n_ctx_train: int | None = None
    n_params: int | None = None
    size: int | None = None


class _Served(BaseModel):
    """An entry of `/v1/models`; vLLM and SGLang tell `max_model_len`, llama.cpp `meta.n_ctx`."""

    id: str
    owned_by: str | None = None
    max_model_len: int | None = None
    meta: _Meta | None = None
    root: str | None = None
    digest: str | None = None

    @property
    def window(self) -> int | None:
        """Return the context length, where it is told."""
        return self.max_model_len or (self.meta.n_ctx if self.meta else None)

    @property
    def identity(self) -> str:
        """Return what tells these weights from others under the same name, as far as it is told.

        A gateway may pass a `digest` on; vLLM tells the `root` it loaded, llama.cpp the weights' size.
        `created` is the time of the request in both, and no part of it.
        """
        if self.digest:
            return self.digest
        if self.meta and self.meta.size:
            return f"size={self.meta.size},params={self.meta.n_params}"
        return f"root={self.root}" if self.root else ""


class _ServedList(BaseModel):
    data: list[_Served] = []


class OpenAiModel:
    """One model behind an OpenAI-compatible endpoint.

    `url` with a path is the API's base as the server's documentation gives it; without one it is
    `/v1`. `meter` shares the calibration of another adapter.
    """

    def __init__(
        self,
        name: str,
        settings: ModelSettings,
        *,
        public: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
        meter: TokenMeter | None = None,
    ) -> None:
        self.name = name
        self.profile: Profile = find(settings.model, settings.profile)
        self.context: int = context_of(settings, self.profile)
        self.digest = ""
        self._settings = settings
        self._meter = meter or TokenMeter(self.profile.chars_per_token)
        options = client_options(name, settings, public=public, transport=transport)
        self._client = httpx.AsyncClient(base_url=_base_url(settings.url), **options)

    async def complete(
        self, request: ModelRequest, on_text: Callable[[str], None] | None = None
    ) -> Completion:
        """Stream a reply to its end; see `ports.Model`."""
        max_tokens = self._meter.reply_tokens(request, self.context, self.name)
        raw = self._meter.raw(request.messages)
        limits = Limits(self._settings.timeout_s, self._settings.stall_s, max_tokens)
        chunks = self._chunks(self._body(request, max_tokens))
        completion = await gather(chunks, model=self.name, limits=limits, on_text=on_text)
        usage = completion.usage
        if usage.prompt_tokens:
            self._meter.learn(raw, usage.prompt_tokens)
            return completion
        written = self.count(completion.reasoning) + self.count(completion.text)
        return replace(completion, usage=replace(usage, prompt_tokens=round(raw), completion_tokens=written))

    def count(self, text: str) -> int:
        """Estimate the tokens of a text, on the safe side."""
        return self._meter.count(text)

    def estimate(self, text: str) -> int:
        """Estimate without the server's corrections: the same on every run."""
        return self._meter.estimate(text)

    async def reach(self) -> None:
        """Ask for the list of models; raises ModelUnavailable where the endpoint cannot serve now."""
        model = self._mine(await self._served())
        if model is not None:
            self.context = min(self.context, model.window or self.context)
            self.digest = model.identity

    async def check(self) -> Sequence[Check]:
        """Look whether the endpoint answers and serves the model; never raise."""
        answers = await reachable(self)
        if not all(answer.ok for answer in answers):
            return answers
        schema = await try_schema(self, self._settings.timeout_s)
        return (answers[0], await self._check_listed(), await check_context(self), *schema)

    async def windows(self) -> Windows:
        """Tell the context lengths; llama.cpp also tells what the weights were trained for."""
        model = self._mine(await self._served())
        trained = model.meta.n_ctx_train if model and model.meta else None
        asked = context_of(self._settings, self.profile)
        return Windows(asked, trained, model.window if model else None)

    async def aclose(self) -> None:
        """Close connections."""
        await self._client.aclose()

    def _body(self, request: ModelRequest, max_tokens: int) -> dict[str, Any]:
        sampling = self.profile.sampling
        body: dict[str, Any] = {
            "model": self._settings.model,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            "max_tokens": max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
            **{key: sampling[key] for key in _SAMPLING if key in sampling},
        }
        if request.seed is not None:
            body["seed"] = request.seed
        if request.schema is not None:
            schema = {"name": "reply", "strict": True, "schema": request.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        if request.think is not None and self.profile.thinking == "optional":
            # DeepSeek's chat template calls the switch one way, Qwen's the other.
            body["chat_template_kwargs"] = {"thinking": request.think, "enable_thinking": request.think}
        return body

    async def _chunks(self, body: dict[str, Any]) -> AsyncGenerator[Chunk, None]:
        with self._translated():
            async with self._client.stream("POST", "chat/completions", json=body) as response:
                if response.status_code != 200:
                    await response.aread()
                    raise self._refused(response)
                if response.headers.get("content-type", "").startswith("application/json"):
                    # A gateway that does not stream.
                    yield self._chunk((await response.aread()).decode("utf-8", "replace"))
                    return
                async with aclosing(read_events(response.aiter_bytes())) as events:
                    async for event in events:
                        yield _END if event == "[DONE]" else self._chunk(event)

    def _chunk(self, payload: str) -> Chunk:
        event = _Event.model_validate_json(payload)
        if event.error:
            raise self._error(IN_STREAM, str(event.error))
        choice = event.choices[0] if event.choices else _Choice()
        if choice.finish_reason in _BROKEN:
            raise ModelUnavailable(f"{self.name} gave up in the middle of its reply", model=self.name)
        text = choice.delta or choice.message or _Text()
        usage = event.usage or _Usage()
        cached = usage.prompt_tokens_details and usage.prompt_tokens_details.cached_tokens
        return Chunk(
            text=text.content or "",
            reasoning=text.reasoning_content or text.reasoning or "",
            finish=choice.finish_reason and ("length" if choice.finish_reason == "length" else "stop"),
            prompt_tokens=usage.prompt_tokens or 0,
            completion_tokens=usage.completion_tokens or 0,
            cached_tokens=cached or 0,
        )

    async def _served(self) -> list[_Served]:
        """Ask which models there are; empty where a gateway keeps that to itself (404, 405)."""
        try:
            with self._translated():
                async with asyncio.timeout(_ASK_S):
                    response = await self._client.get("models")
                    if response.status_code in {404, 405}:
                        return []
                    if response.status_code != 200:
                        raise self._refused(response)
                    return _ServedList.model_validate_json(response.content).data
        except TimeoutError as err:
            raise ModelUnavailable(
                f"{self.name} did not answer within {_ASK_S:g} s", model=self.name
            ) from err

    def _mine(self, served: Sequence[_Served]) -> _Served | None:
        """Find the model in the list; a server of one model takes it under any name."""
        named = (model for model in served if model.id == self._settings.model)
        return next(named, served[0] if len(served) == 1 else None)

    async def _check_listed(self) -> Check:
        title = f"model {self.name}: present"
        try:
            served = await self._served()
        except ModelError as err:
            return Check(title, ok=False, detail=str(err), remedy=err.remedy)
        names = [model.id for model in served]
        if not names:
            return Check(title, ok=True, detail="the endpoint lists no models")
        # llama.cpp serves its one model under any name.
        if self._settings.model in names or served[0].owned_by == "llamacpp":
            return Check(title, ok=True, detail=self._settings.model)
        remedy = f"set models.{self.name}.model to one of {', '.join(names[:8])}"
        return Check(title, ok=False, detail=f"{self._settings.model} is not listed", remedy=remedy)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn the exceptions of httpx, and of reading what is no such API's answer, into ours."""
        try:
            with translated(self.name, self._settings.url):
                yield
        except ValueError as err:  # pydantic's ValidationError is one
            raise strange(self.name, self._settings.url, "an OpenAI-compatible server", err) from err

    def _refused(self, response: httpx.Response) -> ModelError:
        return self._error(response.status_code, response.text)

    def _error(self, status: int, said: str) -> ModelError:
        if not is_overflow(status, said):
            missing = f"see what is served: GET {self._client.base_url}models"
            return refusal(status, said, self.name, missing=missing)
        # llama.cpp tells both numbers (400 exceed_context_size_error).
        asked, window = (_number(said, key) for key in ("n_prompt_tokens", "n_ctx"))
        self.context = min(self.context, window or self.context)
        return ModelOverflow(
            f"the prompt does not fit into {self.name}: {said[:300]}",
            model=self.name,
            prompt_tokens=asked,
            context=self.context,
        )


def _number(text: str, key: str) -> int:
    found = re.search(rf"""["']{key}["']:\s*(\d+)""", text)
    return int(found[1]) if found else 0


def _base_url(address: str) -> str:
    url = httpx.URL(address)
    return address if url.path.strip("/") else str(url.copy_with(path="/v1"))
