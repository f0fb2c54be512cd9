"""What a scripted model says to which prompt, and how it fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Words = str | dict[str, Any] | list[Any] | Callable[["Asked"], "str | dict[str, Any] | list[Any]"]


@dataclass(slots=True)
class Asked:
    """A chat request as the server received it.

    `turn` counts the user messages, `prompt_tokens` is what the scripted tokenizer makes of all
    messages. `status` is the HTTP answer given, `closed_by_client` turns true when the client closes
    the connection before the reply is complete.
    """

    protocol: str
    model: str
    headers: dict[str, str]
    body: dict[str, Any]
    messages: list[dict[str, str]]
    schema: dict[str, Any] | None
    max_tokens: int
    prompt_tokens: int
    status: int = 0
    closed_by_client: bool = False

    @property
    def turn(self) -> int:
        return sum(message["role"] == "user" for message in self.messages)

    @property
    def prompt(self) -> str:
        return "\n".join(message["content"] for message in self.messages)


@dataclass(slots=True)
class Behaviour:
    """How a reply is given: words, reasoning before them, and what goes wrong.

    `status` other than 200 refuses; `location` redirects; `cut_after` pieces the stream ends without its
    end marker (`abort`: the connection breaks), `stall_after` pieces nothing more comes; `raw` replaces
    the piece after the first by bytes that are no protocol; `error` reports a failure inside the stream;
    `delay_s` lies between two pieces.
    """

    words: Words = ""
    reasoning: str = ""
    status: int = 200
    location: str = ""
    cut_after: int | None = None
    abort: bool = False
    stall_after: int | None = None
    raw: bytes = b""
    error: str = ""
    delay_s: float = 0.0
    endless: bool = False

    def text(self, asked: Asked) -> str:
        words = self.words(asked) if callable(self.words) else self.words
        return words if isinstance(words, str) else json.dumps(words, ensure_ascii=False)


@dataclass(slots=True)
class Rule:
    """A condition on a prompt, and what happens when it holds; built by `Script.when`."""

    condition: Callable[[Asked], bool]
    times: int | None = None
    behaviour: Behaviour = field(default_factory=Behaviour)

    def reply(self, words: Words, *, reasoning: str = "", delay_s: float = 0.0) -> None:
        """Answer with a text, with JSON, or with what a function makes of the request."""
        self.behaviour = Behaviour(words=words, reasoning=reasoning, delay_s=delay_s)

    def fail(self, status: int, message: str = "scripted failure") -> None:
        """Refuse with an HTTP status."""
        self.behaviour = Behaviour(words=message, status=status)

    def redirect(self, location: str) -> None:
        """Send the client elsewhere."""
        self.behaviour = Behaviour(status=307, location=location)

    def cut(
        self, words: str = "this reply is cut off before", *, after: int = 2, abort: bool = False
    ) -> None:
        """End the stream early and without its end marker, or break the connection off."""
        self.behaviour = Behaviour(words=words, cut_after=after, abort=abort)

    def stall(self, words: str = "this reply stalls before", *, after: int = 2) -> None:
        """Send some pieces, then nothing, with the connection open."""
        self.behaviour = Behaviour(words=words, stall_after=after)

    def garble(self, raw: bytes = b'{"message": nonsense\n\n') -> None:
        """Send bytes that are not the protocol."""
        self.behaviour = Behaviour(words="two pieces", raw=raw)

    def break_down(self, message: str = "the model runner has stopped") -> None:
        """Report an error in the middle of the stream."""
        self.behaviour = Behaviour(words="two pieces", error=message)

    def reason_endlessly(self, thought: str = "Wait, let me think again. ") -> None:
        """Reason until the token limit is used up; no answer follows."""
        self.behaviour = Behaviour(reasoning=thought, endless=True)


class Script:
    """Rules in the order they were written; the first whose condition holds is used."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._otherwise = Rule(lambda _: True, behaviour=Behaviour(words="NOTHING TO REPORT"))

    def when(
        self,
        *,
        contains: str | None = None,
        turn: int | None = None,
        schema: bool | None = None,
        model: str | None = None,
        times: int | None = None,
        matches: Callable[[Asked], bool] | None = None,
    ) -> Rule:
        """Say which requests a behaviour is for; what is left out does not matter.

        `contains` is looked for in all messages, `turn` counts user messages, `schema` says whether
        structured output is asked for; after `times` uses the rule is spent.
        """

        def holds(asked: Asked) -> bool:
            return (
                (contains is None or contains in asked.prompt)
                and (turn is None or turn == asked.turn)
                and (schema is None or schema == (asked.schema is not None))
                and (model is None or model == asked.model)
                and (matches is None or matches(asked))
            )

        rule = Rule(holds, times)
        self._rules.append(rule)
        return rule

    def otherwise(self) -> Rule:
        """Change what happens when no rule holds (at first: NOTHING TO REPORT)."""
        return self._otherwise

    def clear(self) -> None:
        """Forget all rules."""
        self._rules.clear()

    def behaviour(self, asked: Asked) -> Behaviour:
        """Choose for a request, and count the use."""
        for rule in self._rules:
            if rule.times != 0 and rule.condition(asked):
                rule.times = None if rule.times is None else rule.times - 1
                return rule.behaviour
        return self._otherwise.behaviour
