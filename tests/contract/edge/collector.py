"""A collector of traces on loopback that keeps every span it is sent."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True, slots=True)
class SeenSpan:
    """One span as it was sent."""

    name: str
    trace: bytes
    id: bytes
    parent: bytes
    attributes: Mapping[str, Any]
    failed: bool


class Collector:
    """Takes POST /v1/traces; `status` is what it answers."""

    def __init__(self, status: int = 200) -> None:
        self.spans: list[SeenSpan] = []
        self.paths: list[str] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # the base class's name
                collector.paths.append(self.path)
                collector.take(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(status)
                if status == 307:
                    self.send_header("location", f"{collector.url}/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    told = {
                        item.key: getattr(item.value, item.value.WhichOneof("value") or "string_value")
                        for item in span.attributes
                    }
                    self.spans.append(
                        SeenSpan(
                            span.name,
                            span.trace_id,
                            span.span_id,
                            span.parent_span_id,
                            told,
                            span.status.code == 2,
                        )
                    )

    def named(self, beginning: str) -> list[SeenSpan]:
        """Return the spans whose names begin so."""
        return [span for span in self.spans if span.name.startswith(beginning)]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
