"""The dispatcher of a process: as soon as it has a free place, it begins the next waiting job."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog

from reviewer.errors import StoreError
from reviewer.service.bell import Bell
from reviewer.service.queue import WaitingRoom
from reviewer.service.worker import Worker

# Bells tell of new work and of free places; one that was lost costs this long.
LOOK_S = 5.0
_PAUSE_S = 1.0


class Dispatcher:
    """Fills a worker's free places with jobs, from `start` until `close`, in a thread of its own.

    `returning` says how many jobs the engine will begin here by itself.
    """

    def __init__(
        self,
        room: WaitingRoom,
        worker: Worker,
        begin: Callable[[str], None],
        bell: Bell,
        *,
        returning: Callable[[], int],
    ) -> None:
        self._room = room
        self._worker = worker
        self._begin = begin
        self._bell = bell
        self._returning = returning
        self._due_back = 0
        self._ask_again = 0.0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)

    def start(self) -> None:
        """Begin to look for work."""
        self._thread.start()

    def close(self) -> None:
        """Begin nothing more."""
        self._closing.set()
        self._bell.ring(elsewhere=False)
        self._thread.join(timeout=LOOK_S + 1)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._fill()
            except StoreError as err:
                structlog.get_logger().warning("no work taken", reason=str(err))
                self._closing.wait(_PAUSE_S)
            self._bell.wait(LOOK_S)

    def _fill(self) -> None:
        while not self._closing.is_set():
            free = self._worker.free
            if free > 0:
                free -= self._held_back()
            claimed = self._room.claim(free, without=self._worker.crowded) if free > 0 else []
            if not claimed:
                return
            for job in claimed:
                self._worker.expect(job)
            for job in claimed:
                self._begin_one(job)

    def _held_back(self) -> int:
        """Count the places for what was taken over: it was begun before any of those that wait.

        Asked at the first look, as long as there is some, and else now and then: it costs a query.
        """
        if self._due_back or time.monotonic() >= self._ask_again:
            self._due_back = self._returning()
            self._ask_again = time.monotonic() + LOOK_S
        return self._due_back

    def _begin_one(self, job: str) -> None:
        # Whether the engine has the job is found out later where this fails (`WaitingRoom.put_back`).
        try:
            self._begin(job)
        except StoreError as err:
            self._worker.forget(job)
            structlog.get_logger().warning("job not begun", job=job, reason=str(err))
            return
        self._room.begun(job)
