"""`reviewer jobs` beside a running service, on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reviewer.cli import main
from reviewer.domain import Event, JobState
from reviewer.errors import ForgeAuth
from reviewer.ports import Json, Step
from reviewer.service.fence import Fence
from tests.contract.jobs.lab import HEAD_A, HEAD_B, Lab, Signal, wait_for

pytestmark = pytest.mark.xdist_group("jobs")

Reviewer = Callable[..., tuple[int, str]]


@pytest.fixture
def reviewer(lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Reviewer:
    """Run `reviewer jobs` on the lab's database; return the exit code and what it wrote."""
    config = tmp_path / "reviewer.toml"
    config.write_text(f'[service]\ndatabase = "{lab.database}"\n')

    def run(*arguments: str) -> tuple[int, str]:
        code = main(["jobs", *arguments, "--config", str(config)])
        said = capsys.readouterr()
        return code, said.out if code == 0 else said.err

    return run


def listed(reviewer: Reviewer, *arguments: str) -> dict[str, Any]:
    code, out = reviewer("list", "--format", "json", *arguments)
    assert code == 0
    return {job["id"]: job for job in json.loads(out)["jobs"]}


async def finds(event: Event, step: Step, fence: Fence) -> Json:
    async def scan() -> Json:
        return ["one"]

    return {"verdict": "pass", "head": event.head, "findings": await step("scan", scan)}


def test_what_is_done(lab: Lab, reviewer: Reviewer) -> None:
    job = lab.tell(lab.project(finds))
    lab.ended(job)
    code, out = reviewer("show", job)
    assert code == 0
    facts = dict(line.split(maxsplit=1) for line in out.splitlines() if not line.startswith("  "))
    assert (facts["state"], facts["head"], facts["attempt"]) == ("done", HEAD_A, "1")
    assert facts["steps"] == "1 done"
    assert "done    scan" in out
    code, out = reviewer("show", job, "--format", "json")
    shown = json.loads(out)
    assert (shown["state"], shown["steps"][0]["name"]) == ("done", "scan")
    kept = lab.jobs.store.review(shown["review"])
    assert kept is not None
    assert kept.job == job


def test_a_failed_job_is_listed_with_its_reason_and_tried_again(lab: Lab, reviewer: Reviewer) -> None:
    failing = True

    async def work(event: Event, step: Step, fence: Fence) -> Json:
        if failing:
            raise ForgeAuth("the token was refused", status=401)
        return None

    job = lab.tell(lab.project(work))
    lab.ended(job)
    code, out = reviewer("list", "--state", "failed")
    assert code == 0
    row, reason = next(
        pair for pair in zip(out.splitlines(), out.splitlines()[1:], strict=False) if job in pair[0]
    )
    assert row.split()[0] == "failed"
    assert reason.strip() == "the token was refused"
    failing = False
    code, out = reviewer("retry", job)
    assert code == 0
    again = out.strip()
    assert again == f"{job.removesuffix(':1')}:2"
    assert lab.ended(again).state is JobState.DONE
    assert reviewer("retry", again)[0] == 2


def test_running_and_waiting_jobs_are_cancelled(lab: Lab, reviewer: Reviewer) -> None:
    asking, closed = Signal(), Signal()

    async def work(event: Event, step: Step, fence: Fence) -> Json:
        async def ask() -> Json:
            asking.set()
            try:
                await closed.arrives()
            finally:
                closed.set()
            return None

        return await step("model", ask)

    project = lab.project(work)
    running = lab.tell(project, "command", verb="ask")
    asking.wait()
    waiting = lab.tell(project, "command", verb="ask")
    assert listed(reviewer, "--state", "running")[running]["state"] == "running"
    assert listed(reviewer, "--state", "queued")[waiting]["state"] == "queued"
    for job in (waiting, running):
        assert reviewer("cancel", job) == (0, f"{job} is cancelled\n")
    closed.wait()
    assert {running, waiting} <= listed(reviewer, "--state", "cancelled").keys()
    done = lab.tell(lab.project(finds), head=HEAD_B)
    lab.ended(done)
    assert reviewer("cancel", done) == (0, f"{done} is done\n")
    wait_for(lambda: lab.jobs.queue().running == 0, "nothing runs")


def test_states_are_told_apart_in_sql_as_in_python(lab: Lab) -> None:
    everything = {job.id: job.state for job in lab.jobs.list(1000)}
    for state in JobState:
        found = lab.jobs.store.newest_jobs(1000, state)
        assert {job.id for job in found} == {job for job, its in everything.items() if its is state}


@pytest.mark.parametrize("command", ["show", "retry", "cancel"])
def test_a_job_that_is_not_there(reviewer: Reviewer, command: str) -> None:
    code, out = reviewer(command, "main:never:1")
    assert code == 2
    assert "there is no job main:never:1" in out


def test_no_service_has_run_here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "reviewer.toml"
    config.write_text(f'[service]\ndatabase = "sqlite:///{tmp_path}/none.db"\n')
    assert main(["jobs", "list", "--config", str(config)]) == 2
    assert "there is no database" in capsys.readouterr().err
    assert not (tmp_path / "none.db").exists()
