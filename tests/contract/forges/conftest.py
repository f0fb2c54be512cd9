"""A GitLab on loopback, and the adapter that talks to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reviewer.config import ForgeSettings
from reviewer.forges.gitlab import GitLabForge
from reviewer.repo.mirror import Mirror
from tests.fakes.forge.gitlab import FakeGitLab


@pytest.fixture
def gitlab(tmp_path: Path) -> Iterator[FakeGitLab]:
    with FakeGitLab(tmp_path) as forge:
        yield forge


@pytest.fixture
def adapter(gitlab: FakeGitLab, tmp_path: Path) -> Iterator[GitLabForge]:
    forge = connect(gitlab, tmp_path)
    yield forge
    forge.close()


def connect(
    gitlab: FakeGitLab,
    folder: Path,
    *,
    wait: Callable[[float], None] = lambda _seconds: None,
    **settings: object,
) -> GitLabForge:
    """Open the adapter; its pauses take no time."""
    token = folder / "token"
    token.write_text(gitlab.token)
    configured = ForgeSettings.model_validate(
        {"id": "lab", "kind": "gitlab", "url": gitlab.url, "token_file": token} | settings
    )
    return GitLabForge(configured, Mirror(folder / "var"), wait=wait)
