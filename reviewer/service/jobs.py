"""Durable jobs: `ports.Jobs` on DBOS, over SQLite or Postgres.

The engine checkpoints steps and keeps the queue. What it leaves to us is done here and beside: one
transaction per delivery (`intake`), whose jobs are whose (`recovery`), JSON only (`serializer`).
DBOS is one per process by its nature; so is DurableJobs.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import structlog
from dbos import DBOS, DBOSClient, DBOSConfig, EnqueueOptions, error
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from reviewer.database.connections import ACCEPT_TIMEOUT_S, WORK_TIMEOUT_S, open_database, sqlite_file
from reviewer.database.migration import migrate
from reviewer.domain import Event, Job
from reviewer.errors import ConfigError, StoreError
from reviewer.ports import Json
from reviewer.service import intake
from reviewer.service.fence import MergeRequestLocks
from reviewer.service.recovery import BEAT_S, Roster, this_process
from reviewer.service.serializer import JsonSerializer, refuse_pickle
from reviewer.service.store import Store
from reviewer.service.worker import RETRY_DELAYS_S, Work, Worker

# Raised only when the order of a job's steps changes: jobs begun under another version stay untouched.
APPLICATION_VERSION = "1"
APPLICATION = "reviewer"
QUEUE = "jobs"
WORKFLOW = "job"
# A job that takes the process down with it must not do so for ever.
CRASHES_ALLOWED = 20

_POLL_S = 0.25
_WEB_CONNECTIONS = 5
_WORK_CONNECTIONS = 8


class DurableJobs:
    """Accepts and runs jobs in this process, from construction until `close`.

    Construct it outside any event loop: the jobs then run in a loop of their own, beside the web
    server's. `workers` is how many jobs run here at once. Raises ConfigError for an unusable address
    and StoreError if the database cannot be opened or another process holds its SQLite file.
    """

    def __init__(
        self,
        database: str,
        work: Work,
        *,
        workers: int = 4,
        retry_delays_s: Sequence[float] = RETRY_DELAYS_S,
        beat_s: float = BEAT_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        _refuse_cloud()
        self._closing = threading.Event()
        self._beat_s = beat_s
        with ExitStack() as undo:
            web = _open_web_side(database, undo)
            self.store = Store(web, clock)
            me = this_process()
            self._roster = Roster(self.store, me)
            locks = MergeRequestLocks(web, shared=self.store.shared)
            self._worker = Worker(self.store, locks, work, executor=me.id, retry_delays_s=retry_delays_s)
            self._roster.beat()
            undo.callback(self._sign_off)
            with engine_errors():
                self._launch(database, me.id, workers, undo)
                self._client = DBOSClient(
                    system_database_engine=web,
                    serializer=JsonSerializer(),
                    application_name=APPLICATION,
                    retry_connection_errors=False,
                )
            undo.callback(self._client.destroy)
            self._recover()
            self._heart = threading.Thread(target=self._keep_beating, name="heartbeat", daemon=True)
            self._heart.start()
            self._undo = undo.pop_all()

    def submit(self, event: Event) -> str:
        """Store the event and return its job; the same delivery gives the same job. Raises StoreError."""
        accepted = intake.accept(self.store, event, self._enqueue)
        for job in accepted.superseded:
            # The new job is safe already, and the old one's fence knows: stopping early only saves work.
            try:
                self.cancel(job)
            except StoreError:
                structlog.get_logger().warning("superseded job not stopped early", job=job)
        return accepted.job

    def status(self, job: str) -> Job | None:
        """Return one job."""
        return self.store.job(job)

    def list(self, limit: int = 50) -> Sequence[Job]:
        """Return the newest jobs first."""
        return self.store.newest_jobs(limit)

    def retry(self, job: str) -> str:
        """Run a failed or cancelled job again; return the new attempt's id. Raises UsageError."""
        return intake.retry(self.store, job, self._enqueue)

    def cancel(self, job: str) -> None:
        """Stop a job; a finished one stays as it is."""
        with engine_errors():
            self._client.cancel_workflow(job)
        self._worker.preempt(job)

    def close(self, drain_s: float) -> None:
        """Take no more work, let running steps end for at most `drain_s` seconds, then stop.

        What is unfinished goes on after its last step, at the next start or in another process.
        """
        self._closing.set()
        self._heart.join(timeout=ACCEPT_TIMEOUT_S)
        self._stop_taking()
        self._worker.drain(drain_s)
        self._undo.close()

    def _launch(self, database: str, executor: str, workers: int, undo: ExitStack) -> None:
        engine = open_database(database, connections=_WORK_CONNECTIONS, timeout_s=WORK_TIMEOUT_S)
        undo.callback(engine.dispose)
        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_engine": engine,
            "executor_id": executor,
            "application_version": APPLICATION_VERSION,
            "serializer": JsonSerializer(),
            "enable_otlp": False,
            "log_level": "ERROR",
            "use_listen_notify": False,
        }
        refuse_pickle()
        self._engine = DBOS(config=config)
        if DBOS.executor_id != executor:  # it handed out the one that is there
            raise StoreError("this process runs jobs already")
        undo.callback(DBOS.destroy, destroy_registry=True)

        @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=CRASHES_ALLOWED)
        async def work() -> Json:
            return await self._worker.run(str(DBOS.workflow_id))

        DBOS.launch()
        DBOS.register_queue(
            QUEUE, worker_concurrency=workers, partition_concurrency=1, polling_interval_sec=_POLL_S
        )

    def _enqueue(self, connection: Connection, job: str, partition: str) -> None:
        options: EnqueueOptions = {
            "workflow_name": WORKFLOW,
            "queue_name": QUEUE,
            "workflow_id": job,
            "app_version": APPLICATION_VERSION,
            "queue_partition_key": partition,
        }
        with engine_errors():
            self._client.enqueue_in_transaction(connection, options)

    def _recover(self) -> None:
        gone = self._roster.gone()
        if gone:
            structlog.get_logger().warning("taking over jobs", executors=gone)
            with engine_errors():
                # Unlike the public resume it leaves alone what was cancelled meanwhile, takes over what
                # another process took only once, and counts crashes.
                DBOS._recover_pending_workflows(gone)

    def _stop_taking(self) -> None:
        # A queue thread in the middle of its work would hand jobs to a loop that is already closed.
        for event in self._engine.background_thread_stop_events:
            event.set()
        for thread in threading.enumerate():
            if thread.name.startswith("queue-worker-"):
                thread.join(timeout=ACCEPT_TIMEOUT_S)

    def _sign_off(self) -> None:
        try:
            self._roster.sign_off()
        except StoreError as err:
            structlog.get_logger().warning("not signed off", reason=str(err))

    def _keep_beating(self) -> None:
        while not self._closing.wait(self._beat_s):
            try:
                self._roster.beat()
                self._recover()
                strays = self._roster.stray(self._worker.active)
                if strays:
                    with engine_errors():
                        DBOS.resume_workflows(strays, queue_name=QUEUE)
            except StoreError as err:
                structlog.get_logger().warning("heartbeat failed", reason=str(err))


@contextmanager
def engine_errors() -> Iterator[None]:
    """Turn what the engine and its database say into StoreError, without statements and values."""
    try:
        yield
    except (error.DBOSException, SQLAlchemyError) as err:
        raise StoreError(f"the job engine failed: {type(err).__name__}") from err


def _open_web_side(database: str, undo: ExitStack) -> Engine:
    """Open the connections that deliveries are accepted on, and make sure of the tables."""
    file = sqlite_file(database)
    if file is not None:
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


def _refuse_cloud() -> None:
    # The engine would then connect to its maker's servers, whatever it is configured to do.
    if os.environ.get("DBOS__CLOUD"):
        raise ConfigError("DBOS__CLOUD is set; this program talks to nobody but its own database")
