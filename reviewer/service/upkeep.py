"""What workers do beside reviews, by the settings: forget, tidy the mirrors, look for lost deliveries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import structlog

from reviewer.config import Settings
from reviewer.ports import Listing
from reviewer.repo.quota import enforce
from reviewer.service.chores import Chore
from reviewer.service.jobs import DurableJobs
from reviewer.service.reconcile import Reconciliation
from reviewer.service.retention import Retention

_FORGET_S = 3600.0
_TIDY_S = 600.0


def make_chores(settings: Settings, forges: Mapping[str, Listing], jobs: DurableJobs) -> list[Chore]:
    """Make the chores of a process that works; mirrors are each machine's own."""
    service = settings.service
    retention = Retention(jobs.store, service.retention_days, jobs.forget_work)

    def tidy_mirrors() -> bool:
        # A review fetches first and reads until its time is over.
        idle_s = max(3600.0, 2 * settings.review.time_budget_s)
        kept = enforce(service.data_dir, quota=int(service.mirror_quota_gb * 1e9), idle_s=idle_s)
        if kept.removed or kept.over:
            log = structlog.get_logger()
            (log.warning if kept.over else log.info)("mirrors tidied", **asdict(kept))
        return False

    chores = [
        Chore("forget what is old", _FORGET_S, retention.clean),
        Chore("tidy the mirrors", _TIDY_S, tidy_mirrors, shared=False),
    ]
    if service.reconcile_s:
        look = Reconciliation(jobs, forges, settings.forges, queue_limit=service.queue_limit).look
        chores.append(Chore("look for lost deliveries", service.reconcile_s, look))
    return chores
