"""The job engine, DBOS, behind one door: it checkpoints steps and runs what it has begun to its end.

Which job begins where is ours to say (`queue`, `dispatch`), as is who takes over what a dead process has
left (`recovery`). DBOS is one per process by its nature; so is Engine.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from dbos import DBOS, DBOSClient, DBOSConfig, SetWorkflowID, WorkflowHandleAsync, error
from sqlalchemy import Engine as Database
from sqlalchemy import func, select, update
from sqlalchemy.exc import SQLAlchemyError

from reviewer.errors import ConfigError, StoreError
from reviewer.ports import Json
from reviewer.service.serializer import JsonSerializer, refuse_pickle

# A number, raised only when the order of a job's steps changes: jobs that were begun under a lower one go on in
# processes of that version, and begin anew once those have ended.
APPLICATION_VERSION = "1"
APPLICATION = "reviewer"
WORKFLOW = "job"
# A job that takes the process down with it, time and again without a step done, must not do so for ever.
CRASHES_ALLOWED = 20

# Only what is taken over passes through the engine's queue: it need not look often.
_POLL_S = 1.0
_STOP_S = 5.0


def queue_name(places: int) -> str:
    """Name the engine's queue of all processes with so many places: they share its one setting."""
    return f"jobs-{places}"


@dataclass(frozen=True, slots=True)
class StepDone:
    """A finished step of a job; `error` says whether it failed, `seconds` is None where it was not timed."""

    name: str
    failed: bool
    seconds: float | None


class EngineClient:
    """What any process can do to jobs: make the engine's tables, look, and cancel."""

    def __init__(self, database: Database) -> None:
        with engine_errors():
            self._client = DBOSClient(
                system_database_engine=database,
                serializer=JsonSerializer(),
                application_name=APPLICATION,
                retry_connection_errors=False,
                lazy=True,
            )

    def make_tables(self) -> None:
        """Make the engine's tables where there are none; it does so under a lock of its own."""
        with engine_errors():
            # The public way takes an address, and would open connections of its own.
            self._client._sys_db.run_migrations()

    def cancel(self, job: str) -> None:
        """Stop a job; a finished one stays as it is."""
        with engine_errors():
            self._client.cancel_workflow(job)

    def steps(self, job: str) -> list[StepDone]:
        """Return the finished steps of a job in order."""
        with engine_errors():
            steps = self._client.list_workflow_steps(job)
        return [
            StepDone(
                step["function_name"],
                step["error"] is not None,
                _seconds(step["started_at_epoch_ms"], step["completed_at_epoch_ms"]),
            )
            for step in steps
        ]

    def delete(self, jobs: Sequence[str]) -> None:
        """Forget finished jobs with their steps."""
        with engine_errors():
            self._client.delete_workflows(list(jobs))

    def close(self) -> None:
        """Let go of the database."""
        self._client.destroy()


