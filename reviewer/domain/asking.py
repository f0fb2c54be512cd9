"""What goes to a model and what comes back: units, messages, profiles, completions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from reviewer.domain.change import ChangeRef
from reviewer.domain.scales import Confidence, Role


@dataclass(frozen=True, slots=True)
class UnitPart:
    """Changed lines of one file with the code around them, as a prompt shows them.

    `text` has the new side numbered and the old side marked; `new_lines` and `old_lines` are the
    changed lines in it.
    """

    path: str
    language: str | None
    text: str
    new_lines: tuple[int, ...]
    old_lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReviewUnit:
    """What one conversation with a model is about; `id` is stable for the same content.

    `related` is code from elsewhere that bears on it, as a prompt shows it; `tokens` are without it.
    """

    id: str
    parts: tuple[UnitPart, ...]
    tokens: int
    related: str = ""

    @property
    def changed_lines(self) -> int:
        """Count the changed lines of both sides."""
        return sum(len(part.new_lines) + len(part.old_lines) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Message:
    """One turn; `role` is system, user or assistant."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a model family; data, found from the model's name or named in the configuration.

    `thinking` is always, optional or never. `strategy` is two-turn, constrained or free.
    `reasoning_tokens` are set aside for thinking, beside `reply_tokens` for the answer itself. A finding
    that a verifier is unsure of needs at least the confidence `outlives_doubt` to stay.
    """

    family: str
    thinking: str
    system_prompt: bool
    strategy: str
    context: int
    reply_tokens: int
    reasoning_tokens: int
    sampling: Mapping[str, float]
    chars_per_token: float
    licence: str
    fim: tuple[str, str, str] | None = None
    outlives_doubt: Confidence = Confidence.MEDIUM


@dataclass(frozen=True, slots=True)
class Usage:
    """What model calls cost; adds up with `+`."""

    model_calls: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.model_calls + other.model_calls,
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.completion_tokens + other.completion_tokens,
            self.seconds + other.seconds,
        )


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's whole answer; `finish` is stop or length, `first_token_s` is None if nothing came."""

    text: str
    reasoning: str
    finish: str
    usage: Usage
    model: str
    first_token_s: float | None = None


class Priority(IntEnum):
    """Who is served first where calls wait for a model: the smaller number."""

    PERSON = 0
    REVIEW = 1
    BACKGROUND = 2


@dataclass(frozen=True, slots=True)
class Errand:
    """On whose behalf models are asked: the change, the job and who set it off.

    `tokens` bounds what all calls of the errand may cost together (uncached prompt and completion
    tokens), None for no bound. `fresh` asks anew where a reply to the same was kept.
    """

    ref: ChangeRef | None = None
    job: str = ""
    actor: str = ""
    priority: Priority = Priority.REVIEW
    tokens: int | None = None
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class ModelCall:
    """What there is to record of one call, served or not.

    `model` is the configured name, `served` the server's own and `digest` its content address, where
    the server tells it. `outcome` is ok, length, cached, or what went wrong: unavailable, timeout,
    overflow, cancelled, budget, failed. `began` is in seconds since the epoch. The texts are for
    hashing, and for keeping where the operator asked for that; they belong in no log.
    """

    errand: Errand
    role: Role
    purpose: str
    model: str
    served: str
    digest: str
    endpoint: str
    outcome: str
    began: float
    usage: Usage
    first_token_s: float | None
    messages: tuple[Message, ...] = field(repr=False)
    reply: str = field(repr=False, default="")
