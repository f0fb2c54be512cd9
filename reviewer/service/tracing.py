"""Traces over OTLP/HTTP, where an operator wants them: delivery, job, steps, calls to models and forges.

The optional extra `tracing` brings OpenTelemetry. Nothing global is set, nothing of the environment is
asked for, and spans carry names, ids, counts and outcomes: no code, no prompt, no path, no message of an
exception. A collector is reached at a private address or not at all.

A delivery and its job are one trace without anything being handed on: its ids come out of the delivery's.
"""

from __future__ import annotations

import hashlib
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any

import httpx
import structlog
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from reviewer import __version__
from reviewer.domain import Errand, Event, ForgeCall, ModelCall, Receipt
from reviewer.errors import ConfigError
from reviewer.models.connection import is_private
from reviewer.service.watch import Delivery, Timed

Attributes = Mapping[str, str | int]

_SEND_S = 5.0
_DELAY_MS = 1000.0
_KEPT_SPANS = 2048
_given: ContextVar[tuple[int, int] | None] = ContextVar("given_ids", default=None)


def refuse_public(endpoint: str) -> None:
    """Raise ConfigError for a collector whose address is spelt out and public; a name is looked at when used."""
    host = httpx.URL(endpoint).host
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return
    if not is_private(host):
        raise ConfigError(
            f"tracing.endpoint: {host} is outside private address space",
            key="tracing.endpoint",
            remedy="traces are sent to a collector of your own",
        )


