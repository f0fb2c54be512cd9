"""Ask the running service for its verdict on a head, instead of reviewing a second time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from reviewer.domain import Verdict
from reviewer.errors import ReviewerError

ASK_EVERY_S = 3.0
_TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class Question:
    """Which verdict is asked for; `forge` is the forge's id in the service's configuration."""

    forge: str
    project: str
    number: int
    head: str


class NoVerdict(ReviewerError):
    """The service gave no verdict in time, or refused to."""

    exit_code = 11


def fetch_verdict(
    url: str,
    question: Question,
    *,
    token: str | None,
    wait_s: float,
    transport: httpx.BaseTransport | None = None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Verdict:
    """Ask until the review of this head is done, at most `wait_s` seconds.

    Raises NoVerdict when the time is up, the job failed or the service refuses: the gate is then
    inconclusive, never green.
    """
    deadline = clock() + wait_s
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    query: dict[str, str | int] = {
        "forge": question.forge, "project": question.project, "mr": question.number, "head": question.head,
    }  # fmt: skip
    with httpx.Client(
        base_url=url, headers=headers, timeout=_TIMEOUT_S, trust_env=False, transport=transport
    ) as client:
        while True:
            said = _ask(client, query)
            if isinstance(said, Verdict):
                return said
            if clock() + ASK_EVERY_S > deadline:
                raise NoVerdict(f"the service at {url} has no verdict on {question.head[:12]} yet: {said}")
            sleep(ASK_EVERY_S)


def _ask(client: httpx.Client, query: dict[str, str | int]) -> Verdict | str:
    try:
        answer = client.get("/api/v1/verdict", params=query)
    except httpx.TransportError as err:
        return f"not reached ({type(err).__name__})"
    if answer.status_code in {401, 403}:
        raise NoVerdict(f"the service refuses us with {answer.status_code}", remedy="set --service-token-env")
    if answer.status_code == 404:
        return "it knows of no review"
    if answer.status_code != 200:
        return f"it answers {answer.status_code}"
    found = answer.json()
    if found.get("state") in {"failed", "cancelled"}:
        raise NoVerdict(f"the review {found['state']}: {found.get('error') or 'see the service log'}")
    return Verdict(found["verdict"]) if found.get("verdict") else str(found.get("state", "unknown"))
