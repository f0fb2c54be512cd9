"""Write into one merge request of GitLab: comments at their places, replies, notes, each of them once."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gitlab.v4.objects import ProjectMergeRequest

from parsers.diff import FileDiff
from reviewer.domain import ChangeRef, Comment, Plan, Receipt, Resolution, ReviewWarning
from reviewer.errors import ForgeAuth, ForgeError, ForgeNotFound, ForgeRefused, ForgeUnavailable
from reviewer.forges.gitlab_errors import translated
from reviewer.forges.gitlab_position import FindDiff, positions

ReadDiff = Callable[[], Sequence[FileDiff]]


def list_discussions(merge_request: ProjectMergeRequest) -> list[Mapping[str, Any]]:
    """List all discussions as GitLab tells them, oldest first, single notes included."""
    with translated(f"discussions of !{merge_request.encoded_id}"):
        found = merge_request.discussions.list(get_all=True)
        return [discussion.attributes for discussion in found]


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a merge request is written to; `bot_id` returns our numeric user id.

    A write whose outcome stays unknown is looked for before it is repeated, by its last line: that
    is a marker, or at least said once in its thread.
    """

    ref: ChangeRef
    merge_request: ProjectMergeRequest
    bot_id: Callable[[], int]

    def carry_out(self, plan: Plan, read_diff: ReadDiff) -> Receipt:
        """Post the plan's comments, then resolve its threads."""
        find_diff = _finder(read_diff)
        posted: list[str] = []
        unplaced: list[str] = []
        resolved: list[str] = []
        failures: list[ReviewWarning] = []
        for comment in plan.create:
            refusal = self._place(comment, find_diff)
            (posted if refusal is None else unplaced).append(comment.fingerprint)
            if refusal is not None:
                failures.append(ReviewWarning("not-placed", str(refusal), path=comment.path))
        for resolution in plan.resolve:
            denial = self._resolve(resolution)
            if denial is None:
                resolved.append(resolution.thread)
            else:
                failures.append(ReviewWarning("not-resolved", str(denial)))
        return Receipt(tuple(posted), tuple(unplaced), tuple(resolved), tuple(failures))

    def write(self, body: str, thread: str | None = None) -> str:
        """Write a note of its own or into a thread; return its id."""
        notes = (
            self.merge_request.notes
            if thread is None
            else self.merge_request.discussions.get(thread, lazy=True).notes
        )
        return self._once(lambda: notes.create({"body": body}).attributes["id"], body, thread)

    def edit(self, note: str, body: str) -> bool:
        """Give a note a new body; false if it is not there any more."""
        try:
            with translated(f"note {note}"):
                self.merge_request.notes.update(int(note), {"body": body})
        except ForgeNotFound:
            return False
        return True

    def _place(self, comment: Comment, find_diff: FindDiff) -> ForgeRefused | None:
        """Post a comment as exactly as GitLab takes it; returns its last refusal if it takes none."""
        refusal = None
        for position in positions(self.ref, comment, find_diff):
            content = {"body": comment.body, "position": position}
            try:
                self._once(functools.partial(self._discuss, content), comment.body)
            except ForgeRefused as err:
                refusal = err
            else:
                return None
        return refusal

    def _discuss(self, content: Mapping[str, Any]) -> Any:
        return self.merge_request.discussions.create(dict(content)).attributes["id"]

    def _resolve(self, resolution: Resolution) -> ForgeError | None:
        """Resolve, then say why: cut off in between, we would not say it twice."""
        denial: ForgeError | None = None
        try:
            with translated(f"thread {resolution.thread}"):
                self.merge_request.discussions.update(resolution.thread, {"resolved": True})
        except ForgeNotFound as err:
            return err
        except (ForgeAuth, ForgeRefused) as err:
            denial = err
        if denial is None or self._find(resolution.body, resolution.thread) is None:
            self.write(resolution.body, resolution.thread)
        return denial

    def _once(self, post: Callable[[], Any], body: str, thread: str | None = None) -> str:
        """Post; return the new id, or that of what stands there after a lost answer."""
        try:
            with translated(f"{self.ref.project}!{self.ref.number}"):
                return str(post())
        except ForgeUnavailable as err:
            found = self._find(body, thread)
            if found is not None:
                return found
            if err.status is None:
                raise  # no answer at all: it may still be on its way
        with translated(f"{self.ref.project}!{self.ref.number}"):
            return str(post())

    def _find(self, body: str, thread: str | None = None) -> str | None:
        """Return the id of our note that ends as `body` does."""
        ending = body.rstrip().rsplit("\n", 1)[-1]
        for discussion in list_discussions(self.merge_request):
            for note in discussion["notes"]:
                ours = note["author"]["id"] == self.bot_id() and note["body"].rstrip().endswith(ending)
                if ours and thread in (None, discussion["id"]):
                    return str(note["id"])
        return None


def _finder(read_diff: ReadDiff) -> FindDiff:
    @functools.cache
    def diffs() -> Mapping[str, FileDiff]:
        # Without the mirror a range becomes a comment on its last line.
        with contextlib.suppress(ForgeError):
            return {diff.path: diff for diff in read_diff()}
        return {}

    return lambda path: diffs().get(path)
