"""How much of what two calls of one merge request share the real llama.cpp takes out of its cache.

`python -m tests.bench.prefix` prints a row per call: the tokens of its prompt, those it shares from the
beginning with the call before (by the server's own tokenizer), and those that came from the cache.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

import httpx

from reviewer import wiring
from reviewer.config import ModelSettings, ReviewSettings, RoleSettings, Settings
from reviewer.domain import Message, Role
from reviewer.ports import Model, ModelRequest
from reviewer.stages.prompt import brief, review_prompt, summary_prompt
from reviewer.stages.units import split
from tests.bench.engine import three_files
from tests.fakes.changes import change_set, changed_file
from tests.fakes.models.llama import serve_llama

WINDOW = 4096
BUDGET = 900  # tokens: several units


@dataclass(frozen=True, slots=True)
class Row:
    """One call, in tokens."""

    purpose: str
    prompt: int
    shared: int
    cached: int

    @property
    def served(self) -> float:
        """Return the share of what could come from the cache that did."""
        return self.cached / self.shared if self.shared else 1.0


def measure_prefix(*, most: int | None = None) -> list[Row]:
    """Ask the real server about each unit of a change (`most` of them), then for a summary, a few tokens each."""
    with serve_llama(window=WINDOW) as url:
        return asyncio.run(_measure(url, most))


async def _measure(url: str, most: int | None) -> list[Row]:
    settings = Settings(
        models={"tiny": ModelSettings(backend="openai", url=url, model="smollm2", context=WINDOW)},
        roles=RoleSettings(review=("tiny",)),
    )
    gateway = await wiring.open_gateway(settings)
    try:
        model = await gateway.pick(Role.REVIEW)
        rows: list[Row] = []
        before: Sequence[int] = ()
        for purpose, messages in _prompts(model, most):
            completion = await model.complete(ModelRequest(messages, max_tokens=2, purpose=purpose))
            tokens = _tokenize(url, messages)
            shared = sum(
                1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(tokens, before, strict=False))
            )
            rows.append(Row(purpose, len(tokens), shared, completion.usage.cached_tokens))
            before = tokens
        return rows
    finally:
        await gateway.aclose()


def _prompts(model: Model, most: int | None) -> Iterator[tuple[str, tuple[Message, ...]]]:
    old, new = three_files()
    files = [changed_file(path, str(old[path]), str(text)) for path, text in new.items()]
    change = change_set(*files, title="Round to even", description="Fees are rounded half to even now.")
    briefing = brief(change, files, ReviewSettings(), key=b"k" * 32, redact=str)
    units = split(files, budget_tokens=BUDGET, count=model.estimate, redact=str).units
    for number, unit in enumerate(units[:most], start=1):
        yield f"unit {number}", review_prompt(briefing, unit, model.profile).messages
    yield "summary", summary_prompt(briefing, units[-1:], (), model.profile).messages


def _tokenize(url: str, messages: Sequence[Message]) -> list[int]:
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
        told = [{"role": message.role, "content": message.content} for message in messages]
        prompt = client.post("/apply-template", json={"messages": told}).raise_for_status().json()["prompt"]
        content = {"content": prompt, "add_special": True, "parse_special": True}
        tokens: list[int] = client.post("/tokenize", json=content).raise_for_status().json()["tokens"]
    return tokens


def main() -> None:
    """Print the table."""
    rows = measure_prefix()
    for row in rows:
        sys.stdout.write(
            f"{row.purpose:<10}{row.prompt:>8}{row.shared:>8}{row.cached:>8}{100 * row.served:>8.1f} %\n"
        )
    total = sum(row.prompt for row in rows)
    uncached = total - sum(row.cached for row in rows)
    sys.stdout.write(f"{total} prompt tokens in {len(rows)} calls, {uncached} of them computed\n")


if __name__ == "__main__":
    main()
