"""Spans reach a collector on this machine, and no other."""

from __future__ import annotations

import socket

import pytest

from reviewer.config import Settings, TracingSettings
from reviewer.domain import Event, ForgeCall
from reviewer.errors import ConfigError, StoreError
from reviewer.service.sight import open_traces
from reviewer.service.tracing import Exporter, Traces
from reviewer.service.watch import Delivery
from tests.contract.edge.collector import Collector
from tests.unit.audit.lab import a_call

EVENT = Event("main", "desk/orders", 12, "opened", "d1", head="a" * 40)


def test_a_delivery_its_job_and_what_it_calls_are_one_trace() -> None:
    with Collector() as collector:
        web, worker = Traces(Exporter(collector.url)), Traces(Exporter(collector.url))
        web.delivered(Delivery("main", "accepted", 1.0, EVENT, "main:d1:1"))
        with worker.working(EVENT, "main:d1:1"), worker.stepping("unit 1.1"):
            worker.called(a_call("CODE_UNDER_REVIEW", "WORDS_OF_MODEL", outcome="timeout"), redactions=2)
            worker.forge_called(ForgeCall("main", "GET", 200, 0.1))
        web.close()
        worker.close()
    [delivery], [job], [step] = collector.named("delivery"), collector.named("job"), collector.named("step")
    [call], [forge] = collector.named("model"), collector.named("forge")
    assert len({span.trace for span in collector.spans}) == 1
    assert (delivery.parent, job.parent, step.parent) == (b"", delivery.id, job.id)
    assert (call.parent, forge.parent) == (step.id, step.id)
    assert call.failed
    assert call.attributes["tokens.prompt"] == 900
    assert forge.attributes["http.response.status_code"] == 200
    assert set(collector.paths) == {"/v1/traces"}
    assert not any(word in str(collector.spans) for word in ("CODE_UNDER", "WORDS_OF", "desk/orders"))


def test_what_failed_is_marked_without_its_message() -> None:
    with Collector() as collector:
        traces = Traces(Exporter(collector.url))
        with pytest.raises(StoreError), traces.working(EVENT, "j1"):
            raise StoreError("the line `password = hunter2` is too long")
        traces.close()
    [job] = collector.named("job")
    assert job.failed
    assert job.attributes["error.type"] == "StoreError"
    assert "hunter2" not in str(collector.spans)


@pytest.mark.parametrize("status", [307, 500])
def test_a_collector_that_refuses_or_sends_us_elsewhere_is_left_alone(status: int) -> None:
    with Collector(status) as collector:
        traces = Traces(Exporter(collector.url))
        with traces.working(EVENT, "j1"):
            pass
        traces.close()
    assert collector.paths == ["/v1/traces"]


@pytest.mark.parametrize(
    "endpoint", ["http://192.0.2.1:4318", "http://[2001:db8::1]:4318", "https://8.8.8.8"]
)
def test_no_public_address(endpoint: str) -> None:
    with pytest.raises(ConfigError, match="outside private address space") as caught:
        open_traces(Settings(tracing=TracingSettings(endpoint=endpoint)))
    assert caught.value.exit_code == 2


def test_a_name_that_is_public_is_not_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def resolve(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        tried.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("203.0.113.5", 4318))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    traces = Traces(Exporter("http://collector.example:4318"))
    with traces.working(EVENT, "j1"):
        pass
    traces.close()
    assert tried == ["collector.example"]


def test_without_the_extra_it_is_said_so() -> None:
    settings = Settings(tracing=TracingSettings(endpoint="http://127.0.0.1:4318"))
    with pytest.raises(ConfigError, match="not installed") as caught:
        open_traces(settings, installed=lambda _: None)
    assert (caught.value.exit_code, "reviewer[tracing]" in caught.value.remedy) == (2, True)
    assert open_traces(Settings(), installed=lambda _: None) is None
