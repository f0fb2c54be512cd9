"""A GitLab with one merge request, a model, and the service between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reviewer.demo import webhook
from reviewer.demo.records import MergeRequest
from tests.e2e.code import BASE, HEAD
from tests.e2e.deployment import WEBHOOK_SECRET, Deployment
from tests.fakes.forge.gitlab import FakeGitLab

FORGE = """
[[forges]]
id = "lab"
kind = "gitlab"
url = "{url}"
token_env = "LAB_TOKEN"
webhook_secret_env = "LAB_SECRET"
bot_name = "review-bot"
{more}
"""


class Lab:
    """What a test of the deployed service works with; `model` is its part of the configuration."""

    def __init__(
        self, folder: Path, forge: FakeGitLab, model: str, *, more: str = "", **environ: str
    ) -> None:
        self.forge = forge
        self.merge_request: MergeRequest = forge.open(BASE, HEAD)
        self.service = Deployment(
            folder,
            FORGE.format(url=forge.url, more=more),
            more=model,
            environ={"LAB_TOKEN": forge.token, "LAB_SECRET": WEBHOOK_SECRET, **environ},
        )

    def send(self, action: str = "open", *, delivery: str | None = None, **more: Any) -> dict[str, Any]:
        """Deliver an event about the merge request; it must be accepted."""
        event = webhook.merge_request_event(self.merge_request, action, self.forge.url, **more)
        answer = self.forge.send(f"{self.service.url}/webhooks/lab", event, WEBHOOK_SECRET, delivery=delivery)
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    def review(self) -> dict[str, Any]:
        """Wait for the review of the present head."""
        head = self.merge_request.latest.head
        return self.service.review(forge="lab", project="desk/orders", mr=self.merge_request.iid, head=head)

    def threads(self) -> list[tuple[int | None, str]]:
        """List the inline comments as (new line, first line of the text)."""
        found = (item.notes[0] for item in self.merge_request.discussions if item.notes[0].position)
        return sorted(
            (note.position["new_line"], note.body.splitlines()[0]) for note in found if note.position
        )

    def summaries(self) -> list[str]:
        """List the summary notes."""
        return [item.notes[0].body for item in self.merge_request.discussions if item.individual]

    def file(self, path: str) -> str:
        """Return a file as the source branch has it now."""
        repository = self.forge.project.repository
        return repository.git.run("show", f"refs/heads/{self.merge_request.source}:{path}").decode()
