"""A sender in a process of its own: `python -m tests.chaos.deliveries`, a plan on stdin, a report on stdout.

The plan says where to, how many deliveries over how many merge requests (from number `first` on), and how
many senders at once. Deliveries about one merge request come one after another, each with another head; the
last one is the head that `last` names, if it does.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field

import httpx

RESEND_S = 0.2


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send; `last` maps merge request numbers to the heads they end with."""

    url: str
    secret: str
    count: int
    merge_requests: int
    senders: int = 1
    project: str = "desk/orders"
    first: int = 1
    last: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """Milliseconds of every acknowledged delivery, the seconds all took, and how many were told to come again."""

    taken_ms: list[float]
    seconds: float
    refused: int


def send(plan: Plan) -> Report:
    """Send everything, each delivery again until it is acknowledged."""
    rounds = -(-plan.count // plan.merge_requests)
    numbers = range(plan.first, plan.first + plan.merge_requests)
    began = time.perf_counter()
    with ThreadPoolExecutor(plan.senders) as pool:
        shares = [list(numbers)[at :: plan.senders] for at in range(plan.senders)]
        parts = list(pool.map(lambda share: _send_share(plan, share, rounds), shares))
    seconds = time.perf_counter() - began
    return Report(
        [each for taken, _ in parts for each in taken], seconds, sum(refused for _, refused in parts)
    )


def _send_share(plan: Plan, numbers: list[int], rounds: int) -> tuple[list[float], int]:
    taken: list[float] = []
    refused = 0
    with httpx.Client(trust_env=False, timeout=30) as client:
        for turn in range(rounds):
            for number in numbers:
                body, headers = _delivery(plan, number, turn, last=turn == rounds - 1)
                while True:
                    began = time.perf_counter()
                    status = client.post(plan.url, content=body, headers=headers).status_code
                    if status == 202:
                        break
                    if status != 503:
                        raise RuntimeError(f"a delivery was answered {status}")
                    refused += 1
                    time.sleep(RESEND_S)
                taken.append((time.perf_counter() - began) * 1000)
    return taken, refused


def _delivery(plan: Plan, number: int, turn: int, *, last: bool) -> tuple[bytes, dict[str, str]]:
    head = hashlib.sha1(f"{number} {turn}".encode()).hexdigest()
    head = plan.last.get(str(number), head) if last else head
    event = {
        "object_kind": "merge_request",
        "event_type": "merge_request",
        "user": {"id": 2, "username": "alice"},
        "project": {"id": 1, "path_with_namespace": plan.project},
        "object_attributes": {
            "iid": number, "action": "update" if turn else "open", "state": "opened", "oldrev": "0" * 40,
            "last_commit": {"id": head},
        },
        "changes": {},
    }  # fmt: skip
    headers = {
        "X-Gitlab-Event": "Merge Request Hook",
        "X-Gitlab-Token": plan.secret,
        "Idempotency-Key": f"{number}-{turn}",
    }
    return json.dumps(event).encode(), headers


if __name__ == "__main__":
    json.dump(asdict(send(Plan(**json.load(sys.stdin)))), sys.stdout)
