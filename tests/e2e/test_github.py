"""From a signed GitHub webhook to a posted review, with the service as a process of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.code import BASE, EVAL_LINE, HEAD, MIN_LINE, draft, teach
from tests.e2e.deployment import MODEL, Deployment, wait_until
from tests.fakes.forge.github import TOKEN, WEBHOOK_SECRET, FakeGitHub, Fault
from tests.fakes.forge.github_state import Pull
from tests.fakes.models.server import ScriptedModels

PROJECT = "acme/shop"
FORGE = """
[[forges]]
id = "hub"
kind = "github"
url = "{url}"
token_env = "HUB_TOKEN"
webhook_secret_env = "HUB_SECRET"
bot_name = "reviewer-bot"
"""


class Hub:
    """A GitHub with one pull request, a scripted model, and the service between them."""

    def __init__(self, folder: Path, forge: FakeGitHub, models: ScriptedModels) -> None:
        self.forge = forge
        self.models = models
        forge.create_project(PROJECT, BASE)
        self.number = forge.open_pull(PROJECT, "change", HEAD)
        self.service = Deployment(
            folder,
            FORGE.format(url=forge.url),
            more=MODEL.format(url=models.url, context=16384),
            environ={"HUB_TOKEN": TOKEN, "HUB_SECRET": WEBHOOK_SECRET},
        )

    @property
    def pull(self) -> Pull:
        return self.forge.pull(PROJECT, self.number)

    def send(self, action: str = "opened", *, delivery: str = "d-1") -> None:
        """Deliver an event about the pull request; it must be accepted."""
        payload = self.forge.pull_event(PROJECT, self.number, action)
        headers, body = self.forge.webhook("pull_request", payload, delivery)
        with httpx.Client(trust_env=False) as client:
            answer = client.post(f"{self.service.url}/webhooks/hub", content=body, headers=headers)
        assert answer.status_code == 202, answer.text

    def review(self) -> dict[str, Any]:
        """Wait for the review of the present head."""
        return self.service.review(forge="hub", project=PROJECT, mr=self.number, head=self.pull.head)

    def lines(self) -> list[int]:
        """List the last lines of the inline comments that open a thread."""
        return sorted(item.lines[1] for item in self.pull.inline if item.root in {0, item.id})


@pytest.fixture
def models() -> Iterator[ScriptedModels]:
    with ScriptedModels() as running:
        yield running


@pytest.fixture
def hub(tmp_path: Path, models: ScriptedModels, warm: Callable[[Path], None]) -> Iterator[Hub]:
    warm(tmp_path / "var")
    with FakeGitHub(tmp_path) as forge:
        made = Hub(tmp_path, forge, models)
        with made.service:
            yield made


def test_one_review_carries_rules_and_drafts(hub: Hub) -> None:
    line = "    return min(turnover * rate, MINIMUM)"
    wrong = draft(
        line, start_line=9999, end_line=9999, replacement="    return max(turnover * rate, MINIMUM)"
    )
    teach(hub.models.script, wrong, draft("cursor.execute(sql)", title="An injection"))

    hub.send()
    document = hub.review()

    assert hub.lines() == [MIN_LINE, EVAL_LINE]
    assert len(hub.pull.reviews) == 1
    assert document["reanchored"] == 1
    assert [item["reason"] for item in document["rejected"]] == ["quote-not-found"]
    [note] = hub.pull.notes.values()
    assert hub.pull.head[:12] in note.body
    suggested = next(item for item in hub.pull.inline if "```suggestion" in item.body)
    sha = hub.forge.apply_suggestion(PROJECT, hub.number, suggested.id)
    text = hub.pull.repository.git.run("show", f"{sha}:app/fees.py").decode()
    assert "    return max(turnover * rate, MINIMUM)\n" in text


def test_a_second_delivery_posts_nothing_and_a_push_resolves_what_is_fixed(hub: Hub) -> None:
    hub.send()
    hub.review()
    hub.send(delivery="d-2")
    fixed = str(HEAD["app/fees.py"]).replace("eval(formula)", "float(formula)")
    hub.forge.push(PROJECT, hub.number, {"app/fees.py": fixed})

    hub.send("synchronize", delivery="d-3")
    document = hub.review()

    assert document["findings"] == []
    assert len(hub.pull.reviews) == 1
    assert len(hub.pull.notes) == 1
    [thread] = hub.pull.threads.values()
    assert thread.resolved_by == hub.forge.bot


@pytest.mark.parametrize("after", [False, True])
def test_a_kill_while_posting_doubles_nothing(hub: Hub, after: bool) -> None:
    teach(hub.models.script, draft("    return min(turnover * rate, MINIMUM)"))
    reached, go_on = threading.Event(), threading.Event()

    class Gate(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            reached.set()
            return go_on.wait(timeout)

    fault = Fault("POST", "/reviews", after=after, hold=Gate())
    hub.forge.faults.append(fault)

    hub.send()
    assert reached.wait(60), hub.service.log()
    hub.service.kill()
    go_on.set()
    hub.service.start()
    hub.review()

    assert hub.lines() == [MIN_LINE, EVAL_LINE]
    assert len(hub.pull.notes) == 1


def test_a_whole_run_costs_at_most_six_calls_and_one_per_comment(hub: Hub) -> None:
    teach(hub.models.script, draft("    return min(turnover * rate, MINIMUM)"))

    hub.send()
    hub.review()
    wait_until(lambda: hub.pull.notes or None, "the summary")

    assert len(hub.forge.requests) <= 6 + len(hub.lines()), [item.template for item in hub.forge.requests]
