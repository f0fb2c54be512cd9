"""Ollama by its native API; its OpenAI-compatible one cannot set the context length."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace
from typing import Any, TypeVar, cast

import httpx
import ollama

from reviewer.config import ModelSettings
from reviewer.domain import Check, Completion, Profile
from reviewer.errors import ModelOverflow, ModelUnavailable
from reviewer.models.checks import Windows, check_context, reachable, try_schema
from reviewer.models.connection import client_options, is_overflow, refusal, strange, translated, unreachable
from reviewer.models.installed import Installed, billions_in
from reviewer.models.profiles import context_of, find
from reviewer.models.streaming import Chunk, Limits, gather
from reviewer.models.tokens import TokenMeter
from reviewer.ports import ModelRequest

Answer = TypeVar("Answer")

_ASK_S = 10.0  # for questions about the model, which cost the server nothing
# What the client lets through when a server does not speak the protocol: broken JSON (ValueError),
# JSON that is no object (AttributeError), fields of the wrong type (ValidationError, a ValueError).
_NOT_OLLAMA = (ValueError, TypeError, AttributeError)

_NO_SUCH_PATH = (404, 405, 501)  # a gateway that chats as Ollama does, and no more


class OllamaModel:
    """One model of an Ollama server.

    Facts of the server (docs/api.md of Ollama, and measured): a prompt longer than `num_ctx` is cut
    silently, oldest messages first, so the length is counted before and `prompt_eval_count` checked
    after; a changed `num_ctx` reloads the model, so it is constant; a stream without `done` was cut.
    """

    def __init__(
        self,
        name: str,
        settings: ModelSettings,
        *,
        public: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = name
        self.profile: Profile = find(settings.model, settings.profile)
        self.context: int = context_of(settings, self.profile)
        self.digest = ""
        self._settings = settings
        self._meter = TokenMeter(self.profile.chars_per_token)
        options = client_options(name, settings, public=public, transport=transport)
        self._client = ollama.AsyncClient(host=settings.url, **options)
        self._shown: ollama.ShowResponse | None = None

    async def complete(
        self, request: ModelRequest, on_text: Callable[[str], None] | None = None
    ) -> Completion:
        """Stream a reply to its end; see `ports.Model`."""
        shown = await self._show()
        max_tokens = self._meter.reply_tokens(request, self.context, self.name)
        raw = self._meter.raw(request.messages)
        limits = Limits(self._settings.timeout_s, self._settings.stall_s, max_tokens)
        body = self._body(request, max_tokens, shown.capabilities or ())
        completion = await gather(self._chunks(body), model=self.name, limits=limits, on_text=on_text)
        counted = completion.usage.prompt_tokens
        if self._meter.was_cut(raw, counted, self.context):
            raise ModelOverflow(
                f"{self.name} read only {counted} of about {raw:.0f} tokens of the prompt",
                model=self.name,
                prompt_tokens=round(raw),
                context=self.context,
            )
        if counted:
            self._meter.learn(raw, counted)
            return completion
        usage = replace(completion.usage, prompt_tokens=round(raw))
        return replace(completion, usage=usage)

    def count(self, text: str) -> int:
        """Estimate the tokens of a text, on the safe side."""
        return self._meter.count(text)

    def estimate(self, text: str) -> int:
        """Estimate without the server's corrections: the same on every run."""
        return self._meter.estimate(text)

    async def reach(self) -> None:
        """Ask for the model; raises ModelUnavailable where it cannot serve now."""
        await self._learn()

    async def check(self) -> Sequence[Check]:
        """Look whether the server answers, has the model, and how it serves it; never raise."""
        answers = await reachable(self)
        if not all(answer.ok for answer in answers):
            return answers
        schema = await try_schema(self, self._settings.timeout_s)  # loads the model, which allocates
        return (*answers, await check_context(self), *schema)

    async def windows(self) -> Windows:
        """Tell the context lengths; what is allocated is known only while the model is loaded."""
        trained = _trained_context(await self._show())
        running = await _ask(self._client.ps(), self.name, self._settings)
        tag = _tag(self._settings.model)
        allocated = next((model.context_length for model in running.models if model.model == tag), None)
        return Windows(context_of(self._settings, self.profile), trained, allocated)

    async def aclose(self) -> None:
        """Close connections."""
        await self._client.close()  # type: ignore[no-untyped-call]  # the client's own gap

    def _body(self, request: ModelRequest, max_tokens: int, capabilities: Sequence[str]) -> dict[str, Any]:
        options: dict[str, Any] = {
            **self.profile.sampling,
            "num_ctx": self.context,
            "num_predict": max_tokens,
            # Ollama penalises repetition by default (1.1), and a review must repeat code to quote it.
            "repeat_penalty": 1.0,
        }
        if request.seed is not None:
            options["seed"] = request.seed
        think = True if self.profile.thinking == "always" else request.think
        if self.profile.thinking == "never" or "thinking" not in capabilities:
            think = None  # asking a model that cannot is an error 400
        return {
            "model": self._settings.model,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            "format": request.schema,
            "think": think,
            "options": options,
        }

    async def _chunks(self, body: dict[str, Any]) -> AsyncGenerator[Chunk, None]:
        with _translated(self.name, self._settings):
            parts = cast(
                "AsyncGenerator[ollama.ChatResponse, None]", await self._client.chat(**body, stream=True)
            )
            async with aclosing(parts):
                async for part in parts:
                    yield _chunk(part)

    async def _show(self) -> ollama.ShowResponse:
        return await self._learn() if self._shown is None else self._shown

    async def _learn(self) -> ollama.ShowResponse:
        """Ask anew; what was known before holds until all of the answer is there, for others ask too."""
        shown = await _ask(self._describe(), self.name, self._settings)
        self.digest = await _ask(self._identify(), self.name, self._settings)
        self.context = min(self.context, _trained_context(shown) or self.context)
        self._shown = shown
        return shown

    async def _describe(self) -> ollama.ShowResponse:
        """Ask what the model is; nothing is known of it where a gateway has no such path.

        Ollama itself answers a missing model with 404 too, but says which one.
        """
        try:
            return await self._client.show(self._settings.model)
        except ollama.ResponseError as err:
            if err.status_code in _NO_SUCH_PATH and "model" not in str(err.error).lower():
                return ollama.ShowResponse.model_validate({"model_info": {}})
            raise

    async def _identify(self) -> str:
        """Ask which weights stand behind the model's name; empty where a gateway has no list of them."""
        try:
            listed = await self._client.list()
        except (ollama.ResponseError, *_NOT_OLLAMA):
            return ""
        tag = _tag(self._settings.model)
        return next((model.digest or "" for model in listed.models if model.model == tag), "")


