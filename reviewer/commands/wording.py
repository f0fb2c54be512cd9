"""Put the prompts of commands together out of the texts in `prompts/`, one per part and language.

Whatever a stranger wrote in them (code, questions of a merge request, notes of a model) went through
`Briefing.fence` before. Shared parts come first, as in the prompts of a review.
"""

from __future__ import annotations

from collections.abc import Iterable

from reviewer.domain import Message, Profile
from reviewer.stages.prompt import Wording, read_wording

PACKAGE = "reviewer.commands"


def read_command_wording(language: str) -> Wording:
    """Read the texts of a language (`en`, `zh-CN`)."""
    return read_wording(language, PACKAGE)


def compose(profile: Profile, *, shared: Iterable[str], rest: Iterable[str]) -> tuple[Message, ...]:
    """Put what is shared into a system prompt, or first into the user's turn where there may be none."""
    first, second = ("\n\n".join(filter(None, texts)) for texts in (shared, rest))
    if profile.system_prompt:
        return (Message("system", first), Message("user", second))
    return (Message("user", f"{first}\n\n{second}"),)
