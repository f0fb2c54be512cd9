"""How the jobs of the whole installation stand: counted in the database, not in this process."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Select, func, select

from reviewer.database.tables import jobs
from reviewer.domain import JobState
from reviewer.service.store import Store, state_of

WINDOW_S = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Census:
    """Jobs by state, and how long the oldest one has been waiting, in seconds (0 if none waits)."""

    states: Mapping[JobState, int]
    oldest_queued_s: float


def take_census(store: Store) -> Census:
    """Count the jobs of the last seven days; raise StoreError if the database does not answer."""
    known = store.jobs().where(jobs.c.created >= store.clock() - WINDOW_S).subquery()
    # What a job's state is read from, and nothing else, so that a row stands for all of its kind.
    kinds: list[Any] = [known.c[name] for name in ("status", "superseded", "stage") if name in known.c]
    counts: list[Any] = [func.count().label("jobs"), func.min(known.c.created).label("oldest")]
    query: Select[Any] = select(*kinds, *counts).group_by(*kinds)
    states = dict.fromkeys(JobState, 0)
    oldest: list[float] = []
    with store.transaction() as connection:
        for row in connection.execute(query):
            state = state_of(row)
            states[state] += row.jobs
            if state is JobState.QUEUED:
                oldest.append(row.oldest)
    waited = max(0.0, store.clock() - min(oldest)) if oldest else 0.0
    return Census(states, waited)


class FolderSize:
    """The bytes of all files below a folder; measured anew at most every five minutes."""

    def __init__(
        self, folder: Path, *, fresh_s: float = 300.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder = folder
        self._fresh_s = fresh_s
        self._clock = clock
        self._measured: tuple[float, int] | None = None

    def __call__(self) -> int:
        """Return the size; what cannot be read counts nothing."""
        now = self._clock()
        if self._measured is None or now - self._measured[0] > self._fresh_s:
            self._measured = (now, _measure(self._folder))
        return self._measured[1]


def _measure(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                found = os.lstat(Path(place, name))
            except OSError:  # gone meanwhile
                continue
            if stat.S_ISREG(found.st_mode):
                total += found.st_size
    return total
