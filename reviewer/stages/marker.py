"""The hidden marker by which the bot knows its own comments again.

`<!-- reviewer:v1:<fingerprint>:<run>:<hmac> -->`, the HMAC-SHA256 (128 bits of it) keyed by the
instance key over every field, the project and the merge request's number: copied into another merge
request, or written by anyone without the key, a marker says nothing.
"""

from __future__ import annotations

import hmac
import json
import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from reviewer.domain import ChangeRef

SUMMARY = "summary"
"""Stands in the place of the fingerprint in the marker of the summary note."""

OPENING = "<!-- reviewer:"
"""What no text of a stranger may contain when it is posted."""

_MARKER = re.compile(r"<!-- reviewer:v1:([0-9a-z]{1,64}):([0-9A-Za-z%._~]{0,600}):([0-9a-f]{32}) -->")


@dataclass(frozen=True, slots=True)
class Marker:
    """What a comment of ours says of itself: the fingerprint (or `summary`) and the run that wrote it."""

    fingerprint: str
    run: str


def write(key: bytes, ref: ChangeRef, marker: Marker) -> str:
    """Write the marker of a comment; raise ValueError for fields that could not be read back."""
    run = _escape(marker.run)
    text = f"<!-- reviewer:v1:{marker.fingerprint}:{run}:{_sign(key, ref, marker.fingerprint, run)} -->"
    if not _MARKER.fullmatch(text):
        raise ValueError(f"not a fingerprint and a run: {marker}")
    return text


def read(body: str, key: bytes, ref: ChangeRef) -> Marker | None:
    """Return the marker of a comment; None if there is none, more than one, or one that is not ours.

    Whether the bot wrote the comment is another question: ask `Note.by_bot` as well.
    """
    if body.count(OPENING) != 1:
        return None
    match = _MARKER.search(body)
    if match is None:
        return None
    fingerprint, run, signature = match.groups()
    if not hmac.compare_digest(signature, _sign(key, ref, fingerprint, run)):
        return None
    return Marker(fingerprint, unquote(run))


def _sign(key: bytes, ref: ChangeRef, fingerprint: str, run: str) -> str:
    fields = json.dumps(["reviewer", "v1", ref.project, ref.number, fingerprint, run])
    return hmac.digest(key, fields.encode(), "sha256").hex()[:32]


def _escape(run: str) -> str:
    """Keep colons, which part the fields, and hyphens, which end an HTML comment, out of the run."""
    return quote(run, safe="").replace("-", "%2D")