def _chunk(part: ollama.ChatResponse) -> Chunk:
    finish = None
    if part.done:
        finish = "length" if part.done_reason == "length" else "stop"
    return Chunk(
        text=_encodable(part.message.content),
        reasoning=_encodable(part.message.thinking),
        finish=finish,
        prompt_tokens=part.prompt_eval_count or 0,
        completion_tokens=part.eval_count or 0,
    )


def _encodable(text: str | None) -> str:
    """Replace lone surrogates, which JSON can carry and no output or database takes."""
    return (text or "").encode("utf-8", "replace").decode()


def _tag(model: str) -> str:
    return model if ":" in model.rpartition("/")[2] else f"{model}:latest"


def _trained_context(shown: ollama.ShowResponse) -> int | None:
    """Read `<architecture>.context_length` out of the model's own metadata."""
    lengths = (value for key, value in (shown.modelinfo or {}).items() if key.endswith(".context_length"))
    return next((value for value in lengths if isinstance(value, int) and value > 0), None)


async def list_installed(url: str, transport: httpx.AsyncBaseTransport | None = None) -> list[Installed]:
    """Return the models that an Ollama on this machine has. Raises ModelError where none answers."""
    settings = ModelSettings(backend="ollama", url=url, model="")
    options = client_options("ollama", settings, public=False, transport=transport)
    async with ollama.AsyncClient(host=url, **options) as client:
        listed = await _ask(client.list(), "ollama", settings)
    return [
        Installed(model.model, billions_in((model.details and model.details.parameter_size) or model.model))
        for model in listed.models
        if model.model
    ]


async def _ask(question: Awaitable[Answer], name: str, settings: ModelSettings) -> Answer:
    try:
        with _translated(name, settings):
            async with asyncio.timeout(_ASK_S):
                return await question
    except TimeoutError as err:
        raise ModelUnavailable(f"{name} did not answer within {_ASK_S:g} s", model=name) from err


@contextmanager
def _translated(name: str, settings: ModelSettings) -> Iterator[None]:
    """Turn the exceptions of httpx and of the client into ours."""
    try:
        with translated(name, settings.url):
            yield
    except ollama.ResponseError as err:
        said = str(err.error)
        if is_overflow(err.status_code, said):
            raise ModelOverflow(
                f"the prompt does not fit into {name}: {said}",
                model=name,
                prompt_tokens=0,
                context=settings.context or 0,
            ) from err
        raise refusal(err.status_code, said, name, missing=f"ollama pull {settings.model}") from err
    except ConnectionError as err:  # what the client makes of httpx.ConnectError, whose word it hides
        raise unreachable(name, settings.url, str(err.__context__ or err)) from err
    except _NOT_OLLAMA as err:
        raise strange(name, settings.url, "Ollama", err) from err
