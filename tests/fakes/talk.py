"""A model that answers from a list, for whoever talks to `ports.Model` in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reviewer.domain import Check, Completion, Profile, Usage
from reviewer.ports import ModelRequest


def profile(
    *,
    thinking: str = "never",
    system_prompt: bool = True,
    strategy: str = "two-turn",
    reply_tokens: int = 1000,
    reasoning_tokens: int = 0,
) -> Profile:
    """Describe a model family that is like most."""
    return Profile(
        family="fake",
        thinking=thinking,
        system_prompt=system_prompt,
        strategy=strategy,
        context=16_384,
        reply_tokens=reply_tokens,
        reasoning_tokens=reasoning_tokens,
        sampling={},
        chars_per_token=4.0,
        licence="none",
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """One scripted reply."""

    text: str
    finish: str = "stop"


class ScriptedModel:
    """Gives its answers in order and keeps the requests; every call costs 10 and 5 tokens."""

    name = "fake"

    def __init__(self, *answers: str | Answer, profile: Profile, context: int = 16_384) -> None:
        self.profile = profile
        self.context = context
        self.requests: list[ModelRequest] = []
        self._answers = [Answer(answer) if isinstance(answer, str) else answer for answer in answers]

    async def complete(
        self, request: ModelRequest, on_text: Callable[[str], None] | None = None
    ) -> Completion:
        self.requests.append(request)
        answer = self._answers[len(self.requests) - 1]
        if on_text:
            on_text(answer.text)
        usage = Usage(model_calls=1, prompt_tokens=10, completion_tokens=5)
        return Completion(answer.text, "", answer.finish, usage, self.name)

    def count(self, text: str) -> int:
        return len(text) // 4 + 1

    def estimate(self, text: str) -> int:
        return self.count(text)

    async def check(self) -> Sequence[Check]:
        return ()

    async def aclose(self) -> None:
        """Nothing to close."""
