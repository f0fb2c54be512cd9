"""Which of the installed models is taken where none is configured."""

from __future__ import annotations

import pytest

from reviewer.config import ModelSettings, RoleSettings, Settings
from reviewer.models.defaults import choose, default_models
from reviewer.models.installed import Installed, billions_in


@pytest.mark.parametrize(
    ("installed", "best"),
    [
        ([("llama3:70b", 70.0), ("deepseek-coder-v2:16b", 15.7)], "deepseek-coder-v2:16b"),
        ([("deepseek-r1:32b", 32.8), ("qwen2.5-coder:7b", 7.6)], "qwen2.5-coder:7b"),
        ([("qwen2.5-coder:7b", 7.6), ("qwen2.5-coder:32b", 32.8)], "qwen2.5-coder:32b"),
        ([("qwen2.5-coder:32b-base", 32.8), ("qwen2.5-coder:7b", 7.6)], "qwen2.5-coder:7b"),
        ([("deepseek-r1:14b", 14.8)], "deepseek-r1:14b"),
        ([("deepseek-coder-v2:latest", None)], "deepseek-coder-v2:latest"),
        ([("deepseek-r1:1.5b", 1.8), ("smollm2:135m", 0.1), ("llama3", 8.0)], None),
        ([], None),
    ],
)
def test_choose(installed: list[tuple[str, float | None]], best: str | None) -> None:
    assert choose(Installed(name, billions) for name, billions in installed) == best


@pytest.mark.parametrize(
    ("text", "billions"),
    [
        ("15.7B", 15.7),
        ("560M", 0.56),
        ("deepseek-r1:14b", 14.0),
        ("qwen2.5-coder:7b-q4", 7.0),
        ("x:latest", None),
    ],
)
def test_sizes_as_servers_write_them(text: str, billions: float | None) -> None:
    assert billions_in(text) == billions


async def test_what_is_configured_stays() -> None:
    for settings in (
        Settings(models={"coder": ModelSettings(backend="openai", model="m")}),
        Settings(roles=RoleSettings(review=())),
    ):
        assert await default_models(settings) is settings
