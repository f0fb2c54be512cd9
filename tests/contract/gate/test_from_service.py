"""`reviewer gate --from-service` over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from reviewer.domain import Verdict
from reviewer.outputs.document import document
from tests.contract.gate.lab import History, Job, Outcome
from tests.fakes.findings import finding, review
from tests.fakes.models.http import Exchange, LoopbackServer

FOUND = finding(2, path="fees.py", title="eval\x1b[31m of a text", fingerprint="f" * 32)
DOCUMENT = {**document(review(FOUND), Verdict.FAIL), "of_a_later_release": True}


class Service(LoopbackServer):
    """Knows one review; wants a token."""

    def __init__(self, verdict: str) -> None:
        super().__init__()
        self.verdict = verdict
        self.document: dict[str, Any] = DOCUMENT
        self.asked: list[str] = []

    async def answer(self, exchange: Exchange) -> None:
        self.asked.append(exchange.path)
        found: Any = {"head": "a" * 40, "verdict": self.verdict, "review": "5", "job": "1", "state": "done"}
        if exchange.headers.get("authorization") != "Bearer t0ken":
            await exchange.respond(401, {"detail": "unauthorized"})
        elif exchange.path.startswith("/api/v1/verdict?"):
            await exchange.respond(200, found)
        else:
            await exchange.respond(200, {"id": "5", "document": self.document})


@pytest.fixture
def service() -> Iterator[Service]:
    with Service("fail") as running:
        yield running


def ask(job: Job, history: History, service: Service, *arguments: str, **variables: str) -> Outcome:
    return job.run(
        history.project,
        f"--from-service={service.url}",
        "--forge=gitlab-main",
        "--config=/dev/null",
        *arguments,
        GITLAB_CI="true",
        CI_MERGE_REQUEST_IID="7",
        CI_MERGE_REQUEST_PROJECT_PATH="desk/pay",
        CI_COMMIT_SHA=history.head,
        **variables,
    )


def test_the_services_findings_are_told_and_its_verdict_decides(
    job: Job, history: History, service: Service
) -> None:
    outcome = ask(job, history, service, "--service-token-env=T", T="t0ken")

    assert outcome.code == 10
    assert "fees.py:2  high  eval\\x1b[31m of a text  [python/no-eval]" in outcome.out
    assert "What fails the gate:\n  fees.py:2  high  python/no-eval" in outcome.out
    assert f"decided by the service, for {history.head[:12]}" in outcome.err
    assert outcome.result == DOCUMENT
    assert f"project=desk%2Fpay&mr=7&head={history.head}" in service.asked[0]


def test_a_pass_is_0_and_an_inconclusive_review_11(job: Job, history: History, service: Service) -> None:
    for verdict, code in (("pass", 0), ("inconclusive", 11)):
        service.verdict = verdict
        assert ask(job, history, service, "--service-token-env=T", T="t0ken").code == code


def test_every_report_is_written_from_the_services_answer(
    job: Job, history: History, service: Service
) -> None:
    outcome = ask(
        job, history, service, "--service-token-env=T", "--format=sarif", "--format=junit", T="t0ken"
    )

    assert outcome.files == {
        "reviewer.json", "gl-code-quality-report.json", "reviewer.sarif", "reviewer-junit.xml"
    }  # fmt: skip
    [issue] = json.loads((outcome.reports / "gl-code-quality-report.json").read_text())
    assert (issue["check_name"], issue["fingerprint"]) == ("python/no-eval", "f" * 32)


@pytest.mark.parametrize("broken", [{"version": 2}, {"findings": [{"path": "x"}]}, {"coverage": None}])
def test_an_answer_that_is_no_result_is_2(
    job: Job, history: History, service: Service, broken: dict[str, Any]
) -> None:
    service.document = {**DOCUMENT, **broken}
    outcome = ask(job, history, service, "--service-token-env=T", T="t0ken")

    assert (outcome.code, "no result of ours" in outcome.err) == (2, True)


def test_without_the_token_it_is_2_and_says_what_to_name(
    job: Job, history: History, service: Service
) -> None:
    outcome = ask(job, history, service)

    assert outcome.code == 2
    assert "--service-token-env" in outcome.err


def test_a_token_variable_that_is_not_set_is_2(job: Job, history: History, service: Service) -> None:
    outcome = ask(job, history, service, "--service-token-env=NOWHERE")

    assert (outcome.code, "NOWHERE" in outcome.err) == (2, True)


def test_a_service_that_is_away_is_11(job: Job, history: History) -> None:
    with Service("pass") as gone:
        pass
    outcome = ask(job, history, gone, "--wait=0")

    assert outcome.code == 11
    assert "not reached" in outcome.err
