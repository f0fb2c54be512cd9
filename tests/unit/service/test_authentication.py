"""Only the forge itself gets a delivery in, by the proof that the configuration names."""

from __future__ import annotations

import pytest

from reviewer.config import ForgeSettings
from reviewer.errors import ConfigError, WebhookRejected
from reviewer.service.webhooks import SIGNATURE_WINDOW_S, authenticate, check_secret
from tests.unit.service.payloads import (
    SECRET,
    SIGNING_SECRET,
    encode,
    github,
    github_headers,
    github_pull_request,
    gitlab,
    gitlab_merge_request,
    signed_headers,
)

NOW = 1_800_000_000
BODY = encode(gitlab_merge_request())
HUB_BODY = encode(github_pull_request("opened"))
SIGNED = gitlab(webhook_auth="signature")


def is_let_in(
    forge: ForgeSettings, secret: str, headers: dict[str, str], body: bytes, now: float = NOW
) -> bool:
    try:
        authenticate(forge, secret, headers, body, now)
    except WebhookRejected as rejected:
        return rejected.status != 401
    return True


@pytest.mark.parametrize(
    ("token", "let_in"),
    [(SECRET, True), (SECRET + " ", False), (SECRET[:-1], False), ("", False), ("ä", False)],
)
def test_gitlab_token(token: str, let_in: bool) -> None:
    assert is_let_in(gitlab(), SECRET, {"x-gitlab-token": token}, BODY) is let_in


def test_gitlab_without_a_token() -> None:
    assert not is_let_in(gitlab(), SECRET, {}, BODY)


def test_gitlab_signature_over_the_raw_body() -> None:
    headers = signed_headers(BODY, NOW)
    assert is_let_in(SIGNED, SIGNING_SECRET, headers, BODY)
    assert not is_let_in(SIGNED, SIGNING_SECRET, headers, BODY + b" ")


def test_gitlab_signature_covers_id_and_time() -> None:
    for forged in ({"webhook-id": "msg_2"}, {"webhook-timestamp": str(NOW - 1)}):
        assert not is_let_in(SIGNED, SIGNING_SECRET, signed_headers(BODY, NOW) | forged, BODY)


def test_gitlab_sends_several_signatures_while_a_key_is_exchanged() -> None:
    headers = signed_headers(BODY, NOW)
    headers["webhook-signature"] = "v1,AAAA v1a,BBBB " + headers["webhook-signature"]
    assert is_let_in(SIGNED, SIGNING_SECRET, headers, BODY)


@pytest.mark.parametrize(
    ("age", "let_in"),
    [
        (0, True),
        (SIGNATURE_WINDOW_S, True),
        (SIGNATURE_WINDOW_S + 1, False),
        (-SIGNATURE_WINDOW_S - 1, False),
    ],
)
def test_a_signature_is_good_for_a_while_only(age: int, let_in: bool) -> None:
    assert is_let_in(SIGNED, SIGNING_SECRET, signed_headers(BODY, NOW - age), BODY) is let_in


@pytest.mark.parametrize("stamp", ["", "now", "1e9", "-5", "9" * 400, "１８００００００００"])
def test_a_timestamp_that_is_none(stamp: str) -> None:
    headers = signed_headers(BODY, NOW) | {"webhook-timestamp": stamp}
    assert not is_let_in(SIGNED, SIGNING_SECRET, headers, BODY)


def test_a_token_is_no_way_around_the_signature() -> None:
    assert not is_let_in(SIGNED, SIGNING_SECRET, {"x-gitlab-token": SIGNING_SECRET}, BODY)
    assert not is_let_in(gitlab(), SIGNING_SECRET, signed_headers(BODY, NOW), BODY)


def test_github_signature_over_the_raw_body() -> None:
    headers = github_headers(HUB_BODY)
    assert is_let_in(github(), SECRET, headers, HUB_BODY)
    assert not is_let_in(github(), SECRET, headers, HUB_BODY + b"\n")
    assert not is_let_in(github(), SECRET, github_headers(HUB_BODY, secret="guess"), HUB_BODY)


@pytest.mark.parametrize(
    "signature", ["", "sha256=", "sha1=da39a3ee5e6b4b0d3255bfef95601890afd80709", "x" * 9999]
)
def test_github_signature_that_is_none(signature: str) -> None:
    assert not is_let_in(github(), SECRET, {"x-hub-signature-256": signature}, HUB_BODY)


def test_an_empty_secret_lets_nobody_in() -> None:
    assert not is_let_in(gitlab(), "", {"x-gitlab-token": ""}, BODY)
    assert not is_let_in(SIGNED, "", signed_headers(BODY, NOW, key=b""), BODY)
    assert not is_let_in(github(), "", github_headers(HUB_BODY, secret=""), HUB_BODY)


@pytest.mark.parametrize("forge", [gitlab(), github(), SIGNED])
@pytest.mark.parametrize("secret", [None, ""])
def test_no_start_without_a_secret(forge: ForgeSettings, secret: str | None) -> None:
    with pytest.raises(ConfigError, match="webhook secret"):
        check_secret(forge, secret)


@pytest.mark.parametrize("secret", ["plain", "whsec_", "whsec_***", SIGNING_SECRET.removeprefix("whsec_")])
def test_no_start_with_a_signing_token_that_is_none(secret: str) -> None:
    with pytest.raises(ConfigError, match="signing token"):
        check_secret(SIGNED, secret)


def test_a_good_secret_is_returned() -> None:
    assert check_secret(SIGNED, SIGNING_SECRET) == SIGNING_SECRET
    assert check_secret(gitlab(), SECRET) == SECRET
