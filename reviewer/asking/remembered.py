"""Answers about units that a former review of the same change has paid for.

An answer is remembered under the unit's id and all else that decides it: the conventions and guidelines
that were told, the wording, the models. So a push costs only the units that it touched.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import cast

from pydantic import TypeAdapter, ValidationError

from reviewer.asking.conversation import UnitReply
from reviewer.asking.panel import Recall
from reviewer.domain import ReviewUnit, Role, Usage
from reviewer.ports import Gateway, Json
from reviewer.stages.prompt import Briefing
from reviewer.stages.unit_identity import first_numbers, move


@dataclass(frozen=True, slots=True)
class Kept:
    """What a model said of a unit, and the first line number of each of its parts at that time."""

    model: str
    reply: UnitReply
    stood: tuple[int, ...]


_KEPT = TypeAdapter(Kept)


class Remembered:
    """What was kept of a change, by keys that mean something to this class alone."""

    def __init__(self, recall: Recall, gateway: Gateway, briefing: Briefing) -> None:
        self._recall = recall
        self._answers: Mapping[str, Json] = {}
        told = (
            briefing.conventions,
            sorted((name, text.template) for name, text in briefing.wording.texts.items()),
            [(model.name, model.profile.strategy) for model in gateway.configured(Role.REVIEW)],
        )
        self._setup = hashlib.sha256(repr(told).encode("utf-8", "replace")).hexdigest()[:16]

    async def look_up(self, units: Iterable[ReviewUnit]) -> None:
        """Look up all that was kept of these units."""
        self._answers = await asyncio.to_thread(self._recall, [self._key(unit) for unit in units])

    def recall(self, unit: ReviewUnit) -> Kept | None:
        """Return what was said of a unit, its lines where they are now; what it cost was paid then."""
        try:
            kept = _KEPT.validate_python(self._answers[self._key(unit)])
        except (KeyError, ValidationError):  # never said, or kept by another release
            return None
        drafts = move(kept.reply.drafts, unit, kept.stood)
        return replace(kept, reply=replace(kept.reply, drafts=drafts, usage=Usage()))

    def keep(self, answers: Iterable[tuple[ReviewUnit, str, UnitReply]]) -> dict[str, Json]:
        """Return what to remember of units, the models that were asked, and their replies."""
        kept = {self._key(unit): Kept(model, reply, first_numbers(unit)) for unit, model, reply in answers}
        return {key: cast("Json", _KEPT.dump_python(one, mode="json")) for key, one in kept.items()}

    def _key(self, unit: ReviewUnit) -> str:
        return f"{unit.id}.{self._setup}"
