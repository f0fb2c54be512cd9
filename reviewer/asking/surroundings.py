"""The code around a change, asked for away from the event loop; trouble with it is told once, and costs no review."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from reviewer.domain import Finding, ReviewUnit, ReviewWarning
from reviewer.errors import ForgeError, StoreError
from reviewer.ports import Codebase
from reviewer.stages.related_code import RelatedCode

_T = TypeVar("_T")
NO_INDEX = "no-index"


class Surroundings:
    """What units and findings are shown beside their own code; nothing where there is no `related`."""

    def __init__(self, related: RelatedCode | None) -> None:
        self.warnings: list[ReviewWarning] = []
        self._related = related

    async def beside(self, units: Sequence[ReviewUnit], room: int) -> tuple[ReviewUnit, ...]:
        """Return the units, each with what bears on it."""

        def look(related: RelatedCode) -> tuple[ReviewUnit, ...]:
            return tuple(related.beside(unit, room) for unit in units)

        return await self._ask(look, tuple(units))

    async def behind(self, finding: Finding, unit: ReviewUnit, room: int) -> str:
        """Return the bodies that it takes to prove or refute a finding."""
        return await self._ask(lambda related: related.behind(finding, unit, room), "")

    async def untested(self) -> tuple[str, ...]:
        """Name the public definitions of the change that no test mentions; none where nobody can tell."""
        return await self._ask(RelatedCode.untested, ())

    async def _ask(self, look: Callable[[RelatedCode], _T], otherwise: _T) -> _T:
        if self._related is None:
            return otherwise
        try:
            return await asyncio.to_thread(look, self._related)
        except (StoreError, ForgeError) as err:
            self._give_up(err)
            return otherwise

    def _give_up(self, err: Exception) -> None:
        self._related = None
        self.warnings.append(unavailable(str(err)))


async def prepare(codebase: Codebase, max_seconds: float) -> ReviewWarning | None:
    """Get the code around the change ready; say why it is not."""
    try:
        if await asyncio.to_thread(codebase.prepare, max_seconds):
            return None
    except (StoreError, ForgeError) as err:
        return unavailable(str(err))
    return unavailable(f"the symbol index was not ready in {max_seconds:g} s; a later review goes on with it")


def unavailable(why: str) -> ReviewWarning:
    """Say that the review was made without the code around the change."""
    return ReviewWarning(NO_INDEX, f"reviewed without the code around the change: {why}")
