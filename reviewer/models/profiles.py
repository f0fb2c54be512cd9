"""What is known of model families, as data; how big their members are stands in `sizes`.

Add a family: one entry in `PROFILES` and, if its name is not part of the model names, one in `_PATTERNS`.

Sources: sampling, thinking and whether a system prompt does harm are what the vendors' model cards
recommend, except for DeepSeek Coder and Coder V2, whose cards give none: 0.2 and 0.3 are ours. Contexts
and FIM tokens are those of the published configurations and tokenizers, licences those of the
repositories. Reply strategies and the tokens set aside for replies and reasoning are ours to tune
(`reviewer eval` compares strategies); no family but SmolLM2 has been run here.
"""

from __future__ import annotations

import re
from types import MappingProxyType

from reviewer.config import ModelSettings
from reviewer.domain import Profile
from reviewer.errors import ConfigError

_UNASKED_CONTEXT = 16_384
_DEEPSEEK_FIM = ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>")
_QWEN_FIM = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")


def _profile(
    family: str,
    context: int,
    sampling: dict[str, float],
    licence: str,
    *,
    thinking: str = "never",
    system_prompt: bool = True,
    strategy: str = "two-turn",
    reply_tokens: int = 2048,
    reasoning_tokens: int = 0,
    chars_per_token: float = 3.0,
    fim: tuple[str, str, str] | None = None,
) -> Profile:
    return Profile(
        family=family,
        thinking=thinking,
        system_prompt=system_prompt,
        strategy=strategy,
        context=context,
        reply_tokens=reply_tokens,
        reasoning_tokens=reasoning_tokens,
        sampling=MappingProxyType(sampling),
        chars_per_token=chars_per_token,
        licence=licence,
        fim=fim,
    )


_ALL = (
    _profile(
        "deepseek-coder", 16_384, {"temperature": 0.2, "top_p": 0.95}, "DeepSeek licence", fim=_DEEPSEEK_FIM
    ),
    _profile(
        "deepseek-coder-v2",
        131_072,
        {"temperature": 0.3, "top_p": 0.95},
        "DeepSeek licence",
        fim=_DEEPSEEK_FIM,
    ),
    # R1 and its distillations loop at low temperatures and are weakened by a system prompt (model card).
    _profile(
        "deepseek-r1",
        131_072,
        {"temperature": 0.6, "top_p": 0.95},
        "MIT (distillations: that of Qwen or Llama beside it)",
        thinking="always",
        system_prompt=False,
        reasoning_tokens=6144,
    ),
    # 0.3 is what DeepSeek's own API makes of a requested 1.0 (model card of V3-0324).
    _profile(
        "deepseek-v3",
        131_072,
        {"temperature": 0.3, "top_p": 0.95},
        "MIT (before 0324: DeepSeek licence)",
    ),
    _profile(
        "deepseek-v3.1",
        131_072,
        {"temperature": 0.6, "top_p": 0.95},
        "MIT",
        thinking="optional",
        reasoning_tokens=4096,
    ),
    _profile(
        "deepseek-v3.2",
        131_072,
        {"temperature": 1.0, "top_p": 0.95},
        "MIT",
        thinking="optional",
        reasoning_tokens=4096,
    ),
    _profile(
        "deepseek-v4",
        1_048_576,
        {"temperature": 1.0, "top_p": 1.0},
        "MIT",
        thinking="optional",
        reasoning_tokens=4096,
    ),
    _profile(
        "qwen2.5-coder",
        32_768,
        {"temperature": 0.7, "top_p": 0.8, "top_k": 20},
        "Apache-2.0 (3b: Qwen research licence)",
        fim=_QWEN_FIM,
    ),
    _profile(
        "qwen3-coder", 262_144, {"temperature": 0.7, "top_p": 0.8, "top_k": 20}, "Apache-2.0", fim=_QWEN_FIM
    ),
    _profile(
        "qwen3",
        40_960,
        {"temperature": 0.6, "top_p": 0.95, "top_k": 20},
        "Apache-2.0",
        thinking="optional",
        reasoning_tokens=4096,
    ),
    # 135 million parameters: proves the plumbing of tests and demo, never quality.
    _profile(
        "smollm2",
        8192,
        {"temperature": 0.2, "top_p": 0.9},
        "Apache-2.0",
        strategy="constrained",
        reply_tokens=512,
        chars_per_token=2.8,
    ),
    _profile("generic", 32_768, {"temperature": 0.2, "top_p": 0.95}, "unknown"),
)

PROFILES = MappingProxyType({profile.family: profile for profile in _ALL})

# The first match wins: a distillation is called R1 *and* Qwen or Llama, and thinks like R1.
_PATTERNS = tuple(
    (re.compile(pattern), family)
    for pattern, family in (
        (r"deepseek-?r1|deepseek-reasoner", "deepseek-r1"),
        (r"deepseek-?coder-?v2|deepseek-?v2", "deepseek-coder-v2"),
        (r"deepseek-?coder", "deepseek-coder"),
        (r"deepseek-?v3\.[2-9]", "deepseek-v3.2"),
        (r"deepseek-?v3\.1", "deepseek-v3.1"),
        (r"deepseek-?v3|deepseek-chat", "deepseek-v3"),
        (r"deepseek-?v4", "deepseek-v4"),
        (r"qwen-?3-?coder", "qwen3-coder"),
        (r"qwen-?2\.5-?coder", "qwen2.5-coder"),
        (r"qwen-?3", "qwen3"),
        (r"smollm-?2", "smollm2"),
    )
)


def find(model_name: str, override: str | None = None) -> Profile:
    """Return the profile of a model by its name: an Ollama tag, a Hugging Face id or a GGUF file.

    `override` names the family instead. Raises ConfigError if there is no such family.
    """
    if override is None:
        return PROFILES[family_of(model_name) or "generic"]
    if override not in PROFILES:
        raise ConfigError(
            f"there is no profile {override!r}", key="profile", remedy=f"one of {', '.join(sorted(PROFILES))}"
        )
    return PROFILES[override]


def context_of(settings: ModelSettings, profile: Profile) -> int:
    """Return the window in tokens: as configured, else what the family has, at most 16384.

    Memory for a window grows with it; nobody gets a million tokens allocated without asking for them.
    """
    return settings.context or min(profile.context, _UNASKED_CONTEXT)


def family_of(model_name: str) -> str | None:
    """Return the family a model's name speaks of, None if it names none that we know."""
    name = re.sub(r"[_\s]+", "-", model_name.lower())
    return next((family for pattern, family in _PATTERNS if pattern.search(name)), None)
