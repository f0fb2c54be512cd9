"""How long a delivery waits for its 202, beside an endpoint that does nothing: idle, and while ten reviews run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from tests.bench.acknowledgement import NOOP
from tests.bench.figures import share
from tests.chaos.deliveries import Plan, Report
from tests.chaos.ground import Ground, Kind
from tests.chaos.outcome import Outcome
from tests.chaos.site import SECRET, Site

ROOT = Path(__file__).resolve().parents[3]
_FORGE_S = 0.2
_REVIEWS = 10
_SENDERS = 8
_UNKNOWN = "desk/elsewhere"  # its jobs wait behind the reviews, and end where the forge knows no such project
_WORD_S = 0.3  # the reviews outlast the measurement


def run(ground: Ground, *, kind: Kind) -> Outcome:
    """Send one delivery after the other, then several at once, to the service and to the endpoint."""
    site = Site(ground, kind, word_s=_WORD_S)
    site.forge.delay_s = _FORGE_S
    process = site.process(arguments=("--workers", str(_REVIEWS)))
    ours = Plan(f"{process.url}/webhooks/lab", SECRET, ground.scale.sample, ground.scale.sample)
    figures: dict[str, float | str] = {}
    broken: list[str] = []
    with _doing_nothing() as address:
        nothing = Plan(address, SECRET, ground.scale.sample, ground.scale.sample)
        figures |= _measure("idle", ours, nothing, numbered=1)
        for change in site.open(_REVIEWS):
            site.deliver(change, to=process)
        ground.until(lambda: len(site.models.asked) >= _REVIEWS, "ten reviews to run")
        figures |= _measure("ten reviews", ours, nothing, numbered=2)
        if site.ledger.unfinished(list(site.acknowledged.values())) != set(site.acknowledged.values()):
            broken.append("a review was over before the measurement was")
    stored = len(site.ledger.known(_UNKNOWN))
    sent = 4 * ground.scale.sample
    return Outcome(runs=sent, lost=sent - stored, broken=tuple(broken), figures=figures)


def deliver(plan: Plan, *, timeout_s: float = 1800) -> Report:
    """Let a process of its own send what is planned."""
    sender = subprocess.run(
        [sys.executable, "-m", "tests.chaos.deliveries"],
        input=json.dumps(asdict(plan)),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=timeout_s,
        check=False,
    )
    assert sender.returncode == 0, sender.stderr[-2000:]
    return Report(**json.loads(sender.stdout))


def _measure(when: str, ours: Plan, nothing: Plan, *, numbered: int) -> dict[str, float]:
    figures: dict[str, float] = {}
    for at, (name, plan) in enumerate((("no-op", nothing), ("202", ours))):
        for senders in (1, _SENDERS):
            report = deliver(_planned(plan, senders, numbered * 10 + at))
            if senders == 1:
                for part in (50, 95, 99):
                    figures[f"{when} {name} p{part} ms"] = share(report.taken_ms, part / 100)
            else:
                figures[f"{when} {name} per s"] = len(report.taken_ms) / report.seconds
    return figures


def _planned(plan: Plan, senders: int, numbered: int) -> Plan:
    """Let every delivery be about another merge request that nobody has spoken of yet."""
    first = 1 + (2 * numbered + (senders > 1)) * plan.count
    return Plan(plan.url, plan.secret, plan.count, plan.count, senders, _UNKNOWN, first=first)


@contextmanager
def _doing_nothing() -> Iterator[str]:
    process = subprocess.Popen([sys.executable, "-c", NOOP], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/"
    finally:
        process.kill()
        process.communicate()
