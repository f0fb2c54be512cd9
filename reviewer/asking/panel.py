"""Who is asked in one review, with which limits, and what comes of it; which model takes over from which."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from reviewer.config import ReviewSettings
from reviewer.domain import (
    ChangedFile,
    ChangeSet,
    Finding,
    Overview,
    Rejected,
    ReviewWarning,
    Role,
    Usage,
)
from reviewer.errors import ModelError, ModelTimeout, ModelUnavailable
from reviewer.ports import Codebase, Gateway, Json, Model, Step
from reviewer.stages.guidelines import Guidelines

_T = TypeVar("_T")
Progress = Callable[[str, int, int], None]
Recall = Callable[[Collection[str]], Mapping[str, Json]]


def nothing_remembered(_: Collection[str]) -> Mapping[str, Json]:
    """Recall no answers."""
    return {}


@dataclass(frozen=True, slots=True)
class Panel:
    """Who is asked, about what, with which limits; `required` makes a failure of theirs undecided.

    `guidelines` are all the rules in words that hold here. `recall` looks up `answers` of former reviews
    of the same change: of a unit that is as it was nobody is asked again. It is called in a thread.
    `codebase` is the code around the change, where that is at hand.
    """

    gateway: Gateway
    change: ChangeSet
    files: tuple[ChangedFile, ...]
    settings: ReviewSettings
    key: bytes
    redact: Callable[[str], str]
    required: bool
    step: Step
    progress: Progress
    guidelines: Guidelines = field(default_factory=Guidelines)
    clock: Callable[[], float] = time.monotonic
    recall: Recall = nothing_remembered
    codebase: Codebase | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking: admitted findings without fingerprints, and everything that was not.

    `answers` is what a later review may recall; `remembered` counts the units that
    were answered out of it this time. `known` are the findings that needed no model, doubted or not.
    """

    findings: tuple[Finding, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    warnings: tuple[ReviewWarning, ...] = ()
    usage: Usage = field(default_factory=Usage)
    models: tuple[str, ...] = ()
    overview: Overview | None = None
    seen_lines: int = 0
    reanchored: int = 0
    known: tuple[Finding, ...] = ()
    answers: Mapping[str, Json] = field(default_factory=dict)
    remembered: int = 0


async def with_fallback(panel: Panel, role: Role, talk: Callable[[Model], Awaitable[_T]]) -> _T:
    """Talk with the first model of a role that serves; when it goes away in the middle, with the next.

    Raises what the last one failed with.
    """
    failed: dict[str, ModelError] = {}
    while True:
        try:
            model = await panel.gateway.pick(role, without=failed.keys())
        except ModelUnavailable as err:
            if not failed:
                raise
            raise list(failed.values())[-1] from err
        try:
            return await talk(model)
        except (ModelUnavailable, ModelTimeout) as err:
            failed[model.name] = err
