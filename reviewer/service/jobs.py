"""Durable jobs: `ports.Jobs` over SQLite or Postgres, in one process or in many.

A delivery becomes a waiting job in one transaction (`intake`). A worker with a free place claims the next
one (`queue`, `dispatch`) and begins it in the job engine (`engine`), which checkpoints its steps. Whose jobs
are whose, and which nobody runs any more, is in `recovery`.
"""

from __future__ import annotations

import fcntl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import structlog
from sqlalchemy import Engine

from reviewer.database.connections import (
    ACCEPT_TIMEOUT_S,
    WORK_TIMEOUT_S,
    is_lost_connection,
    open_database,
    sqlite_file,
)
from reviewer.database.migration import migrate
from reviewer.domain import Event, Job, ProcessRole
from reviewer.errors import ConfigError, StoreError, UsageError
from reviewer.service import intake
from reviewer.service.bell import Bell
from reviewer.service.chores import Chore, Chores
from reviewer.service.dispatch import Dispatcher
from reviewer.service.engine import APPLICATION_VERSION, EngineClient, JobEngine
from reviewer.service.fence import MergeRequestLocks
from reviewer.service.queue import QueueState, WaitingRoom, queue_state
from reviewer.service.recovery import BEAT_S, Roster, this_process
from reviewer.service.store import Store
from reviewer.service.worker import RETRY_DELAYS_S, Work, Worker

QUEUE_LIMIT = 1000
_WEB_CONNECTIONS = 5
_WORK_CONNECTIONS = 8


# What is to be done now and then for these jobs, where they run.
MakeChores = Callable[["DurableJobs"], Sequence[Chore]]


