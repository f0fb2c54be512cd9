"""Asking the service for its verdict: every answer it may give, and what the gate makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from reviewer.domain import ChangeRef, JobState, Verdict
from reviewer.errors import ConfigError, UsageError
from reviewer.gate_service import ASK_EVERY_S, Answer, NoVerdict, Question, fetch_verdict
from reviewer.outputs.document import document
from reviewer.service.app import ReviewAnswer, VerdictAnswer
from tests.fakes.findings import finding, review

HEAD = "a" * 40
QUESTION = Question("gitlab-main", "desk/pay", 7, HEAD)
URL = "https://reviewer.example.internal"
REVIEW = replace(review(finding(2)), ref=ChangeRef("gitlab-main", "desk/pay", 7, "1" * 40, None, HEAD))
DOCUMENT: dict[str, Any] = document(REVIEW, Verdict.FAIL)

Says = httpx.Response | Exception


def running() -> httpx.Response:
    return said(None, JobState.RUNNING)


def said(verdict: str | None, state: JobState) -> httpx.Response:
    review = "5" if verdict else None
    answer = VerdictAnswer(head=HEAD, verdict=verdict, review=review, job="1", state=state)
    return httpx.Response(200, json=answer.model_dump(mode="json"))


def stored() -> httpx.Response:
    answer = ReviewAnswer(id="5", job="1", head=HEAD, verdict="fail", document=DOCUMENT)
    return httpx.Response(200, json=answer.model_dump(mode="json"))


class Service:
    """Answers in the order given, the last one again and again; time passes only in its sleeps."""

    def __init__(self, *answers: Says, review: Callable[[], httpx.Response] = stored) -> None:
        self.asked: list[httpx.Request] = []
        self.now = 0.0
        self._answers: Iterator[Says] = iter(answers)
        self._last = answers[-1]
        self._review = review

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/v1/reviews/5":
            return self._review()
        assert request.url.path == "/api/v1/verdict"
        self.asked.append(request)
        answer = next(self._answers, self._last)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def ask(self, *, wait_s: float = 60, token: str | None = None, url: str = URL) -> Answer:
        return fetch_verdict(
            url,
            QUESTION,
            token=token,
            wait_s=wait_s,
            transport=httpx.MockTransport(self.handle),
            sleep=self.sleep,
            clock=lambda: self.now,
        )


@pytest.mark.parametrize("verdict", Verdict)
def test_it_waits_for_the_verdict_and_brings_the_document(verdict: Verdict) -> None:
    service = Service(httpx.Response(404), running(), running(), said(verdict.value, JobState.DONE))

    assert service.ask() == Answer(verdict, DOCUMENT, REVIEW)
    assert service.now == 3 * ASK_EVERY_S


def test_it_asks_about_this_head_with_its_token() -> None:
    service = Service(said("pass", JobState.DONE))
    service.ask(token="t0ken")

    assert dict(service.asked[0].url.params) == {
        "forge": "gitlab-main",
        "project": "desk/pay",
        "mr": "7",
        "head": HEAD,
    }
    assert service.asked[0].headers["authorization"] == "Bearer t0ken"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (running(), "its job is running"),
        (httpx.Response(404), "knows of no review"),
        (httpx.Response(503), "answers 503"),
        (httpx.Response(302, headers={"location": "https://login.example.internal"}), "answers 302"),
        (httpx.ConnectError("connection refused"), "not reached"),
    ],
)
def test_what_may_still_come_is_waited_for_but_not_for_ever(answer: Says, words: str) -> None:
    service = Service(answer)
    with pytest.raises(NoVerdict, match=words) as caught:
        service.ask(wait_s=10)

    assert caught.value.exit_code == 11
    assert len(service.asked) == 4
    assert service.now == 9


def test_no_wait_means_one_question() -> None:
    service = Service(running())
    with pytest.raises(NoVerdict):
        service.ask(wait_s=0)

    assert (len(service.asked), service.now) == (1, 0)


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED])
def test_a_job_that_ended_without_a_review_is_not_waited_for(state: JobState) -> None:
    service = Service(said(None, state))
    with pytest.raises(NoVerdict, match=state.value):
        service.ask()

    assert service.now == 0


def test_an_earlier_review_of_the_head_counts_though_a_later_job_failed() -> None:
    assert Service(said("fail", JobState.FAILED)).ask().verdict is Verdict.FAIL


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_a_matter_of_configuration(status: int) -> None:
    with pytest.raises(ConfigError, match=str(status)) as caught:
        Service(httpx.Response(status)).ask()

    assert caught.value.exit_code == 2
    assert "--service-token-env" in caught.value.remedy


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(422),
        httpx.Response(200, text="<html>log in</html>"),
        httpx.Response(200, json=[1]),
        httpx.Response(200, json={"verdict": "perhaps", "review": "5"}),
    ],
    ids=["not understood", "a page", "a list", "no verdict of ours"],
)
def test_what_waiting_cannot_mend_is_exit_2_at_once(answer: httpx.Response) -> None:
    service = Service(answer)
    with pytest.raises(UsageError):
        service.ask()

    assert service.now == 0


def test_a_review_without_a_document_is_no_review() -> None:
    service = Service(said("pass", JobState.DONE), review=lambda: httpx.Response(200, json={}))
    with pytest.raises(UsageError, match="not a reviewer service"):
        service.ask()


@pytest.mark.parametrize("url", ["reviewer", "ftp://x", "https://", "http://x:port", ""])
def test_an_address_that_is_none_is_exit_2(url: str) -> None:
    with pytest.raises(UsageError):
        Service(running()).ask(url=url)


def test_a_certificate_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="gone"):
        fetch_verdict(URL, QUESTION, token=None, wait_s=0, ca_file=tmp_path / "gone.pem")
