"""What `reviewer doctor` asks of any model: does it answer, does it keep to a schema, how fast is it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Protocol

from reviewer.domain import Check, Completion, Message
from reviewer.errors import ModelError, ModelMissing
from reviewer.ports import Model, ModelRequest
from reviewer.stages.reasoning import split

_SCHEMA = {
    "type": "object",
    "properties": {"language": {"type": "string", "maxLength": 20}},
    "required": ["language"],
    "additionalProperties": False,
}
_QUESTION = 'In which programming language is `System.out.println("x");`? Answer as {"language": "..."}.'


@dataclass(frozen=True, slots=True)
class Windows:
    """Context lengths in tokens: as configured, as the weights were trained for, as the server has it now."""

    asked: int
    trained: int | None = None
    allocated: int | None = None


class Reachable(Model, Protocol):
    """A model that can be asked, without generating anything, whether it could serve now.

    `digest` is what the server told last of the weights' identity, empty where it tells nothing.
    """

    digest: str

    async def reach(self) -> None:
        """Raise ModelUnavailable where it cannot, ModelMissing where only the model is not there."""

    async def windows(self) -> Windows:
        """Tell the context lengths, as far as the server does. Raises ModelUnavailable."""


async def reachable(model: Reachable) -> tuple[Check, ...]:
    """Ask the endpoint, then for the model."""
    title, present = f"model {model.name}: reachable", f"model {model.name}: present"
    try:
        await model.reach()
    except ModelMissing as err:
        return (
            Check(title, ok=True, detail="the endpoint answers"),
            Check(present, ok=False, detail=str(err), remedy=err.remedy),
        )
    except ModelError as err:
        return (Check(title, ok=False, detail=str(err), remedy=err.remedy),)
    facts = {"family": model.profile.family, "context": str(model.context)}
    answer = Check(
        title,
        ok=True,
        detail=f"answers; {model.context} tokens of context, profile {model.profile.family}",
        facts=facts,
    )
    return (answer, Check(present, ok=True, detail=model.digest or "the endpoint tells no digest"))


async def check_context(model: Reachable) -> Check:
    """Compare the context asked for with what the model was trained for and what is allocated."""
    title = f"model {model.name}: context"
    try:
        found = await model.windows()
    except ModelError as err:
        return Check(title, ok=False, detail=str(err), remedy=err.remedy)
    facts = {name: str(value) for name, value in asdict(found).items()}
    if found.trained and found.asked > found.trained:
        remedy = f"set models.{model.name}.context to at most {found.trained}"
        detail = f"{found.asked} tokens asked for, trained for {found.trained}"
        return Check(title, ok=False, detail=detail, remedy=remedy, facts=facts)
    if found.allocated and found.allocated < found.asked:
        remedy = (
            f"set models.{model.name}.context to {found.allocated}, or give the server more: free memory, "
            "OLLAMA_NUM_PARALLEL, --max-model-len (vLLM), --ctx-size (llama.cpp)"
        )
        detail = f"only {found.allocated} of {found.asked} tokens allocated"
        return Check(title, ok=False, detail=detail, remedy=remedy, facts=facts)
    known = [
        f"{word} {value}"
        for word, value in (("trained for", found.trained), ("allocated", found.allocated))
        if value
    ]
    return Check(title, ok=True, detail=", ".join([f"{found.asked} tokens", *known]), facts=facts)


async def try_schema(model: Model, timeout_s: float) -> tuple[Check, ...]:
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
        return (Check(title, ok=False, detail=str(err), remedy=err.remedy),)
    speed = tokens_per_second(completion)
    facts = {"tokens_per_second": f"{speed:.1f}", "first_token_s": f"{completion.first_token_s or 0:.2f}"}
    fast = _check_speed(model, speed, timeout_s)
    if not _keeps_to_schema(completion.text):
        said = "reasoning to the end of its budget" if not completion.text else repr(completion.text[:80])
        detail = f"answered {said} instead of JSON"
        remedy = "update the model server; replies will cost repair rounds until then"
        return (Check(title, ok=False, detail=detail, remedy=remedy, facts=facts), fast)
    return (Check(title, ok=True, detail="keeps to a schema", facts=facts), fast)


def _check_speed(model: Model, speed: float, timeout_s: float) -> Check:
    """Say whether a whole answer, reasoning included, could be written within the time limit."""
    title = f"model {model.name}: speed"
    if not speed:
        return Check(title, ok=True, detail="too short an answer to tell; see `reviewer models bench`")
    answer = min(model.profile.reply_tokens + model.profile.reasoning_tokens, model.context // 2)
    needed = answer / speed
    detail = f"{speed:.1f} tokens/s; a whole answer of {answer} tokens takes {needed:.0f} s"
    return Check(
        title,
        ok=needed <= timeout_s,
        detail=detail,
        remedy=f"raise models.{model.name}.timeout_s ({timeout_s:g}), or see `reviewer models recommend`"
        if needed > timeout_s
        else "",
        facts={"tokens_per_second": f"{speed:.1f}"},
    )


def _keeps_to_schema(text: str) -> bool:
    try:
        answer = json.loads(split(text)[1])
    except ValueError:
        return False
    return isinstance(answer, dict) and isinstance(answer.get("language"), str)


def tokens_per_second(completion: Completion) -> float:
    """Return how fast a reply was written once it had begun; 0 where it was too short to tell."""
    # The first token's time is reading the prompt and loading the model, not writing.
    writing = completion.usage.seconds - (completion.first_token_s or 0.0)
    return max(completion.usage.completion_tokens - 1, 0) / writing if writing > 0 else 0.0
