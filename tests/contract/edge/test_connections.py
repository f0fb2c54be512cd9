"""Slow, many and odd clients over real sockets: each is cut off, and the forge gets in all the same."""

from __future__ import annotations

import os
import socket
import ssl
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from reviewer.errors import ConfigError
from reviewer.service.edge import MOST_HEADERS, Limits
from tests.contract.edge.lab import House, open_house, read_all
from tests.contract.forges.test_gitlab_tls import certify
from tests.contract.jobs.lab import wait_for
from tests.unit.service.payloads import SECRET, encode, gitlab_merge_request

BODY = encode(gitlab_merge_request())
TOKEN = {"x-gitlab-token": SECRET}
HEAD = f"POST /webhooks/main HTTP/1.1\r\nHost: x\r\nX-Gitlab-Token: {SECRET}\r\n".encode()


def deliver(house: House, **headers: str) -> httpx.Response:
    with house.http() as http:
        return http.post("/webhooks/main", content=BODY, headers=TOKEN | headers)


def is_over(wire: socket.socket) -> bool:
    wire.settimeout(0.01)
    try:
        return wire.recv(65536) == b""
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("sent", [b"", b"POST /webhooks/main HTTP/1.1\r\nHost", HEAD])
def test_a_head_that_never_ends(sent: bytes) -> None:
    with open_house(Limits(head_s=0.3)) as house:
        answer = house.answer(sent)
        assert b" 408 " in answer.partition(b"\r\n")[0]
        assert deliver(house).status_code == 202


def test_a_head_that_drips() -> None:
    with open_house(Limits(head_s=0.5)) as house, house.connect() as wire:
        wire.sendall(HEAD)
        for _ in range(200):  # each byte in time for a clock that begins anew with each
            time.sleep(0.02)
            try:
                wire.sendall(b"x")
            except OSError:
                break
        assert b" 408 " in read_all(wire)[:20] or is_over(wire)


def test_a_body_that_never_comes() -> None:
    with open_house(Limits(body_s=0.3)) as house, house.connect() as wire:
        wire.sendall(HEAD + b"Content-Length: 900\r\n\r\n" + BODY[:10])
        wait_for(lambda: is_over(wire), "the connection is cut off")
        assert house.queue.submitted == []
        assert deliver(house).status_code == 202


def test_the_second_request_of_a_connection_has_to_be_in_time_too() -> None:
    with open_house(Limits(head_s=0.5)) as house, house.connect() as wire:
        wire.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY)
        assert wire.recv(65536).startswith(b"HTTP/1.1 202")
        wire.sendall(b"POST /webhooks")
        assert b"HTTP/1.1 408" in read_all(wire)


def test_a_stranger_whose_body_goes_on_after_the_answer() -> None:
    with open_house(Limits(body_s=0.5)) as house, house.connect() as wire:
        wire.sendall(b"POST /webhooks/main HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n")
        assert wire.recv(65536).startswith(b"HTTP/1.1 401")
        wait_for(lambda: is_over(wire), "the connection is cut off")


def test_where_there_are_too_many_the_oldest_that_waits_goes() -> None:
    with open_house(Limits(connections=20)) as house:
        waiting = [house.connect() for _ in range(60)]
        for wire in waiting:
            wire.sendall(b"POST /webhooks")
        assert deliver(house).status_code == 202
        wait_for(lambda: sum(map(is_over, waiting)) >= 40, "the oldest are gone")
        for wire in waiting:
            wire.close()


def test_an_idle_connection_makes_room_when_all_are_idle() -> None:
    with open_house(Limits(connections=5)) as house:
        kept = []
        for _ in range(5):
            wire = house.connect()
            wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert wire.recv(65536).startswith(b"HTTP/1.1 200")
            kept.append(wire)
        assert deliver(house).status_code == 202
        for wire in kept:
            wire.close()


def test_a_thousand_slow_connections_cost_little() -> None:
    me = psutil.Process(os.getpid())
    with open_house(Limits(connections=256, head_s=60, body_s=60)) as house:
        assert deliver(house).status_code == 202
        before = me.memory_info().rss
        slow = []
        for number in range(1000):
            wire = house.connect()
            wire.sendall(
                HEAD + b"Content-Length: 26000000\r\n\r\n" + b"x" * 1000 if number % 2 else b"POST /w"
            )
            slow.append(wire)
        assert deliver(house).status_code == 202
        grown = me.memory_info().rss - before
        for wire in slow:
            wire.close()
    assert grown < 64 * 1024 * 1024, f"{grown / 1e6:.0f} MB"


def test_too_many_headers_and_too_large_a_head() -> None:
    many = b"".join(b"X-%d: y\r\n" % number for number in range(MOST_HEADERS))
    with open_house() as house:
        end = b"Connection: close\r\nContent-Length: 0\r\n\r\n"
        assert house.answer(HEAD + many + end).startswith(b"HTTP/1.1 431")
        assert house.answer(HEAD + b"X: " + b"y" * 70_000 + b"\r\n" + end).startswith(b"HTTP/1.1 431")
        endless = HEAD + b"X: " + b"y" * 400_000
        assert house.answer(endless).startswith(b"HTTP/1.1 400")
        assert deliver(house).status_code == 202


