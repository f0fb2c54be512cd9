"""One job per thing asked for: resends, second hooks, pushes, commands and failures."""

from __future__ import annotations

import pytest

from reviewer.domain import Event, JobState
from reviewer.errors import StoreError, UsageError
from reviewer.service.intake import Accepted, accept
from tests.unit.service.conftest import Bench


def test_a_delivery_becomes_a_queued_job(bench: Bench) -> None:
    accepted = bench.tell("opened", delivery="abc")
    assert accepted == Accepted("main:abc:1")
    assert bench.enqueued == [("main:abc:1", "main/desk/orders/1")]
    job = bench.store.job("main:abc:1")
    assert job is not None
    assert (job.state, job.attempts, job.event.head) == (JobState.QUEUED, 1, "a" * 40)


def test_the_same_delivery_gets_the_same_job(bench: Bench) -> None:
    first = bench.tell("opened", delivery="abc")
    for status in ("ENQUEUED", "PENDING", "SUCCESS", "CANCELLED"):
        bench.set_progress(first.job, status)
        assert bench.tell("opened", delivery="abc") == first
    assert len(bench.enqueued) == 1


@pytest.mark.parametrize("status", ["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"])
def test_a_redelivery_of_a_failed_job_runs_again(bench: Bench, status: str) -> None:
    bench.tell("opened", delivery="abc")
    bench.set_progress("main:abc:1", status)
    assert bench.tell("opened", delivery="abc").job == "main:abc:2"
    assert bench.tell("opened", delivery="abc").job == "main:abc:2"


@pytest.mark.parametrize("second", ["opened", "pushed", "ready"])
def test_two_hooks_that_say_the_same_share_a_job(bench: Bench, second: str) -> None:
    first = bench.tell("opened", "a", delivery="project-hook")
    assert bench.tell(second, "a", delivery="system-hook") == first
    bench.set_progress(first.job, "SUCCESS")
    assert bench.tell(second, "a", delivery="third") == first
    assert bench.tell(second, "a", delivery="system-hook") == first


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
    assert bench.tell("opened", "a", delivery="one") == second


def test_a_newer_head_supersedes_what_is_unfinished(bench: Bench) -> None:
    done = bench.tell("opened", "a")
    bench.set_progress(done.job, "SUCCESS")
    running = bench.tell("pushed", "b")
    bench.set_progress(running.job, "PENDING")
    queued = bench.tell("retargeted", "b")
    assert queued.superseded == (running.job,)
    newest = bench.tell("pushed", "c")
    assert set(newest.superseded) == {running.job, queued.job}


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
    asked = bench.command("review", head="a")
    assert asked.superseded == ()
    assert asked.job != running.job
    assert set(bench.tell("pushed", "b").superseded) == {running.job, asked.job}


def test_help_is_not_superseded(bench: Bench) -> None:
    bench.tell("opened", "a")
    helped = bench.command("help", head="b")
    assert helped.superseded == ()
    assert helped.job not in bench.tell("pushed", "c").superseded


def test_a_replayed_command_is_done_once(bench: Bench) -> None:
    first = bench.command("review", note="77")
    assert bench.command("review", note="77") == first
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


def test_nothing_is_kept_when_the_queue_refuses(bench: Bench) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("full")

    event = Event("main", "desk/orders", 1, "opened", "abc", head="a" * 40)
    with pytest.raises(StoreError):
        accept(bench.store, event, refuse)
    assert bench.store.newest_jobs(10) == []
    assert bench.accept(event) == Accepted("main:abc:1")


def test_an_api_request_always_counts(bench: Bench) -> None:
    jobs = {
        bench.accept(Event("main", "desk/orders", 1, "api", f"api-{n}", head="a" * 40)).job for n in (1, 2)
    }
    assert len(jobs) == 2
