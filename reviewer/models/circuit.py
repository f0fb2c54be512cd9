"""Remember whether a model answers, so that a dead one costs one failure and not one per call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from enum import StrEnum

from reviewer.errors import ModelError

HEALTHY_S = 30.0  # how long an answer counts
SKIPPED_S = 30.0  # how long a model that failed is left alone
FAILURES = 3  # calls that may fail in a row while the endpoint itself answers


class CircuitState(StrEnum):
    """Whether calls go through (closed), are refused (open), or one is let through to try (half-open)."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Circuit:
    """One model at one endpoint; open after a failed probe or `FAILURES` failed calls, for `SKIPPED_S` seconds.

    Then it is half-open: an answered probe closes what a probe has opened; what failed calls have opened
    is closed by a call that succeeds, and opened again by one that does not.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._healthy_until = float("-inf")
        self._open_until = float("-inf")
        self._failures = 0
        self._tripped = False
        self._reason: ModelError | None = None
        self._trial = asyncio.Lock()

    @property
    def state(self) -> CircuitState:
        """Return how it stands now."""
        if self._clock() < self._open_until:
            return CircuitState.OPEN
        return CircuitState.HALF_OPEN if self._tripped else CircuitState.CLOSED

    @property
    def healthy(self) -> bool:
        """Whether it answered recently enough not to be asked again."""
        return self._clock() < self._healthy_until

    @property
    def reason(self) -> ModelError | None:
        """Why it is skipped now; None if it is not."""
        return self._reason if self.state is CircuitState.OPEN else None

    @asynccontextmanager
    async def trial(self) -> AsyncIterator[None]:
        """Let one call at a time through while half-open, so that a dead server costs one wait, not many."""
        async with AsyncExitStack() as alone:
            if self.state is CircuitState.HALF_OPEN:
                await alone.enter_async_context(self._trial)
                if self.state is not CircuitState.HALF_OPEN:
                    await alone.aclose()
            yield

    def answered(self) -> None:
        """Note that a probe was answered."""
        self._healthy_until = self._clock() + HEALTHY_S
        if self._failures < FAILURES:
            self._tripped = False

    def succeeded(self) -> None:
        """Note that a call succeeded."""
        self._failures = 0
        self.answered()

    def failed(self, error: ModelError) -> None:
        """Note that a call failed: ask again before the next pick, skip after too many."""
        self._failures += 1
        self._healthy_until = float("-inf")
        if self._failures >= FAILURES:
            self.open(error)

    def open(self, error: ModelError) -> None:
        """Skip it from now on."""
        self._reason = error
        self._tripped = True
        self._open_until = self._clock() + SKIPPED_S
