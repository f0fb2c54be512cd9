"""Forges: one module per kind of server, and one for the repositories of this machine.

A further kind is one module and one entry in `FORGES`. The modules load their client libraries, so
they are imported when one is opened, not before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from reviewer.config import ForgeSettings
from reviewer.domain import ForgeCall
from reviewer.ports import Background, Checkable, Conversation, Feedback, Forge, Listing
from reviewer.repo.mirror import Mirror

if TYPE_CHECKING:
    from reviewer.forges.session import Told


class AnyForge(Forge, Background, Conversation, Feedback, Listing, Checkable, Protocol):
    """All that an adapter offers."""


def _gitlab(settings: ForgeSettings, mirror: Mirror, told: Told) -> AnyForge:
    from reviewer.forges.gitlab import GitLabForge  # loaded when opened

    return GitLabForge(settings, mirror, told=told)


def _github(settings: ForgeSettings, mirror: Mirror, told: Told) -> AnyForge:
    from reviewer.forges.github import GitHubForge  # loaded when opened

    return GitHubForge(settings, mirror, told=told)


FORGES: Mapping[str, Callable[[ForgeSettings, Mirror, Told], AnyForge]] = {
    "gitlab": _gitlab,
    "github": _github,
}


def open_forge(
    settings: ForgeSettings, mirror: Mirror, told: Callable[[ForgeCall], None] | None = None
) -> AnyForge:
    """Open a configured forge without talking to it; `told` then hears of every call.

    Raises ConfigError where its token is missing.
    """

    def tell(method: str, status: int | None, seconds: float, remaining: int | None) -> None:
        if told is not None:
            told(ForgeCall(settings.id, method, status, seconds, remaining))

    return FORGES[settings.kind](settings, mirror, tell)
