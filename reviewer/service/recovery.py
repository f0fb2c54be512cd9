"""Who runs jobs, who has stopped doing so, and which jobs nobody runs any more.

Every executor says every few seconds that it lives. On one machine its end is seen at once: its process
is gone, or on SQLite, which serves one process at a time, it is anyone but us. Elsewhere it has ended
when it has said nothing for a minute.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import and_, delete, func, literal, or_, select

from reviewer.database.tables import executors
from reviewer.service.engine import APPLICATION_VERSION, queue_name
from reviewer.service.store import Store

SILENCE_S = 60.0
BEAT_S = 10.0
_FORGOTTEN_S = 600.0


@dataclass(frozen=True, slots=True)
class Executor:
    """A process that runs jobs: its machine, its process id there and when that process began."""

    id: str
    host: str
    pid: int
    started: int


def this_process() -> Executor:
    """Name the running process; no other one ever has the same id."""
    pid = os.getpid()
    return Executor(f"{socket.gethostname()[:32]}-{pid}-{secrets.token_hex(6)}", _host(), pid, _started(pid))


class Roster:
    """The executors of the database, and the jobs they leave behind."""

    def __init__(
        self,
        store: Store,
        me: Executor,
        is_alive: Callable[[Executor], bool] | None = None,
        *,
        places: int = 0,
    ) -> None:
        self._store = store
        self._places = places
        self._me = me
        self._is_alive = is_alive or has_process
        self._idle: set[str] = set()

    def beat(self) -> None:
        """Say that this process lives."""
        values = {**asdict(self._me), "beat": self._now(), "places": self._places}
        row = self._store.insert(executors).values(values)
        with self._store.transaction() as connection:
            connection.execute(
                row.on_conflict_do_update(index_elements=["id"], set_={"beat": values["beat"]})
            )

    def sign_off(self) -> None:
        """Say that this process runs nothing any more, and forget those who left without a word."""
        gone = executors.c.beat < self._now() - SILENCE_S
        with self._store.transaction() as connection:
            connection.execute(delete(executors).where((executors.c.id == self._me.id) | gone))

    def gone(self) -> list[str]:
        """Return the executors that have jobs assigned and have ended."""
        progress = self._store.progress
        assigned = select(progress.c.executor_id).where(progress.c.status == "PENDING").distinct()
        with self._store.transaction() as connection:
            working = set(connection.scalars(assigned))
        # Asked second: whoever has taken a job has signed on before.
        return sorted(working - self.living().keys())

    def unheard(self) -> list[str]:
        """Return the jobs in queues of the engine that no living process looks at.

        Its size names a process's queue: they are left behind when all processes of a size have ended, and
        by the first release.
        """
        progress = self._store.progress
        heard = {queue_name(places) for places in self.living().values()}
        left = select(progress.c.workflow_uuid).where(
            progress.c.status == "ENQUEUED", progress.c.queue_name.not_in(heard), _is_ours(progress)
        )
        with self._store.transaction() as connection:
            return sorted(connection.scalars(left))

    def returning(self) -> int:
        """Count the jobs that were taken over and will be begun by processes of our size at any moment."""
        progress = self._store.progress
        taken_over = (
            progress.c.status == "ENQUEUED",
            progress.c.queue_name == queue_name(self._places),
            progress.c.application_version == APPLICATION_VERSION,
        )
        with self._store.transaction() as connection:
            return connection.scalar(select(func.count()).select_from(progress).where(*taken_over)) or 0

    def outdated(self, gone: Collection[str], version: str) -> list[str]:
        """Return jobs that were begun under an older version of their steps and left by its processes.

        Such a job cannot go on where it stood, it has to begin anew.
        """
        progress = self._store.progress
        # Listed, not compared as numbers: whatever else stands there is none of ours.
        older = progress.c.application_version.in_([str(number) for number in range(int(version))])
        left = and_(progress.c.status == "PENDING", progress.c.executor_id.in_(gone))
        # Taken over by a process of that version, which has ended since.
        forgotten = and_(
            progress.c.status == "ENQUEUED",
            progress.c.updated_at < int((self._store.clock() - _FORGOTTEN_S) * 1000),
        )
        query = select(progress.c.workflow_uuid).where(older, or_(left, forgotten))
        with self._store.transaction() as connection:
            return sorted(connection.scalars(query))

    def stray(self, active: set[str]) -> list[str]:
        """Return the jobs assigned to us that we do not run, now and at the call before this one."""
        with self._store.transaction() as connection:
            idle = set(connection.scalars(self._store.held_by(self._me.id))) - active
        strays = idle & self._idle
        self._idle = idle
        return sorted(strays)

    def living(self) -> dict[str, int]:
        """Return the executors that live, each with its number of places."""
        if not self._store.shared:
            return {self._me.id: self._places}
        columns = (executors.c.id, executors.c.host, executors.c.pid, executors.c.started, executors.c.places)
        fresh = select(*columns).where(executors.c.beat > self._now() - SILENCE_S)
        with self._store.transaction() as connection:
            said = [(Executor(*row[:4]), row.places) for row in connection.execute(fresh)]
        living = {one.id: places for one, places in said if one.host != self._me.host or self._is_alive(one)}
        return living | {self._me.id: self._places}

    def _now(self) -> Any:
        """Return the time that executors compare: the database's own where machines share it."""
        if self._store.shared:
            return func.extract("epoch", func.clock_timestamp())
        return literal(self._store.clock())


def _is_ours(progress: Any) -> Any:
    # The engine has queues of its own, which it looks at everywhere.
    return progress.c.queue_name.startswith("jobs")


def has_process(executor: Executor) -> bool:
    """Say whether an executor of this machine still has its process, and no other one its number."""
    try:
        os.kill(executor.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return _started(executor.pid) == executor.started


def _host() -> str:
    """Name the machine and the process namespace in which a process id means something."""
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return " ".join(parts)


def _started(pid: int) -> int:
    """Return when a process began, in clock ticks since boot; 0 where the system does not say.

    The 22nd field of /proc/PID/stat, counted behind the command in parentheses; see proc(5).
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    return int(stat.rpartition(")")[2].split()[19])
