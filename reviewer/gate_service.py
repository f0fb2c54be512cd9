"""Ask the running service for its verdict on a head, instead of reviewing a second time."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from reviewer.domain import ChangeRef, Review, Verdict
from reviewer.errors import ConfigError, ReviewerError, UsageError
from reviewer.outputs.reading import NotAResult, read_back

ASK_EVERY_S = 3.0
_TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class Question:
    """Which verdict is asked for; `forge` is the forge's id in the service's configuration."""

    forge: str
    project: str
    number: int
    head: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service says of a head; `document` is its JSON result, `review` what could be read of it."""

    verdict: Verdict
    document: dict[str, Any]
    review: Review


class NoVerdict(ReviewerError):
    """The service gave no verdict in time, or its review failed."""

    exit_code = 11


def fetch_verdict(
    url: str,
    question: Question,
    *,
    token: str | None,
    wait_s: float,
    ca_file: Path | None = None,
    transport: httpx.BaseTransport | None = None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Answer:
    """Ask until the review of this head is done, at most `wait_s` seconds.

    Raises NoVerdict when the time is up or the job failed, so that the gate is inconclusive and never
    green; ConfigError when the token or a certificate is refused; UsageError when there is no such
    service there, or it does not understand the question.
    """
    deadline = clock() + wait_s
    with _connect(url, token, ca_file, transport) as client:
        while True:
            said = _ask(client, question)
            if isinstance(said, Answer):
                return said
            if clock() + ASK_EVERY_S > deadline:
                raise NoVerdict(f"the service at {url} has no verdict on {question.head[:12]} yet: {said}")
            sleep(ASK_EVERY_S)


def _connect(
    url: str, token: str | None, ca_file: Path | None, transport: httpx.BaseTransport | None
) -> httpx.Client:
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as err:
        raise UsageError(f"--from-service: {url!r} is not a URL: {err}") from err
    if address.scheme not in {"http", "https"} or not address.host:
        raise UsageError(f"--from-service: {url!r} is not an http or https URL")
    try:
        tls = ssl.create_default_context(cafile=ca_file)
    except OSError as err:  # ssl.SSLError is one
        raise ConfigError(
            f"--service-ca-file: {ca_file} cannot be used: {err}", key="--service-ca-file"
        ) from err
    return httpx.Client(
        base_url=address,
        headers={"Authorization": f"Bearer {token}"} if token else {},
        timeout=_TIMEOUT_S,
        verify=tls,
        trust_env=False,
        transport=transport,
    )


def _ask(client: httpx.Client, question: Question) -> Answer | str:
    """Return the answer, or the reason why there is none yet."""
    query: dict[str, str | int] = {
        "forge": question.forge, "project": question.project, "mr": question.number, "head": question.head,
    }  # fmt: skip
    found = _get(client, "/api/v1/verdict", query)
    if isinstance(found, str):
        return found
    if found.get("verdict") is None:
        state = found.get("state")
        if state in {"failed", "cancelled"}:
            raise NoVerdict(f"the service's job {found.get('job')} is {state}", remedy="see its log")
        return f"its job is {state}"
    review = _get(client, f"/api/v1/reviews/{found.get('review')}", {})
    if isinstance(review, str):
        return review
    try:
        document = dict(review["document"])
        ref = ChangeRef(
            question.forge, question.project, question.number, document.get("base"), None, question.head
        )
        return Answer(Verdict(found["verdict"]), document, read_back(document, ref))
    except NotAResult as err:
        raise UsageError(f"the service at {client.base_url} answers with no result of ours: {err}") from err
    except (KeyError, TypeError, ValueError) as err:
        raise _stranger(client) from err


def _get(client: httpx.Client, path: str, query: dict[str, str | int]) -> dict[str, Any] | str:
    try:
        answer = client.get(path, params=query)
    except httpx.TransportError as err:
        return f"not reached ({err or type(err).__name__})"
    if answer.status_code in {401, 403}:
        raise ConfigError(
            f"the service at {client.base_url} refuses us with {answer.status_code}",
            key="--service-token-env",
            remedy="name the variable that holds its API token with --service-token-env",
        )
    if answer.status_code == 404:
        return "it knows of no review of this head"
    if answer.status_code == 422:
        raise UsageError(
            "the service does not understand the question", remedy="--head is a full SHA, --mr a number"
        )
    if answer.status_code != 200:
        return f"it answers {answer.status_code}"
    try:
        found = answer.json()
    except ValueError as err:
        raise _stranger(client) from err
    if not isinstance(found, dict):
        raise _stranger(client)
    return found


def _stranger(client: httpx.Client) -> UsageError:
    return UsageError(f"what answers at {client.base_url} is not a reviewer service")
