"""Metrics for Prometheus, in a registry of their own.

Labels come from closed lists and from the configuration: forges, models, roles, severities, reasons. No
project, no merge request, no person, no path: those are a handful of series each at first, and
thousands in a year. What holds for the whole installation (jobs, the queue) is read from the database
when somebody asks, so any process may be asked for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from reviewer.domain import Errand, Event, ForgeCall, ModelCall, Receipt
from reviewer.errors import StoreError, Superseded
from reviewer.service.census import Census
from reviewer.service.watch import Delivery, Timed

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SHORT_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_LONG_S = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)
_WORD = re.compile(r"[a-z][a-z0-9-]{0,39}")
_STEP = re.compile(r"[0-9]+(\.[0-9]+)*")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_MOST_STEPS = 40


class Metrics:
    """Counts what it is told of; implements `Watch` and `Ledger`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._steps: set[str] = set()
        ProcessCollector(registry=self.registry)
        self._make_service_metrics()
        self._make_model_metrics()

    def attach(self, census: Callable[[], Census], mirror_bytes: Callable[[], int]) -> None:
        """Have the database's jobs counted and the mirrors measured whenever the metrics are asked for."""
        self.registry.register(_Installation(census, mirror_bytes))

    def page(self) -> bytes:
        """Write all metrics as Prometheus reads them. Blocks."""
        return generate_latest(self.registry)

    def audit_failed(self) -> None:
        """Count that the audit log could not be written."""
        self._audit_failures.inc()

    # --- Watch ------------------------------------------------------------------------------------

    def delivered(self, delivery: Delivery) -> None:
        """Count a delivery."""
        self._deliveries.labels(delivery.forge, delivery.outcome).inc()

    def working(self, event: Event, job: str) -> Timed:
        """Time a job."""

        def ended(seconds: float, kind: type[BaseException] | None) -> None:
            self._jobs.labels(_ending(kind)).observe(seconds)

        return Timed(ended)

    def stepping(self, name: str) -> Timed:
        """Time a step; the numbers in its name are left out."""
        kind = _STEP.sub("", name).strip(" .-") or "step"
        if kind not in self._steps and len(self._steps) >= _MOST_STEPS:
            kind = "other"
        self._steps.add(kind)
        return Timed(lambda seconds, error: self._step_seconds.labels(kind, _ending(error)).observe(seconds))

    def reviewed(self, document: Mapping[str, Any]) -> None:
        """Count what a review found, and what it rejected."""
        self._reviews.labels(_word(document.get("verdict"))).inc()
        for finding in document.get("findings", ()):
            self._findings.labels(_word(finding.get("severity")), _word(finding.get("source"))).inc()
        for item in document.get("rejected", ()):
            self._rejected.labels(_word(item.get("reason"))).inc()

    def forge_called(self, call: ForgeCall) -> None:
        """Count a call to a forge, and remember how many it has left for us."""
        method = call.method if call.method in _METHODS else "other"
        status = str(call.status) if call.status else "none"
        self._forge_calls.labels(call.forge, method, status).inc()
        self._forge_seconds.labels(call.forge, method).observe(call.seconds)
        if call.remaining is not None:
            self._forge_remaining.labels(call.forge).set(call.remaining)

    # --- Ledger -----------------------------------------------------------------------------------

    def called(self, call: ModelCall, redactions: int = 0) -> None:
        """Count a model call."""
        model, outcome = call.model, _word(call.outcome)
        self._model_calls.labels(model, call.role.value, outcome).inc()
        self._model_seconds.labels(model, outcome).observe(call.usage.seconds)
        if call.first_token_s is not None:
            self._first_token.labels(model).observe(call.first_token_s)
        usage = call.usage
        for kind, tokens in (
            ("prompt", usage.prompt_tokens),
            ("cached", usage.cached_tokens),
            ("completion", usage.completion_tokens),
        ):
            self._tokens.labels(model, kind).inc(tokens)
        self._redactions.inc(redactions)

    def posted(self, errand: Errand, receipt: Receipt) -> None:
        """Count what was posted."""
        forge = errand.ref.forge if errand.ref else ""
        for outcome, count in (
            ("posted", len(receipt.posted)),
            ("unplaced", len(receipt.unplaced)),
            ("resolved", len(receipt.resolved)),
            ("failed", len(receipt.failures)),
        ):
            self._posts.labels(forge, outcome).inc(count)

    # --- the metrics ------------------------------------------------------------------------------

    def _make_service_metrics(self) -> None:
        count, time = self._counter, self._histogram
        self._deliveries = count("deliveries", "Webhook deliveries answered, by how.", "forge", "outcome")
        self._jobs = time("job_seconds", "How long jobs ran here until they ended.", _LONG_S, "outcome")
        self._step_seconds = time("step_seconds", "How long steps of jobs took.", _LONG_S, "step", "outcome")
        self._reviews = count("reviews", "Reviews that were finished.", "verdict")
        self._findings = count("findings", "Findings of finished reviews.", "severity", "source")
        self._rejected = count("rejected_drafts", "Models' drafts that were not admitted.", "reason")
        self._posts = count(
            "posts", "What became of comments: posted, unplaced, resolved.", "forge", "outcome"
        )
        self._forge_calls = count("forge_calls", "HTTP calls to forges.", "forge", "method", "status")
        self._forge_seconds = time(
            "forge_call_seconds", "Seconds of a call to a forge.", _SHORT_S, "forge", "method"
        )
        self._forge_remaining = Gauge(
            "reviewer_forge_rate_remaining",
            "Calls that the forge said were left before it asks for a pause.",
            ["forge"],
            registry=self.registry,
        )
        self._audit_failures = count("audit_failures", "Notes that the audit log could not take at once.")

    def _make_model_metrics(self) -> None:
        count, time = self._counter, self._histogram
        self._model_calls = count("model_calls", "Model calls, served or not.", "model", "role", "outcome")
        self._tokens = count("model_tokens", "Tokens; cached ones are prompt tokens, too.", "model", "kind")
        self._model_seconds = time(
            "model_call_seconds", "Seconds of a model call.", _LONG_S, "model", "outcome"
        )
        self._first_token = time(
            "model_first_token_seconds", "Seconds to a reply's first token.", _SHORT_S, "model"
        )
        self._redactions = count("redactions", "Secrets taken out of prompts.")

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"reviewer_{name}", about, labels, registry=self.registry)

    def _histogram(self, name: str, about: str, buckets: Iterable[float], *labels: str) -> Histogram:
        return Histogram(f"reviewer_{name}", about, labels, buckets=tuple(buckets), registry=self.registry)


