"""What is written down of a model call and of a post: who, where, what came of it; texts as hashes only."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from reviewer.audit.seal import canonical
from reviewer.domain import ChangeRef, Errand, Message, ModelCall, Receipt

BROKEN = "broken"

Record = Mapping[str, str | int | Sequence[str] | None]


def of_call(call: ModelCall, redactions: int) -> Record:
    """Return the record of a model call that has ended; times in milliseconds."""
    usage = call.usage
    return {
        "kind": "call",
        **_errand(call.errand),
        "role": call.role.value,
        "purpose": call.purpose,
        "model": call.model,
        "served": call.served,
        "digest": call.digest,
        "endpoint": call.endpoint,
        "outcome": call.outcome,
        "began": _ms(call.began),
        "ms": _ms(usage.seconds),
        "first_token_ms": None if call.first_token_s is None else _ms(call.first_token_s),
        "prompt_tokens": usage.prompt_tokens,
        "cached_tokens": usage.cached_tokens,
        "completion_tokens": usage.completion_tokens,
        "prompt_sha256": hash_prompt(call.messages),
        "reply_sha256": hashlib.sha256(call.reply.encode("utf-8", "surrogatepass")).hexdigest(),
        "redactions": redactions,
    }


def of_posting(errand: Errand, what: str) -> Record:
    """Return the record that something is about to be written into a merge request."""
    return {"kind": "posting", **_errand(errand), "what": what}


def of_post(errand: Errand, receipt: Receipt) -> Record:
    """Return the record of what was written into a merge request: fingerprints, and codes of failures."""
    return {
        "kind": "post",
        **_errand(errand),
        "posted": list(receipt.posted),
        "unplaced": list(receipt.unplaced),
        "resolved": list(receipt.resolved),
        "failures": [warning.code for warning in receipt.failures],
    }


def of_loss(lost: int) -> Record:
    """Return the record that notes could not be kept until the log could be written again."""
    return {"kind": "lost", "notes": lost}


def of_break(number: int) -> Record:
    """Return the record that the log's end, as it was found after this entry, was not signed by us."""
    return {"kind": BROKEN, "after": number}


def of_pruning(first: int, last: int) -> Record:
    """Return the record that the oldest entries were removed, as their retention has it."""
    return {"kind": "pruned", "first": first, "last": last}


def hash_prompt(messages: Sequence[Message]) -> str:
    """Return the SHA-256 of `[[role, content], ...]` as canonical JSON."""
    turns = [[message.role, message.content] for message in messages]
    return hashlib.sha256(canonical(turns).encode()).hexdigest()


def _errand(errand: Errand) -> dict[str, str | int | None]:
    ref = errand.ref or ChangeRef("", "", 0, None, None, None)
    return {
        "actor": errand.actor,
        "job": errand.job,
        "forge": ref.forge,
        "project": ref.project,
        "mr": ref.number,
        "head": ref.head,
    }


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
