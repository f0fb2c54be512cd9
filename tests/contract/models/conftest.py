"""A scripted server, adapters that are closed again, and the real llama.cpp, started once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from reviewer.config import ModelSettings
from reviewer.models.checks import Reachable
from reviewer.models.gateway import open_model
from tests.fakes.models import CODER, ScriptedModels
from tests.fakes.models.llama import gguf_file, serve_llama

Connect = Callable[..., Reachable]

SCRIPTED = ("ollama", "openai")


@pytest.fixture
def server() -> Iterator[ScriptedModels]:
    with ScriptedModels() as running:
        yield running


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Make an adapter by its backend's name; what is not told is as a user would leave it."""
    opened: list[Reachable] = []

    def make(backend: str, url: str, *, public: bool = False, **settings: Any) -> Reachable:
        keys = {"backend": backend, "url": url, "model": CODER.name, "timeout_s": 120, "stall_s": 60}
        model = open_model("coder", ModelSettings.model_validate({**keys, **settings}), public=public)
        opened.append(model)
        return model

    yield make
    for model in opened:
        await model.aclose()


@pytest.fixture(scope="session")
def llama_url() -> Iterator[str]:
    try:
        gguf_file()
    except LookupError as err:
        pytest.skip(str(err))
    with serve_llama() as url:
        yield url
