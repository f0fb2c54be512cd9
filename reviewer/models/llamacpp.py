"""A GGUF file served inside this process by llama.cpp, for those without any model server."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx

from reviewer.config import ModelSettings
from reviewer.domain import Check, Completion, Profile
from reviewer.errors import ModelUnavailable
from reviewer.models.checks import Windows, check_context, reachable, try_schema
from reviewer.models.openai import OpenAiModel
from reviewer.models.profiles import context_of, find
from reviewer.models.tokens import TokenMeter
from reviewer.ports import ModelRequest


class LlamaCppModel:
    """One GGUF file; its server starts on loopback with the first question and ends with `aclose`."""

    def __init__(
        self,
        name: str,
        settings: ModelSettings,
        *,
        public: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = name
        self.profile: Profile = find(Path(settings.model).name, settings.profile)
        self.context: int = context_of(settings, self.profile)
        self.digest = ""
        self._settings = settings
        self._transport = transport
        self._meter = TokenMeter(self.profile.chars_per_token)
        self._starting = asyncio.Lock()
        self._server: Any = None
        self._client: OpenAiModel | None = None

    async def complete(
        self, request: ModelRequest, on_text: Callable[[str], None] | None = None
    ) -> Completion:
        """Stream a reply to its end; see `ports.Model`."""
        return await (await self._started()).complete(request, on_text)

    def count(self, text: str) -> int:
        """Estimate the tokens of a text, on the safe side."""
        return self._meter.count(text)

    def estimate(self, text: str) -> int:
        """Estimate without the server's corrections: the same on every run."""
        return self._meter.estimate(text)

    async def reach(self) -> None:
        """Start the server; raises ModelUnavailable without the extra or the file."""
        await (await self._started()).reach()

    async def check(self) -> Sequence[Check]:
        """Look whether the file loads and how it answers; never raise."""
        answers = await reachable(self)
        if not all(answer.ok for answer in answers):
            return answers
        return (*answers, await check_context(self), *await try_schema(self, self._settings.timeout_s))

    async def windows(self) -> Windows:
        """Tell the context lengths of the server inside."""
        return await (await self._started()).windows()

    async def aclose(self) -> None:
        """Stop the server and free the model's memory."""
        async with self._starting:
            if self._client is not None:
                await self._client.aclose()
            self._client = self._server = None  # dropping the last reference stops its threads

    async def _started(self) -> OpenAiModel:
        async with self._starting:
            if self._client is None:
                key = secrets.token_urlsafe(32)  # others on this machine are not to use it
                self._server = await asyncio.to_thread(self._serve, key)
                self._client = self._connect(self._server.listening_address, key)
            return self._client

    def _connect(self, address: str, key: str) -> OpenAiModel:
        settings = self._settings.model_copy(
            update={
                "url": address,
                "model": Path(self._settings.model).name,
                "profile": self.profile.family,
                "context": self.context,
                "headers": {"Authorization": f"Bearer {key}"},
            }
        )
        return OpenAiModel(self.name, settings, transport=self._transport, meter=self._meter)

    def _serve(self, key: str) -> Any:
        try:
            import xllamacpp  # an optional extra, 100 MB
        except ImportError as err:
            raise ModelUnavailable(
                "the embedded llama.cpp is not installed",
                model=self.name,
                remedy="pip install 'reviewer[embedded]'",
            ) from err
        file = Path(self._settings.model)
        if not file.is_file():
            raise ModelUnavailable(
                f"there is no GGUF file {file}", model=self.name, remedy=f"correct models.{self.name}.model"
            )
        seen = file.stat()
        self.digest = f"size={seen.st_size},mtime={seen.st_mtime_ns}"
        try:
            return xllamacpp.Server(_parameters(xllamacpp.CommonParams(), self._settings, self.context, key))
        except RuntimeError as err:
            raise ModelUnavailable(f"llama.cpp cannot load {file}: {err}", model=self.name) from err


def _parameters(parameters: Any, settings: ModelSettings, context: int, key: str) -> Any:
    parameters.model.path = settings.model
    parameters.n_parallel = settings.parallel
    parameters.n_ctx = context * settings.parallel  # llama.cpp shares it out among its slots
    parameters.port = 0
    parameters.api_keys = [key]
    parameters.ui = False
    parameters.verbosity = -1
    return parameters
