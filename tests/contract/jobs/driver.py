"""A process of its own that runs jobs and can be killed: `python -m tests.contract.jobs.driver ...`.

Arguments: database, journal, what to do (`submit` jobs and die, `run` until all have ended, or `hold` on
to one for ever), and optionally the step in which to die, as NUMBER:NAME. Every step leaves a line in
the journal.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from reviewer.domain import Event
from reviewer.ports import Json, Step
from reviewer.service.fence import Fence
from reviewer.service.jobs import DurableJobs
from tests.contract.jobs.lab import ENDED, HEAD_A, wait_for

STEPS = ("fetch", "scan", "model", "post")
JOBS = 3


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(database: str, journal: str, wish: str, fatal: str = "") -> None:
    async def work(event: Event, step: Step, fence: Fence) -> Json:
        def make(name: str) -> Step:
            async def body() -> Json:
                line = f"{event.number}:{name}"
                with Path(journal).open("a") as out:
                    out.write(line + "\n")
                if line == fatal:
                    die()
                if wish == "hold":
                    await asyncio.sleep(600)
                return line

            return body  # type: ignore[return-value]

        if wish == "submit":
            await asyncio.sleep(600)  # what is submitted dies before it has done anything
        seen = [await step(name, make(name), preemptible=name == "model") for name in STEPS]  # type: ignore[arg-type]
        return {"verdict": "pass", "head": event.head, "seen": seen}

    jobs = DurableJobs(database, work, beat_s=3600)  # what is taken over is taken over at the start
    if wish == "hold":
        jobs.submit(Event("main", "desk/p", 1, "opened", "d1", head=HEAD_A))
    if wish == "submit":
        for number in range(1, JOBS + 1):
            job = jobs.submit(Event("main", "desk/p", number, "opened", f"d{number}", head=HEAD_A))
            os.write(sys.stdout.fileno(), f"{job}\n".encode())
        die()
    wait_for(lambda: all(job.state in ENDED for job in jobs.list()), "all jobs have ended")
    sys.stdout.write(json.dumps({job.id: job.state for job in jobs.list()}))
    jobs.close(5.0)


if __name__ == "__main__":
    main(*sys.argv[1:])