@pytest.mark.parametrize(
    "path",
    [
        "/webhooks/main/../main",
        "/webhooks//main",
        "//webhooks/main",
        "/webhooks/main%2f",
        "/webhooks/main%00",
        "/webhooks/%2e%2e/webhooks/main",
        "/webhooks/MAIN",
        "/webhooks/main;x=y",
        "/WEBHOOKS/main",
        "/webhooks/%6dain%0d%0aX-Gitlab-Token:%20x",
        "http://elsewhere/webhooks/none",
        "*",
    ],
)
def test_path_tricks(path: str) -> None:
    with open_house() as house:
        sent = f"POST {path} HTTP/1.1\r\nHost: x\r\nX-Gitlab-Token: {SECRET}\r\nConnection: close\r\n"
        answer = house.answer(sent.encode() + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY)
        assert answer.split(b" ")[1] in {b"400", b"404"}
        assert house.queue.submitted == []


@pytest.mark.parametrize(
    "lines",
    [
        "X-Gitlab-Token : {secret}",
        "X-Gitlab-Token: wrong\r\n {secret}",
        "X_Gitlab_Token: {secret}",
        "X-Gitlab-Token: {secret}\r\nX-Gitlab-Token: wrong",
        "X-Gitlab-Token: wrong\r\nX-Gitlab-Token: {secret} ",
        "Authorization: Bearer {secret}",
        "X-Gitlab-Token: {secret}\r\nTransfer-Encoding: chunked",
        "X-Gitlab-Token: {secret}\r\nTransfer-Encoding: identity, chunked",
        "X-Gitlab-Token: {secret}\r\nContent-Length: 3",
        "X-Gitlab-Token: {secret}\r\nContent-Length: +{length}",
    ],
)
def test_header_tricks_bring_no_job_or_the_one_of_the_body(lines: str) -> None:
    with open_house() as house:
        said = lines.format(secret=SECRET, length=len(BODY))
        sent = f"POST /webhooks/main HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{said}\r\n"
        answer = house.answer(sent.encode() + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY)
        assert answer.split(b" ")[1][:1] in {b"2", b"4"}
        assert [event.project for event in house.queue.submitted] in ([], ["desk/orders"])
        assert len(house.queue.submitted) == answer.count(b" 202 ")


def test_whoever_fails_too_often_is_told_to_pause_and_the_forge_is_not() -> None:
    with open_house(rate_limit=5) as house, house.http() as http:
        guesses = [http.post("/webhooks/main", headers={"x-gitlab-token": f"g{n}"}) for n in range(8)]
        assert [answer.status_code for answer in guesses] == [401] * 5 + [429] * 3
        assert int(guesses[-1].headers["retry-after"]) > 0
        assert deliver(house).status_code == 202
        assert [http.post("/webhooks/none").status_code for _ in range(7)] == [404] * 5 + [429] * 2


def test_a_certificate_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "cert.pem"
    file.write_text("no certificate")
    with (
        pytest.raises(ConfigError, match="certificate") as caught,
        open_house(tls_cert_file=file, tls_key_file=file),
    ):
        pass
    assert caught.value.exit_code == 2


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Issue a certificate for 127.0.0.1: `server.pem`, `server.key`, and the authority's `ca.pem`."""
    folder = tmp_path_factory.mktemp("certificate")
    authority = ec.generate_private_key(ec.SECP256R1())
    root = certify("authority", authority.public_key(), authority, authority=True)
    (folder / "ca.pem").write_bytes(root.public_bytes(Encoding.PEM))
    key = ec.generate_private_key(ec.SECP256R1())
    issued = certify("server", key.public_key(), authority, authority=False)
    (folder / "server.pem").write_bytes(issued.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "server.key").write_bytes(private)
    return folder


def test_a_delivery_over_tls(certificate: Path) -> None:
    trust = ssl.create_default_context(cafile=certificate / "ca.pem")
    options: dict[str, Any] = {
        "tls_cert_file": certificate / "server.pem",
        "tls_key_file": certificate / "server.key",
    }
    with open_house(Limits(head_s=0.5), **options) as house:
        assert house.url.startswith("https://")
        with house.http(verify=trust) as http:
            answer = http.post("/webhooks/main", content=BODY, headers=TOKEN)
            assert answer.status_code == 202
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"), house.http() as stranger:
            stranger.get("/healthz")
        with trust.wrap_socket(house.connect(), server_hostname="127.0.0.1") as wire:
            assert wire.version() in {"TLSv1.2", "TLSv1.3"}
            wire.sendall(b"POST /webhooks")
            assert wire.recv(65536).startswith(b"HTTP/1.1 408")
        plain = httpx.URL(house.url).copy_with(scheme="http")
        with pytest.raises(httpx.TransportError), httpx.Client(trust_env=False) as http:
            http.get(plain)
