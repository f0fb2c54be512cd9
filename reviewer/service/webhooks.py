"""Deliveries: who sent one, and what it asks for. Pure functions over headers and raw bytes.

Header names are lower case. `authenticate` comes first, over the bytes as they arrived; only then does
`parse` look inside, and nothing a payload says makes it raise.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from reviewer.config import ForgeSettings
from reviewer.domain import Event
from reviewer.errors import ConfigError, WebhookRejected
from reviewer.service.payloads import Bot, Happening, Unwanted, read_github, read_gitlab

Headers = Mapping[str, str]

SIGNATURE_WINDOW_S = 300
_SIGNING_PREFIX = "whsec_"
_GITHUB_SIGNATURE = re.compile(r"sha256=[0-9a-f]{64}")
_DELIVERY = re.compile(r"[A-Za-z0-9._-]{1,128}")


@dataclass(frozen=True, slots=True)
class Ignored:
    """An authenticated delivery that calls for nothing."""

    reason: str


def check_secret(forge: ForgeSettings, secret: str | None) -> str:
    """Return the secret if deliveries of this forge can be verified with it; raise ConfigError otherwise."""
    key = f"forges.{forge.id}.webhook_secret_env"
    if not secret:
        raise ConfigError(
            f"the forge {forge.id} has no webhook secret, so anyone could send it deliveries",
            key=key,
            remedy="set webhook_secret_env or webhook_secret_file to what the forge's webhook is given",
        )
    if forge.kind == "gitlab" and forge.webhook_auth == "signature" and not _signing_key(secret):
        raise ConfigError(
            f"the webhook secret of {forge.id} is no signing token: {_SIGNING_PREFIX} and base64 is expected",
            key=key,
        )
    return secret


def refuse_unsigned(forge: ForgeSettings, secret: str, headers: Headers, now: float) -> None:
    """Raise WebhookRejected for a delivery whose headers alone show that it does not come from the forge.

    So that a stranger's body is not even read.
    """
    if forge.kind == "github":
        possible = bool(_GITHUB_SIGNATURE.fullmatch(headers.get("x-hub-signature-256", "")))
    elif forge.webhook_auth == "signature":
        possible = _is_recent(headers, now) and "v1," in headers.get("webhook-signature", "")
    else:
        possible = bool(secret) and _same(secret, headers.get("x-gitlab-token", ""))
    if not possible:
        raise WebhookRejected(f"a delivery to {forge.id} is not signed by the forge")


def authenticate(forge: ForgeSettings, secret: str, headers: Headers, body: bytes, now: float) -> None:
    """Prove that a delivery comes from the forge; raise WebhookRejected otherwise.

    The configuration chooses the proof and there is no falling back to another. GitHub: HMAC-SHA256 of
    the body in `X-Hub-Signature-256`. GitLab: `X-Gitlab-Token`, or the Standard Webhooks signature
    (`webhook-id`, `webhook-timestamp`, `webhook-signature`), at most 300 seconds old.
    """
    if forge.kind == "github":
        genuine = _github_signature_holds(secret, headers, body)
    elif forge.webhook_auth == "signature":
        genuine = _gitlab_signature_holds(secret, headers, body, now)
    else:
        genuine = _same(secret, headers.get("x-gitlab-token", ""))
    if not (secret and genuine):
        raise WebhookRejected(f"a delivery to {forge.id} is not signed by the forge")


def parse(forge: ForgeSettings, headers: Headers, body: bytes, bot: Bot) -> Event | Ignored:
    """Read an authenticated delivery; whatever it holds, the answer is an Event or Ignored."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return Ignored("the body is not JSON")
    if not isinstance(payload, dict):
        return Ignored("the body is not a JSON object")
    try:
        if forge.kind == "github":
            happening = read_github(headers.get("x-github-event", ""), payload, bot)
        else:
            happening = read_gitlab(payload, bot)
        _check_wanted(forge, happening)
    except Unwanted as unwanted:
        return Ignored(str(unwanted))
    return Event(
        forge=forge.id,
        project=happening.project,
        number=happening.number,
        trigger=happening.trigger,
        delivery=_delivery(forge, headers, body),
        head=happening.head,
        command=happening.command,
    )


def _check_wanted(forge: ForgeSettings, happening: Happening) -> None:
    project = happening.project.lower()
    if not any(fnmatchcase(project, glob.lower()) for glob in forge.projects):
        raise Unwanted("the project is not on the list")
    if happening.draft and not forge.review_drafts:
        raise Unwanted("a draft")


def _delivery(forge: ForgeSettings, headers: Headers, body: bytes) -> str:
    """Name the delivery the same on every resend, by what the proof covers where it covers anything.

    `X-GitHub-Delivery` is not signed, the body is: who replays it under another id gets the job that there
    is. `webhook-id` is signed, and the same as `Idempotency-Key`; `X-Gitlab-Webhook-UUID` would differ.
    """
    if forge.kind == "github":
        return hashlib.sha256(body).hexdigest()
    sent = headers.get("webhook-id" if forge.webhook_auth == "signature" else "idempotency-key", "")
    return sent if _DELIVERY.fullmatch(sent) else hashlib.sha256(body).hexdigest()


def _github_signature_holds(secret: str, headers: Headers, body: bytes) -> bool:
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return _same(f"sha256={expected}", headers.get("x-hub-signature-256", ""))


def _gitlab_signature_holds(secret: str, headers: Headers, body: bytes, now: float) -> bool:
    if not _is_recent(headers, now):
        return False
    sent_at = headers["webhook-timestamp"]
    signed = f"{headers.get('webhook-id', '')}.{sent_at}.".encode("utf-8", "replace") + body
    digest = hmac.new(_signing_key(secret), signed, hashlib.sha256).digest()
    expected = "v1," + base64.b64encode(digest).decode()
    offered = headers.get("webhook-signature", "").split()
    return any(_same(expected, signature) for signature in offered)


def _is_recent(headers: Headers, now: float) -> bool:
    sent_at = headers.get("webhook-timestamp", "")
    return bool(re.fullmatch(r"[0-9]{1,12}", sent_at)) and abs(now - int(sent_at)) <= SIGNATURE_WINDOW_S


def _signing_key(secret: str) -> bytes:
    """Return the key behind `whsec_`, empty if it is none."""
    if not secret.startswith(_SIGNING_PREFIX):
        return b""
    try:
        return base64.b64decode(secret.removeprefix(_SIGNING_PREFIX), validate=True)
    except binascii.Error:
        return b""


def _same(expected: str, offered: str) -> bool:
    return hmac.compare_digest(expected.encode(), offered.encode("utf-8", "replace"))
