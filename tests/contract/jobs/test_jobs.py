"""What ports.Jobs promises, on both databases."""

from __future__ import annotations

import asyncio
import threading

import pytest
from dbos import _core

from reviewer.domain import Event, JobState
from reviewer.errors import ForgeAuth, ForgeRateLimited, ForgeUnavailable, Superseded, UsageError
from reviewer.ports import Json, Step
from reviewer.service.fence import Fence
from tests.contract.jobs.lab import HEAD_A, HEAD_B, HEAD_C, Lab, Signal, wait_for

pytestmark = pytest.mark.xdist_group("jobs")


async def nothing(event: Event, step: Step, fence: Fence) -> Json:
    return None


def test_a_job_runs_and_its_review_is_kept(lab: Lab) -> None:
    async def work(event: Event, step: Step, fence: Fence) -> Json:
        async def findings() -> Json:
            return [event.project]

        return {"verdict": "pass", "head": event.head, "findings": await step("scan", findings)}

    project = lab.project(work)
    job = lab.tell(project)
    assert lab.ended(job).state is JobState.DONE
    review = lab.jobs.store.newest_review("main", project, 1, HEAD_A)
    assert review is not None
    assert (review.job, review.document["findings"]) == (job, [project])
    assert job in [listed.id for listed in lab.jobs.list()]
    assert lab.jobs.status("main:never:1") is None


