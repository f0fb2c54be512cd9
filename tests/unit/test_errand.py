"""On whose behalf models are asked, what each call is for, and who hears of what was posted."""

from __future__ import annotations

import asyncio
import json
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

import pytest

from reviewer import pipeline
from reviewer.config import ForgeSettings, ReviewSettings, Settings
from reviewer.domain import (
    Command,
    Errand,
    Event,
    ModelCall,
    Priority,
    Receipt,
    Verdict,
)
from reviewer.errors import StoreError
from reviewer.pipeline import Engine, Posting
from reviewer.service.work import ReviewWork
from tests.fakes.changes import REF, change_set, changed_file
from tests.fakes.forge.recording import RecordingForge
from tests.fakes.panel import FakeGateway, TalkingModel, listing

NEW = "".join(
    f"def fee_{number}(turnover):\n    return min(turnover, {number})\n\n\n" for number in range(12)
)
CHANGE = change_set(changed_file("fees.py", None, NEW))
DRAFT: dict[str, Any] = {
    "path": "fees.py", "quote": "    return min(turnover, 3)", "start_line": 14, "end_line": 14,
    "severity": "high", "category": "correctness", "title": "A maximum", "message": "min() caps the fee.",
    "confidence": "high", "replacement": None,
}  # fmt: skip
CONFIRMED = json.dumps({"verdict": "confirmed", "quote": "min", "reason": "it caps"})


class KeepingLedger:
    def __init__(self, *, fails: bool = False) -> None:
        self.posts: list[tuple[Errand, Receipt]] = []
        self._fails = fails

    def called(self, call: ModelCall, redactions: int = 0) -> None:
        raise AssertionError("the pipeline notes posts, not calls")

    def posted(self, errand: Errand, receipt: Receipt) -> None:
        if self._fails:
            raise StoreError("the audit log is full")
        self.posts.append((errand, receipt))


class LooseFence:
    job = "job-7"

    async def check(self) -> None:
        """Nobody else is there."""

    def hold(self) -> AbstractAsyncContextManager[None]:
        return nullcontext()


def engine(gateway: FakeGateway | None = None, ledger: KeepingLedger | None = None, **more: Any) -> Engine:
    settings = Settings(
        forges=(ForgeSettings(id="gitlab-main", kind="gitlab", url="https://gitlab.test"),), **more
    )
    return Engine(settings, b"k" * 32, gateway, lambda _review, _rules: (), ledger=ledger)


def gateway(*drafts: dict[str, Any]) -> FakeGateway:
    return FakeGateway(
        review=[TalkingModel("coder", listing(*drafts))], verify=[TalkingModel("r1", lambda _: CONFIRMED)]
    )


def test_models_are_asked_on_behalf_of_the_errand() -> None:
    asked, errand = gateway(), Errand(ref=REF, job="7", actor="ann", priority=Priority.PERSON)

    asyncio.run(pipeline.review(CHANGE, engine(asked), errand=errand))

    assert asked.errands == [errand]


def test_without_an_errand_it_is_the_changes_own() -> None:
    asked = gateway()

    asyncio.run(pipeline.review(CHANGE, engine(asked)))

    assert asked.errands == [Errand(ref=REF)]


def test_every_call_says_what_it_is_for() -> None:
    asked = gateway(DRAFT)

    asyncio.run(pipeline.review(CHANGE, engine(asked)))

    reviewers, verifiers = (asked.configured(role)[0] for role in ("review", "verify"))  # type: ignore[arg-type]
    purposes = {request.purpose for model in (reviewers, verifiers) for request in model.requests}  # type: ignore[attr-defined]
    assert purposes == {"unit 1", "verify 1", "summary"}


def post(made: Engine, errand: Errand | None = None) -> Receipt:
    review = asyncio.run(pipeline.review(CHANGE, made))
    forge = RecordingForge()
    posting = Posting(forge, forge.merge_request, "all", "run-1")
    return asyncio.run(pipeline.post(review, Verdict.FAIL, CHANGE, made, posting, errand=errand))


def test_the_ledger_hears_what_was_posted_and_for_whom() -> None:
    ledger, errand = KeepingLedger(), Errand(ref=REF, job="7", actor="ann")

    receipt = post(engine(gateway(DRAFT), ledger), errand)

    assert ledger.posts == [(errand, receipt)]
    assert len(receipt.posted) == 1


def test_a_note_that_could_not_be_taken_is_no_success() -> None:
    with pytest.raises(StoreError):
        post(engine(gateway(DRAFT), KeepingLedger(fails=True)))


def test_what_is_not_posted_is_not_noted() -> None:
    ledger = KeepingLedger()
    made = engine(gateway(DRAFT), ledger)
    review = asyncio.run(pipeline.review(CHANGE, made))
    forge = RecordingForge()

    asyncio.run(
        pipeline.post(review, Verdict.FAIL, CHANGE, made, Posting(forge, forge.merge_request, "off", "run-1"))
    )

    assert (ledger.posts, forge.written) == ([], [])


COMMAND = Command("review", "", "9", None, "ann", 42)


@pytest.mark.parametrize(
    ("command", "actor", "priority"),
    [(None, "dev", Priority.REVIEW), (COMMAND, "ann", Priority.PERSON)],
)
def test_a_job_asks_for_the_author_and_sooner_for_whoever_commands(
    command: Command | None, actor: str, priority: Priority
) -> None:
    asked, ledger = gateway(DRAFT), KeepingLedger()
    made = engine(asked, ledger, review=ReviewSettings(max_comments=3))

    async def opened() -> Engine:
        return made

    work = ReviewWork(made.settings, {"gitlab-main": RecordingForge(CHANGE)}, opened)
    event = Event("gitlab-main", REF.project, REF.number, "opened", "d1", command=command)
    asyncio.run(work(event, pipeline.straight, LooseFence()))

    errand = Errand(ref=REF, job="job-7", actor=actor, priority=priority, fresh=command is not None)
    assert asked.errands == [errand]
    assert [noted for noted, _ in ledger.posts] == [errand]
