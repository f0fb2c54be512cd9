"""What `reviewer doctor` asks of any model: does it answer, does it keep to a schema, how fast is it."""

from __future__ import annotations

import json
from typing import Protocol

from reviewer.domain import Check, Completion, Message
from reviewer.errors import ModelError
from reviewer.ports import Model, ModelRequest
from reviewer.stages.reasoning import split

_SCHEMA = {
    "type": "object",
    "properties": {"language": {"type": "string", "maxLength": 20}},
    "required": ["language"],
    "additionalProperties": False,
}
_QUESTION = 'In which programming language is `System.out.println("x");`? Answer as {"language": "..."}.'


class Reachable(Model, Protocol):
    """A model that can be asked, without generating anything, whether it could serve now.

    `digest` is what the server told last of the weights' identity, empty where it tells nothing.
    """

    digest: str

    async def reach(self) -> None:
        """Raise ModelUnavailable where it cannot."""


async def reachable(model: Reachable) -> Check:
    """Ask the endpoint for the model."""
    title = f"model {model.name}: reachable"
    try:
        await model.reach()
    except ModelError as err:
        return Check(title, ok=False, detail=str(err), remedy=err.remedy)
    facts = {"family": model.profile.family, "context": str(model.context)}
    return Check(title, ok=True, detail=f"answers; {model.context} tokens of context", facts=facts)


async def try_schema(model: Model) -> Check:
    """Let the model answer a small question under a schema, and measure its speed on the way."""
    title = f"model {model.name}: structured output"
    thinks = model.profile.thinking != "never"
    request = ModelRequest(
        messages=(Message("user", _QUESTION),),
        max_tokens=1024 if thinks else 64,
        schema=_SCHEMA,
        think=False if model.profile.thinking == "optional" else None,
    )
    try:
        completion = await model.complete(request)
    except ModelError as err:
        return Check(title, ok=False, detail=str(err), remedy=err.remedy)
    speed = _tokens_per_second(completion)
    facts = {"tokens_per_second": f"{speed:.1f}", "first_token_s": f"{completion.first_token_s or 0:.2f}"}
    if not _keeps_to_schema(completion.text):
        said = "reasoning to the end of its budget" if not completion.text else repr(completion.text[:80])
        return Check(
            title,
            ok=False,
            detail=f"answered {said} instead of JSON",
            remedy="update the model server; replies will cost repair rounds until then",
            facts=facts,
        )
    return Check(title, ok=True, detail=f"keeps to a schema, {speed:.1f} tokens/s", facts=facts)


def _keeps_to_schema(text: str) -> bool:
    try:
        answer = json.loads(split(text)[1])
    except ValueError:
        return False
    return isinstance(answer, dict) and isinstance(answer.get("language"), str)


def _tokens_per_second(completion: Completion) -> float:
    # The first token's time is reading the prompt and loading the model, not writing.
    writing = completion.usage.seconds - (completion.first_token_s or 0.0)
    return max(completion.usage.completion_tokens - 1, 0) / writing if writing > 0 else 0.0
