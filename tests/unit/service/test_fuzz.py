"""Real payloads, bent in every way: a genuine signature makes nobody's payload harmless."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewer.service.app import create_app
from tests.unit.service.payloads import SECRET, encode, gitlab_merge_request, gitlab_note
from tests.unit.service.test_app import ENTRANCES, NOW, Queue

Rows = Callable[[str], Iterator[dict[str, Any]]]

EVENTS = ("pull_request", "issue_comment", "pull_request_review_comment", "push", "ping", "x" * 500, "")
JUNK: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**63, 1e308, "", "\x00", "\ud800", "../../etc/passwd", "x" * 10_000,
    "https://169.254.169.254/latest/", "${jndi:ldap://x}", "@reviewer review", "/merge", [], {}, [[]],
    {"id": {}}, [None] * 1000,
)  # fmt: skip
MUTATIONS = 8


def places(root: Any) -> list[tuple[Any, Any]]:
    """List every place of a payload as its holder and its key, however deep."""
    found, rest = [], [root]
    while rest:
        holder = rest.pop()
        keys = list(holder) if isinstance(holder, dict) else range(min(5, len(holder)))
        for key in keys:
            found.append((holder, key))
            if isinstance(holder[key], dict | list):
                rest.append(holder[key])
    return found


def bend(payload: Any, dice: random.Random) -> Any:
    """Return the payload with one to four of its values missing, replaced or nested deeply."""
    bent = json.loads(json.dumps(payload))
    for _ in range(dice.randint(1, 4)):
        found = places(bent)
        if not found:
            break
        holder, key = dice.choice(found)
        choice = dice.randrange(10)
        if choice < 2:
            del holder[key]
        elif choice == 2:
            deep: Any = "bottom"
            for _ in range(dice.choice((20, 2000))):
                deep = {"id": deep} if dice.random() < 0.5 else [deep]
            holder[key] = deep
        else:
            holder[key] = dice.choice(JUNK)
    return bent


def garble(body: bytes, dice: random.Random) -> bytes:
    """Return the bytes with some overwritten, cut out, or doubled."""
    garbled = bytearray(body)
    for _ in range(dice.randint(1, 8)):
        at = dice.randrange(max(1, len(garbled)))
        garbled[at : at + dice.randrange(3)] = bytes(dice.randrange(256) for _ in range(dice.randrange(4)))
    return bytes(garbled)


def dump(payload: Any) -> bytes:
    try:
        return json.dumps(payload).encode()
    except RecursionError:
        return b'{"object_kind":' + b"[" * 100_000


async def send(http: httpx.AsyncClient, forge: str, event: str, body: bytes) -> int:
    if forge == "hub":
        digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {"x-hub-signature-256": f"sha256={digest}", "x-github-event": event}
    else:
        headers = {"x-gitlab-token": SECRET, "x-gitlab-event": event}
    return (await http.post(f"/webhooks/{forge}", content=body, headers=headers)).status_code


def test_real_payloads_bent_and_garbled(rows: Rows) -> None:
    """Every one of the real payloads, in eight shapes: accepted, or ignored, and never anything else."""
    dice = random.Random(20261128)
    payloads = [row["payload"] for row in rows("webhook_payloads")]
    payloads += [gitlab_merge_request(), gitlab_note("@reviewer review")]
    queue, counted = Queue(), Counter[int]()

    async def run() -> None:
        app = create_app(queue, None, ENTRANCES, clock=lambda: NOW)  # type: ignore[arg-type]
        transport = httpx.ASGITransport(app, client=("10.1.2.3", 5))
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
            for payload in payloads:
                for number in range(MUTATIONS):
                    body = dump(bend(payload, dice))
                    if number % 4 == 0:
                        body = garble(body, dice)
                    forge = dice.choice(("main", "hub"))
                    counted[await send(http, forge, dice.choice(EVENTS), body)] += 1

    asyncio.run(run())
    assert set(counted) == {200, 202}
    assert sum(counted.values()) == len(payloads) * MUTATIONS
    for event in queue.submitted:
        assert event.project.isprintable()
        assert 0 < event.number < 2**53


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["action", "number", "id", "iid", "state", "user", "body", "note", "head", "sha", "draft"]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)


@settings(max_examples=150)
@given(
    kind=st.sampled_from(["merge_request", "note", "x"]),
    event=st.sampled_from(EVENTS[:4]),
    parts=st.dictionaries(
        st.sampled_from(
            ["object_attributes", "project", "user", "changes", "merge_request", "pull_request",
             "repository", "comment", "issue", "action", "labels"]
        ),
        json_values,
        max_size=8,
    ),
)  # fmt: skip
async def test_payloads_of_any_shape(kind: str, event: str, parts: dict[str, Any]) -> None:
    app = create_app(Queue(), None, ENTRANCES, clock=lambda: NOW)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as http:
        for forge in ("main", "hub"):
            assert await send(http, forge, event, dump({"object_kind": kind, **parts})) in {200, 202}


@settings(max_examples=300)
@given(
    signature=st.binary(max_size=80)
    | st.from_regex(rb"\A(sha256=|sha1=|v1,)[0-9a-fA-F=+/]{0,70}\Z")
    | st.just(b"sha256=" + b"0" * 64),
    stamp=st.binary(max_size=14)
    | st.sampled_from([b"%d" % (NOW + shift) for shift in (-301, -300, 0, 300, 301)]),
    message=st.binary(max_size=20),
)
async def test_forged_signatures(signature: bytes, stamp: bytes, message: bytes) -> None:
    queue = Queue()
    app = create_app(queue, None, ENTRANCES, clock=lambda: NOW)  # type: ignore[arg-type]
    headers = [
        (b"x-gitlab-token", signature),
        (b"x-hub-signature-256", signature),
        (b"x-github-event", b"pull_request"),
        (b"webhook-id", message),
        (b"webhook-timestamp", stamp),
        (b"webhook-signature", signature),
    ]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as http:
        for forge in ENTRANCES:
            body = encode(gitlab_merge_request())
            answer = await http.post(f"/webhooks/{forge}", content=body, headers=headers)
            assert answer.status_code == 401
    assert queue.submitted == []
