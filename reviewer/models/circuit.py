"""Remember whether an endpoint answers, so that a dead one costs one failure and not one per call."""

from __future__ import annotations

from collections.abc import Callable

from reviewer.errors import ModelError

HEALTHY_S = 30.0  # how long an answer counts
SKIPPED_S = 30.0  # how long a model that failed is left alone
FAILURES = 3  # calls that may fail in a row while the endpoint itself answers


class Circuit:
    """Open (skipped) after a failed probe or `FAILURES` failed calls, for `SKIPPED_S` seconds.

    After that one probe may close it again; until a call succeeds, the next failed one opens it at once.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._healthy_until = float("-inf")
        self._open_until = float("-inf")
        self._failures = 0
        self._reason: ModelError | None = None

    @property
    def healthy(self) -> bool:
        """Whether it answered recently enough not to be asked again."""
        return self._clock() < self._healthy_until

    @property
    def reason(self) -> ModelError | None:
        """Why it is skipped now; None if it is not."""
        return self._reason if self._clock() < self._open_until else None

    def answered(self) -> None:
        """Note that a probe was answered."""
        self._healthy_until = self._clock() + HEALTHY_S

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
        self._open_until = self._clock() + SKIPPED_S
