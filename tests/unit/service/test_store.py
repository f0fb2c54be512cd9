"""What is kept of jobs and reviews, and who may still post."""

from __future__ import annotations

from reviewer.domain import JobState
from reviewer.service.store import read_event
from tests.unit.service.conftest import HEADS, Bench

ME = "here-1"
PLACE = ("main", "desk/orders", 1)


def test_only_the_newest_generation_may_post(bench: Bench) -> None:
    old = bench.tell("opened", "a").job
    bench.set_progress(old, "PENDING", ME)
    assert bench.store.is_current(old, ME)
    new = bench.tell("pushed", "b").job
    bench.set_progress(new, "PENDING", ME)
    assert not bench.store.is_current(old, ME)
    assert bench.store.is_current(new, ME)


def test_a_job_that_was_stopped_or_taken_over_may_not_post(bench: Bench) -> None:
    job = bench.tell("opened", "a").job
    for status, executor in (("CANCELLED", ME), ("ENQUEUED", ME), ("PENDING", "elsewhere-2")):
        bench.set_progress(job, status, executor)
        assert not bench.store.is_current(job, ME)
    assert not bench.store.is_current("main:never:1", ME)


def test_an_answer_is_not_bound_to_a_head(bench: Bench) -> None:
    job = bench.command("help").job
    bench.set_progress(job, "PENDING", ME)
    bench.tell("pushed", "b")
    assert bench.store.is_current(job, ME)


def test_superseded_shows_as_cancelled(bench: Bench) -> None:
    job = bench.tell("opened", "a").job
    bench.set_progress(job, "PENDING", ME)
    bench.store.note_superseded(job, ME)
    bench.set_progress(job, "SUCCESS", ME)
    found = bench.store.job(job)
    assert found is not None
    assert found.state is JobState.CANCELLED


def test_a_job_that_another_process_has_is_not_ours_to_mark(bench: Bench) -> None:
    job = bench.tell("opened", "a").job
    bench.set_progress(job, "PENDING", "elsewhere-2")
    bench.store.note_superseded(job, ME)
    bench.set_progress(job, "SUCCESS", "elsewhere-2")
    found = bench.store.job(job)
    assert found is not None
    assert found.state is JobState.DONE


def test_why_a_job_failed(bench: Bench) -> None:
    job = bench.tell("opened", "a").job
    bench.set_progress(job, "ERROR")
    bench.store.note_error(job, "the forge refused our credentials")
    found = bench.store.job(job)
    assert found is not None
    assert (found.state, found.error) == (JobState.FAILED, "the forge refused our credentials")
    bench.set_progress(job, "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
    found = bench.store.job(job)
    assert found is not None
    assert found.state is JobState.FAILED
    assert "again and again" in found.error


def test_events_come_back_as_they_were(bench: Bench) -> None:
    job = bench.command("review", head="a").job
    found = bench.store.job(job)
    assert found is not None
    assert found.event.command is not None
    assert found.event.command.actor_id == 7
    assert (
        read_event(
            '{"forge":"f","project":"p","number":1,"trigger":"api","delivery":"d","command":null}'
        ).head
        is None
    )


def test_newest_jobs_first(bench: Bench) -> None:
    jobs = [bench.tell("opened", "a", number=number).job for number in (1, 2, 3)]
    assert [job.id for job in bench.store.newest_jobs(2)] == jobs[:0:-1]


def test_a_review_is_kept_once_per_job(bench: Bench) -> None:
    job = bench.tell("opened", "a").job
    event = bench.store.job(job).event  # type: ignore[union-attr]
    first = bench.store.keep_review(job, event, {"verdict": "pass", "head": HEADS["b"], "n": 1})
    again = bench.store.keep_review(job, event, {"verdict": "fail", "head": HEADS["b"], "n": 2})
    assert first == again
    kept = bench.store.review(first)
    assert kept is not None
    assert (kept.verdict, kept.head, kept.document["n"]) == ("fail", HEADS["b"], 2)
    assert bench.store.review("0" * 20) is None


def test_the_newest_review_of_a_head(bench: Bench) -> None:
    for verdict in ("fail", "pass"):
        job = bench.tell("retargeted", "a").job
        event = bench.store.job(job).event  # type: ignore[union-attr]
        bench.store.keep_review(job, event, {"verdict": verdict, "head": None})
    found = bench.store.newest_review(*PLACE, HEADS["a"])
    assert found is not None
    assert found.verdict == "pass"
    assert bench.store.newest_review(*PLACE, HEADS["b"]) is None


def test_the_newest_job_at_a_head_is_one_that_reviews(bench: Bench) -> None:
    job = bench.tell("opened", "a").job
    bench.command("help", head="a")
    found = bench.store.newest_job_at(*PLACE, HEADS["a"])
    assert found is not None
    assert found.id == job