class JobEngine:
    """The running engine of this process, from construction until `close`.

    `run` does a job from its last finished step on, in an event loop that all jobs share. `ended` is called
    when a job that was begun here has left its merge request free.
    """

    def __init__(
        self,
        database: Database,
        run: Callable[[str], Awaitable[Json]],
        *,
        executor: str,
        places: int,
        ended: Callable[[], None],
    ) -> None:
        _refuse_cloud()
        _let_logs_go_the_common_way()
        self._ended = ended
        self._watching: set[asyncio.Task[None]] = set()
        refuse_pickle()
        self._queue = queue_name(places)
        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_engine": database,
            "executor_id": executor,
            "application_version": APPLICATION_VERSION,
            "serializer": JsonSerializer(),
            "enable_otlp": False,
            "log_level": "ERROR",
            "use_listen_notify": False,
        }
        with engine_errors():
            self._dbos = DBOS(config=config)
            if DBOS.executor_id != executor:  # it handed out the one that is there
                raise StoreError("this process runs jobs already")
            try:
                self._launch(run, places)
            except BaseException:
                self.close()
                raise

    def _launch(self, run: Callable[[str], Awaitable[Json]], places: int) -> None:
        @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=CRASHES_ALLOWED)
        async def work() -> Json:
            return await run(str(DBOS.workflow_id))

        self._work = work
        DBOS.listen_queues([self._queue])
        DBOS.launch()
        DBOS.register_queue(self._queue, worker_concurrency=2 * places, polling_interval_sec=_POLL_S)

    def begin(self, job: str) -> None:
        """Write down that this process runs the job, and begin; an id that is known begins nothing."""

        async def start() -> None:
            with SetWorkflowID(job):
                handle = await DBOS.start_workflow_async(self._work)
            watching = asyncio.ensure_future(self._watch(handle))
            self._watching.add(watching)
            watching.add_done_callback(self._watching.discard)

        with engine_errors():
            # There is no public way into the engine's loop from outside; the synchronous start keeps a
            # thread waiting for each job.
            self._dbos._background_event_loop.submit_coroutine(start())

    async def _watch(self, handle: WorkflowHandleAsync[Json]) -> None:
        """Say so when a job has ended and the engine has written that down, whatever came of it."""
        await asyncio.gather(handle.get_result(), return_exceptions=True)
        self._ended()

    def take_over(self, gone: Sequence[str]) -> int:
        """Queue what executors that have ended left unfinished; return how much that is.

        Unlike the public resume this leaves alone what was cancelled meanwhile, takes over what another
        process took only once, and counts crashes: those of a job since its last finished step.
        """
        system = self._dbos._sys_db
        with engine_errors():
            left = [
                found.workflow_id
                for executor in gone
                for found in system.get_pending_workflows(executor, APPLICATION_VERSION)
            ]
            self._forgive(left, gone)
            return sum(system.reenqueue_for_recovery(job, list(gone), self._queue) for job in left)

    def _forgive(self, jobs: Sequence[str], gone: Sequence[str]) -> None:
        """Count the crashes of those jobs anew that have done a step since they were begun last."""
        tables = self._dbos._sys_db.tables
        job, step = tables.workflow_status.c, tables.operation_outputs.c
        begun = func.coalesce(job.started_at_epoch_ms, job.created_at)
        moved = (
            select(step.workflow_uuid)
            .where(step.workflow_uuid == job.workflow_uuid, step.completed_at_epoch_ms >= begun)
            .exists()
        )
        theirs = (job.workflow_uuid.in_(jobs), job.executor_id.in_(gone), moved)
        with self._dbos._sys_db.engine.begin() as connection:
            connection.execute(update(tables.workflow_status).where(*theirs).values(recovery_attempts=0))

    def resume(self, jobs: Sequence[str]) -> None:
        """Queue jobs that nobody runs or will run."""
        with engine_errors():
            DBOS.resume_workflows(list(jobs), queue_name=self._queue)

    def stop_taking(self) -> None:
        """Begin nothing more: a queue thread in the middle would hand jobs to a loop that is closed."""
        for event in self._dbos.background_thread_stop_events:
            event.set()
        for thread in threading.enumerate():
            if thread.name.startswith("queue-worker-"):
                thread.join(timeout=_STOP_S)

    def close(self) -> None:
        """Stop; what is unfinished goes on after its last step elsewhere, or at the next start."""
        DBOS.destroy(destroy_registry=True)


@contextmanager
def engine_errors() -> Iterator[None]:
    """Turn what the engine and its database say into StoreError, without statements and values."""
    try:
        yield
    except (error.DBOSException, SQLAlchemyError) as err:
        raise StoreError(f"the job engine failed: {type(err).__name__}") from err


def _seconds(began_ms: int | None, ended_ms: int | None) -> float | None:
    return None if began_ms is None or ended_ms is None else (ended_ms - began_ms) / 1000


def _let_logs_go_the_common_way() -> None:
    # The engine prints through a handler of its own, made when it is imported, unless it finds another one.
    engine = logging.getLogger("dbos")
    engine.handlers, engine.propagate = [logging.NullHandler()], True


def _refuse_cloud() -> None:
    # The engine would then connect to its maker's servers, whatever it is configured to do.
    if os.environ.get("DBOS__CLOUD"):
        raise ConfigError("DBOS__CLOUD is set; this program talks to nobody but its own database")
