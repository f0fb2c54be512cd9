"""One job per thing asked for: resends, second hooks, pushes, commands and failures."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from reviewer.domain import Command, Event, JobState
from reviewer.errors import StoreError, UsageError
from reviewer.service.intake import Accepted, accept, notice, priority_of
from tests.unit.service.conftest import HEADS, Bench


def test_a_delivery_becomes_a_queued_job(bench: Bench) -> None:
    accepted = bench.tell("opened", delivery="abc")
    assert accepted == Accepted("main:abc:1", added=True)
    assert bench.waiting == ["main:abc:1"]
    job = bench.store.job("main:abc:1")
    assert job is not None
    assert (job.state, job.attempts, job.event.head) == (JobState.QUEUED, 1, "a" * 40)


def test_the_same_delivery_gets_the_same_job(bench: Bench) -> None:
    first = bench.tell("opened", delivery="abc")
    for status in ("ENQUEUED", "PENDING", "SUCCESS", "CANCELLED"):
        bench.set_progress(first.job, status)
        assert bench.tell("opened", delivery="abc").job == first.job
    assert bench.waiting == []


@pytest.mark.parametrize("status", ["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"])
def test_a_redelivery_of_a_failed_job_runs_again(bench: Bench, status: str) -> None:
    bench.tell("opened", delivery="abc")
    bench.set_progress("main:abc:1", status)
    assert bench.tell("opened", delivery="abc").job == "main:abc:2"
    assert bench.tell("opened", delivery="abc").job == "main:abc:2"


@pytest.mark.parametrize("second", ["opened", "pushed", "ready"])
def test_two_hooks_that_say_the_same_share_a_job(bench: Bench, second: str) -> None:
    first = bench.tell("opened", "a", delivery="project-hook")
    assert bench.tell(second, "a", delivery="system-hook") == Accepted(first.job)
    bench.set_progress(first.job, "SUCCESS")
    assert bench.tell(second, "a", delivery="third").job == first.job
    assert bench.tell(second, "a", delivery="system-hook").job == first.job


@pytest.mark.parametrize("status", ["ERROR", "CANCELLED"])
def test_a_stopped_job_answers_no_second_hook(bench: Bench, status: str) -> None:
    first = bench.tell("opened", "a")
    bench.set_progress(first.job, status)
    assert bench.tell("opened", "a").job != first.job


def test_both_hooks_of_a_failed_job_share_the_next_one_too(bench: Bench) -> None:
    first = bench.tell("opened", "a", delivery="one")
    bench.tell("opened", "a", delivery="two")
    bench.set_progress(first.job, "ERROR")
    second = bench.tell("opened", "a", delivery="two")
    assert second.job == "main:two:1"
    assert bench.tell("opened", "a", delivery="one").job == second.job


def test_a_newer_head_supersedes_what_is_unfinished(bench: Bench) -> None:
    done = bench.tell("opened", "a")
    bench.set_progress(done.job, "SUCCESS")
    running = bench.tell("pushed", "b")
    bench.set_progress(running.job, "PENDING")
    queued = bench.tell("retargeted", "b")
    assert queued.superseded == (running.job,)
    newest = bench.tell("pushed", "c")
    assert newest.superseded == (running.job,)
    assert bench.waiting == [newest.job]
    waited = bench.store.job(queued.job)
    assert waited is not None
    assert waited.state is JobState.CANCELLED


def test_other_merge_requests_are_left_alone(bench: Bench) -> None:
    bench.tell("opened", "a", number=2)
    assert bench.tell("opened", "b", number=1).superseded == ()


def test_a_head_that_comes_back_is_reviewed_again(bench: Bench) -> None:
    first = bench.tell("opened", "a")
    bench.set_progress(first.job, "SUCCESS")
    bench.tell("pushed", "b")
    again = bench.tell("pushed", "a")
    assert again.job != first.job
    bench.set_progress(again.job, "ERROR")
    assert bench.tell("pushed", "a").job not in {first.job, again.job}


def test_review_on_request_waits_its_turn(bench: Bench) -> None:
    running = bench.tell("opened", "a")
    bench.set_progress(running.job, "PENDING")
    asked = bench.command("review", head="a")
    assert asked.superseded == ()
    assert asked.job != running.job
    newest = bench.tell("pushed", "b")
    assert newest.superseded == (running.job,)
    assert bench.waiting == [newest.job]


def test_help_is_not_superseded(bench: Bench) -> None:
    bench.tell("opened", "a")
    helped = bench.command("help", head="b")
    assert helped.superseded == ()
    bench.tell("pushed", "c")
    assert helped.job in bench.waiting


def test_a_replayed_command_is_done_once(bench: Bench) -> None:
    first = bench.command("review", note="77")
    assert bench.command("review", note="77").job == first.job
    assert bench.command("review", note="78").job != first.job


def test_retry(bench: Bench) -> None:
    first = bench.tell("opened", delivery="abc")
    with pytest.raises(UsageError, match="queued"):
        bench.retry(first.job)
    bench.set_progress(first.job, "CANCELLED")
    assert bench.retry(first.job) == "main:abc:2"
    with pytest.raises(UsageError, match="main:abc:2"):
        bench.retry(first.job)
    with pytest.raises(UsageError, match="no job"):
        bench.retry("main:other:1")


def test_nothing_is_kept_of_a_delivery_that_could_not_be_written_down(bench: Bench) -> None:
    with bench.engine.begin() as connection:
        connection.execute(text("ALTER TABLE deliveries RENAME TO elsewhere"))
    event = Event("main", "desk/orders", 1, "opened", "abc", head="a" * 40)
    with pytest.raises(StoreError):
        accept(bench.store, event)
    with bench.engine.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO deliveries"))
    assert bench.store.newest_jobs(10) == []
    assert bench.accept(event).job == "main:abc:1"


def test_what_the_forge_told_us_since_is_none_of_our_business(bench: Bench) -> None:
    seen_at = bench.clock.now
    bench.tell("opened", "a")
    old = Event("main", "desk/orders", 1, "poll", "poll-1", head="b" * 40)
    assert notice(bench.store, old, seen_at) is None
    bench.clock.now += 10
    missed = notice(bench.store, old, bench.clock.now)
    assert missed is not None
    assert missed.added
    other = Event("main", "desk/orders", 2, "poll", "poll-2", head="b" * 40)
    assert notice(bench.store, other, seen_at) is not None


def test_who_is_served_first(bench: Bench) -> None:
    told = Event("main", "desk/orders", 1, "opened", "d", head="a" * 40)
    asked = Event("main", "desk/orders", 1, "command", "d", command=Command("ask", "", "1", None, "ann", 7))
    found = Event("main", "desk/orders", 1, "poll", "d", head="a" * 40)
    assert sorted([found, told, asked], key=priority_of) == [asked, told, found]


def test_an_api_request_always_counts(bench: Bench) -> None:
    jobs = {
        bench.accept(Event("main", "desk/orders", 1, "api", f"api-{n}", head="a" * 40)).job for n in (1, 2)
    }
    assert len(jobs) == 2


def test_the_end_of_a_merge_request_supersedes_nothing_and_is_no_review(bench: Bench) -> None:
    review = bench.tell("pushed", "a").job
    closed = bench.tell("closed", "b")
    assert closed.superseded == ()
    assert bench.store.newest_job_at("main", "desk/orders", 1, HEADS["b"]) is None
    newest = bench.store.newest_job_at("main", "desk/orders", 1, HEADS["a"])
    assert newest is not None
    assert newest.id == review
