"""The model is down, slow or flapping: a review says that it could not see everything, and never that all is well."""

from __future__ import annotations

import time

import httpx

from reviewer.demo.records import MergeRequest
from tests.chaos.code import teach
from tests.chaos.ground import Ground
from tests.chaos.outcome import Outcome
from tests.chaos.process import Process
from tests.chaos.site import Site

_JOBS = 3
_SLOW_WORD_S = 0.2


def run(ground: Ground) -> Outcome:
    """Let jobs meet a model that refuses, one that crawls, and one that fails every other time."""
    site = Site(ground, "sqlite")
    process = site.process()
    broken: list[str] = []
    lost = runs = 0
    worst = 0.0
    for _ in range(ground.scale.faults):
        for trouble in (_down, _slow, _flapping):
            began = time.monotonic()
            changes = site.open(_JOBS, flawed=False)
            trouble(site, changes)
            site.settle()
            worst = max(worst, time.monotonic() - began)
            runs += len(changes)
            lost += sum(change.iid not in site.forge.summed_up for change in changes)
            verdicts = [_verdict(process, change) for change in changes]
            if "pass" in verdicts:
                broken.append(f"{trouble.__name__.strip('_')}: a review passed what its model had not seen")
            site.models.unavailable = None
            site.models.script.clear()
            teach(site.models.script)
        [well] = site.open()
        site.deliver(well)
        site.settle()
        if _verdict(process, well) != "fail":
            broken.append("a model that is well again was not asked")
    doubled = sum(len([one for one in change.discussions if one.individual]) > 1 for change in _changes(site))
    stuck = len(site.ledger.unfinished(site.acknowledged.values()))
    return Outcome(runs, lost, doubled, stuck, recovery_s=worst, broken=tuple(broken))


def _down(site: Site, changes: list[MergeRequest]) -> None:
    site.models.unavailable = 503
    for change in changes:
        site.deliver(change)


def _slow(site: Site, changes: list[MergeRequest]) -> None:
    site.models.script.clear()
    teach(site.models.script, delay_s=_SLOW_WORD_S)
    for change in changes:
        site.deliver(change)


def _flapping(site: Site, changes: list[MergeRequest]) -> None:
    site.models.script.clear()
    for _ in range(len(changes)):
        site.models.script.when(times=1).fail(500)
        site.models.script.when(times=1).cut(abort=True)
    teach(site.models.script)
    for change in changes:
        site.deliver(change)
        site.models.unavailable = site.ground.dice.choice((None, 502))
    time.sleep(0.5)
    site.models.unavailable = None


def _verdict(process: Process, change: MergeRequest) -> str:
    query: dict[str, str | int] = {
        "forge": "lab",
        "project": "desk/orders",
        "mr": change.iid,
        "head": change.latest.head,
    }
    with httpx.Client(base_url=process.url, trust_env=False, timeout=30) as client:
        answer = client.get("/api/v1/verdict", params=query)
        return str(answer.json().get("verdict"))


def _changes(site: Site) -> list[MergeRequest]:
    return list(site.forge.project.merge_requests.values())
