"""What a scenario stands on: a folder, databases, dice, and the certainty that everything ends."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from tests.chaos.outcome import Scale
from tests.chaos.postgres import PostgresServer

Kind = Literal["sqlite", "postgres"]
_T = TypeVar("_T")


class Overdue(AssertionError):
    """Something did not happen before the scenario's deadline."""


@dataclass(slots=True)
class Ground:
    """One scenario's own place; `stack` ends whatever was started, however the scenario ends.

    The service keeps everything below `state`, which is `folder` unless a scenario says otherwise.

    `postgres` opens the server that all scenarios share; `warm` lays the compiled rules of the secret
    scanner into a data folder. The dice are seeded by the scenario's name: every run throws the same.
    """

    name: str
    folder: Path
    scale: Scale
    postgres: Callable[[], PostgresServer]
    warm: Callable[[Path], None]
    stack: ExitStack
    state: Path = field(init=False)
    dice: random.Random = field(init=False)
    _end: float = field(init=False)

    def __post_init__(self) -> None:
        self.state = self.folder
        self.dice = random.Random(self.name)
        self._end = time.monotonic() + self.scale.deadline_s

    def database(self, kind: Kind) -> str:
        """Name an empty database."""
        if kind == "postgres":
            return self.postgres().new_database()
        return f"sqlite:///{self.state / 'reviewer.db'}"

    def until(
        self,
        look: Callable[[], _T | None],
        what: str,
        *,
        patience_s: float | None = None,
        every_s: float = 0.02,
    ) -> _T:
        """Look again and again until something is there (not None, not False); raise Overdue otherwise."""
        end = self._end if patience_s is None else min(self._end, time.monotonic() + patience_s)
        while True:
            found = look()
            if found is not None and found is not False:
                return found
            if time.monotonic() > end:
                raise Overdue(f"waited in vain for {what}")
            time.sleep(every_s)

    def pause(self, shortest_s: float, longest_s: float) -> None:
        """Let a random time pass."""
        time.sleep(self.dice.uniform(shortest_s, longest_s))
