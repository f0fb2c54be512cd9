"""A forge with one project and the service beside it, as the tests of the memory need them on both forges.

Merge requests are numbered from 1. `dana` may command on the project, `visitor` may read it. Whatever
happens in a merge request is told to the service as the forge tells it.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import httpx

from reviewer.demo import webhook
from reviewer.demo.records import MergeRequest, Note
from reviewer.demo.repository import Files
from tests.e2e.deployment import MODEL, WEBHOOK_SECRET, Deployment
from tests.fakes.forge import github
from tests.fakes.forge.github import FakeGitHub
from tests.fakes.forge.gitlab import FakeGitLab
from tests.fakes.models.server import ScriptedModels

FORGE = """
[[forges]]
id = "lab"
kind = "{kind}"
url = "{url}"
token_env = "LAB_TOKEN"
webhook_secret_env = "LAB_SECRET"
bot_name = "{bot}"
"""


class GitLabTown:
    """The town on GitLab."""

    bot = "review-bot"

    def __init__(
        self, folder: Path, forge: FakeGitLab, models: ScriptedModels, base: Files, more: str = ""
    ) -> None:
        self.forge = forge
        self._numbers = count(1)
        self._people = {"dana": forge.alice, "visitor": forge.rita}
        forge.project.repository.commit("main", base, "Base")
        described = FORGE.format(kind="gitlab", url=forge.url, bot=self.bot)
        environ = {"LAB_TOKEN": forge.token, "LAB_SECRET": WEBHOOK_SECRET}
        self.service = Deployment(folder, described, more=scripted(models) + more, environ=environ)

    def open(self, files: Files, author: str = "dana") -> int:
        source = f"change-{next(self._numbers)}"
        self.forge.project.repository.commit(source, files, "Change", parent="main")
        made = self.forge.records.open_merge_request(self.forge.project, self._people[author], source=source)
        self._tell(webhook.merge_request_event(made, "open", self.forge.url))
        return made.iid

    def push(self, number: int, files: Files) -> None:
        before = self._mr(number).latest.head
        self.forge.push(self._mr(number), files)
        self._tell(webhook.merge_request_event(self._mr(number), "update", self.forge.url, oldrev=before))

    def rebase(self, number: int, main: Files, files: Files) -> None:
        made, repository = self._mr(number), self.forge.project.repository
        before = made.latest.head
        repository.commit("main", main, "Meanwhile")
        repository.commit(made.source, files, "Rebased", parent="main")
        made.refresh()
        self._tell(webhook.merge_request_event(made, "update", self.forge.url, oldrev=before))

    def merge(self, number: int) -> None:
        made = self._mr(number)
        made.state = "merged"
        self._tell(webhook.merge_request_event(made, "merge", self.forge.url))

    def review(self, number: int) -> dict[str, Any]:
        head = self._mr(number).latest.head
        return self.service.review(forge="lab", project=self.forge.project.path, mr=number, head=head)

    def thumbs_down(self, number: int, line: str, who: str) -> None:
        self.forge.records.award(self._note(number, line), self._people[who], "thumbsdown")

    def resolve(self, number: int, line: str, who: str) -> None:
        note, made = self._note(number, line), self._mr(number)
        thread = next(item for item in made.discussions if item.notes[0] is note)
        self.forge.records.resolve(made, thread, self._people[who], resolved=True)

    def say(self, number: int, body: str, who: str, *, to: str = "") -> None:
        made, person = self._mr(number), self._people[who]
        if to:
            note = self._note(number, to)
            thread = next(item for item in made.discussions if item.notes[0] is note)
            said = self.forge.records.answer(thread, person, body)
        else:
            thread = self.forge.records.start_discussion(made, person, body, individual=True)
            said = thread.notes[0]
        self._tell(webhook.note_event(made, said, thread.id, self.forge.url))

    def comments(self, number: int) -> list[str]:
        return [item.notes[0].body for item in self._threads(number)]

    def answers(self, number: int) -> list[str]:
        openings = {item.notes[0].id for item in self._threads(number)}
        notes = [note for note in self._mr(number).notes() if note.author is self.forge.bot]
        return [note.body for note in notes if note.id not in openings and ":summary:" not in note.body]

    def summary(self, number: int) -> str:
        [body] = [note.body for note in self._mr(number).notes() if ":summary:" in note.body]
        return body

    def open_threads(self, number: int) -> list[str]:
        return [item.notes[0].body for item in self._threads(number) if not item.notes[0].resolved_by]

    def _threads(self, number: int) -> list[Any]:
        return [item for item in self._mr(number).discussions if item.notes[0].position]

    def _mr(self, number: int) -> MergeRequest:
        return self.forge.project.merge_requests[number]

    def _note(self, number: int, line: str) -> Note:
        [found] = [item.notes[0] for item in self._threads(number) if line in item.notes[0].body]
        note: Note = found
        return note

    def _tell(self, event: dict[str, Any]) -> None:
        answer = self.forge.send(f"{self.service.url}/webhooks/lab", event, WEBHOOK_SECRET)
        assert answer.status_code == 202, answer.text


class GitHubTown:
    """The town on GitHub."""

    project = "acme/shop"
    bot = "reviewer-bot"

    def __init__(
        self, folder: Path, forge: FakeGitHub, models: ScriptedModels, base: Files, more: str = ""
    ) -> None:
        self.forge = forge
        self._deliveries = count(1)
        self._repository = forge.create_project(self.project, base).repository
        forge.person("dana", self.project, "write")
        forge.person("visitor", self.project, "read")
        described = FORGE.format(kind="github", url=forge.url, bot=self.bot)
        environ = {"LAB_TOKEN": github.TOKEN, "LAB_SECRET": github.WEBHOOK_SECRET}
        self.service = Deployment(folder, described, more=scripted(models) + more, environ=environ)

    def open(self, files: Files, author: str = "dana") -> int:
        number = len(self.forge.world.projects[self.project].pulls) + 1
        self.forge.open_pull(self.project, f"change-{number}", files, author=author)
        self._tell_pull(number, "opened")
        return number

    def push(self, number: int, files: Files) -> None:
        self.forge.push(self.project, number, files)
        self._tell_pull(number, "synchronize")

    def rebase(self, number: int, main: Files, files: Files) -> None:
        self._repository.commit("main", main, "Meanwhile")
        self.forge.force_push(self.project, number, files)
        self._tell_pull(number, "synchronize")

    def merge(self, number: int) -> None:
        self._pull(number).state = "closed"
        self._tell_pull(number, "closed")

    def review(self, number: int) -> dict[str, Any]:
        return self.service.review(forge="lab", project=self.project, mr=number, head=self._pull(number).head)

    def thumbs_down(self, number: int, line: str, who: str) -> None:
        self._remark(number, line).reactions.append(("-1", self.forge.world.account(who)))

    def resolve(self, number: int, line: str, who: str) -> None:
        thread = self._pull(number).threads[self._remark(number, line).id]
        thread.resolved_by = self.forge.world.account(who)

    def say(self, number: int, body: str, who: str, *, to: str = "") -> None:
        pull, person = self._pull(number), self.forge.world.account(who)
        event: dict[str, Any] = {
            "action": "created",
            "repository": {"id": 1, "full_name": self.project},
            "sender": person.as_json(),
        }
        if to:
            root = self._remark(number, to).id
            said = self.forge.world.answer(pull, person, root, body)
            event["pull_request"] = {"number": number, "head": {"sha": pull.head}}
            more = {"in_reply_to_id": root}
        else:
            said = self.forge.world.note(pull, person, body)
            event["issue"] = {"number": number, "pull_request": {"url": "x"}}
            more = {}
        event["comment"] = {"id": said.id, "body": body, "user": person.as_json(), **more}
        self._tell("pull_request_review_comment" if to else "issue_comment", event)

    def comments(self, number: int) -> list[str]:
        return [item.body for item in self._pull(number).inline]

    def answers(self, number: int) -> list[str]:
        pull = self._pull(number)
        said = [item for item in pull.remarks.values() if item.root != item.id] + list(pull.notes.values())
        bots = [item.body for item in said if item.author == self.forge.bot]
        return [body for body in bots if ":summary:" not in body]

    def summary(self, number: int) -> str:
        [body] = [item.body for item in self._pull(number).notes.values() if ":summary:" in item.body]
        return str(body)

    def open_threads(self, number: int) -> list[str]:
        pull = self._pull(number)
        return [item.body for item in pull.inline if pull.threads[item.id].resolved_by is None]

    def _pull(self, number: int) -> Any:
        return self.forge.pull(self.project, number)

    def _remark(self, number: int, line: str) -> Any:
        [found] = [item for item in self._pull(number).inline if line in item.body]
        return found

    def _tell_pull(self, number: int, action: str) -> None:
        self._tell("pull_request", self.forge.pull_event(self.project, number, action))

    def _tell(self, event: str, payload: dict[str, Any]) -> None:
        headers, body = self.forge.webhook(event, payload, f"d-{next(self._deliveries)}")
        with httpx.Client(trust_env=False) as client:
            answer = client.post(f"{self.service.url}/webhooks/lab", content=body, headers=headers)
        assert answer.status_code == 202, answer.text


def scripted(models: ScriptedModels) -> str:
    """Configure the scripted model."""
    return MODEL.format(url=models.url, context=16384)
