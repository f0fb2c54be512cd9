"""Both protocols of the scripted server: how requests are read and replies written on the wire."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from tests.fakes.models.http import Exchange


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that the server has.

    `context` is what it was trained for, `refuses_overflow` makes it answer 400 to a prompt beyond its
    window in Ollama's protocol as the deepseek2 family does, instead of cutting it. `reasoning` says how
    it delivers its thoughts: in a field (thinking), or inline in the text, closed by a lone `</think>`.
    """

    name: str
    context: int = 131_072
    thinking: bool = False
    refuses_overflow: bool = False
    reasoning_field: str = "reasoning_content"  # OpenAI protocol; "" for inline
    size: str = "16B"
    counts_prompt: bool = True
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """How a reply ended."""

    finish: str
    prompt_tokens: int
    completion_tokens: int


class Wire(ABC):
    """Writes one reply; `stream` false gathers it into one document."""

    content_type = ""

    def __init__(self, exchange: Exchange, model: ServedModel) -> None:
        self.exchange = exchange
        self.model = model

    @abstractmethod
    def separates_reasoning(self) -> bool:
        """Say whether thoughts come in a field of their own."""

    @abstractmethod
    def piece(self, text: str, reasoning: str) -> bytes:
        """Write a piece of a reply."""

    @abstractmethod
    def end(self, totals: Totals) -> bytes:
        """Write what marks a complete reply."""

    @abstractmethod
    def error(self, message: str) -> bytes:
        """Write an error that comes in the middle of a stream."""

    @abstractmethod
    def document(self, text: str, reasoning: str, totals: Totals) -> dict[str, Any]:
        """Write a whole reply at once."""

    @abstractmethod
    def refusal(self, message: str) -> dict[str, Any]:
        """Write the body of an answer that is no reply."""


class OllamaWire(Wire):
    """Newline-delimited JSON, as `POST /api/chat` streams it."""

    content_type = "application/x-ndjson"

    def separates_reasoning(self) -> bool:
        return self.model.thinking and bool(self.exchange.json().get("think", True))

    def piece(self, text: str, reasoning: str) -> bytes:
        return _line(self._part({"content": text, **({"thinking": reasoning} if reasoning else {})}))

    def end(self, totals: Totals) -> bytes:
        return _line(self.document("", "", totals))

    def error(self, message: str) -> bytes:
        return _line({"error": message})

    def document(self, text: str, reasoning: str, totals: Totals) -> dict[str, Any]:
        counts: dict[str, Any] = {"eval_count": totals.completion_tokens}
        if self.model.counts_prompt:
            counts["prompt_eval_count"] = totals.prompt_tokens
        part = self._part({"content": text, **({"thinking": reasoning} if reasoning else {})})
        return {**part, "done": True, "done_reason": totals.finish, **counts}

    def refusal(self, message: str) -> dict[str, Any]:
        return {"error": message}

    def _part(self, message: dict[str, str]) -> dict[str, Any]:
        created = "2026-11-01T00:00:00Z"
        message = {"role": "assistant", **message}
        return {"model": self.model.name, "created_at": created, "message": message, "done": False}


class OpenAiWire(Wire):
    """Server-sent events, as `POST /v1/chat/completions` streams them."""

    content_type = "text/event-stream"

    def separates_reasoning(self) -> bool:
        return bool(self.model.reasoning_field)

    def piece(self, text: str, reasoning: str) -> bytes:
        return self._event(
            {"choices": [{"index": 0, "delta": self._message(text, reasoning), "finish_reason": None}]}
        )

    def end(self, totals: Totals) -> bytes:
        last = self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": totals.finish}]})
        usage = self._event({"choices": [], "usage": self._usage(totals)})
        return last + usage + b"data: [DONE]\n\n"

    def error(self, message: str) -> bytes:
        return self._event({"error": {"message": message, "code": 500}})

    def document(self, text: str, reasoning: str, totals: Totals) -> dict[str, Any]:
        message = {"role": "assistant", **self._message(text, reasoning)}
        choice = {"index": 0, "message": message, "finish_reason": totals.finish}
        return {"object": "chat.completion", "choices": [choice], "usage": self._usage(totals)}

    def refusal(self, message: str) -> dict[str, Any]:
        return {"error": {"message": message}}

    def _message(self, text: str, reasoning: str) -> dict[str, str]:
        message = {"content": text} if text else {}
        return {**message, self.model.reasoning_field: reasoning} if reasoning else message

    def _usage(self, totals: Totals) -> dict[str, Any]:
        return {
            "prompt_tokens": totals.prompt_tokens,
            "completion_tokens": totals.completion_tokens,
            "total_tokens": totals.prompt_tokens + totals.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": totals.prompt_tokens // 2},
        }

    @staticmethod
    def _event(payload: dict[str, Any]) -> bytes:
        return b"data: " + json.dumps(payload, ensure_ascii=False).encode() + b"\n\n"


def _line(payload: dict[str, Any]) -> bytes:
    # Go's encoder, which is Ollama's, escapes these two; other servers send them raw.
    text = json.dumps(payload, ensure_ascii=False).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return text.encode() + b"\n"
