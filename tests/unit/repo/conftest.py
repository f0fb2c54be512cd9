"""A repository made of texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from reviewer.demo.repository import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.create(tmp_path / "repository.git")