class _Installation(Collector):
    """What is looked up when the metrics are asked for."""

    def __init__(self, census: Callable[[], Census], mirror_bytes: Callable[[], int]) -> None:
        self._census = census
        self._mirror_bytes = mirror_bytes

    def describe(self) -> list[GaugeMetricFamily]:
        """Name the metrics without looking anything up."""
        return list(self._families())

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Look everything up; a database that does not answer is a value, too."""
        jobs, oldest, answers, mirrors = self._families()
        mirrors.add_metric([], self._mirror_bytes())
        try:
            census = self._census()
        except StoreError:
            answers.add_metric([], 0)
            return [answers, mirrors]
        answers.add_metric([], 1)
        oldest.add_metric([], census.oldest_queued_s)
        for state, count in census.states.items():
            jobs.add_metric([state.value], count)
        return [jobs, oldest, answers, mirrors]

    def _families(self) -> tuple[GaugeMetricFamily, ...]:
        return (
            GaugeMetricFamily(
                "reviewer_jobs", "Jobs of the last seven days, of all processes.", labels=["state"]
            ),
            GaugeMetricFamily("reviewer_queue_oldest_seconds", "How long the oldest queued job has waited."),
            GaugeMetricFamily("reviewer_database_up", "Whether the database answered."),
            GaugeMetricFamily("reviewer_mirror_bytes", "Bytes of the mirrors and caches in data_dir."),
        )


def _ending(kind: type[BaseException] | None) -> str:
    if kind is None:
        return "done"
    if issubclass(kind, Superseded):
        return "superseded"
    return "failed" if issubclass(kind, Exception) else "stopped"


def _word(value: Any) -> str:
    """Let only words of our own be labels."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else "other"
