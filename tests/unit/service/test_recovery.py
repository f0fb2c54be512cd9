"""Which executors have ended, as seen from this process."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

from sqlalchemy import text

from reviewer.service.recovery import Executor, Roster, has_process, this_process
from tests.unit.service.conftest import Bench

ME = Executor("me", "here", 1, 1)


def assign(bench: Bench, executor: str, status: str = "PENDING") -> str:
    job = bench.tell("opened", "a", number=next(bench.numbers)).job
    bench.set_progress(job, status, executor)
    return job


def test_on_sqlite_everyone_else_has_ended(bench: Bench) -> None:
    roster = Roster(bench.store, ME)
    Roster(bench.store, Executor("other", "here", 2, 2)).beat()
    for executor, status in (("other", "PENDING"), ("me", "PENDING"), ("third", "SUCCESS")):
        assign(bench, executor, status)
    assert roster.gone() == ["other"]


def test_our_jobs_that_nobody_runs_are_noticed_at_the_second_look(bench: Bench) -> None:
    roster = Roster(bench.store, ME)
    running, lost = assign(bench, "me"), assign(bench, "me")
    assign(bench, "other")
    assert roster.stray({running}) == []
    assert roster.stray({running}) == [lost]
    assert roster.stray({running, lost}) == []


def test_signing_off_leaves_no_row(bench: Bench) -> None:
    roster = Roster(bench.store, ME)
    roster.beat()
    roster.beat()
    roster.sign_off()
    with bench.store.transaction() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM executors").scalar() == 0


def test_this_process_lives_and_is_named_anew_each_time() -> None:
    assert has_process(this_process())
    assert this_process().id != this_process().id
    assert this_process().host == this_process().host


def test_a_process_that_ended_and_one_that_took_its_number() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert not has_process(replace(this_process(), pid=ended.pid))
    assert not has_process(replace(this_process(), started=this_process().started - 1))
    assert has_process(replace(this_process(), pid=os.getpid()))


def test_jobs_of_an_older_version_begin_anew_once_its_processes_have_ended(bench: Bench) -> None:
    roster = Roster(bench.store, this_process())
    left, running, waiting = (bench.tell("opened", "a", number=number).job for number in (1, 2, 3))
    bench.set_progress(left, "PENDING", "dead")
    bench.set_progress(running, "PENDING", "alive")
    bench.set_progress(waiting, "ENQUEUED")
    assert roster.outdated(["dead"], "1") == []
    assert roster.outdated(["dead"], "2") == sorted([left, waiting])
    for other in ("3", "none of ours"):
        with bench.engine.begin() as connection:
            row = {"version": other}
            connection.execute(text("UPDATE workflow_status SET application_version = :version"), row)
        assert roster.outdated(["dead"], "2") == []


def test_queues_that_nobody_looks_at_any_more(bench: Bench) -> None:
    roster = Roster(bench.store, this_process(), places=4)
    jobs = [bench.tell("opened", "a", number=number).job for number in range(1, 5)]
    for job, queue in zip(jobs, ("jobs", "jobs-2", "jobs-4", "_dbos_internal_queue"), strict=True):
        bench.set_progress(job, "ENQUEUED")
        with bench.engine.begin() as connection:
            row = {"queue": queue, "job": job}
            statement = "UPDATE workflow_status SET queue_name = :queue WHERE workflow_uuid = :job"
            connection.execute(text(statement), row)
    assert roster.unheard() == sorted(jobs[:2])
