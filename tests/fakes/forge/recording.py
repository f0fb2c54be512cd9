"""A forge in memory that keeps what it is told to write."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from reviewer.domain import ChangeSet, Discussion, MergeRequest, Plan, Receipt, Verdict
from tests.fakes.changes import REF, change_set


class RecordingForge:
    """Holds one merge request, nothing in it; `written` are the comments, the summary last."""

    id = "gitlab-main"
    dialect: Literal["gitlab", "github"] = "gitlab"

    def __init__(self, change: ChangeSet | None = None) -> None:
        self.written: list[str] = []
        self.merge_request = MergeRequest(
            REF, "A change", "", "dev", "feature", "main", draft=False, open=True, url=""
        )
        self._change = change or change_set()

    def describe(self, project: str, number: int) -> MergeRequest:
        return replace(self.merge_request, ref=replace(REF, project=project, number=number))

    def fetch(self, _: MergeRequest) -> ChangeSet:
        return self._change

    def discussion(self, _: MergeRequest) -> Discussion:
        return Discussion((), ())

    def apply(self, _: MergeRequest, plan: Plan) -> Receipt:
        self.written += [comment.body for comment in plan.create]
        return Receipt(posted=tuple(comment.fingerprint for comment in plan.create))

    def summarise(self, _: MergeRequest, note: str | None, body: str) -> str:
        self.written.append(body)
        return note or "1"

    def set_status(self, _: MergeRequest, verdict: Verdict, description: str) -> None:
        self.written.append(f"{verdict}: {description}")
