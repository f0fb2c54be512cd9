"""What is counted, under which labels, and that strangers cannot make new ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from reviewer.domain import Event, ForgeCall, JobState, Receipt, ReviewWarning
from reviewer.errors import StoreError, Superseded
from reviewer.service.census import Census, FolderSize, take_census
from reviewer.service.metrics import Metrics
from reviewer.service.watch import Delivery, Ledgers
from reviewer.stages.redact import redact
from tests.unit.audit.lab import ERRAND, a_call
from tests.unit.service.conftest import Bench

ENDINGS = ("done", "superseded", "failed", "stopped")
EVENT = Event("main", "desk/orders", 12, "opened", "d1", head="a" * 40)


def samples(metrics: Metrics) -> dict[str, float]:
    """Return every value by its name and labels, as Prometheus reads the page."""
    found = {}
    for family in text_string_to_metric_families(metrics.page().decode()):
        for sample in family.samples:
            labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def test_deliveries() -> None:
    metrics = Metrics()
    metrics.delivered(Delivery("main", "accepted", 1.0, EVENT, "j1"))
    metrics.delivered(Delivery("main", "accepted", 2.0, EVENT, "j1"))
    metrics.delivered(Delivery("none", "unknown-forge", 2.0))
    found = samples(metrics)
    assert found["reviewer_deliveries_total{forge=main,outcome=accepted}"] == 2
    assert found["reviewer_deliveries_total{forge=none,outcome=unknown-forge}"] == 1


def test_jobs_and_their_steps_by_how_they_ended() -> None:
    metrics = Metrics()
    for step in ("unit 1.1", "unit 12.3", "fetch the change"):
        with metrics.working(EVENT, "j1"), metrics.stepping(step):
            pass
    with pytest.raises(Superseded), metrics.working(EVENT, "j1"):
        raise Superseded("moved on")
    with pytest.raises(StoreError), metrics.working(EVENT, "j1"), metrics.stepping("fetch the change"):
        raise StoreError("full")
    with pytest.raises(KeyboardInterrupt), metrics.working(EVENT, "j1"):
        raise KeyboardInterrupt
    found = samples(metrics)
    assert found["reviewer_step_seconds_count{outcome=done,step=unit}"] == 2
    assert found["reviewer_step_seconds_count{outcome=failed,step=fetch the change}"] == 1
    ended = {name: found[f"reviewer_job_seconds_count{{outcome={name}}}"] for name in ENDINGS}
    assert ended == {"done": 3, "superseded": 1, "failed": 1, "stopped": 1}


def test_model_calls() -> None:
    metrics = Metrics()
    metrics.called(a_call(), redactions=2)
    metrics.called(a_call(outcome="timeout", first_token_s=None))
    found = samples(metrics)
    assert found["reviewer_model_calls_total{model=coder,outcome=ok,role=review}"] == 1
    assert found["reviewer_model_calls_total{model=coder,outcome=timeout,role=review}"] == 1
    assert found["reviewer_model_tokens_total{kind=cached,model=coder}"] == 600
    assert found["reviewer_model_first_token_seconds_count{model=coder}"] == 1
    assert found["reviewer_redactions_total"] == 2


def test_secrets_taken_out_of_a_prompt_are_counted_where_nobody_said_how_many() -> None:
    metrics = Metrics()
    password = "hunter2" * 3
    prompt = redact(f'password = "{password}"\ndb_password = "{password}"').text
    assert password not in prompt
    Ledgers([metrics]).called(a_call(prompt))
    assert samples(metrics)["reviewer_redactions_total"] == prompt.count("<redacted:") > 0


def test_reviews_posts_and_forge_calls() -> None:
    metrics = Metrics()
    finding = {"severity": "high", "source": "rule", "path": "a.py"}
    rejected = [{"reason": "quote-not-found"}, {"reason": "quote-not-found"}]
    metrics.reviewed({"verdict": "fail", "findings": [finding], "rejected": rejected})
    metrics.posted(ERRAND, Receipt(("f1", "f2"), failures=(ReviewWarning("not-placed", "x"),)))
    metrics.forge_called(ForgeCall("main", "GET", 200, 0.2, remaining=1999))
    metrics.forge_called(ForgeCall("main", "BREW", None, 15.0))
    found = samples(metrics)
    assert found["reviewer_findings_total{severity=high,source=rule}"] == 1
    assert found["reviewer_rejected_drafts_total{reason=quote-not-found}"] == 2
    assert found["reviewer_posts_total{forge=main,outcome=posted}"] == 2
    assert found["reviewer_forge_calls_total{forge=main,method=GET,status=200}"] == 1
    assert found["reviewer_forge_calls_total{forge=main,method=other,status=none}"] == 1
    assert found["reviewer_forge_rate_remaining{forge=main}"] == 1999


def test_labels_stay_few_whatever_comes() -> None:
    metrics = Metrics()
    for number in range(500):
        with metrics.stepping(f"step {chr(97 + number % 26)}{'x' * (number % 40)}"):
            pass
        metrics.reviewed(
            {
                "verdict": f"V{number}",
                "findings": [{"severity": f"$ {number}", "source": None}],
                "rejected": [],
            }
        )
    names = [name for name in samples(metrics) if name.startswith("reviewer_step_seconds_count")]
    assert len(names) <= 41
    assert sum("reviewer_findings_total" in name for name in samples(metrics)) == 1


def test_two_services_do_not_count_each_others_work() -> None:
    one, other = Metrics(), Metrics()
    one.audit_failed()
    assert samples(one)["reviewer_audit_failures_total"] == 1
    assert samples(other)["reviewer_audit_failures_total"] == 0


def test_what_holds_for_all_processes_comes_from_the_database(bench: Bench) -> None:
    metrics = Metrics()
    metrics.attach(lambda: take_census(bench.store), lambda: 4096)
    bench.tell("opened", number=1)
    done = bench.tell("opened", number=2).job
    bench.set_progress(done, "SUCCESS")
    bench.clock.now += 90
    found = samples(metrics)
    assert found["reviewer_jobs{state=queued}"] == 1
    assert found["reviewer_jobs{state=done}"] == 1
    assert found["reviewer_jobs{state=failed}"] == 0
    assert found["reviewer_queue_oldest_seconds"] == pytest.approx(91)
    assert found["reviewer_mirror_bytes"] == 4096
    assert found["reviewer_database_up"] == 1
    assert found["process_resident_memory_bytes"] > 1_000_000
    assert found["process_open_fds"] > 0
    assert "process_cpu_seconds_total" in found


def test_a_database_that_is_away_is_a_value() -> None:
    def away() -> Census:
        raise StoreError("the database failed")

    metrics = Metrics()
    metrics.attach(away, lambda: 0)
    found = samples(metrics)
    assert found["reviewer_database_up"] == 0
    assert "reviewer_queue_oldest_seconds" not in found


def test_nothing_waits() -> None:
    metrics = Metrics()
    metrics.attach(lambda: Census(dict.fromkeys(JobState, 0), 0.0), lambda: 0)
    assert samples(metrics)["reviewer_queue_oldest_seconds"] == 0


def test_the_size_of_a_folder_is_not_measured_each_time(tmp_path: Path) -> None:
    folder = tmp_path
    now = [0.0]
    size = FolderSize(folder, fresh_s=10, clock=lambda: now[0])
    assert size() == 0
    (folder / "a").mkdir()
    (folder / "a" / "pack").write_bytes(b"x" * 1000)
    (folder / "link").symlink_to("/etc/passwd")
    assert size() == 0
    now[0] = 11.0
    assert size() == 1000
