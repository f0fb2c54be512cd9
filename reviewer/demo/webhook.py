"""Send what GitLab sends when something happens to a merge request, signed the way it signs.

Headers and the signature (`webhook-signature: v1,<base64 HMAC-SHA256 of "id.timestamp.body">`, the
key base64 behind `whsec_`) after GitLab's webhook documentation.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from typing import Any

import httpx

from reviewer.demo.records import MergeRequest, Note, User
from reviewer.demo.telling import tell_project, tell_user

Json = dict[str, Any]


def merge_request_event(
    merge_request: MergeRequest, action: str, address: str, *, oldrev: str | None = None, **changes: Json
) -> Json:
    """Compose the event of `open`, `update` (a push has `oldrev`), `reopen`, `close` or `merge`."""
    return _envelope("merge_request", merge_request, merge_request.author, address) | {
        "object_attributes": _attributes(merge_request, address)
        | {"action": action}
        | ({"oldrev": oldrev} if oldrev else {}),
        "changes": changes,
    }


def note_event(merge_request: MergeRequest, note: Note, discussion: str, address: str) -> Json:
    """Compose the event of a new comment on a merge request."""
    return _envelope("note", merge_request, note.author, address) | {
        "object_attributes": {
            "id": note.id,
            "note": note.body,
            "noteable_type": "MergeRequest",
            "author_id": note.author.id,
            "discussion_id": discussion,
            "action": "create",
            "system": False,
        },
        "merge_request": _attributes(merge_request, address),
    }


def headers(
    event: Json,
    body: bytes,
    secret: str,
    *,
    signed: bool = False,
    delivery: str | None = None,
    now: float | None = None,
) -> dict[str, str]:
    """Return the headers of a delivery: the secret as the token, or as the key of a signature.

    `delivery` is the id of a repeated one, `now` another time (seconds) than the present.
    """
    delivery = delivery or str(uuid.uuid4())
    told = {
        "Content-Type": "application/json",
        "X-Gitlab-Event": "Note Hook" if event["object_kind"] == "note" else "Merge Request Hook",
        "X-Gitlab-Webhook-UUID": str(uuid.uuid4()),
        "Idempotency-Key": delivery,
    }
    if not signed:
        return told | {"X-Gitlab-Token": secret}
    stamp = str(int(time.time() if now is None else now))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{delivery}.{stamp}.".encode() + body, hashlib.sha256)
    return told | {
        "webhook-id": delivery,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def deliver(url: str, event: Json, secret: str, **how: Any) -> httpx.Response:
    """Post an event to a service, `how` as for `headers`; no proxy of the environment is asked."""
    body = json.dumps(event).encode()
    with httpx.Client(trust_env=False, timeout=10) as client:
        return client.post(url, content=body, headers=headers(event, body, secret, **how))


def _envelope(kind: str, merge_request: MergeRequest, actor: User, address: str) -> Json:
    return {
        "object_kind": kind,
        "event_type": kind,
        "user": tell_user(actor),
        "project": tell_project(merge_request.project, address),
    }


def _attributes(merge_request: MergeRequest, address: str) -> Json:
    path = merge_request.project.path
    return {
        "id": 9000 + merge_request.iid,
        "iid": merge_request.iid,
        "target_project_id": merge_request.project.id,
        "source_branch": merge_request.source,
        "target_branch": merge_request.target,
        "title": merge_request.title,
        "description": merge_request.description,
        "state": merge_request.state,
        "draft": merge_request.draft,
        "author_id": merge_request.author.id,
        "last_commit": {"id": merge_request.latest.head},
        "url": f"{address}/{path}/-/merge_requests/{merge_request.iid}",
    }
