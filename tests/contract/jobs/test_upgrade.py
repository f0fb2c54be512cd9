"""Jobs of an older release go on after the upgrade, whatever they stood at."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from sqlalchemy import Connection, text

from reviewer.database.connections import open_database
from reviewer.domain import Event, JobState
from reviewer.ports import Json, Step
from reviewer.service.engine import APPLICATION, APPLICATION_VERSION, WORKFLOW
from reviewer.service.fence import Fence
from tests.contract.jobs.lab import ENDED, HEAD_A, opened, wait_for

pytestmark = pytest.mark.xdist_group("jobs")

OLDER = str(int(APPLICATION_VERSION) - 1)


async def review(event: Event, step: Step, fence: Fence) -> Json:
    return {"verdict": "pass", "head": event.head}


def begun_before(connection: Connection, number: int, status: str, version: str, queue: str | None) -> str:
    """Write a job as the first release did: with the engine from the beginning, in its queue `jobs`."""
    schema = "dbos." if connection.dialect.name == "postgresql" else ""
    event = Event("main", "desk/p", number, "opened", f"d{number}", head=HEAD_A)
    row = {
        "id": f"main:d{number}:1",
        "number": number,
        "event": json.dumps(asdict(event)),
        "head": HEAD_A,
        "meaning": f"code:{HEAD_A}",
    }
    for statement in (
        "INSERT INTO merge_requests VALUES ('main', 'desk/p', :number, :head, 1, 5)",
        "INSERT INTO deliveries VALUES ('main', 'd' || :number, :id, 5)",
        "INSERT INTO jobs (id, forge, delivery, attempt, project, number, head, meaning, generation, event, "
        "created, superseded, error) VALUES (:id, 'main', 'd' || :number, 1, 'desk/p', :number, :head, "
        ":meaning, 1, :event, 5, false, '')",
    ):
        connection.execute(text(statement.replace("'d' || :number", f"'d{number}'")), row)
    work = {
        "workflow_uuid": row["id"],
        "status": status,
        "name": WORKFLOW,
        "queue_name": queue,
        "queue_partition_key": f"main/desk/p/{number}",
        "application_version": version,
        "application_name": APPLICATION,
        "executor_id": "dead-1" if status == "PENDING" else None,
        "recovery_attempts": 0,
        "priority": 0,
        "created_at": 1,
        "updated_at": 1,
        "serialization": "reviewer_json",
    }
    names, values = ", ".join(work), ", ".join(f":{name}" for name in work)
    connection.execute(text(f"INSERT INTO {schema}workflow_status ({names}) VALUES ({values})"), work)
    inputs = {"id": row["id"], "inputs": '{"value": {"args": [], "kwargs": {}}}'}
    columns = "workflow_uuid, inputs, retention_timestamp"
    connection.execute(
        text(f"INSERT INTO {schema}workflow_input ({columns}) VALUES (:id, :inputs, 1)"), inputs
    )
    return str(row["id"])


def test_jobs_of_an_older_release_are_done_by_this_one(database: str) -> None:
    with opened(database, review):
        pass
    engine = open_database(database, connections=1, timeout_s=5)
    with engine.begin() as connection:
        waiting = begun_before(connection, 1, "ENQUEUED", APPLICATION_VERSION, "jobs")
        running = begun_before(connection, 2, "PENDING", APPLICATION_VERSION, "jobs")
        direct = begun_before(connection, 3, "PENDING", APPLICATION_VERSION, None)
        other_steps = begun_before(connection, 4, "PENDING", OLDER, None)
    engine.dispose()
    with opened(database, review, beat_s=0.2) as jobs:
        again = other_steps.removesuffix("1") + "2"
        wait_for(
            lambda: jobs.status(again) and all(job.state in ENDED for job in jobs.list()), "all have ended"
        )
        states = {job.id: job.state for job in jobs.list()}
    assert states == {
        **dict.fromkeys((waiting, running, direct, again), JobState.DONE),
        other_steps: JobState.CANCELLED,
    }


def test_what_cannot_begin_anew_disturbs_nobody(database: str) -> None:
    with opened(database, review):
        pass
    engine = open_database(database, connections=1, timeout_s=5)
    with engine.begin() as connection:
        orphan = begun_before(connection, 1, "PENDING", OLDER, None)
        connection.execute(text("DELETE FROM deliveries"))
        connection.execute(text("DELETE FROM jobs"))
    engine.dispose()
    with opened(database, review, beat_s=0.2) as jobs:
        job = jobs.submit(Event("main", "desk/q", 1, "opened", "d9", head=HEAD_A))
        wait_for(lambda: jobs.list()[0].state is JobState.DONE, "the others are done")
        assert [found.id for found in jobs.list()] == [job]
        assert orphan != job
