"""What a running service shows: its metrics, its log, and whom it talks to when a payload names others."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from reviewer.demo import webhook
from tests.contract.edge.collector import Collector
from tests.e2e.code import draft, teach
from tests.e2e.deployment import MODEL, WEBHOOK_SECRET
from tests.e2e.lab import Lab
from tests.fakes.forge.gitlab import FakeGitLab
from tests.fakes.models.server import ScriptedModels

SECRET_IN_CODE = "AKIA" + "Z7QHT3NM2LXW5RCE"
MODEL_SAID = "WORDS_ONLY_THE_MODEL_SAID"
LINE_OF_CODE = "UNMISTAKABLE_LINE_OF_CODE"
PASSED_THROUGH = (
    SECRET_IN_CODE, LINE_OF_CODE, MODEL_SAID, WEBHOOK_SECRET, "turnover", "eval(", "An injection",
)  # fmt: skip


class Canary:
    """A listener that nobody has a reason to talk to."""

    def __init__(self) -> None:
        self.visits = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(timeout=10)
        self._listener.close()

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                wire, _ = self._listener.accept()
            except TimeoutError:
                continue
            self.visits += 1
            wire.close()


@dataclass
class Scene:
    """A review that was set off by a payload full of other people's addresses, and what was seen of it."""

    document: dict[str, Any]
    log: list[dict[str, Any]]
    metrics: str
    canary_visits: int
    spans: Collector
    token: str


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, warm: Callable[[Path], None]) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("outside")
    warm(folder / "var")
    with FakeGitLab(folder) as forge, ScriptedModels() as models, Canary() as canary, Collector() as spans:
        good = draft("    return min(turnover * rate, MINIMUM)", message=MODEL_SAID)
        teach(models.script, good, draft("never written", title="An injection"))
        more = f'[tracing]\nendpoint = "{spans.url}"\n'
        lab = Lab(folder, forge, MODEL.format(url=models.url, context=16384) + more)
        with lab.service:
            code = f'# {LINE_OF_CODE}\nKEY = "{SECRET_IN_CODE}"\n'
            forge.push(lab.merge_request, {"app/keys.py": code})
            event = webhook.merge_request_event(lab.merge_request, "open", forge.url)
            answer = forge.send(
                f"{lab.service.url}/webhooks/lab", poison(event, canary.url), WEBHOOK_SECRET, delivery="d-77"
            )
            assert answer.status_code == 202
            document = lab.review()
            with httpx.Client(base_url=lab.service.url, trust_env=False, timeout=20) as http:
                http.post("/webhooks/lab", content=b"{}", headers={"X-Gitlab-Token": "guess"})
                stranger = http.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
                assert stranger.status_code == 401
                metrics = http.get("/metrics").text
            assert lab.service.stop() == 0  # in order: only then are all spans sent
        log = [json.loads(line) for line in lab.service.log().splitlines()]
        yield Scene(document, log, metrics, canary.visits, spans, forge.token)


def poison(event: dict[str, Any], address: str) -> dict[str, Any]:
    """Put an address in the place of every address of a payload, and wherever else one could stand."""

    def turn(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: turn(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [turn(inner) for inner in value]
        return address if isinstance(value, str) and "://" in value else value

    turned: dict[str, Any] = turn(event)
    links = (
        "url",
        "web_url",
        "git_http_url",
        "http_url",
        "git_ssh_url",
        "homepage",
        "avatar_url",
        "diff_url",
    )
    for table in ("project", "object_attributes", "user", "repository"):
        turned.setdefault(table, {}).update(dict.fromkeys(links, address))
    turned["object_attributes"].update(
        source={"http_url": address, "url": address}, target={"http_url": address}, description=address
    )
    return turned


def test_no_address_of_a_payload_is_followed(scene: Scene) -> None:
    assert scene.document["verdict"] == "fail"
    assert scene.canary_visits == 0


def test_the_log_has_ids_and_nothing_that_passed_through(scene: Scene) -> None:
    text = json.dumps(scene.log)
    assert [word for word in (*PASSED_THROUGH, scene.token) if word in text] == []
    rejected = [line for line in scene.log if line["event"] == "delivery rejected"]
    assert [line["status"] for line in rejected] == [401]


def test_the_metrics_of_one_review(scene: Scene) -> None:
    values = dict(
        line.rsplit(" ", 1) for line in scene.metrics.splitlines() if line and not line.startswith("#")
    )
    for name, value in {
        'reviewer_deliveries_total{forge="lab",outcome="accepted"}': "1.0",
        'reviewer_deliveries_total{forge="lab",outcome="refused"}': "1.0",
        'reviewer_jobs{state="done"}': "1.0",
        'reviewer_reviews_total{verdict="fail"}': "1.0",
        'reviewer_findings_total{severity="high",source="model"}': "1.0",
        'reviewer_rejected_drafts_total{reason="quote-not-found"}': "1.0",
        'reviewer_step_seconds_count{outcome="done",step="post inline comments"}': "1.0",
        'reviewer_job_seconds_count{outcome="done"}': "1.0",
        'reviewer_model_first_token_seconds_count{model="coder"}': str(
            float(scene.document["usage"]["model_calls"])
        ),
        "reviewer_database_up": "1.0",
        "reviewer_audit_failures_total": "0.0",
    }.items():
        assert values.get(name) == value, name
    posted = float(values['reviewer_posts_total{forge="lab",outcome="posted"}'])
    assert posted == len(scene.document["findings"])
    assert float(values["reviewer_mirror_bytes"]) > 0
    assert float(values['reviewer_forge_calls_total{forge="lab",method="GET",status="200"}']) > 0
    assert "orders" not in scene.metrics
    assert "alice" not in scene.metrics


def test_one_trace_from_the_delivery_to_the_calls(scene: Scene) -> None:
    spans = scene.spans
    [job] = spans.named("job")
    [delivery] = [span for span in spans.named("delivery") if span.attributes["outcome"] == "accepted"]
    assert job.parent == delivery.id
    steps = {span.id for span in spans.named("step ")}
    assert {span.parent for span in spans.named("step ")} == {job.id}
    calls = [*spans.named("forge GET"), *spans.named("model coder")]
    assert len(calls) > scene.document["usage"]["model_calls"] > 0
    assert all(span.parent in steps for span in calls)
    assert len({span.trace for span in (job, *spans.named("step "), *calls)}) == 1
    text = str(spans.spans)
    assert [word for word in (*PASSED_THROUGH, scene.token) if word in text] == []
