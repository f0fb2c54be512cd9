"""What happens to jobs when their process ends, in order or not; and what is never run at all."""

from __future__ import annotations

import json
import pickle
import signal
import subprocess
import sys
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from reviewer.database.connections import open_database
from reviewer.domain import Event, JobState, ProcessRole
from reviewer.errors import ConfigError, StoreError
from reviewer.ports import Json, Step
from reviewer.service.engine import APPLICATION, APPLICATION_VERSION, WORKFLOW, queue_name
from reviewer.service.fence import Fence
from reviewer.service.jobs import DurableJobs
from tests.contract.jobs.driver import JOBS, STEPS
from tests.contract.jobs.lab import ENDED, HEAD_A, Signal, opened, wait_for

pytestmark = pytest.mark.xdist_group("jobs")

ROOT = Path(__file__).resolve().parents[3]
DRIVER = (sys.executable, "-m", "tests.contract.jobs.driver")
EVENT = Event("main", "desk/p", 1, "opened", "d1", head=HEAD_A)


async def nothing(event: Event, step: Step, fence: Fence) -> Json:
    return None


def drive(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DRIVER, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_kill_9_loses_nothing_and_repeats_no_finished_step(database: str, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    submitted = drive(database, str(journal), "submit")
    assert submitted.returncode == -signal.SIGKILL, submitted.stderr
    jobs = submitted.stdout.split()
    assert len(jobs) == JOBS

    for fatal in ("2:fetch", "2:post"):
        assert drive(database, str(journal), "run", fatal).returncode == -signal.SIGKILL

    last = drive(database, str(journal), "run")
    assert last.returncode == 0, last.stderr
    assert json.loads(last.stdout.splitlines()[-1]) == dict.fromkeys(jobs, "done")
    lines = Counter(journal.read_text().split())
    assert set(lines) == {f"{number}:{name}" for number in range(1, JOBS + 1) for name in STEPS}
    assert lines["2:scan"] == lines["2:model"] == 1
    assert lines["2:fetch"] == lines["2:post"] == 2


def test_close_lets_a_running_step_end_and_leaves_the_rest_for_later(database: str) -> None:
    posting, go_on = Signal(), Signal()
    runs: list[str] = []

    async def work(event: Event, step: Step, fence: Fence) -> Json:
        async def post() -> Json:
            posting.set()
            await go_on.arrives()
            runs.append("post")
            return None

        async def summary() -> Json:
            runs.append("summary")
            return None

        await step("post", post, preemptible=False)
        await step("summary", summary, preemptible=False)
        return {"verdict": "pass"}

    with opened(database, work) as jobs:
        job = jobs.submit(EVENT)
        posting.wait()
        go_on.set()
    assert runs in (["post"], ["post", "summary"])
    with opened(database, work) as jobs:
        wait_for(lambda: jobs.list()[0].state is JobState.DONE, "the job is done")
        assert jobs.list()[0].id == job
    assert runs == ["post", "summary"]


def test_close_does_not_wait_for_ever_and_fails_nothing(database: str) -> None:
    stuck, freed = Signal(), Signal()

    async def work(event: Event, step: Step, fence: Fence) -> Json:
        async def ask_model() -> Json:
            stuck.set()
            await freed.arrives()
            return None

        await step("model", ask_model)
        return {"verdict": "pass"}

    jobs = DurableJobs(database, work)
    jobs.submit(EVENT)
    stuck.wait()
    jobs.close(0.1)
    freed.set()
    with opened(database, work) as again:
        wait_for(lambda: again.list()[0].state in ENDED, "the job has ended")
        assert again.list()[0].state is JobState.DONE


def test_a_job_that_kills_its_process_is_given_up(database: str) -> None:
    with opened(database, nothing):
        pass
    plant(database, "main:d1:1", status="PENDING", executor="dead-1", attempts=1000)
    with opened(database, nothing) as jobs:
        jobs.submit(EVENT)  # the same id: enqueueing it again changes nothing
        wait_for(lambda: jobs.list()[0].state is JobState.FAILED, "the job was given up")
        assert "again and again" in jobs.list()[0].error


def test_a_job_that_gets_on_is_not_given_up(database: str) -> None:
    with opened(database, nothing):
        pass
    plant(database, "main:d1:1", status="PENDING", executor="dead-1", attempts=1000, step="fetch the change")
    with opened(database, nothing) as jobs:
        jobs.submit(EVENT)
        wait_for(lambda: jobs.list()[0].state is JobState.DONE, "the job was done")


def test_what_was_taken_over_goes_first(new_database: Callable[[str], str]) -> None:
    database = new_database("postgres")
    begun: list[str] = []

    async def work(event: Event, step: Step, fence: Fence) -> Json:
        begun.append(event.delivery)
        return None

    with opened(database, nothing, role=ProcessRole.WEB) as web:
        for number in range(1, 5):
            web.submit(Event("main", "desk/p", number, "opened", f"d{number}", head=HEAD_A))
    plant(database, "main:d3:1", status="PENDING", executor="dead-1", attempts=1, places=1)
    with opened(database, work, workers=1) as jobs:
        wait_for(lambda: all(job.state is JobState.DONE for job in jobs.list()), "all jobs are done")
    assert begun[0] == "d3"
    assert sorted(begun) == ["d1", "d2", "d3", "d4"]


def test_a_planted_pickle_is_never_opened(database: str, tmp_path: Path) -> None:
    exploded = tmp_path / "exploded"

    with opened(database, nothing):
        pass
    bomb = b64encode(pickle.dumps(Bomb(exploded))).decode()
    plant(database, "planted", tag="py_pickle", inputs=bomb)
    with opened(database, nothing) as jobs:
        wait_for(lambda: progress(database, "planted") == "ERROR", "the row was refused")
        jobs.list()
    assert not exploded.exists()


def test_a_living_process_takes_over_the_jobs_of_a_killed_one(
    new_database: Callable[[str], str], tmp_path: Path
) -> None:
    database, journal = new_database("postgres"), tmp_path / "journal"
    other = subprocess.Popen([*DRIVER, database, str(journal), "hold"], cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: journal.exists() and "1:fetch" in journal.read_text(), "the other one works")
        with opened(database, nothing, beat_s=0.2) as jobs:
            # We look after others at every beat; what a living process does is left to it.
            first = newest_beat(database)
            wait_for(lambda: newest_beat(database) > first + 0.5, "a few beats have passed")
            assert jobs.list()[0].state is JobState.RUNNING
            other.kill()
            other.wait()
            wait_for(lambda: jobs.list()[0].state is JobState.DONE, "the job was taken over")
    finally:
        other.kill()
        other.wait()


def test_a_job_of_ours_that_nobody_runs_is_started_again(database: str) -> None:
    with opened(database, nothing, beat_s=0.1):
        me = wait_for(lambda: executor(database), "we have signed on")
        plant(database, "stray", status="PENDING", executor=me)
        wait_for(lambda: progress(database, "stray") == "ERROR", "it ran, and nobody had asked for it")


def test_one_process_per_sqlite_file(new_database: Callable[[str], str]) -> None:
    database = new_database("sqlite")
    with opened(database, nothing):
        other = drive(database, "/dev/null", "run")
    assert other.returncode != 0
    assert "in use by another process" in other.stderr
    with opened(database, nothing):
        pass


def test_one_set_of_jobs_per_process(new_database: Callable[[str], str]) -> None:
    with opened(new_database("sqlite"), nothing) as jobs:
        with pytest.raises(StoreError, match="already"):
            DurableJobs(new_database("sqlite"), nothing)
        job = jobs.submit(EVENT)
        wait_for(lambda: jobs.status(job).state is JobState.DONE, "the first one works on")  # type: ignore[union-attr]


def test_no_start_where_the_engine_would_talk_to_its_maker(
    monkeypatch: pytest.MonkeyPatch, new_database: Callable[[str], str]
) -> None:
    monkeypatch.setenv("DBOS__CLOUD", "true")
    with pytest.raises(ConfigError):
        DurableJobs(new_database("sqlite"), nothing)


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        DurableJobs(f"postgresql://nobody@/nothing?host={tmp_path}", nothing)


class Bomb:
    """Creates a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __reduce__(self) -> Any:
        return (Path.touch, (self._file,))


def plant(
    database: str,
    job: str,
    *,
    status: str = "ENQUEUED",
    executor: str | None = None,
    attempts: int = 0,
    places: int = 4,
    step: str = "",
    tag: str = "reviewer_json",
    inputs: str = '{"value": {"args": [], "kwargs": {}}}',
) -> None:
    """Write a row into the engine's tables as someone with access to the database could."""
    engine = open_database(database, connections=1, timeout_s=5)
    schema = "dbos." if engine.dialect.name == "postgresql" else ""
    row = {
        "workflow_uuid": job,
        "status": status,
        "name": WORKFLOW,
        "queue_name": queue_name(places),
        "application_version": APPLICATION_VERSION,
        "application_name": APPLICATION,
        "executor_id": executor,
        "recovery_attempts": attempts,
        "priority": 0,
        "created_at": 1,
        "updated_at": 1,
        "serialization": tag,
    }
    with engine.begin() as connection:
        columns, values = ", ".join(row), ", ".join(f":{name}" for name in row)
        connection.execute(text(f"INSERT INTO {schema}workflow_status ({columns}) VALUES ({values})"), row)
        connection.execute(
            text(
                f"INSERT INTO {schema}workflow_input (workflow_uuid, inputs, retention_timestamp)"
                " VALUES (:job, :inputs, 1)"
            ),
            {"job": job, "inputs": inputs},
        )
        connection.execute(text("UPDATE jobs SET stage = 'started' WHERE id = :job"), {"job": job})
        if step:
            connection.execute(
                text(
                    f"INSERT INTO {schema}operation_outputs"
                    " (workflow_uuid, function_id, function_name, output, serialization, completed_at_epoch_ms)"
                    " VALUES (:job, 99, :step, 'null', :tag, 2)"
                ),
                {"job": job, "step": step, "tag": tag},
            )
    engine.dispose()


def progress(database: str, job: str) -> str | None:
    schema = "dbos." if database.startswith("postgresql") else ""
    status: str | None = look(
        database, f"SELECT status FROM {schema}workflow_status WHERE workflow_uuid = '{job}'"
    )
    return status


def executor(database: str) -> str | None:
    found: str | None = look(database, "SELECT id FROM executors")
    return found


def newest_beat(database: str) -> float:
    beat: float = look(database, "SELECT max(beat) FROM executors") or 0.0
    return beat


def look(database: str, query: str) -> Any:
    engine = open_database(database, connections=1, timeout_s=5)
    with engine.begin() as connection:
        value = connection.scalar(text(query))
    engine.dispose()
    return value
