"""What workers do now and then beside reviews: cleaning up, looking for what was not delivered.

A shared chore is done by one process of the installation, by turns: whoever finds it due in the database puts it
off first and does it then, so that one that ends its process is not tried again at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from reviewer.database.tables import chores
from reviewer.errors import ReviewerError
from reviewer.service.store import Store

_LOOK_S = 5.0
_AGAIN_S = 10.0
# Not at the start: then the reviews have waited longest.
_AFTER_START_S = 30.0


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to do every so often; `run` returns whether there is more of it to do soon.

    One that is not `shared` is each process's own.
    """

    name: str
    every_s: float
    run: Callable[[], bool]
    shared: bool = True


class Chores:
    """Does chores when they are due, in a thread of its own from construction until `close`."""

    def __init__(self, store: Store, todo: Sequence[Chore], *, look_s: float = _LOOK_S) -> None:
        self._store = store
        self._todo = todo
        self._look_s = look_s
        self._closing = threading.Event()
        self._due = {chore.name: time.monotonic() + min(chore.every_s, _AFTER_START_S) for chore in todo}
        self._thread = threading.Thread(target=self._work, name="chores", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Begin nothing more; what is being done is bounded, and ends with the process at worst."""
        self._closing.set()
        self._thread.join(timeout=5.0)

    def _work(self) -> None:
        while not self._closing.wait(self._look_s):
            for chore in self._todo:
                if time.monotonic() >= self._due[chore.name] and not self._closing.is_set():
                    self._do(chore)

    def _do(self, chore: Chore) -> None:
        self._due[chore.name] = time.monotonic() + chore.every_s
        try:
            if chore.shared and not claim(self._store, chore.name, chore.every_s):
                return
            if chore.run():
                self._due[chore.name] = time.monotonic() + _AGAIN_S
                if chore.shared:
                    put_off(self._store, chore.name, _AGAIN_S)
        except (ReviewerError, OSError) as err:
            structlog.get_logger().warning("chore failed", chore=chore.name, reason=str(err))


def claim(store: Store, name: str, every_s: float) -> bool:
    """Put a chore off if it is due; say whether it was."""
    now = store.clock()
    row = store.insert(chores).values(name=name, due=now + every_s)
    mine = row.on_conflict_do_update(
        index_elements=["name"], set_={"due": row.excluded.due}, where=chores.c.due <= now
    ).returning(chores.c.name)
    with store.transaction() as connection:
        return connection.execute(mine).first() is not None


def put_off(store: Store, name: str, seconds: float) -> None:
    """Let a chore be due in so many seconds."""
    due = chores.update().where(chores.c.name == name).values(due=store.clock() + seconds)
    with store.transaction() as connection:
        connection.execute(due)
