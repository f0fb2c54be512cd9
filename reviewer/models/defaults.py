"""What to use where no model is configured: the best coder that an Ollama on this machine has."""

from __future__ import annotations

import re
from collections.abc import Iterable

import httpx

from reviewer.config import ModelSettings, RoleSettings, Settings
from reviewer.errors import ModelError
from reviewer.models.installed import Installed
from reviewer.models.profiles import family_of

LOCAL_OLLAMA = "http://127.0.0.1:11434"

# First what reviews best. R1 comes late: it thinks long before it says anything. Coder v1 comes last.
PREFERENCE = (
    "deepseek-v4",
    "deepseek-v3.2",
    "deepseek-v3.1",
    "deepseek-v3",
    "qwen3-coder",
    "deepseek-coder-v2",
    "qwen2.5-coder",
    "deepseek-r1",
    "deepseek-coder",
)
_SMALLEST = 6.0  # billions of parameters; below, a model makes more noise than sense of a change
_NOT_FOR_CHAT = re.compile(r"[-:](base|fim|embed)\b")


async def default_models(settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> Settings:
    """Return the settings with a local Ollama's best model for review and assist, if there is one.

    Settings that name models or roles come back as they are, and so do all where no Ollama answers on
    127.0.0.1:11434 or it has nothing suitable.
    """
    if settings.models or settings.roles.model_fields_set:
        return settings
    from reviewer.models.ollama import list_installed  # brings the SDK

    try:
        best = choose(await list_installed(LOCAL_OLLAMA, transport))
    except ModelError:
        return settings  # the callers say that rules run alone
    if best is None:
        return settings
    model = ModelSettings(backend="ollama", url=LOCAL_OLLAMA, model=best)
    roles = RoleSettings(review=(best,), assist=(best,))
    return settings.model_copy(update={"models": {best: model}, "roles": roles})


def choose(installed: Iterable[Installed]) -> str | None:
    """Return the best model for reviews: by `PREFERENCE`, then by size; None if none will do."""
    suitable = [
        (PREFERENCE.index(family), -(model.billions or 0.0), model.name)
        for model in installed
        if (family := family_of(model.name)) in PREFERENCE
        and not _NOT_FOR_CHAT.search(model.name.lower())
        and (model.billions is None or model.billions >= _SMALLEST)
    ]
    return min(suitable)[2] if suitable else None
