"""The right profile is found from the names that servers and people use."""

from __future__ import annotations

import pytest

from reviewer.config import ModelSettings
from reviewer.errors import ConfigError
from reviewer.models.profiles import PROFILES, context_of, find


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("deepseek-coder:6.7b", "deepseek-coder"),
        ("deepseek-ai/deepseek-coder-33b-instruct", "deepseek-coder"),
        ("deepseek-coder-v2:16b", "deepseek-coder-v2"),
        ("deepseek-ai/DeepSeek-Coder-V2-Lite-Instruct", "deepseek-coder-v2"),
        ("deepseek-r1:14b", "deepseek-r1"),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", "deepseek-r1"),
        ("deepseek-r1:8b-0528-qwen3-q4_K_M", "deepseek-r1"),
        ("hf.co/bartowski/DeepSeek-R1-Distill-Llama-70B-GGUF:Q4_K_M", "deepseek-r1"),
        ("deepseek-v3:671b", "deepseek-v3"),
        ("deepseek-ai/DeepSeek-V3-0324", "deepseek-v3"),
        ("deepseek-v3.1:671b", "deepseek-v3.1"),
        ("deepseek-ai/DeepSeek-V3.2", "deepseek-v3.2"),
        ("deepseek-ai/DeepSeek-V4-Flash", "deepseek-v4"),
        ("deepseek_v4_pro", "deepseek-v4"),
        ("deepseek-ai/DeepSeek-V4.1-Flash", "deepseek-v4"),
        ("DeepSeek-R1-Distill-Qwen-14B-Q4_K_M.gguf", "deepseek-r1"),
        ("deepseek-r1-distill-llama-70b-awq", "deepseek-r1"),
        ("/models/deepseek-coder-6.7b-instruct.Q5_K_M.gguf", "deepseek-coder"),
        ("Qwen/Qwen3-Coder-Next", "qwen3-coder"),
        ("Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8", "qwen3-coder"),
        ("qwen2.5-coder:7b", "qwen2.5-coder"),
        ("Qwen/Qwen2.5-Coder-32B-Instruct", "qwen2.5-coder"),
        ("qwen3-coder:30b", "qwen3-coder"),
        ("Qwen/Qwen3-32B", "qwen3"),
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "smollm2"),
        ("our-own-model", "generic"),
    ],
)
def test_found_by_name(name: str, family: str) -> None:
    assert find(name).family == family


def test_the_configuration_may_name_it() -> None:
    assert find("our-own-model", "deepseek-r1").family == "deepseek-r1"


def test_an_unknown_profile_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(ConfigError) as caught:
        find("x", "deepseek-r9")
    assert "deepseek-r1" in caught.value.remedy


def test_r1_is_asked_as_its_model_card_says() -> None:
    profile = find("deepseek-r1:14b")
    assert profile.thinking == "always"
    assert not profile.system_prompt
    assert dict(profile.sampling) == {"temperature": 0.6, "top_p": 0.95}
    assert profile.reasoning_tokens > profile.reply_tokens


def test_every_profile_leaves_room_for_a_prompt_in_the_window_it_gets() -> None:
    for profile in PROFILES.values():
        window = context_of(ModelSettings(backend="ollama", model=profile.family), profile)
        assert profile.reply_tokens + profile.reasoning_tokens <= window * 0.6
        assert profile.thinking in {"always", "optional", "never"}
        assert profile.strategy in {"two-turn", "constrained", "free"}


def test_nobody_gets_a_million_tokens_unasked() -> None:
    v4 = find("deepseek-v4-pro")
    assert context_of(ModelSettings(backend="ollama", model="deepseek-v4-pro"), v4) == 16_384
    assert (
        context_of(ModelSettings(backend="ollama", model="deepseek-v4-pro", context=200_000), v4) == 200_000
    )
