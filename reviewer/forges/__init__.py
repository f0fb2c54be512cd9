"""Forges: one module per kind of server, and one for the repositories of this machine.

A further kind is one module and one entry in `FORGES`. The modules load their client libraries, so
they are imported when one is opened, not before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from reviewer.config import ForgeSettings
from reviewer.ports import Checkable, Conversation, Feedback, Forge, Listing
from reviewer.repo.mirror import Mirror


class AnyForge(Forge, Conversation, Feedback, Listing, Checkable, Protocol):
    """All that an adapter offers."""


def _gitlab(settings: ForgeSettings, mirror: Mirror) -> AnyForge:
    from reviewer.forges.gitlab import GitLabForge  # loaded when opened

    return GitLabForge(settings, mirror)


def _github(settings: ForgeSettings, mirror: Mirror) -> AnyForge:
    from reviewer.forges.github import GitHubForge  # loaded when opened

    return GitHubForge(settings, mirror)


FORGES: Mapping[str, Callable[[ForgeSettings, Mirror], AnyForge]] = {"gitlab": _gitlab, "github": _github}


def open_forge(settings: ForgeSettings, mirror: Mirror) -> AnyForge:
    """Open a configured forge without talking to it; raises ConfigError where its token is missing."""
    return FORGES[settings.kind](settings, mirror)
