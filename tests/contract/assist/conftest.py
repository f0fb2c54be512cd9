"""A repository, a scripted model server on loopback, and a shell with nothing else in its environment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.assist.lab import Desk, configuration
from tests.contract.gate.lab import Project
from tests.fakes.models import ScriptedModels
from tests.fakes.models.llama import gguf_file, serve_llama

WINDOW = 4096  # of the real model: what a fix and a test need


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Share what is compiled once: the patterns of the secret scanner."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def server() -> Iterator[ScriptedModels]:
    with ScriptedModels() as running:
        yield running


@pytest.fixture
def desk(
    tmp_path: Path,
    cache: Path,
    server: ScriptedModels,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> Desk:
    for name in list(os.environ):
        if name not in {"PATH", "LANG", "TMPDIR"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    config = tmp_path / "reviewer.toml"
    config.write_text(configuration(server.url), encoding="utf-8")
    return Desk(Project.create(tmp_path / "project"), server, monkeypatch, capsysbinary, config)


@pytest.fixture(scope="session")
def llama_url() -> Iterator[str]:
    try:
        gguf_file()
    except LookupError as err:
        pytest.skip(str(err))
    with serve_llama(window=WINDOW) as url:
        yield url
