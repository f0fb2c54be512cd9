"""A whole installation on one database: a forge, a model, and any number of service processes."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from reviewer.demo import webhook
from reviewer.demo.records import MergeRequest
from tests.chaos.code import teach
from tests.chaos.forge import LoadedForge
from tests.chaos.ground import Ground, Kind
from tests.chaos.ledger import Ledger
from tests.chaos.process import Process
from tests.fakes.models.server import ScriptedModels

SECRET = "the-webhook-secret"
TOKEN_ENV = "CHAOS_TOKEN"
SECRET_ENV = "CHAOS_SECRET"

_CONFIG = """
[service]
port = 0
database = "{database}"
data_dir = "var"
secret_key_file = "var/key"
[[forges]]
id = "lab"
kind = "gitlab"
url = "{forge}"
token_env = "CHAOS_TOKEN"
webhook_secret_env = "CHAOS_SECRET"
bot_name = "review-bot"
[models.coder]
backend = "ollama"
url = "{model}"
model = "deepseek-coder-v2:16b"
context = 16384
parallel = 8
timeout_s = 30
stall_s = 10
[roles]
review = ["coder"]
{more}
"""
_RESEND_S = 0.05


class Site:
    """What a scenario works with; everything it starts ends with the scenario.

    `acknowledged` maps the merge requests whose deliveries were answered to their newest jobs.
    """

    def __init__(self, ground: Ground, kind: Kind, *, more: str = "", word_s: float = 0.01) -> None:
        self.ground = ground
        self.kind = kind
        self.address = ground.database(kind)
        ground.warm(ground.state / "var")
        self.forge = ground.stack.enter_context(LoadedForge(ground.folder / "lab"))
        self.models = ground.stack.enter_context(ScriptedModels())
        teach(self.models.script, delay_s=word_s)
        self.acknowledged: dict[int, str] = {}
        self.delivered_at: dict[int, float] = {}
        self.processes: list[Process] = []
        self.config = ground.state / "reviewer.toml"
        self.config.write_text(
            _CONFIG.format(database=self.address, forge=self.forge.url, model=self.models.url, more=more),
            encoding="utf-8",
        )
        self.ledger = ground.stack.enter_context(Ledger(self.address, self.models))

    def process(
        self,
        *,
        environ: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
        module: str = "",
        tree: Path | None = None,
        start: bool = True,
    ) -> Process:
        """Make a service process, started and ready unless `start` is false."""
        made = Process(
            self.ground,
            self.config,
            name=f"service-{len(self.processes) + 1}",
            environ={TOKEN_ENV: self.forge.token, SECRET_ENV: SECRET, **(environ or {})},
            arguments=arguments,
            module=module,
            tree=tree,
        )
        self.processes.append(made)
        if start:
            made.start()
            made.wait_ready()
        return made

    def open(self, count: int = 1, *, flawed: bool = True) -> list[MergeRequest]:
        """Open merge requests without telling the service."""
        return [self.forge.open_change(flawed=flawed) for _ in range(count)]

    def begin(self, count: int, *, to: Process | None = None) -> None:
        """Deliver some merge requests and wait until a model talks about one of them."""
        asked = len(self.models.asked)
        for change in self.open(count):
            self.deliver(change, to=to)
        self.ground.until(lambda: len(self.models.asked) > asked, "a job at work")

    def deliver(self, change: MergeRequest, *, to: Process | None = None, oldrev: str | None = None) -> str:
        """Tell of a merge request, again and again under one delivery id until it is acknowledged."""
        delivery = str(uuid.uuid4())
        return self.ground.until(
            lambda: self.try_delivering(change, delivery, to=to, oldrev=oldrev),
            f"the acknowledgement of !{change.iid}",
            every_s=_RESEND_S,
        )

    def try_delivering(
        self, change: MergeRequest, delivery: str, *, to: Process | None = None, oldrev: str | None = None
    ) -> str | None:
        """Tell of a merge request once; return the job, or None if there was no acknowledgement."""
        target = to or next((one for one in self.processes if one.runs), None)
        if target is None or target.known_url is None:
            return None
        try:
            answer = self.send(change, delivery, to=target, oldrev=oldrev)
        except httpx.TransportError:
            return None
        if answer.status_code == 503:
            return None
        assert answer.status_code == 202, f"{answer.status_code} {answer.text}"
        return self.acknowledged[change.iid]

    def send(
        self, change: MergeRequest, delivery: str = "", *, to: Process, oldrev: str | None = None
    ) -> httpx.Response:
        """Tell of a merge request once; whatever the answer is, an acknowledgement is remembered."""
        action = "update" if oldrev else "open"
        event = webhook.merge_request_event(change, action, self.forge.url, oldrev=oldrev)
        sent = time.monotonic()
        answer = webhook.deliver(
            f"{to.url}/webhooks/lab", event, SECRET, delivery=delivery or str(uuid.uuid4())
        )
        if answer.status_code == 202:
            self.acknowledged[change.iid] = str(answer.json()["job"])
            self.delivered_at.setdefault(change.iid, sent)
        return answer

    def settle(self, *, patience_s: float | None = None) -> None:
        """Wait until every acknowledged job has ended."""
        jobs = list(self.acknowledged.values())
        self.ground.until(
            lambda: not self.ledger.unfinished(jobs) or None,
            f"{len(jobs)} jobs to end",
            patience_s=patience_s,
            every_s=0.1,
        )
