"""The forge under load: it notes when it was written to, can be slow, and can go away and come back."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from starlette.responses import Response

from reviewer.demo.forge import Call
from reviewer.demo.loopback import serve
from reviewer.demo.records import MergeRequest
from tests.chaos.code import code, path_of
from tests.fakes.forge.gitlab import FakeGitLab

_NOTES = re.compile(r"/api/v4/projects/[^/]+/merge_requests/(\d+)/notes")


class LoadedForge(FakeGitLab):
    """A strict GitLab; `delay_s` is how long it takes over an API call, half of it after the work is done.

    `summed_up` has the moment (time.monotonic) of each merge request's first summary note, `writes`
    counts the POSTs that have reached it.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.delay_s = 0.0
        self.writes = 0
        self.summed_up: dict[int, float] = {}
        self.project.repository.commit("main", {"README.md": "# Orders\n"}, "Base")

    def open_change(self, *, flawed: bool = True) -> MergeRequest:
        """Open a merge request with one new file of its own; see `code`."""
        number = len(self.project.merge_requests) + 1
        source = f"change-{number}"
        with self._lock:
            files = {path_of(number): code(number, flawed=flawed)}
            self.project.repository.commit(source, files, "Change", parent="main")
            return self.records.open_merge_request(self.project, self.alice, source=source)

    def push_version(self, merge_request: MergeRequest) -> str:
        """Push another version of a change; return the head before it."""
        before = merge_request.latest.head
        version = len(merge_request.versions) + 1
        self.push(merge_request, {path_of(merge_request.iid): code(merge_request.iid, version)})
        return before

    def answer(self, call: Call) -> Response:
        """Answer a call, and note what it was."""
        if not call.path.startswith("/api/"):
            return super().answer(call)
        self.writes += call.method == "POST"
        time.sleep(self.delay_s / 2)
        answer = super().answer(call)
        time.sleep(self.delay_s / 2)
        summary = _NOTES.fullmatch(call.path) if call.method == "POST" else None
        if summary and answer.status_code == 201:
            self.summed_up.setdefault(int(summary[1]), time.monotonic())
        return answer

    @contextmanager
    def away(self) -> Iterator[None]:
        """Refuse every connection for as long as the block lasts."""
        port = urlsplit(self.address).port or 0
        self._stack.close()
        yield
        self.address = self._stack.enter_context(serve(self, port=port))
