"""A model in memory that counts its tokens, and serves what prompts share out of a prefix cache as servers do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile

from reviewer.domain import Completion, Usage
from reviewer.ports import ModelRequest
from tests.fakes.models.tokenizer import count_tokens, pieces
from tests.fakes.panel import Say, TalkingModel


@dataclass(frozen=True, slots=True)
class Call:
    """What one call was for, and what it cost in tokens."""

    purpose: str
    prompt: int
    cached: int

    @property
    def uncached(self) -> int:
        return self.prompt - self.cached


class CachingModel(TalkingModel):
    """Keeps every prompt, and takes of a new one as cached what it shares from the beginning with an earlier one."""

    def __init__(self, name: str, say: Say, *, context: int = 16_384) -> None:
        super().__init__(name, say, context=context)
        self.calls: list[Call] = []
        self._seen: list[list[str]] = []

    async def complete(
        self, request: ModelRequest, on_text: Callable[[str], None] | None = None
    ) -> Completion:
        completion = await super().complete(request, on_text)
        told = pieces("".join(f"<{message.role}>{message.content}</>" for message in request.messages))
        cached = max((_shared(told, other) for other in self._seen), default=0)
        self._seen.append([*told[:-3], *pieces(completion.text)])
        self.calls.append(Call(request.purpose, len(told), cached))
        usage = Usage(1, len(told), cached, count_tokens(completion.text))
        return Completion(completion.text, "", "stop", usage, self.name)


def _shared(one: list[str], other: list[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