class Traces:
    """Makes spans of what it is told of; implements `Watch` and `Ledger`."""

    def __init__(self, exporter: SpanExporter) -> None:
        resource = Resource({"service.name": "reviewer", "service.version": __version__})
        # Spelt out, for what is left out would be read from OTEL_ variables.
        self._provider = TracerProvider(
            sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False, id_generator=_Ids()
        )
        processor = BatchSpanProcessor(
            exporter,
            max_queue_size=_KEPT_SPANS,
            schedule_delay_millis=_DELAY_MS,
            max_export_batch_size=256,
            export_timeout_millis=_SEND_S * 1000,
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("reviewer")

    def close(self) -> None:
        """Send what is left, and stop."""
        self._provider.shutdown()

    # --- Watch ------------------------------------------------------------------------------------

    def delivered(self, delivery: Delivery) -> None:
        """Make the first span of a trace; its ids follow from the delivery's."""
        told: dict[str, str | int] = {"forge": delivery.forge, "outcome": delivery.outcome}
        event = delivery.event
        if event is not None:
            told |= {"trigger": event.trigger, "job": delivery.job}
        token = _given.set(_ids_of(event) if event is not None else None)
        try:
            span = self._tracer.start_span(
                "delivery", kind=SpanKind.SERVER, attributes=told, start_time=_ns(delivery.began)
            )
        finally:
            _given.reset(token)
        span.end()

    def working(self, event: Event, job: str) -> AbstractContextManager[object]:
        """Make the span of a job, below its delivery's."""
        trace, parent = _ids_of(event)
        came_from = SpanContext(trace, parent, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
        told: dict[str, str | int] = {
            "forge": event.forge,
            "trigger": event.trigger,
            "job": job,
            "mr": event.number,
        }
        return self._block("job", told, set_span_in_context(NonRecordingSpan(came_from)))

    def stepping(self, name: str) -> AbstractContextManager[object]:
        """Make the span of a step."""
        return self._block(f"step {name}", {})

    def reviewed(self, document: Mapping[str, Any]) -> None:
        """Make nothing of it: the job's span tells how long it took, the metrics what came of it."""

    def forge_called(self, call: ForgeCall) -> None:
        """Make the span of a call that is over."""
        told: dict[str, str | int] = {"forge": call.forge, "http.request.method": call.method}
        if call.status is not None:
            told["http.response.status_code"] = call.status
        self._past(
            f"forge {call.method}", time.time() - call.seconds, call.seconds, told, failed=not call.status
        )

    # --- Ledger -----------------------------------------------------------------------------------

    def called(self, call: ModelCall, redactions: int = 0) -> None:
        """Make the span of a model call that is over."""
        told: dict[str, str | int] = {
            "model": call.model,
            "role": call.role.value,
            "purpose": call.purpose,
            "outcome": call.outcome,
            "tokens.prompt": call.usage.prompt_tokens,
            "tokens.cached": call.usage.cached_tokens,
            "tokens.completion": call.usage.completion_tokens,
            "redactions": redactions,
        }
        if call.first_token_s is not None:
            told["first_token_ms"] = round(call.first_token_s * 1000)
        failed = call.outcome not in {"ok", "cached", "length"}
        self._past(f"model {call.model}", call.began, call.usage.seconds, told, failed=failed)

    def posted(self, errand: Errand, receipt: Receipt) -> None:
        """Make nothing of it: posting is a step, and has its span."""

    # --- spans ------------------------------------------------------------------------------------

    @contextmanager
    def _block(self, name: str, told: Attributes, context: Any = None) -> Iterator[None]:
        with (
            self._tracer.start_as_current_span(
                name,
                context,
                attributes=told,
                record_exception=False,  # its message may quote what a stranger wrote
                set_status_on_exception=False,
            ) as span,
            Timed(lambda _, kind: _conclude(span, kind)),
        ):
            yield

    def _past(self, name: str, began: float, seconds: float, told: Attributes, *, failed: bool) -> None:
        span = self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=told, start_time=_ns(began))
        if failed:
            span.set_status(Status(StatusCode.ERROR))
        span.end(_ns(began + seconds))


class Exporter(SpanExporter):
    """Sends spans to one collector: no proxy, no redirect, private addresses only."""

    def __init__(self, endpoint: str, *, network: httpx.BaseTransport | None = None) -> None:
        self._url = f"{endpoint.rstrip('/')}/v1/traces"
        context = ssl.create_default_context()
        inner = network or httpx.HTTPTransport(verify=context, trust_env=False)
        self._client = httpx.Client(
            transport=_PrivateNetwork(inner), timeout=_SEND_S, trust_env=False, follow_redirects=False
        )
        self._failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans; what cannot be sent is dropped, and said once."""
        body = encode_spans(spans).SerializeToString()
        try:
            answer = self._client.post(
                self._url, content=body, headers={"content-type": "application/x-protobuf"}
            )
            reason = "" if answer.is_success else f"status {answer.status_code}"
        except httpx.HTTPError as err:
            reason = type(err).__name__
        if reason and not self._failing:
            structlog.get_logger().warning("traces cannot be sent and are dropped", reason=reason)
        self._failing = bool(reason)
        return SpanExportResult.FAILURE if reason else SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Close the connection."""
        self._client.close()


class _PrivateNetwork(httpx.BaseTransport):
    """Connects to the private address that a name has at that moment, and to no other."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        try:
            found = socket.getaddrinfo(host, request.url.port or 0, type=socket.SOCK_STREAM)
        except OSError as err:
            raise httpx.ConnectError(f"{host} does not resolve", request=request) from err
        address = next((str(place[0]) for *_, place in found if is_private(str(place[0]))), None)
        if address is None:
            raise httpx.ConnectError(f"{host} is outside private address space", request=request)
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        return self._inner.handle_request(pinned)

    def close(self) -> None:
        self._inner.close()


class _Ids(RandomIdGenerator):
    """Random ids, but for a delivery's span, whose job has to find it."""

    def generate_trace_id(self) -> int:
        given = _given.get()
        return given[0] if given else super().generate_trace_id()

    def generate_span_id(self) -> int:
        given = _given.get()
        return given[1] if given else super().generate_span_id()


def _ids_of(event: Event) -> tuple[int, int]:
    digest = hashlib.sha256(f"{event.forge}:{event.delivery}".encode()).digest()
    return int.from_bytes(digest[:16], "big") or 1, int.from_bytes(digest[16:24], "big") or 1


def _conclude(span: Span, kind: type[BaseException] | None) -> None:
    if kind is not None:
        span.set_attribute("error.type", kind.__name__)
        span.set_status(Status(StatusCode.ERROR))


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)
