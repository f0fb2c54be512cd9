"""What a sender sees while the database cannot be written: an honest 503, soon, and a process that lives."""

from __future__ import annotations

import httpx

from reviewer.demo.records import MergeRequest
from tests.chaos.process import Process
from tests.chaos.site import Site

_ATTEMPTS = 40


def look_while_away(site: Site, process: Process, change: MergeRequest) -> list[str]:
    """Deliver once while nothing can be stored, and ask how the process is; return what is not as promised."""
    try:
        answer = site.send(change, to=process)
    except httpx.TimeoutException:
        return ["a delivery had no answer before a forge gives up"]
    return [*_problems(answer), *_no_life(process)]


def look_while_full(site: Site, process: Process) -> list[str]:
    """Deliver until there is no room for another one; whatever was acknowledged before is to be done."""
    for change in site.open(_ATTEMPTS):
        answer = site.send(change, to=process)
        if answer.status_code != 202:
            return [*_problems(answer), *_no_life(process)]
    return [f"{_ATTEMPTS} deliveries found room on a full disk"]


def _problems(answer: httpx.Response) -> list[str]:
    if answer.status_code == 503 and "retry-after" in answer.headers:
        return []
    return [f"a delivery was answered {answer.status_code} while nothing could be stored"]


def _no_life(process: Process) -> list[str]:
    return [] if process.ready("/healthz") else ["the process said that it does not live"]
