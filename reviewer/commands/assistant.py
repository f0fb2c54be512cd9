"""What commands answer with: a model of the right role, one way to redact and fence, look-ups, rules."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from reviewer.asking.panel import Progress
from reviewer.commands.library import Library
from reviewer.commands.speech import Speech
from reviewer.config import Settings
from reviewer.domain import Message, ReviewWarning, Role, Usage
from reviewer.errors import (
    ConfigError,
    ModelError,
    ModelOverflow,
    ModelReplyInvalid,
    ModelTimeout,
    ModelUnavailable,
)
from reviewer.pipeline import Scanners, silent
from reviewer.ports import Gateway, Model, ModelRequest
from reviewer.stages.reasoning import split

MESSAGE_TOKENS = 8  # what a chat template puts around a message
SMALLEST_REPLY = 128  # tokens: with less no answer can be given

_T = TypeVar("_T")


def quiet(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True)
class Assistant:
    """What a command works with; `gateway` is None where no model is to be asked.

    `show` gets the answer while it is written, None where only the whole of it is wanted. `say` is told
    what somebody should know, `progress` what is going on. `key` makes the fences of prompts.
    """

    settings: Settings
    gateway: Gateway | None
    scanners: Scanners
    key: bytes
    library: Library = field(default_factory=Library)
    show: Callable[[str], None] | None = None
    say: Callable[[str], None] = quiet
    progress: Progress = silent

    def role(self) -> Role:
        """Return the role whose models answer: `review` where nobody was named for `assist`, and say so.

        Raises ModelUnavailable where no model is configured, ConfigError where `assist` is switched off.
        """
        if self.gateway is None:
            raise ModelUnavailable("no model is to be asked", model="none", remedy="leave out --model none")
        if self.gateway.configured(Role.ASSIST):
            return Role.ASSIST
        if self.settings.models and "assist" in self.settings.roles.model_fields_set:
            raise ConfigError("roles.assist = [] switches assistance off", key="roles.assist")
        if self.gateway.configured(Role.REVIEW):
            self.say("no model is named for the role assist: one of the role review answers")
            return Role.REVIEW
        raise ModelUnavailable(
            "no model is configured, and no Ollama on this machine has a suitable one",
            model="none",
            remedy="name one in the configuration ([models.coder]), or start Ollama and pull one",
        )

    async def ask(self, talk: Callable[[Model], Awaitable[_T]]) -> _T:
        """Have the first model that serves answer; when it goes away in the middle, the next one.

        Raises what the last one failed with.
        """
        role = self.role()
        gateway = self.gateway
        if gateway is None:
            raise ModelUnavailable("no model is to be asked", model="none")
        failed: dict[str, ModelError] = {}
        while True:
            try:
                model = await gateway.pick(role, without=failed.keys())
            except ModelUnavailable as err:
                if not failed:
                    raise
                raise list(failed.values())[-1] from err
            try:
                return await talk(model)
            except (ModelUnavailable, ModelTimeout) as err:
                failed[model.name] = err
                self.say(
                    f"{model.name} failed ({err}): the next model answers from the start, if there is one"
                )


class Talk:
    """One conversation with one model: keeps every call inside its window, adds up what it costs.

    `want` is the room for an answer in tokens, if that is more than the model's profile has.
    """

    def __init__(self, model: Model, assistant: Assistant, *, want: int = 0) -> None:
        self.model = model
        self.usage = Usage()
        self.warnings: list[ReviewWarning] = []
        self._show = assistant.show
        self._progress = assistant.progress
        self._want = want

    @property
    def reply_tokens(self) -> int:
        """Return the room for an answer: never more than a third of the window."""
        return min(max(self.model.profile.reply_tokens, self._want), self.model.context // 3)

    @property
    def allowance(self) -> int:
        """Return the room for reasoning and answer together."""
        return self.reply_tokens + min(self.model.profile.reasoning_tokens, self.model.context // 4)

    def room(self, messages: Iterable[Message]) -> int:
        """Return what messages and an answer leave of the window, in tokens."""
        used = sum(self.model.count(message.content) + MESSAGE_TOKENS for message in messages)
        return self.model.context - used - self.allowance

    async def tell(
        self,
        messages: tuple[Message, ...],
        *,
        purpose: str,
        shown: bool = False,
        schema: dict[str, object] | None = None,
    ) -> str:
        """Have the model write; return its answer without the reasoning.

        `shown` lets it be seen while it is written. An answer cut off for its length counts, with a
        warning; where reasoning left none, all the room there is goes to a second try. Raises
        ModelOverflow, ModelUnavailable, ModelTimeout, and ModelReplyInvalid for no answer, twice.
        """
        left = self.room(messages) + self.allowance
        if left < SMALLEST_REPLY:
            raise ModelOverflow(
                f"a prompt of about {self.model.context - left} tokens leaves no room for an answer",
                model=self.model.name,
                prompt_tokens=self.model.context - left,
                context=self.model.context,
            )
        speech = self._speech() if shown else None
        if speech is None:
            self._progress(f"asking {self.model.name} ({purpose})", 0, 0)
        for most in (min(left, self.allowance), left):
            request = ModelRequest(messages, most, schema, self._think(schema), purpose=purpose)
            completion = await self.model.complete(request, speech.hear if speech else None)
            self.usage += completion.usage
            if answer := split(completion.text)[1]:
                if completion.finish == "length":
                    self._warn("reply-cut", "the answer was cut off for its length")
                if speech:
                    speech.end(answer)
                return answer
        raise ModelReplyInvalid("no answer, twice", model=self.model.name, reply=completion.text)

    def _speech(self) -> Speech | None:
        return Speech(self._show, thinks=self.model.profile.thinking != "never") if self._show else None

    def _think(self, schema: dict[str, object] | None) -> bool | None:
        """Say whether to think: a grammar and thinking do not go together everywhere."""
        profile = self.model.profile
        if profile.thinking == "optional":
            return schema is None and profile.reasoning_tokens > 0
        return True if profile.thinking == "always" else None

    def _warn(self, code: str, message: str) -> None:
        self.warnings.append(ReviewWarning(code, f"{self.model.name}: {message}"))
