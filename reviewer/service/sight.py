"""What is seen of a service from outside: its metrics always, traces where they are wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING

from reviewer.config import Settings
from reviewer.errors import ConfigError
from reviewer.ports import Ledger
from reviewer.service.metrics import Metrics
from reviewer.service.watch import Watch, Watches

if TYPE_CHECKING:
    from reviewer.service.tracing import Traces


@dataclass(frozen=True, slots=True)
class Sight:
    """Who watches one service."""

    metrics: Metrics = field(default_factory=Metrics)
    traces: Traces | None = None

    @property
    def watch(self) -> Watch:
        """Return all that watch, as one."""
        return Watches((self.metrics, self.traces) if self.traces else (self.metrics,))

    @property
    def ledgers(self) -> tuple[Ledger, ...]:
        """Return all that hear of model calls and posts."""
        return (self.metrics, self.traces) if self.traces else (self.metrics,)

    def close(self) -> None:
        """Send what is left."""
        if self.traces:
            self.traces.close()


def open_sight(settings: Settings) -> Sight:
    """Begin to watch; raises ConfigError for traces that cannot be sent."""
    return Sight(Metrics(), open_traces(settings))


def open_traces(settings: Settings, installed: Callable[[str], object] = find_spec) -> Traces | None:
    """Return what sends traces, None where nobody wants them.

    Raises ConfigError where OpenTelemetry is not `installed`, or the collector has a public address.
    """
    endpoint = settings.tracing.endpoint
    if endpoint is None:
        return None
    if installed("opentelemetry") is None:
        raise ConfigError(
            "traces are sent by OpenTelemetry, which is not installed",
            key="tracing.endpoint",
            remedy="pip install 'reviewer[tracing]', or take tracing.endpoint out",
        )
    from reviewer.service.tracing import Exporter, Traces, refuse_public

    refuse_public(endpoint)
    return Traces(Exporter(endpoint))
