"""How long a webhook waits for its 202, beside an endpoint that does nothing, both as processes of their own."""

from __future__ import annotations

import json
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.e2e.deployment import WEBHOOK_SECRET, Deployment

DELIVERIES = 150
FORGE = """
[[forges]]
id = "lab"
kind = "gitlab"
url = "http://127.0.0.1:1"
token_env = "LAB_TOKEN"
webhook_secret_env = "LAB_SECRET"
"""
NOOP = """
import uvicorn
async def app(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 202, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})
class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets=sockets)
        print(self.servers[0].sockets[0].getsockname()[1], flush=True)
Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off")).run()
"""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Milliseconds by percentile (p50, p95), and the resident memory of the idle service."""

    service: dict[str, float]
    noop: dict[str, float]
    idle_rss_mb: float


def measure_acknowledgement() -> Acknowledgement:
    """Send one delivery after the other, each about another merge request of a forge that is away."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {"LAB_TOKEN": "token", "LAB_SECRET": WEBHOOK_SECRET}
        with Deployment(Path(folder), FORGE, environ=environ) as service:
            idle = _resident_mb(service.pid)
            ours = _send(f"{service.url}/webhooks/lab")
    process = subprocess.Popen([sys.executable, "-c", NOOP], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        noop = _send(f"http://127.0.0.1:{process.stdout.readline().strip()}/")
    finally:
        process.terminate()
        process.communicate()
    return Acknowledgement(ours, noop, idle)


def _send(url: str) -> dict[str, float]:
    with httpx.Client(trust_env=False, timeout=30) as client:
        taken = sorted(_deliver(client, url, number) for number in range(DELIVERIES))
    return {"p50": statistics.median(taken), "p95": taken[int(len(taken) * 0.95)]}


def _deliver(client: httpx.Client, url: str, number: int) -> float:
    event = {
        "object_kind": "merge_request",
        "event_type": "merge_request",
        "user": {"id": 2, "username": "alice"},
        "project": {"id": 1, "path_with_namespace": f"desk/orders-{number}"},
        "object_attributes": {
            "iid": 1, "action": "open", "state": "opened", "last_commit": {"id": secrets.token_hex(20)},
        },
        "changes": {},
    }  # fmt: skip
    headers = {"X-Gitlab-Event": "Merge Request Hook", "X-Gitlab-Token": WEBHOOK_SECRET}
    started = time.perf_counter()
    answer = client.post(url, content=json.dumps(event), headers=headers)
    assert answer.status_code == 202, answer.text
    return (time.perf_counter() - started) * 1000


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024
