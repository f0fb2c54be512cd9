"""Deliveries as the forges send them, cut down to what matters, with a handle on every field."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from reviewer.config import ForgeSettings

HEAD = "a" * 40
OTHER_HEAD = "b" * 40
SECRET = "not-for-strangers"
SIGNING_KEY = b"0123456789abcdef0123456789abcdef"
SIGNING_SECRET = "whsec_" + base64.b64encode(SIGNING_KEY).decode()


def gitlab(**changes: Any) -> ForgeSettings:
    return ForgeSettings(id="main", kind="gitlab", url="https://gitlab.test", **changes)


def github(**changes: Any) -> ForgeSettings:
    return ForgeSettings(id="hub", kind="github", url="https://github.test", **changes)


def gitlab_merge_request(**attributes: Any) -> dict[str, Any]:
    changes = attributes.pop("changes", {})
    return {
        "object_kind": "merge_request",
        "event_type": "merge_request",
        "user": {"id": 7, "username": "ann"},
        "project": {"id": 3, "path_with_namespace": "desk/orders"},
        "object_attributes": {
            "iid": 12,
            "action": "open",
            "state": "opened",
            "draft": False,
            "last_commit": {"id": HEAD},
            **attributes,
        },
        "changes": changes,
    }


def gitlab_note(text: str, *, user_id: int = 7, username: str = "ann", **attributes: Any) -> dict[str, Any]:
    return {
        "object_kind": "note",
        "event_type": "note",
        "user": {"id": user_id, "username": username},
        "project": {"id": 3, "path_with_namespace": "desk/orders"},
        "object_attributes": {
            "id": 501,
            "note": text,
            "noteable_type": "MergeRequest",
            "action": "create",
            "discussion_id": "d15c",
            "system": False,
            "internal": False,
            **attributes,
        },
        "merge_request": {"iid": 12, "last_commit": {"id": HEAD}},
    }


def github_pull_request(action: str, **pull: Any) -> dict[str, Any]:
    changes = pull.pop("changes", {})
    return {
        "action": action,
        "number": 12,
        "pull_request": {"number": 12, "state": "open", "draft": False, "head": {"sha": HEAD}, **pull},
        "changes": changes,
        "repository": {"full_name": "desk/orders"},
        "sender": {"id": 7, "login": "ann"},
    }


def github_comment(text: str, *, user_id: int = 7, login: str = "ann", **comment: Any) -> dict[str, Any]:
    return {
        "action": "created",
        "issue": {"number": 12, "pull_request": {"url": "https://github.test/x"}},
        "pull_request": {"number": 12, "head": {"sha": HEAD}},
        "comment": {"id": 501, "body": text, "user": {"id": user_id, "login": login}, **comment},
        "repository": {"full_name": "desk/orders"},
    }


def encode(payload: Any) -> bytes:
    return json.dumps(payload).encode()


def github_headers(body: bytes, event: str = "pull_request", *, secret: str = SECRET) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"x-github-event": event, "x-hub-signature-256": f"sha256={digest}", "x-github-delivery": "d-1"}


def signed_headers(
    body: bytes, at: int, *, key: bytes = SIGNING_KEY, message: str = "msg_1"
) -> dict[str, str]:
    digest = hmac.new(key, f"{message}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": message,
        "webhook-timestamp": str(at),
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
        "idempotency-key": "idem-1",
    }
