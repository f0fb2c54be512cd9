"""What makes two model calls the same call, and which replies are worth keeping for the next one."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from reviewer.config import ModelSettings
from reviewer.domain import Completion, Profile
from reviewer.ports import ModelRequest
from reviewer.stages.reasoning import split

_VERSION = 1  # of what the key is made of


def key_of(
    request: ModelRequest,
    settings: ModelSettings,
    profile: Profile,
    *,
    context: int,
    digest: str,
    endpoint: str,
) -> str:
    """Return a name for everything that decides a reply.

    The limit on the reply is no part of it: a reply that came to its own end within a limit is the reply
    for every limit that holds it, and callers compute theirs from counts that differ from run to run.
    Where the server does not tell its weights' digest, the endpoint stands in for it; a model replaced
    under the same name there is then not noticed.
    """
    parts: dict[str, Any] = {
        "version": _VERSION,
        "backend": settings.backend,
        "served": settings.model,
        "weights": digest or f"at {endpoint}",
        "messages": [[message.role, message.content] for message in request.messages],
        "schema": request.schema,
        "sampling": dict(profile.sampling),
        "thinking": [profile.thinking, request.think],
        "seed": request.seed,
        "context": context,
    }
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def is_worth_keeping(request: ModelRequest, completion: Completion) -> bool:
    """Say whether a reply is whole, says something, and is what was asked for."""
    answer = split(completion.text)[1]
    if completion.finish != "stop" or not answer.strip():
        return False
    if request.readable is not None:
        return request.readable(answer)
    return request.schema is None or _has_form(answer, request.schema)


def _has_form(answer: str, schema: dict[str, Any]) -> bool:
    try:
        read = json.loads(answer)
    except ValueError:
        return False
    return isinstance(read, dict) and all(key in read for key in schema.get("required", ()))
