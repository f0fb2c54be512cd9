"""Strangers at the door: forged and replayed proofs, odd paths and headers, huge and slow bodies."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from reviewer.demo import webhook
from tests.chaos.ground import Ground
from tests.chaos.outcome import Outcome
from tests.chaos.process import Process
from tests.chaos.site import SECRET, SECRET_ENV, TOKEN_ENV, Site
from tests.chaos.wire import REFUSED, client, delivery, expect, expect_stream, speak, speak_raw

_SIGNING = "whsec_bm90LWZvci1zdHJhbmdlcnMtYW5kLWxvbmctZW5vdWdo"
_TWINS = f"""
[[forges]]
id = "signed"
kind = "gitlab"
url = "http://127.0.0.1:1"
token_env = "{TOKEN_ENV}"
webhook_secret_env = "CHAOS_SIGNING"
webhook_auth = "signature"
[[forges]]
id = "hub"
kind = "github"
url = "http://127.0.0.1:1"
token_env = "{TOKEN_ENV}"
webhook_secret_env = "{SECRET_ENV}"
"""
_LIMIT = 25 * 1024 * 1024
_SLOW_S = 2.0


def run(ground: Ground) -> Outcome:
    """Try every trick against the running process; nothing gets in, nothing breaks, nobody else waits."""
    site = Site(ground, "sqlite", more=_TWINS)
    process = site.process(environ={"CHAOS_SIGNING": _SIGNING})
    tries = 0
    broken: list[str] = []
    for _ in range(ground.scale.faults):
        for trick in (_forge, _replay, _walk, _dress_up, _stuff, _dawdle, _peep):
            for name, complaint in trick(site, process):
                tries += 1
                if complaint:
                    broken.append(f"{name}: {complaint}")
    [change] = site.open()
    site.deliver(change)
    site.settle()
    found = site.ledger.known("desk/orders")
    jobs = {job.event.number for job in found}
    if jobs != {change.iid}:
        broken.append(f"jobs came of it: {sorted(jobs)}")
    if site.forge.token in process.log(10_000_000) or SECRET in process.log(10_000_000):
        broken.append("a secret stands in the log")
    return Outcome(runs=tries, lost=int(change.iid not in site.forge.summed_up), broken=tuple(broken[:20]))


def _forge(site: Site, process: Process) -> Iterator[tuple[str, str]]:
    """Claim to be the forge without knowing its secret."""
    body = delivery(1001)
    wrong = hmac.new(b"guessed", body, hashlib.sha256).hexdigest()
    other = hmac.new(SECRET.encode(), body + b" ", hashlib.sha256).hexdigest()
    right = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    sha1 = hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()
    tokens = (
        "",
        " ",
        "guessed",
        SECRET[:-1],
        SECRET + "x",
        SECRET.upper(),
        "\u00e9" * 8,
        "x" * 8000,
        "null",
        "true",
    )
    for token in tokens:
        yield "token", expect(process, "lab", body, {"X-Gitlab-Token": token}, 401)
    yield "no token", expect(process, "lab", body, {}, 401)
    for proof in (
        f"sha256={wrong}",
        f"sha256={other}",
        right,
        f"sha1={sha1}",
        f"sha256={right[:-1]}",
        "sha256=",
        "",
    ):
        yield (
            "github",
            expect(process, "hub", body, {"X-Hub-Signature-256": proof, "X-GitHub-Event": "push"}, 401),
        )
    yield "gitlab's token for github", expect(process, "hub", body, {"X-Gitlab-Token": SECRET}, 401)
    yield (
        "a token where a signature is due",
        expect(process, "signed", body, {"X-Gitlab-Token": _SIGNING}, 401),
    )


def _replay(site: Site, process: Process) -> Iterator[tuple[str, str]]:
    """Repeat what was once genuine: too late, for another body, under another id, at another forge."""
    event = {**json.loads(delivery(1002)), "object_kind": "merge_request"}
    body = json.dumps(event).encode()
    now = time.time()
    for age in (-3600, -330, 330, 3600):  # 300 s either way are allowed
        headers = webhook.headers(event, body, _SIGNING, signed=True, now=now + age)
        yield "an old signature", expect(process, "signed", body, headers, 401)
    good = webhook.headers(event, body, _SIGNING, signed=True)
    yield "another body", expect(process, "signed", body + b" ", good, 401)
    yield "another id", expect(process, "signed", body, {**good, "webhook-id": "other"}, 401)
    for stamp in ("", "now", "1e9", "-1", "9" * 40, str(int(now)) + ".5"):
        headers = {**good, "webhook-timestamp": stamp}
        yield "an odd time", expect(process, "signed", body, headers, 401)
    yield "another forge", expect(process, "lab", body, good, 401)


def _walk(site: Site, process: Process) -> Iterator[tuple[str, str]]:
    """Ask for other paths than there are, with a genuine token."""
    paths = (
        *(
            "/webhooks/",
            "/webhooks/other",
            "/webhooks/LAB",
            "/webhooks/lab/",
            "/webhooks/lab/x",
            "/webhooks/lab%00",
        ),
        *(
            "/webhooks/lab%2f..",
            "/webhooks/..%2flab",
            "/webhooks/%2e%2e/lab",
            "//webhooks/lab",
            "/webhooks//lab",
        ),
        *(
            "/webhooks/lab;x=1",
            "/webhooks/lab%0d%0aX: y",
            "/webhooks/" + "a" * 4000,
            "/../../etc/passwd",
            "*",
        ),
        *(
            "/.env",
            "/api/../webhooks/lab",
            "/docs",
            "/openapi.json",
            "/webhooks/%ff",
            "http://169.254.169.254/latest",
        ),
    )
    for path in paths:
        status = speak(process, f"POST {path} HTTP/1.1", {"X-Gitlab-Token": SECRET}, delivery(1003))
        yield f"path {path[:40]}", "" if status in REFUSED | {307, None} else f"answered {status}"
    for method in ("GET", "PUT", "DELETE", "TRACE", "CONNECT", "PATCH", "OPTIONS", "BREW"):
        status = speak(
            process, f"{method} /webhooks/lab HTTP/1.1", {"X-Gitlab-Token": SECRET}, delivery(1003)
        )
        yield f"method {method}", "" if status in REFUSED | {None} else f"answered {status}"


def _dress_up(site: Site, process: Process) -> Iterator[tuple[str, str]]:
    """Send headers that two readers might understand in two ways; none of them opens the door."""
    body = delivery(1004)
    length = str(len(body))
    wires: tuple[tuple[str, list[tuple[str, str]]], ...] = (
        (
            "two tokens",
            [("X-Gitlab-Token", "guessed"), ("X-Gitlab-Token", SECRET + "x"), ("Content-Length", length)],
        ),
        ("two lengths", [("Content-Length", length), ("Content-Length", "0")]),
        ("length and chunks", [("Content-Length", length), ("Transfer-Encoding", "chunked")]),
        ("odd chunks", [("Transfer-Encoding", "chunked, identity")]),
        ("a folded header", [("X-Gitlab-Token", f"x\r\n {SECRET}"), ("Content-Length", length)]),
        ("a negative length", [("Content-Length", "-1")]),
        ("a length in letters", [("Content-Length", "ten")]),
        ("a huge length", [("Content-Length", "9" * 30)]),
        (
            "many headers",
            [(f"X-{number}", "y" * 50) for number in range(2000)] + [("Content-Length", length)],
        ),
        ("a long header", [("X-Long", "y" * 200_000), ("Content-Length", length)]),
        ("a method in a header", [("X-HTTP-Method-Override", "GET"), ("Content-Length", length)]),
        ("an upgrade", [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Content-Length", length)]),
    )
    for name, lines in wires:
        status = speak_raw(process, "POST /webhooks/lab HTTP/1.1", lines, body)
        yield name, "" if status in REFUSED | {None} else f"answered {status}"
    yield "lives on", "" if process.ready("/healthz") else "the process does not answer any more"


def _stuff(site: Site, process: Process) -> Iterator[tuple[str, str]]:
    """Send genuine deliveries whose bodies are too big, too deep or no JSON: an answer, never a 5xx."""
    token = {"X-Gitlab-Token": SECRET}
    big = b'{"a": "' + b"x" * (_LIMIT + 1) + b'"}'
    yield "26 MB, told", expect(process, "lab", big, token, 413)
    yield "26 MB, not told", expect_stream(process, big, token, 413)
    bodies = {
        "nothing": b"",
        "no JSON": b"\xff\xfe\x00",
        "deep": b"[" * 200_000,
        "deep objects": b'{"a":' * 100_000,
        "a number": b"1" * 100_000,
        "not a number": b'{"object_kind": NaN, "project": Infinity}',
        "twice": b'{"object_kind": "note", "object_kind": "merge_request"}',
        "surrogates": b'{"object_kind": "merge_request", "project": {"path_with_namespace": "\\ud800/x"}}',
        "a list": b"[1]",
        "null bytes": b'{"object_kind": "merge_request\\u0000"}',
        **{f"shape {at}": json.dumps(shape).encode() for at, shape in enumerate(_shapes(site))},
    }
    for name, body in bodies.items():
        yield name, expect(process, "lab", body, token, 200, 401, 413, 429)


def _shapes(site: Site) -> Iterator[Any]:
    """Put something else than expected into each place of a genuine payload."""
    odd: tuple[Any, ...] = (
        None,
        True,
        -1,
        2**63,
        1e308,
        "",
        "../../etc/passwd",
        "a\u0000b",
        [],
        {},
        [[]],
        "x" * 70_000,
    )
    whole = json.loads(delivery(1005))
    for key, value in whole.items():
        if key == "object_attributes":
            continue
        for other in odd:
            yield {**whole, key: other, "object_attributes": {"iid": "none"}}
        if isinstance(value, dict):
            for inner in value:
                yield {**whole, key: {**value, inner: site.ground.dice.choice(odd)}, "object_attributes": {}}


def _dawdle(site: Site, process: Process) -> Iterator[tuple[str, str]]:
    """Keep many connections open with requests that never end; others are served as before."""
    address = urlsplit(process.url)
    heads = (
        b"POST /webhooks/lab HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{",
        b"POST /webhooks/lab HTT",
    )
    held: list[socket.socket] = []
    try:
        for number in range(100):
            wire = socket.create_connection((address.hostname or "", address.port or 0), timeout=10)
            held.append(wire)
            wire.sendall(heads[number % len(heads)])
        end = time.monotonic() + _SLOW_S
        while time.monotonic() < end:
            began = time.monotonic()
            alive = process.ready("/healthz")
            took = time.monotonic() - began
            yield "a hundred slow senders", "" if alive and took < 5 else f"another one waited {took:.1f} s"
            time.sleep(0.5)
    finally:
        for wire in held:
            wire.close()


def _peep(site: Site, process: Process) -> Iterator[tuple[str, str]]:
    """Ask the API from elsewhere, and for what it should not say."""
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
        with client(process) as http:
            answer = http.get(f"/api/v1/reviews/{'0' * 20}", headers={header: "127.0.0.1"})
        yield header, "" if answer.status_code == 401 else f"answered {answer.status_code}"
    queries: tuple[dict[str, str], ...] = (
        {"forge": "lab' OR 1=1 --", "project": "x", "mr": "1", "head": "0" * 40},
        {"forge": "lab", "project": "\x00", "mr": "1", "head": "0" * 40},
        {"forge": "lab", "project": "x", "mr": "9" * 40, "head": "0" * 40},
        {"forge": "lab", "project": "x", "mr": "1", "head": "%"},
        {},
    )
    for query in queries:
        with client(process) as http:
            status = http.get("/api/v1/verdict", params=query).status_code
        yield "an odd question", "" if status in {400, 401, 404, 422} else f"answered {status}"
