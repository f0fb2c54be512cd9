"""GitLab for tests: the demonstration's forge, watched and made to misbehave.

with FakeGitLab(tmp_path) as forge:
    merge_request = forge.open(base={"a.py": "1\\n"}, head={"a.py": "2\\n"})
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx
from starlette.responses import Response

from reviewer.demo import webhook
from reviewer.demo.forge import Call, DemoForge
from reviewer.demo.loopback import serve
from reviewer.demo.records import REPORTER, MergeRequest, Note, Project, User, Version
from reviewer.demo.repository import Files

BOT_TOKEN = "glpat-token-of-the-bot"
PATIENCE_S = 10.0


@dataclass(slots=True)
class Fault:
    """What goes wrong with the calls whose `METHOD path` matches, as often as `times` says.

    With `after_commit` the forge does its work before it answers `status`. It waits for `first`
    before it does anything, for `then` before it answers.
    """

    pattern: str
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    after_commit: bool = False
    times: int = 1
    first: threading.Event | None = None
    then: threading.Event | None = None


class FakeGitLab(DemoForge):
    """One project `desk/orders`, the bot (Developer), alice (Developer, author), rita (Reporter)."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "forge")
        self.token = BOT_TOKEN
        self.bot = self.records.add_user("review-bot", BOT_TOKEN)
        self.alice = self.records.add_user("alice", "glpat-alice")
        self.rita = self.records.add_user("rita", "glpat-rita")
        self.project = self.records.add_project("desk/orders", self.bot, self.alice)
        self.project.members[self.rita.id] = REPORTER
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.unprepared = 0
        self.believed_address: str | None = None
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self.address = self._stack.enter_context(serve(self))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        """Where it is served."""
        return self.address

    # --- what tests do to it ----------------------------------------------------------------------

    def open(
        self,
        base: Files,
        head: Files,
        *,
        target: Files | None = None,
        author: User | None = None,
        **more: Any,
    ) -> MergeRequest:
        """Commit `base` to main and `head` to a branch of it, open the merge request; `target` moves main on."""
        repository = self.project.repository
        source = f"change-{len(self.project.merge_requests) + 1}"
        modes = more.pop("modes", None)
        repository.commit("main", base, "Base")
        repository.commit(source, head, "Change", parent="main", modes=modes)
        if target:
            repository.commit("main", target, "Meanwhile")
        return self.records.open_merge_request(self.project, author or self.alice, source=source, **more)

    def push(self, merge_request: MergeRequest, files: Files) -> Version:
        """Commit to the source branch, as a push does."""
        with self._lock:
            self.project.repository.commit(merge_request.source, files, "More")
            return merge_request.refresh()

    def fail(self, pattern: str, **how: Any) -> None:
        """Let the next matching call fail; see Fault."""
        self.faults.append(Fault(pattern, **how))

    def comment(self, merge_request: MergeRequest, author: User, body: str, **more: Any) -> Note:
        """Write a note as somebody."""
        with self._lock:
            return self.records.start_discussion(merge_request, author, body, **more).notes[0]

    def send(self, url: str, event: dict[str, Any], secret: str, **how: Any) -> httpx.Response:
        """Deliver an event to a service."""
        return webhook.deliver(url, event, secret, **how)

    # --- what tests look at -----------------------------------------------------------------------

    def api_calls(self, pattern: str = "") -> list[str]:
        """List the API calls so far as `METHOD path`, git's left out."""
        told = [f"{call.method} {call.path}" for call in self.calls if call.path.startswith("/api/")]
        return [line for line in told if re.search(pattern, line)]

    def notes(self, project: Project | None = None) -> list[Note]:
        """List every note of every merge request."""
        found = (project or self.project).merge_requests.values()
        return [note for merge_request in found for note in merge_request.notes()]

    @property
    def quick_actions(self) -> list[str]:
        """List the quick actions in notes that the bot ever created or edited, by the body it sent."""
        sent = [call for call in self.calls if call.headers.get("private-token") == BOT_TOKEN]
        bodies = (call.fields().get("body", "") for call in sent if call.method in ("POST", "PUT"))
        return [action for body in bodies for action in find_quick_actions(body)]

    # --- how it misbehaves ------------------------------------------------------------------------

    def answer(self, call: Call) -> Response:
        self.calls.append(call)
        fault = self._next_fault(f"{call.method} {call.path}")
        if fault is None:
            return super().answer(call)
        if fault.first:
            fault.first.wait(PATIENCE_S)
        answer = super().answer(call) if fault.after_commit or fault.status is None else None
        if fault.then:
            fault.then.wait(PATIENCE_S)
        if answer is not None and fault.status is None:
            return answer
        return Response(status_code=fault.status or 500, headers=dict(fault.headers))

    def _next_fault(self, told: str) -> Fault | None:
        for fault in self.faults:
            if fault.times and re.search(fault.pattern, told):
                fault.times -= 1
                return fault
        return None

    def shown_versions(self, merge_request: MergeRequest) -> list[Version]:
        """Hide the versions `unprepared` times, as GitLab does just after a merge request is made."""
        if self.unprepared:
            self.unprepared -= 1
            return []
        return merge_request.versions

    @property
    def external_address(self) -> str:
        return self.believed_address or self.address


_CLOSED_FENCE = re.compile(r"^```.+?\n```$", re.MULTILINE | re.DOTALL)
_ACTION = re.compile(r"^\s*/([a-z_]+)(?=\s|$)", re.MULTILINE)


def find_quick_actions(body: str) -> list[str]:
    """Return the quick actions GitLab may run in a note.

    Of all that its releases have spared (code fences, inline code, HTML blocks, quotes) only the
    closed fence of exactly three backticks counts here: every release spares that one.
    """
    return _ACTION.findall(_CLOSED_FENCE.sub("", body.replace("\r", "")))
