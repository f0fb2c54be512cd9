"""A review of files full of secrets: none of them is whole in a prompt, a comment, a report or a log."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import pytest

from reviewer import pipeline
from reviewer.config import ReviewSettings, Settings
from reviewer.domain import ChangeSet, Review, Verdict
from reviewer.pipeline import Engine, Posting
from reviewer.ports import ModelRequest
from reviewer.scanners.secrets import SecretScanner
from tests.fakes.changes import change_set, changed_file
from tests.fakes.forge.recording import RecordingForge
from tests.fakes.labelled_secrets import read_labelled
from tests.fakes.panel import FakeGateway, TalkingModel

# Labels of the set that hold no secret: addresses, names of vendors, the template of a test.
NO_SECRET = ("ip_public", "messagebird", "gcp")
_AT_ONCE = 15  # texts in one review: a reply about many more would be cut off


class TellingModel(TalkingModel):
    """Quotes every line it is shown, and says what it knows from elsewhere: the secrets themselves."""

    def __init__(self, path: str, known: list[str]) -> None:
        super().__init__("coder", self._answer)
        self._path = path
        self._known = known

    def _answer(self, request: ModelRequest) -> str:
        if "findings" not in (request.schema or {}).get("properties", {}):
            return "There is a secret: " + " ".join(self._known)
        return json.dumps(
            {"findings": [self._draft(number, text) for number, text in enumerate(self._known)]}
        )

    def _draft(self, number: int, text: str) -> dict[str, Any]:
        return {
            "path": self._path, "quote": text, "start_line": number + 1, "end_line": number + 1, "severity": "high",
            "category": "maintainability", "title": f"Number {number}: {text}", "message": f"{number} says {text}",
            "confidence": "high", "replacement": f"{text}  # seen",
        }  # fmt: skip


@pytest.fixture(scope="module")
def scanner(tmp_path_factory: pytest.TempPathFactory) -> SecretScanner:
    return SecretScanner(tmp_path_factory.mktemp("kingfisher"))


def outside(
    scanner: SecretScanner, change: ChangeSet, model: TalkingModel, caplog: pytest.LogCaptureFixture
) -> str:
    """Review and post; return everything that left the process or was kept: prompts, comments, report, log."""
    settings = Settings(review=ReviewSettings(max_comments=100, time_budget_s=600))
    engine = Engine(settings, b"k" * 32, FakeGateway(review=[model]), lambda _review, _rules: (scanner,))
    forge = RecordingForge()
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        review: Review = asyncio.run(pipeline.review(change, engine))
        verdict: Verdict = pipeline.judge(review, change, engine)
        posting = Posting(forge, forge.merge_request, "all", "run-1")
        asyncio.run(pipeline.post(review, verdict, change, engine, posting))
    assert model.requests
    assert forge.written
    prompts = [message.content for request in model.requests for message in request.messages[:2]]
    return "\n".join([*prompts, *forge.written, json.dumps(asdict(review), default=str), caplog.text])


def test_no_labelled_payload_leaves_whole(
    scanner: SecretScanner,
    rows: Callable[[str], Iterator[dict[str, Any]]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    texts = [row["content"].strip() for row in rows("unit_payloads") if _holds_a_secret(row)]
    whole: list[str] = []
    admitted = 0
    for first in range(0, len(texts), _AT_ONCE):
        some = texts[first : first + _AT_ONCE]
        model = TellingModel("payloads.txt", [line for text in some for line in text.split("\n")])
        change = change_set(changed_file("payloads.txt", None, "\n".join(some) + "\n"))
        told = outside(scanner, change, model, caplog)
        whole += [text for text in some if text in told]
        admitted += told.count('"model/maintainability"')
    assert whole == []
    assert (len(texts), admitted) > (180, 100)


def _holds_a_secret(row: dict[str, Any]) -> bool:
    positive = [label for label in row["expected"] if label["kind"] == "positive"]
    return bool(positive) and positive[0]["category"] not in NO_SECRET and "{secret}" not in row["content"]


def test_of_our_own_labelled_secrets_hardly_one_leaves_whole(
    scanner: SecretScanner, caplog: pytest.LogCaptureFixture
) -> None:
    whole: list[str] = []
    bad = [one for one in read_labelled() if one.bad]
    for one in bad:
        model = TellingModel(one.path, one.text.rstrip("\n").split("\n"))
        told = outside(scanner, change_set(changed_file(one.path, None, one.text)), model, caplog)
        whole += [line for secret in one.secrets for line in secret.split("\n") if line in told]
    assert len(whole) <= 0.02 * len(bad)
