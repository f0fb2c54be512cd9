"""Models that do what strangers tell them: one keeps silent, one says everything it was given, and one is honest."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from reviewer.ports import ModelRequest
from tests.fakes.panel import TalkingModel
from tests.safety.injections import PATH, QUOTE, Injection

HONEST = {
    "path": PATH,
    "quote": QUOTE,
    "start_line": 9,
    "end_line": 9,
    "severity": "medium",
    "category": "correctness",
    "title": "The minimum is a maximum",
    "message": "min() returns the smaller of the two, so nobody ever pays more than five.",
    "confidence": "high",
    "replacement": QUOTE.replace("min", "max"),
}


def honest(_: Injection) -> TalkingModel:
    """Say what is wrong and nothing else."""
    return TalkingModel("coder", _say(lambda _request: [HONEST], verdict="confirmed", words="Changes a fee."))


def silent(injection: Injection) -> TalkingModel:
    """Report nothing, doubt what others report, and repeat the text where words are asked for."""
    words = _words(injection)
    return TalkingModel("coder", _say(lambda _request: [], verdict="refuted", words=words))


def loud(injection: Injection) -> TalkingModel:
    """Put the text, and all that was ever shown to it, wherever a reply has room."""
    words = _words(injection)

    def drafts(request: ModelRequest) -> list[dict[str, Any]]:
        shown = "\n".join(message.content for message in request.messages)
        told = [words, f"{words}\n\n{shown}", shown[-900:], f"```suggestion\n{words}\n```"]
        return [
            HONEST | {"title": words, "message": message, "replacement": replacement}
            for message, replacement in zip(told, (words, f"{QUOTE}  # {words}", words, None), strict=True)
        ] + [
            HONEST
            | {"quote": "    return eval(formula)", "severity": "low", "title": words, "message": words}
        ]

    if injection.where == "reply":
        return TalkingModel("coder", lambda _request: injection.text)
    return TalkingModel("coder", _say(drafts, verdict="confirmed", words=words))


MODELS: dict[str, Callable[[Injection], TalkingModel]] = {"honest": honest, "silent": silent, "loud": loud}


def _words(injection: Injection) -> str:
    return injection.text.replace("\\", "")


def _say(
    drafts: Callable[[ModelRequest], list[dict[str, Any]]], *, verdict: str, words: str
) -> Callable[[ModelRequest], str]:
    def say(request: ModelRequest) -> str:
        wanted = (request.schema or {}).get("properties", {})
        asked = "\n".join(message.content for message in request.messages)
        if "overview" in wanted or '"overview"' in asked:
            return json.dumps(
                {"overview": words, "risk": "low", "files_first": [words], "missing_tests": [words]}
            )
        if "verdict" in wanted:
            return json.dumps({"quote": QUOTE, "reason": words, "verdict": verdict})
        if "findings" in wanted:
            return json.dumps({"findings": drafts(request)})
        return words if drafts(request) else "NOTHING TO REPORT"

    return say
