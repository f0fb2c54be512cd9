"""How long small projects wait beside one that has sent two hundred jobs at once."""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import structlog

from reviewer.domain import Event, JobState
from reviewer.ports import Json, Step
from reviewer.service.fence import Fence
from reviewer.service.jobs import DurableJobs
from tests.bench.figures import Figure, share

BIG, SMALL, WORKERS = 200, 10, 4
WORK_S = 0.05
_BIG = "desk/big"


def measure_fairness() -> Iterator[Figure]:
    """Submit the big project's jobs first, then one of each small one; compare when they began."""
    began: dict[str, list[float]] = {}

    async def work(event: Event, step: Step, fence: Fence) -> Json:
        began.setdefault(event.project, []).append(time.perf_counter())

        async def review() -> Json:
            await asyncio.sleep(WORK_S)
            return None

        return await step("review", review)

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory() as folder:
        jobs = DurableJobs(f"sqlite:///{Path(folder) / 'reviewer.db'}", work, workers=WORKERS)
        try:
            for number in range(BIG):
                jobs.submit(_event(_BIG, number))
            told = time.perf_counter()
            for number in range(SMALL):
                jobs.submit(_event(f"desk/small-{number}", number))
            while any(job.state is not JobState.DONE for job in jobs.list(BIG + SMALL)):
                time.sleep(0.2)
        finally:
            jobs.close(5.0)
    small = [when - told for project, whens in began.items() if project != _BIG for when in whens]
    last = max(began[_BIG]) - told
    yield Figure(
        f"a job of {SMALL} small projects begins, beside {BIG} of a big one (half, all)",
        f"{share(small, 0.5):.2f} s, {max(small):.2f} s",
        "the last of the big one",
        max(small) / last,
    )


def _event(project: str, number: int) -> Event:
    delivery = f"{project.replace('/', '-')}-{number}"
    return Event("main", project, number + 1, "opened", delivery, head=f"{number:040x}")