def test_deliveries_at_once_make_one_job(lab: Lab) -> None:
    runs: list[str] = []

    async def work(event: Event, step: Step, fence: Fence) -> Json:
        runs.append(event.delivery)
        return None

    project = lab.project(work)
    jobs: list[str] = []
    threads = [
        threading.Thread(target=lambda: jobs.append(lab.tell(project, delivery=f"{project[5:]}-same")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(jobs)) == 1
    lab.ended(jobs[0])
    assert len(jobs) == 8
    assert len(runs) == 1


def test_a_failed_job_says_why_and_can_run_again(lab: Lab) -> None:
    fail = True

    async def work(event: Event, step: Step, fence: Fence) -> Json:
        if fail:
            raise ForgeAuth("the token was refused", status=401)
        return None

    project = lab.project(work)
    job = lab.tell(project, delivery=f"{project[5:]}-d")
    ended = lab.ended(job)
    assert (ended.state, ended.error) == (JobState.FAILED, "the token was refused")
    fail = False
    again = lab.jobs.retry(job)
    assert again != job
    assert lab.ended(again).state is JobState.DONE
    assert lab.tell(project, delivery=f"{project[5:]}-d") == again
    with pytest.raises(UsageError):
        lab.jobs.retry(again)


def test_an_unexpected_error_fails_the_job_without_its_words(lab: Lab) -> None:
    async def work(event: Event, step: Step, fence: Fence) -> Json:
        raise LookupError("x = 'source code of the customer'")

    ended = lab.ended(lab.tell(lab.project(work)))
    assert (ended.state, ended.error) == (JobState.FAILED, "an unexpected LookupError")


def test_a_passing_fault_of_the_forge_is_tried_again(lab: Lab) -> None:
    faults = [ForgeUnavailable("502", status=502), ForgeRateLimited("slow", retry_after=0.05)]
    tries = 0

    async def work(event: Event, step: Step, fence: Fence) -> Json:
        async def fetch() -> Json:
            nonlocal tries
            tries += 1
            if faults:
                raise faults.pop()
            return tries

        assert await step("fetch", fetch, preemptible=False) == 3
        return None

    assert lab.ended(lab.tell(lab.project(work))).state is JobState.DONE


def test_a_forge_that_stays_down_fails_the_job(lab: Lab) -> None:
    async def work(event: Event, step: Step, fence: Fence) -> Json:
        async def fetch() -> Json:
            raise ForgeUnavailable("no route to the forge")

        return await step("fetch", fetch)

    ended = lab.ended(lab.tell(lab.project(work)))
    assert (ended.state, ended.error) == (JobState.FAILED, "no route to the forge")


def test_a_newer_head_stops_the_model_at_once(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    # The engine looks for cancelled jobs once a second; here it looks too late to be the one.
    monkeypatch.setattr(_core, "_PREEMPTIBLE_POLL_INTERVAL_SEC", 3600.0)
    asking, closed = Signal(), Signal()
    reached: list[str] = []

    async def work(event: Event, step: Step, fence: Fence) -> Json:
        async def ask_model() -> Json:
            asking.set()
            try:
                await asyncio.sleep(60)
            finally:
                closed.set()
            return None

        if event.head == HEAD_A:
            await step("model", ask_model)
        reached.append(str(event.head))
        return {"verdict": "pass", "head": event.head}

    project = lab.project(work)
    old = lab.tell(project, head=HEAD_A)
    asking.wait()
    new = lab.tell(project, "pushed", HEAD_B)
    closed.wait()
    assert lab.ended(new).state is JobState.DONE
    assert lab.state(old) is JobState.CANCELLED
    assert reached == [HEAD_B]


def test_a_job_that_has_not_begun_never_runs_when_superseded(lab: Lab) -> None:
    begun, go_on = Signal(), Signal()
    heads: list[str | None] = []

    async def work(event: Event, step: Step, fence: Fence) -> Json:
        async def post() -> Json:
            begun.set()
            await go_on.arrives()
            return None

        heads.append(event.head)
        await step("post", post, preemptible=False)
        return None

    project = lab.project(work)
    lab.tell(project, head=HEAD_A)
    begun.wait()
    skipped = lab.tell(project, "retargeted", HEAD_A)
    newest = lab.tell(project, "pushed", HEAD_C)
    go_on.set()
    assert lab.ended(newest).state is JobState.DONE
    assert lab.state(skipped) is JobState.CANCELLED
    assert heads.count(HEAD_C) == 1


def test_a_posting_step_ends_before_the_next_job_posts(lab: Lab) -> None:
    posting, go_on = Signal(), Signal()
    story: list[str] = []

    async def work(event: Event, step: Step, fence: Fence) -> Json:
        name = str(event.head)[0]

        async def post() -> Json:
            async with fence.hold():
                story.append(f"{name} begins")
                if name == "a":
                    posting.set()
                    await go_on.arrives()
                story.append(f"{name} ends")
            return None

        await step("post", post, preemptible=False)
        return None

    project = lab.project(work)
    old = lab.tell(project, head=HEAD_A)
    posting.wait()
    new = lab.tell(project, "pushed", HEAD_B)
    # Cancelling freed the old job's place, so the new one runs and stands at the lock.
    wait_for(lambda: lab.state(new) is JobState.RUNNING, "the new job runs")
    assert story == ["a begins"]
    go_on.set()
    assert lab.ended(new).state is JobState.DONE
    assert story == ["a begins", "a ends", "b begins", "b ends"]
    assert lab.state(old) is JobState.CANCELLED


def test_the_fence_stops_an_old_job_before_it_posts(lab: Lab) -> None:
    planning, go_on, refused = Signal(), Signal(), Signal()

    async def work(event: Event, step: Step, fence: Fence) -> Json:
        async def plan_and_post() -> Json:
            planning.set()
            await go_on.arrives()
            try:
                async with fence.hold():
                    return "posted"
            except Superseded:
                refused.set()
                raise

        if event.head == HEAD_A:
            return await step("post", plan_and_post, preemptible=False)
        return None

    project = lab.project(work)
    old = lab.tell(project, head=HEAD_A)
    planning.wait()
    lab.tell(project, "pushed", HEAD_B)
    go_on.set()
    refused.wait()
    assert lab.ended(old).state is JobState.CANCELLED


def test_a_head_that_moved_on_the_forge_cancels_the_job(lab: Lab) -> None:
    async def work(event: Event, step: Step, fence: Fence) -> Json:
        async def post() -> Json:
            raise Superseded("the head has moved")

        return await step("post", post, preemptible=False)

    assert lab.ended(lab.tell(lab.project(work))).state is JobState.CANCELLED


def test_jobs_of_one_merge_request_run_one_after_another(lab: Lab) -> None:
    running = most = 0
    elsewhere, together = Signal(), Signal()

    async def work(event: Event, step: Step, fence: Fence) -> Json:
        nonlocal running, most
        if event.number == 2:
            elsewhere.set()
            return None
        running += 1
        most = max(most, running)
        await elsewhere.arrives()
        running -= 1
        together.set()
        return None

    project = lab.project(work)
    first = [lab.tell(project, "command", None, verb="help") for _ in range(3)]
    lab.tell(project, number=2)
    together.wait()
    for job in first:
        lab.ended(job)
    assert most == 1


def test_cancel(lab: Lab) -> None:
    asking, closed = Signal(), Signal()

    async def work(event: Event, step: Step, fence: Fence) -> Json:
        async def ask_model() -> Json:
            asking.set()
            try:
                await asyncio.sleep(60)
            finally:
                closed.set()
            return None

        return await step("model", ask_model)

    project = lab.project(work)
    job = lab.tell(project)
    asking.wait()
    lab.jobs.cancel(job)
    assert lab.state(job) is JobState.CANCELLED
    closed.wait()
    done = lab.tell(lab.project(nothing))
    lab.ended(done)
    lab.jobs.cancel(done)
    assert lab.state(done) is JobState.DONE


def test_the_web_side_never_waits_for_work(lab: Lab) -> None:
    busy, go_on = Signal(), Signal()

    async def work(event: Event, step: Step, fence: Fence) -> Json:
        async def block() -> Json:
            busy.set()
            await asyncio.to_thread(go_on.wait)
            return None

        return await step("scan", block, preemptible=False)

    job = lab.tell(lab.project(work))
    busy.wait()
    other = lab.tell(lab.project(nothing))
    assert lab.ended(other).state is JobState.DONE
    assert lab.state(job) is JobState.RUNNING
    go_on.set()
    lab.ended(job)


def test_submitting_leaves_the_queue_alone_when_it_is_long(lab: Lab) -> None:
    project = lab.project(nothing)
    jobs = [lab.tell(project, number=number) for number in range(10, 40)]
    assert all(lab.ended(job).state is JobState.DONE for job in jobs)
