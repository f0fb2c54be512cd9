"""What is looked for where deliveries may have been lost, and what is left alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from reviewer.config import ForgeSettings
from reviewer.domain import Event, JobState, Sighting
from reviewer.errors import ForgeUnavailable
from reviewer.service import intake
from reviewer.service.queue import QueueState, queue_state
from reviewer.service.reconcile import PROJECTS_AT_A_TIME, Reconciliation
from reviewer.service.store import Store
from tests.unit.service.conftest import HEADS, Bench


@dataclass
class Shown:
    """A forge that lists what it is given."""

    changes: dict[str, list[Sighting]] = field(default_factory=dict)
    asked: list[tuple[str, float]] = field(default_factory=list)
    down: set[str] = field(default_factory=set)

    def open_changes(self, project: str, since: float, limit: int) -> Sequence[Sighting]:
        self.asked.append((project, since))
        if project in self.down:
            raise ForgeUnavailable("502", status=502)
        return self.changes.get(project, [])[:limit]


@dataclass
class Desk:
    bench: Bench
    store: Store

    def notice(self, event: Event, seen_at: float) -> str | None:
        accepted = intake.notice(self.store, event, seen_at)
        return accepted.job if accepted else None

    def queue(self) -> QueueState:
        return queue_state(self.store)


def reconciliation(bench: Bench, forge: Shown, *projects: str, limit: int = 1000) -> Reconciliation:
    settings = ForgeSettings(id="main", kind="gitlab", url="http://127.0.0.1:1", projects=projects)
    return Reconciliation(Desk(bench, bench.store), {"main": forge}, [settings], queue_limit=limit)


def seen(number: int, head: str, *, draft: bool = False) -> Sighting:
    return Sighting(number, HEADS[head], draft)


def test_a_head_without_a_job_gets_one(bench: Bench) -> None:
    forge = Shown({"desk/orders": [seen(1, "b"), seen(2, "a"), seen(3, "c", draft=True)]})
    known = bench.tell("opened", "a", number=2).job
    bench.clock.now += 3600
    look = reconciliation(bench, forge, "desk/*").look
    assert look() is False
    found = [job for job in bench.store.newest_jobs(10) if job.id != known]
    assert [(job.event.number, job.event.trigger, job.event.head) for job in found] == [
        (1, "poll", HEADS["b"])
    ]
    bench.set_progress(found[0].id, "ERROR")
    bench.clock.now += 3600
    look()  # what failed is not tried for ever
    assert len(bench.store.newest_jobs(10)) == 2
    assert bench.store.newest_jobs(1)[0].state is JobState.FAILED
    assert forge.asked[1][1] > forge.asked[0][1]


def test_a_lost_push_supersedes_what_was_known(bench: Bench) -> None:
    old = bench.tell("opened", "a", number=1).job
    bench.clock.now += 3600
    reconciliation(bench, Shown({"desk/orders": [seen(1, "b")]}), "desk/*").look()
    found = bench.store.job(old)
    assert found is not None
    assert found.state is JobState.CANCELLED
    assert len(bench.waiting) == 1


def test_a_push_that_came_in_meanwhile_is_not_undone(bench: Bench) -> None:
    bench.clock.now += 3600
    bench.tell("pushed", "b", number=1)
    newest = bench.tell("pushed", "c", number=1).job
    reconciliation(bench, Shown({"desk/orders": [seen(1, "a")]}), "desk/*").look()
    assert bench.waiting == [newest]


def test_only_known_and_named_projects_are_looked_at(bench: Bench) -> None:
    forge = Shown()
    bench.tell("opened", "a")
    reconciliation(bench, forge, "desk/*", "other/named", "all/*").look()
    assert sorted(project for project, _ in forge.asked) == ["desk/orders", "other/named"]
    forge.asked.clear()
    reconciliation(bench, forge, "other/named").look()  # desk/orders is allowed no longer
    assert [project for project, _ in forge.asked] == ["other/named"]


def test_a_forge_that_fails_is_asked_for_the_same_again(bench: Bench) -> None:
    forge = Shown({"p/b": [seen(1, "a")]}, down={"p/a"})
    look = reconciliation(bench, forge, "p/a", "p/b").look
    look()
    assert len(bench.waiting) == 1
    forge.down.clear()
    forge.changes["p/a"] = [seen(1, "a")]
    look()
    assert len(bench.waiting) == 2


def test_some_projects_at_a_time_and_none_while_enough_work_waits(bench: Bench) -> None:
    names = [f"p/{number}" for number in range(PROJECTS_AT_A_TIME + 5)]
    forge = Shown()
    look = reconciliation(bench, forge, *names).look
    assert look() is True
    assert look() is False
    assert sorted({project for project, _ in forge.asked}) == sorted(names)
    forge.asked.clear()
    bench.tell("opened", "a", number=1)
    bench.tell("opened", "a", number=2)
    assert reconciliation(bench, forge, *names, limit=1).look() is False
    assert forge.asked == []
