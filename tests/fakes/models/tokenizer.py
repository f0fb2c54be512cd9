"""A tokenizer for the scripted models: simple, deterministic, and not the estimate under test."""

from __future__ import annotations

import re
from collections.abc import Sequence

_PIECE = re.compile(r"\s*(?:[A-Za-z]{1,6}|\d{1,3}|[^\sA-Za-z\d])|\s+")
_TEMPLATE = 4  # tokens around one message

Messages = list[dict[str, str]]


def count_tokens(text: str) -> int:
    """Count the tokens of a text."""
    return sum(1 for _ in _PIECE.finditer(text))


def prompt_tokens(messages: Sequence[dict[str, str]]) -> int:
    """Count the tokens of a prompt, the chat template's included."""
    return sum(count_tokens(message["content"]) + _TEMPLATE for message in messages)


def pieces(text: str) -> list[str]:
    """Cut a text into its tokens."""
    return _PIECE.findall(text)


def cut_to_window(messages: Messages, window: int) -> Messages:
    """Return what Ollama lets a model see of a prompt that is too long, without saying so.

    The oldest messages go first, the system prompt and the last message stay; if that is not enough,
    only the tail of it all stays, about half a window long, and the system prompt is lost.
    """
    if prompt_tokens(messages) <= window:
        return messages
    system = [message for message in messages if message["role"] == "system"]
    others = [message for message in messages if message["role"] != "system"]
    while len(others) > 1 and prompt_tokens([*system, *others]) > window:
        others.pop(0)
    if prompt_tokens([*system, *others]) <= window:
        return [*system, *others]
    tail = pieces("\n".join(message["content"] for message in [*system, *others]))[-(window // 2) :]
    return [{"role": "user", "content": "".join(tail)}]
