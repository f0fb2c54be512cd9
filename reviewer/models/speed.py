"""How fast a model reads, writes and begins, with and without a cached beginning of the prompt."""

from __future__ import annotations

from dataclasses import dataclass

from reviewer.domain import Completion, Message
from reviewer.errors import ModelError
from reviewer.models.checks import tokens_per_second, try_schema
from reviewer.ports import Model, ModelRequest

_PROMPT_TOKENS = 1500
_REPLY_TOKENS = 96
_FUNCTION = "def rate_{0}(turnover, factor):\n    adjusted = turnover * factor + {0}\n    return adjusted\n\n"
_TASK = "\nCount from {0} to 200, one number a line, and write nothing else.\n"


@dataclass(frozen=True, slots=True)
class Speed:
    """What was measured of one model, in seconds and tokens per second; `error` where it could not be.

    `load_s` is a first short call, which loads the model where it was not loaded; `cold_s` and `cached_s`
    are times to the first token of a prompt of `prompt_tokens` that was new, and of one that shares all
    but its end with it. `cached_tokens` is how many of those the server says it had, 0 if it does not say.
    """

    model: str
    load_s: float = 0.0
    prompt_tokens: int = 0
    cold_s: float = 0.0
    cached_s: float = 0.0
    cached_tokens: int = 0
    reads_per_s: float = 0.0
    writes_per_s: float = 0.0
    structured: bool = False
    error: str = ""


async def measure(model: Model, nonce: str, timeout_s: float) -> Speed:
    """Make four calls; `nonce` begins the prompt, so that nothing of it can be cached from before."""
    try:
        loaded = await _call(model, "Say hello.", 8)
        prompt = _prompt(model, nonce)
        cold = await _call(model, prompt + _TASK.format(1), _REPLY_TOKENS)
        cached = await _call(model, prompt + _TASK.format(101), _REPLY_TOKENS)
        schema, *_ = await try_schema(model, timeout_s)
    except ModelError as err:
        return Speed(model.name, error=f"{err} ({err.remedy})" if err.remedy else str(err))
    begun = cold.first_token_s or cold.usage.seconds
    fresh = cold.usage.prompt_tokens - cold.usage.cached_tokens
    return Speed(
        model=model.name,
        load_s=loaded.usage.seconds,
        prompt_tokens=cold.usage.prompt_tokens,
        cold_s=begun,
        cached_s=cached.first_token_s or cached.usage.seconds,
        cached_tokens=cached.usage.cached_tokens,
        reads_per_s=fresh / begun if begun else 0.0,
        writes_per_s=tokens_per_second(cold),
        structured=schema.ok,
    )


def _prompt(model: Model, nonce: str) -> str:
    """Write code of about 1,500 tokens, or of half the window where that is less."""
    room = min(_PROMPT_TOKENS, model.context // 2)
    text = f"# {nonce}\n"
    number = 0
    while model.estimate(text) < room:
        number += 1
        text += _FUNCTION.format(number)
    return text


async def _call(model: Model, text: str, max_tokens: int) -> Completion:
    think = False if model.profile.thinking == "optional" else None
    return await model.complete(ModelRequest((Message("user", text),), max_tokens, think=think))
