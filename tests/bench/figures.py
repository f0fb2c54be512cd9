"""What `make bench` prints: figures beside their references and tables; and the clock for them."""

from __future__ import annotations

import gzip
import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(os.environ.get("REVIEWER_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement; `reference` is what the ratio is to, both measured in this run."""

    name: str
    value: str
    reference: str = ""
    ratio: float | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one kind: dataclasses, whose fields are the columns."""

    title: str
    rows: Sequence[Any]


def rows(name: str) -> Iterator[dict[str, Any]]:
    """Read a data set."""
    with gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def run(*command: str) -> None:
    """Run a command to its end."""
    subprocess.run(command, check=True, capture_output=True)


Clock = Callable[[], float]

WALL: Clock = time.perf_counter
PROCESSOR: Clock = time.thread_time  # of this thread alone: what an idle core would need


def median(work: Callable[[], object], times: int = 5, clock: Clock = WALL) -> float:
    """Return the median of the seconds that the work takes."""
    taken: list[float] = []
    for _ in range(times):
        with timed(taken, clock):
            work()
    return statistics.median(taken) / 1000


@contextmanager
def timed(taken: list[float], clock: Clock = WALL) -> Iterator[None]:
    """Append the milliseconds that the block takes."""
    started = clock()
    yield
    taken.append((clock() - started) * 1000)


def share(taken: list[float], part: float) -> float:
    """Return the value that a part (0 to 1) of all lie below."""
    return sorted(taken)[min(len(taken) - 1, int(len(taken) * part))]
