"""How long the command line and the service keep one waiting."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.acknowledgement import measure_acknowledgement
from tests.bench.figures import Figure, median, run


def measure_start_up() -> Iterator[Figure]:
    """Ask for help, beside a Python that does nothing."""
    bare = median(lambda: run(sys.executable, "-c", "pass"))
    asked = median(lambda: run(str(Path(sys.executable).with_name("reviewer")), "--help"))
    yield Figure("reviewer --help", f"{asked * 1000:.0f} ms", "an empty Python", asked / bare)


def measure_service() -> Iterator[Figure]:
    """Deliver webhooks, beside an endpoint that does nothing."""
    measured = measure_acknowledgement()
    for name in ("p50", "p95"):
        ours, noop = measured.service[name], measured.noop[name]
        yield Figure(f"webhook acknowledged, {name}", f"{ours:.1f} ms", "a no-op endpoint", ours / noop)
    yield Figure("service, idle", f"{measured.idle_rss_mb:.0f} MB RSS")
