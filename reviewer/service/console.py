"""Jobs seen and handled from outside the running service, through its database alone.

Beside a running service this works on SQLite too: what is tried again is found by its workers within
seconds, what is cancelled stops when they look, which they do every second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import make_url

from reviewer.database.connections import ACCEPT_TIMEOUT_S, open_database
from reviewer.database.migration import check_revision
from reviewer.domain import Job, JobState
from reviewer.errors import ConfigError, UsageError
from reviewer.service import intake
from reviewer.service.engine import EngineClient, StepDone
from reviewer.service.queue import QueueState, WaitingRoom, queue_state
from reviewer.service.store import Store


class Looked(NamedTuple):
    """A job, its finished steps, and the id of its review if there is one."""

    job: Job
    steps: list[StepDone]
    review: str | None


class Console:
    """What an operator asks about jobs and does to them. Calls raise StoreError, UsageError for unknown jobs."""

    def __init__(self, store: Store, client: EngineClient) -> None:
        self._store = store
        self._client = client

    def list(self, limit: int, state: JobState | None = None) -> list[Job]:
        """Return the newest jobs first."""
        return self._store.newest_jobs(limit, state)

    def queue(self) -> QueueState:
        """Measure the queue."""
        return queue_state(self._store)

    def show(self, job: str) -> Looked:
        """Return all that is known of a job."""
        found = self._store.job(job)
        if found is None:
            raise UsageError(f"there is no job {job}", remedy="`reviewer jobs list` names them")
        return Looked(found, self._client.steps(job), self._store.review_of(job))

    def retry(self, job: str) -> str:
        """Run a failed or cancelled job again; return the new attempt's id."""
        return intake.retry(self._store, job)

    def cancel(self, job: str) -> Job:
        """Stop a job; return what it is now, which for a finished one is what it was."""
        found = self.show(job).job
        if not WaitingRoom(self._store, "").cancel(job) and found.state in {
            JobState.QUEUED,
            JobState.RUNNING,
        }:
            self._client.cancel(job)
        return self.show(job).job


@contextmanager
def open_console(address: str, clock: Callable[[], float] = time.time) -> Iterator[Console]:
    """Open the database of a service; make and change nothing in it.

    Raises ConfigError if there is none, and StoreError if this program cannot work with it.
    """
    url = make_url(address)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        raise ConfigError(
            f"there is no database {url.database}",
            key="service.database",
            remedy="it is made when `reviewer serve` first starts; name the service's configuration with --config",
        )
    engine = open_database(address, connections=1, timeout_s=ACCEPT_TIMEOUT_S)
    try:
        check_revision(engine)
        client = EngineClient(engine)
        try:
            yield Console(Store(engine, clock), client)
        finally:
            client.close()
    finally:
        engine.dispose()
