"""Who is served when: people first, projects in turn, one job of a merge request at a time."""

from __future__ import annotations

from reviewer.domain import Command, Event, JobState
from reviewer.service.queue import WaitingRoom, queue_state
from tests.unit.service.conftest import Bench


def told(bench: Bench, project: str, number: int = 1, trigger: str = "opened", delivery: str = "") -> str:
    name = delivery or f"d{next(bench.numbers)}"
    return bench.accept(Event("main", project, number, trigger, name, head=f"{number:040x}")).job


def asked(bench: Bench, project: str, number: int = 1) -> str:
    note = f"n{next(bench.numbers)}"
    command = Command("ask", "why?", note, None, "ann", 7)
    return bench.accept(Event("main", project, number, "command", note, command=command)).job


def line(bench: Bench) -> list[str]:
    """Serve everybody, one after the other; return the projects in their order."""
    room = WaitingRoom(bench.store, "me")
    served = []
    while claimed := room.claim(1):
        job = bench.store.job(claimed[0])
        assert job is not None
        served.append(job.event.project)
        bench.set_progress(job.id, "SUCCESS")
    return served


def test_a_project_with_many_jobs_does_not_keep_the_others_waiting(bench: Bench) -> None:
    for number in range(1, 21):
        told(bench, "big", number)
    for project in ("a", "b", "c"):
        told(bench, project)
        told(bench, project, 2)
    served = line(bench)
    assert len(served) == 26
    assert max(served.index(project) for project in "abc") <= 4
    assert max(len(served) - 1 - served[::-1].index(project) for project in "abc") <= 8


def test_whoever_comes_later_is_not_served_before_all_who_wait(bench: Bench) -> None:
    room = WaitingRoom(bench.store, "me")
    for number in range(1, 6):
        told(bench, "big", number)
    bench.set_progress(room.claim(1)[0], "SUCCESS")
    bench.set_progress(room.claim(1)[0], "SUCCESS")
    for number in range(1, 4):
        told(bench, "late", number)
    assert line(bench) == ["big", "late", "big", "late", "big", "late"]


def test_after_a_busy_time_everybody_begins_anew(bench: Bench) -> None:
    for number in range(1, 6):
        told(bench, "busy", number)
    line(bench)
    told(bench, "busy", 8)
    told(bench, "other", 1)
    told(bench, "other", 2)
    assert line(bench) == ["busy", "other", "other"]


def test_people_go_first_and_what_we_found_ourselves_last(bench: Bench) -> None:
    told(bench, "found", trigger="poll")
    told(bench, "told")
    asked(bench, "asked")
    assert line(bench) == ["asked", "told", "found"]


def test_one_job_of_a_merge_request_at_a_time(bench: Bench) -> None:
    room = WaitingRoom(bench.store, "me")
    first, second, other = asked(bench, "p"), asked(bench, "p"), asked(bench, "p", 2)
    assert room.claim(5) == [first, other]
    assert room.claim(5) == []  # claimed, and not yet with the engine
    bench.set_progress(first, "PENDING")
    assert room.claim(5) == []
    bench.set_progress(first, "SUCCESS")
    assert room.claim(5) == [second]


def test_what_was_claimed_and_never_begun_waits_again(bench: Bench) -> None:
    lost, begun, mine = told(bench, "p"), told(bench, "q"), told(bench, "r")
    assert WaitingRoom(bench.store, "dead").claim(2) == [lost, begun]
    bench.set_progress(begun, "PENDING", "dead")
    room = WaitingRoom(bench.store, "me")
    assert room.claim(1) == [mine]
    assert room.put_back({"me": 4}, mine={mine}) == [lost]
    assert bench.waiting == [lost]
    assert room.put_back({"me": 4}, mine=set()) == [mine]
    assert room.put_back({"me": 4}, mine=set()) == []


def test_a_job_that_waits_can_be_cancelled_and_tried_again(bench: Bench) -> None:
    job = told(bench, "p", delivery="abc")
    room = WaitingRoom(bench.store, "me")
    assert room.cancel(job)
    assert not room.cancel(job)
    found = bench.store.job(job)
    assert found is not None
    assert found.state is JobState.CANCELLED
    assert room.claim(1) == []
    assert bench.retry(job) == "main:abc:2"
    assert not WaitingRoom(bench.store, "me").cancel("main:never:1")


def test_how_much_work_there_is(bench: Bench) -> None:
    assert queue_state(bench.store).waiting == 0
    running = told(bench, "p")
    bench.set_progress(running, "PENDING")
    told(bench, "q")
    bench.clock.now += 30
    told(bench, "r")
    state = queue_state(bench.store)
    assert (state.waiting, state.running, state.oldest_s) == (2, 1, 31.0)
