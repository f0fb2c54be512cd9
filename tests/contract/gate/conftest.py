"""A CI job with nothing in its environment but what a test sets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.contract.gate.lab import History, Job


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Share what is compiled once: the patterns of the secret scanner."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def job(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Job:
    for name in list(os.environ):
        if name not in {"PATH", "LANG", "TMPDIR", "REVIEWER_CACHE__REPLIES"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    return Job(monkeypatch, capsys)


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History.create(tmp_path / "project")
