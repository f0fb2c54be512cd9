"""What is forgotten, when, and how much at a time."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text

from reviewer.domain import Event
from reviewer.service.chores import claim
from reviewer.service.retention import Retention
from tests.unit.service.conftest import Bench

DAY = 86_400.0


def retention(bench: Bench, limit: int = 500) -> Retention:
    def forget(work: Sequence[str]) -> None:
        with bench.engine.begin() as connection:
            for job in work:
                connection.execute(
                    text("DELETE FROM workflow_status WHERE workflow_uuid = :job"), {"job": job}
                )

    return Retention(bench.store, 90, forget, limit=limit)


def count(bench: Bench, table: str) -> int:
    with bench.engine.begin() as connection:
        return int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def told(bench: Bench, number: int, status: str | None = "SUCCESS") -> str:
    event = Event("main", f"desk/p{number}", number, "opened", f"d{number}", head=f"{number:040x}")
    job = bench.accept(event).job
    if status is not None:
        bench.set_progress(job, status)
        bench.store.keep_review(job, event, {"verdict": "pass", "head": event.head})
    return job


TABLES = ("jobs", "deliveries", "reviews", "merge_requests", "projects", "workflow_status")


def test_what_has_ended_is_forgotten_with_all_that_belongs_to_it(bench: Bench) -> None:
    told(bench, 1)
    bench.clock.now += 91 * DAY
    kept = told(bench, 2)
    for _ in range(2):  # what belonged to a job goes after it
        retention(bench).clean()
    assert {table: count(bench, table) for table in TABLES} == dict.fromkeys(TABLES, 1)
    assert bench.store.job(kept) is not None


def test_what_has_not_ended_is_never_forgotten(bench: Bench) -> None:
    jobs = [told(bench, 1, None), told(bench, 2, "PENDING"), told(bench, 3, "ENQUEUED")]
    bench.clock.now += 1000 * DAY
    retention(bench).clean()
    assert all(bench.store.job(job) is not None for job in jobs)
    assert count(bench, "merge_requests") == 3


def test_a_bounded_piece_at_a_time(bench: Bench) -> None:
    for number in range(1, 8):
        told(bench, number)
    bench.clock.now += 91 * DAY
    left = []
    for _ in range(4):
        more = retention(bench, limit=3).clean()
        left.append((more, count(bench, "jobs")))
    assert left[0] == (True, 4)
    assert [jobs for _, jobs in left] == [4, 1, 0, 0]
    while retention(bench, limit=3).clean():
        pass
    assert all(count(bench, table) == 0 for table in TABLES)


def test_a_chore_is_one_process_s_at_a_time(bench: Bench) -> None:
    assert claim(bench.store, "clean", 60)
    assert not claim(bench.store, "clean", 60)
    assert claim(bench.store, "other", 60)
    bench.clock.now += 61
    assert claim(bench.store, "clean", 60)
