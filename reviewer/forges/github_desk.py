"""One pull request, open for reading and writing: every write happens once or is raised."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

from github.PullRequest import PullRequest
from github.Repository import Repository

from reviewer.domain import Note
from reviewer.errors import ForgeNotFound, ForgeUnavailable, Superseded
from reviewer.forges.github_api import Wait, translated
from reviewer.forges.github_threads import Conversation, read_conversation
from reviewer.stages.marker import OPENING

# GitHub gives up on a request after ten seconds: when a call of ours has timed out at fifteen and this
# much has passed, what it did can be seen.
SETTLE_S = 2.0

_MARKER = re.compile(re.escape(OPENING) + r"[^>]*-->")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Desk:
    """A pull request and the requester that works on it; for one thread."""

    repository: Repository
    project: str
    number: int
    wait: Wait = time.sleep

    @property
    def pull(self) -> PullRequest:
        """Return a handle that knows nothing but its address: what it is asked, it asks the forge."""
        return self.repository.get_pull(self.number)

    def check_head(self, head: str) -> None:
        """Raise Superseded if the pull request has another head by now."""
        with translated(f"head of {self.project}#{self.number}"):
            now = self.pull.head.sha
        if now != head:
            raise Superseded(f"{self.project}#{self.number} moved on from {head[:12]} to {now[:12]}")

    def conversation(self) -> Conversation:
        """Read what has been said so far."""
        return read_conversation(self.repository, self.project, self.number)

    def said(self) -> list[Note]:
        """List all notes in threads."""
        return [note for thread in self.conversation().discussion.threads for note in thread.notes]

    def write_once(
        self, write: Callable[[], T], standing: Callable[[], Collection[Note]], bodies: Sequence[str]
    ) -> T | str:
        """Carry out a write whose answer may get lost, without doing it twice.

        Where no answer came, `standing` lists the notes that may have come of it: if all `bodies`
        are among the bot's, the write has happened. Otherwise it is repeated once. Returns what
        `write` returned, or the id of the last body's note. Raises ForgeUnavailable if the second
        answer is lost as well; what became of it shows at the next reconciliation.
        """
        try:
            return write()
        except ForgeUnavailable:
            self.wait(SETTLE_S)
            ids = {trace_of(note.body): note.id for note in standing() if note.by_bot}
            if all(trace_of(body) in ids for body in bodies):
                return ids[trace_of(bodies[-1])]
            return write()

    def reply(self, thread: str, body: str) -> str:
        """Answer in a thread and return the note's id."""
        root = _number(thread)

        def write() -> str:
            with translated(f"reply in thread {thread}"):
                return str(self.pull.create_review_comment_reply(root, body).id)

        def standing() -> list[Note]:
            """List the thread's last note only: the same words further up answered something else."""
            threads = self.conversation().discussion.threads
            return [item.notes[-1] for item in threads if item.id == thread]

        return self.write_once(write, standing, [body])

    def write_note(self, body: str) -> str:
        """Write a note of its own and return its id."""

        def write() -> str:
            with translated(f"note on {self.project}#{self.number}"):
                return str(self.repository.get_issue(self.number).create_comment(body).id)

        def standing() -> Sequence[Note]:
            """List the notes it could be: without a marker, the last one only."""
            notes = self.conversation().discussion.notes
            return notes if _MARKER.search(body) else notes[-1:]

        return self.write_once(write, standing, [body])

    def edit_note(self, note: str, body: str) -> None:
        """Give a note another text; raises ForgeNotFound if it is no longer there."""
        wanted = _number(note)

        def write() -> None:
            with translated(f"note {note}"):
                self.repository.get_issue(self.number).get_comment(wanted).edit(body)

        self.write_once(write, lambda: (), [body])  # an edit may be repeated as it is


def trace_of(body: str) -> str:
    """Return what to recognise a comment of ours by: its hidden marker, else the whole text."""
    markers: list[str] = _MARKER.findall(body)
    return markers[-1] if markers else body.replace("\r\n", "\n").strip()


def _number(text: str) -> int:
    if not text.isdecimal():
        raise ForgeNotFound(f"{text!r} is no id of a comment")
    return int(text)