class DurableJobs:
    """Accepts jobs from construction until `close`; with work to do and a role that allows it, runs them.

    Construct it outside any event loop: the jobs then run in a loop of their own, beside the web
    server's. `workers` is how many jobs run here at once. Raises ConfigError for an unusable address and
    for a role that the database does not allow, StoreError if the database cannot be opened or another
    process holds its SQLite file. `chores` are made once it works, and done where jobs are run.
    """

    def __init__(
        self,
        database: str,
        work: Work,
        *,
        role: ProcessRole = ProcessRole.ALL,
        workers: int = 4,
        queue_limit: int = QUEUE_LIMIT,
        retry_delays_s: Sequence[float] = RETRY_DELAYS_S,
        beat_s: float = BEAT_S,
        chores: MakeChores | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._crew: _Crew | None = None
        with ExitStack() as undo:
            web = open_web_side(database, undo, role=role)
            self.store = Store(web, clock)
            self._client = EngineClient(web)
            undo.callback(self._client.close)
            self._client.make_tables()
            self._bell = Bell(web, shared=self.store.shared, listening=role is not ProcessRole.WEB)
            undo.callback(self._bell.close)
            if role is not ProcessRole.WEB:
                self._crew = _Crew(
                    self.store,
                    self._client,
                    database,
                    work,
                    self._bell,
                    workers=workers,
                    queue_limit=queue_limit,
                    retry_delays_s=retry_delays_s,
                    beat_s=beat_s,
                    undo=undo,
                )
                if chores is not None:
                    undo.callback(Chores(self.store, chores(self)).close)
            self._undo = undo.pop_all()

    def submit(self, event: Event) -> str:
        """Store the event and return its job; the same delivery gives the same job. Raises StoreError."""
        try:
            accepted = intake.accept(self.store, event)
        except StoreError as err:
            # Told twice, it is still one job; so whether the first attempt was committed does not matter.
            if not is_lost_connection(err):
                raise
            accepted = intake.accept(self.store, event)
        return self._follow_up(accepted)

    def notice(self, event: Event, seen_at: float) -> str | None:
        """Store what we saw ourselves at a time; None if the forge has told us of it since."""
        accepted = intake.notice(self.store, event, seen_at)
        return None if accepted is None else self._follow_up(accepted)

    def status(self, job: str) -> Job | None:
        """Return one job."""
        return self.store.job(job)

    def list(self, limit: int = 50) -> Sequence[Job]:
        """Return the newest jobs first."""
        return self.store.newest_jobs(limit)

    def retry(self, job: str) -> str:
        """Run a failed or cancelled job again; return the new attempt's id. Raises UsageError."""
        again = intake.retry(self.store, job)
        self._bell.ring()
        return again

    def cancel(self, job: str) -> None:
        """Stop a job; a finished one stays as it is."""
        if WaitingRoom(self.store, "").cancel(job):
            return
        self._client.cancel(job)
        if self._crew is not None:
            self._crew.preempt(job)

    def forget_work(self, jobs: Sequence[str]) -> None:
        """Delete what the engine knows of jobs that have ended."""
        self._client.delete(jobs)

    def queue(self) -> QueueState:
        """Measure how much work there is, and how long it has waited."""
        return queue_state(self.store)

    def close(self, drain_s: float) -> None:
        """Take no more work, let running steps end for at most `drain_s` seconds, then stop.

        What is unfinished goes on after its last step, at the next start or in another process.
        """
        if self._crew is not None:
            self._crew.drain(drain_s)
        self._undo.close()

    def _follow_up(self, accepted: intake.Accepted) -> str:
        if accepted.added:
            self._bell.ring()
        for job in accepted.superseded:
            # The new job is safe already, and the old one's fence knows: stopping early only saves work.
            try:
                self.cancel(job)
            except StoreError:
                structlog.get_logger().warning("superseded job not stopped early", job=job)
        return accepted.job


class _Crew:
    """What a process that works has beside its doors: engine, dispatcher and heartbeat."""

    def __init__(
        self,
        store: Store,
        client: EngineClient,
        database: str,
        work: Work,
        bell: Bell,
        *,
        workers: int,
        queue_limit: int,
        retry_delays_s: Sequence[float],
        beat_s: float,
        undo: ExitStack,
    ) -> None:
        me = this_process()
        self._beat_s = beat_s
        self._store = store
        self._client = client
        self._queue_limit = queue_limit
        self._closing = threading.Event()
        self._roster = Roster(store, me, places=workers)
        self._room = WaitingRoom(store, me.id)
        connections = open_database(database, connections=_WORK_CONNECTIONS, timeout_s=WORK_TIMEOUT_S)
        undo.callback(connections.dispose)
        # Work waits for the locks of busy merge requests on connections that deliveries do not need.
        locks = MergeRequestLocks(connections, shared=store.shared)
        self._worker = Worker(
            store,
            locks,
            work,
            executor=me.id,
            places=workers,
            retry_delays_s=retry_delays_s,
            freed=lambda: bell.ring(elsewhere=False),
        )
        self._roster.beat()
        undo.callback(self._sign_off)
        self._engine = JobEngine(
            connections,
            self._worker.run,
            executor=me.id,
            places=workers,
            ended=lambda: bell.ring(elsewhere=False),
        )
        undo.callback(self._engine.close)
        self._look_after_others()
        self._dispatcher = Dispatcher(
            self._room, self._worker, self._engine.begin, bell, returning=self._roster.returning
        )
        self._dispatcher.start()
        self._heart = threading.Thread(target=self._keep_beating, name="heartbeat", daemon=True)
        self._heart.start()

    def preempt(self, job: str) -> None:
        """Cancel the preemptible steps of a job at once."""
        self._worker.preempt(job)

    def drain(self, seconds: float) -> None:
        """Take nothing more, and let running steps end."""
        self._closing.set()
        self._dispatcher.close()
        self._heart.join(timeout=ACCEPT_TIMEOUT_S)
        self._engine.stop_taking()
        self._worker.drain(seconds)

    def _look_after_others(self) -> None:
        log = structlog.get_logger()
        gone = self._roster.gone()
        if gone and (taken := self._engine.take_over(gone)):
            log.warning("taking over jobs", executors=gone, jobs=taken)
        for job in self._roster.outdated(gone, APPLICATION_VERSION):
            self._begin_anew(job)
        again = self._room.put_back(self._roster.living(), self._worker.active)
        unheard = self._roster.unheard()
        if unheard:
            self._engine.resume(unheard)
        if again or unheard:
            log.warning("nobody would have run jobs", again=again, unheard=unheard)

    def _begin_anew(self, job: str) -> None:
        log = structlog.get_logger().bind(job=job)
        self._client.cancel(job)
        try:
            log.warning("begun by an older version", again=intake.retry(self._store, job))
        except UsageError as err:  # another process was quicker, or nobody ever asked for it
            log.info("not begun anew", reason=str(err))

    def _look_after_ourselves(self) -> None:
        stray = self._roster.stray(self._worker.active)
        if stray:
            structlog.get_logger().warning("starting stray jobs again", jobs=stray)
            self._engine.resume(stray)
        self._worker.forget_ghosts()

    def _mind_the_queue(self) -> None:
        state = queue_state(self._store)
        if state.waiting > self._queue_limit:
            structlog.get_logger().warning(
                "the queue is over its limit: workers or models are missing",
                waiting=state.waiting,
                limit=self._queue_limit,
                oldest_s=round(state.oldest_s),
            )

    def _keep_beating(self) -> None:
        while not self._closing.wait(self._beat_s):
            try:
                self._roster.beat()
                self._look_after_others()
                self._look_after_ourselves()
                self._mind_the_queue()
            except StoreError as err:
                structlog.get_logger().warning("heartbeat failed", reason=str(err))

    def _sign_off(self) -> None:
        try:
            self._roster.sign_off()
        except StoreError as err:
            structlog.get_logger().warning("not signed off", reason=str(err))


def open_web_side(database: str, undo: ExitStack, *, role: ProcessRole = ProcessRole.ALL) -> Engine:
    """Open the connections that deliveries are accepted on, and make sure of the tables."""
    file = sqlite_file(database)
    if file is not None:
        if role is not ProcessRole.ALL:
            raise ConfigError(
                f"the role {role} needs several processes on one database, and SQLite serves one",
                key="service.database",
                remedy="give service.database a postgresql:// address, or run `reviewer serve` without --role",
            )
        lock = undo.enter_context(file.with_name(f"{file.name}.lock").open("w"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise StoreError(
                f"{file} is in use by another process",
                remedy="SQLite serves one process; give service.database a postgresql:// address for several",
            ) from err
    # SQLite takes one writer at a time: more connections here would only wait for each other.
    connections = _WEB_CONNECTIONS if file is None else 1
    engine = open_database(database, connections=connections, timeout_s=ACCEPT_TIMEOUT_S)
    undo.callback(engine.dispose)
    migrate(engine)
    return engine
