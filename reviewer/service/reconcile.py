"""Look for what the forges did not deliver: GitLab does not send again what nobody took.

Only projects are looked at that the configuration names without wildcards, or that deliveries came from:
never all of an instance. What was found is reviewed after everything else, and not at all if the forge told us of
the merge request meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Protocol

import structlog
from sqlalchemy import select

from reviewer.config import ForgeSettings
from reviewer.database.tables import projects
from reviewer.domain import Event, Sighting
from reviewer.errors import ForgeError
from reviewer.ports import Listing
from reviewer.service.queue import QueueState
from reviewer.service.store import Store

PROJECTS_AT_A_TIME = 20
CHANGES_AT_A_TIME = 100
# The clocks of a forge and of this machine differ, and a delivery may be on its way while we look.
MARGIN_S = 120.0
# How far back the first look at a project goes.
FIRST_LOOK_S = 86_400.0


class Notices(Protocol):
    """Where to put what was found."""

    store: Store

    def notice(self, event: Event, seen_at: float) -> str | None:
        """Store what we saw ourselves at a time; None if the forge has told us of it since."""

    def queue(self) -> QueueState:
        """Measure how much work there is."""


class Reconciliation:
    """Compares the open merge requests of known projects with the jobs that there are."""

    def __init__(
        self,
        jobs: Notices,
        forges: Mapping[str, Listing],
        settings: Iterable[ForgeSettings],
        *,
        queue_limit: int,
    ) -> None:
        self._jobs = jobs
        self._store = jobs.store
        self._forges = forges
        self._settings = {forge.id: forge for forge in settings}
        self._queue_limit = queue_limit

    def look(self) -> bool:
        """Look at some projects, those first that were looked at longest ago; return whether more wait.

        A forge that fails is tried again next time. Raises StoreError.
        """
        waiting = self._jobs.queue().waiting
        if waiting > self._queue_limit:
            structlog.get_logger().warning("no look for lost deliveries: enough work waits", waiting=waiting)
            return False
        began = self._store.clock()
        due = sorted(self._known(), key=lambda known: known[2])
        for forge, project, polled in due[:PROJECTS_AT_A_TIME]:
            try:
                self._look_at(forge, project, polled or began - FIRST_LOOK_S)
            except ForgeError as err:
                structlog.get_logger().warning(
                    "project not looked at", forge=forge, project=project, reason=str(err)
                )
        return len(due) > PROJECTS_AT_A_TIME and due[PROJECTS_AT_A_TIME][2] < began - MARGIN_S

    def _known(self) -> list[tuple[str, str, float]]:
        """Return forge, project and time of the last look of whatever may be looked at."""
        with self._store.transaction() as connection:
            rows = connection.execute(select(projects.c.forge, projects.c.project, projects.c.polled)).all()
        known = {(row.forge, row.project): row.polled for row in rows}
        for forge in self._settings.values():
            for name in forge.projects:
                if not any(sign in name for sign in "*?["):
                    known.setdefault((forge.id, name), 0.0)
        return [
            (forge, project, polled)
            for (forge, project), polled in known.items()
            if forge in self._forges and self._is_allowed(forge, project)
        ]

    def _is_allowed(self, forge: str, project: str) -> bool:
        globs = self._settings[forge].projects
        return any(fnmatchcase(project.lower(), glob.lower()) for glob in globs)

    def _look_at(self, forge: str, project: str, since: float) -> None:
        seen_at = self._store.clock() - MARGIN_S
        for found in self._forges[forge].open_changes(project, since, CHANGES_AT_A_TIME):
            if found.draft and not self._settings[forge].review_drafts:
                continue
            if self._store.newest_job_at(forge, project, found.number, found.head) is None:
                job = self._jobs.notice(_event(forge, project, found), seen_at)
                if job is not None:
                    structlog.get_logger().warning("the forge had not told us", job=job, project=project)
        self._note_look(forge, project, seen_at)

    def _note_look(self, forge: str, project: str, polled: float) -> None:
        row = self._store.insert(projects).values(
            forge=forge, project=project, turn=0, seen=self._store.clock(), polled=polled
        )
        keep = row.on_conflict_do_update(index_elements=["forge", "project"], set_={"polled": polled})
        with self._store.transaction() as connection:
            connection.execute(keep)


def _event(forge: str, project: str, found: Sighting) -> Event:
    name = hashlib.sha256(f"{project}!{found.number}@{found.head}".encode()).hexdigest()[:40]
    return Event(forge, project, found.number, "poll", f"poll-{name}", head=found.head)
