"""Take secrets out of anything that leaves the process: a prompt, a log line, a comment.

The patterns are broader than those that make findings: a placeholder too many costs a model little,
a password too many costs the company. All of them run on RE2, in time linear in the text. Lines keep
their numbers, so that a place in the redacted text is the same place in the original.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import re2

from reviewer.stages.credentials import PRIVATE_KEY_BEGIN, find_tokens
from reviewer.stages.passwords import find_passwords
from reviewer.stages.secret_values import is_distinct, is_word


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without secrets; `placeholders` stand for one secret each, in order of appearance.

    `count` is how many places were replaced.
    """

    text: str
    count: int
    placeholders: tuple[str, ...]


def redact(text: str, extra: Collection[str] = ()) -> Redacted:
    """Replace what looks like a secret, and every occurrence of the `extra` ones, by placeholders.

    The same secret gets the same placeholder `<redacted:kind:number>`. Line ends are never touched,
    and a redacted text redacts to itself. An `extra` of several lines counts line by line; what is
    shorter than six characters is left alone, for it would tear ordinary words apart.
    """
    return Redactor(extra).redact(text)


def count_placeholders(text: str) -> int:
    """Count the places of a text where a secret was taken out, or somebody wrote that one was."""
    return len(_PLACEHOLDER.findall(_encode(text)))


def mask(secret: str) -> str:
    """Show at most the first four characters of a secret, and never more than a quarter of it."""
    return secret[: min(4, len(secret) // 4)] + "****"


class Redactor:
    """Redacts several texts with one numbering, so that a secret has one name in all of them."""

    def __init__(self, extra: Collection[str] = ()) -> None:
        lines = {line.strip() for secret in extra for line in secret.splitlines()}
        self._extra = tuple(sorted(_encode(line) for line in lines if len(line) >= _SHORTEST_EXTRA))
        self._names: dict[bytes, bytes] = {}

    def learn(self, text: str) -> None:
        """Take note of the secrets that a text gives away by where they stand: they are hidden anywhere from now on.

        A value that may be a word or a name is not: it would tear others apart.
        """
        spans = _disjoint(self._spans(_encode(text)))
        learned = {
            span.secret
            for span in spans
            if len(span.secret) >= _SHORTEST_LEARNED and is_distinct(span.secret)
        }
        self._extra = tuple(sorted(learned.union(self._extra)))

    def redact(self, text: str) -> Redacted:
        """Redact one text, as the function of this name does."""
        encoded, count = _encode(text), 0
        used: dict[bytes, None] = {}
        # A replacement can complete another pattern; every round has less text left to replace.
        while spans := _disjoint(self._spans(encoded)):
            pieces, end = [], 0
            for span in spans:
                name = self._name(span)
                used[name] = None
                pieces += [encoded[end : span.start], name]
                end = span.end
            encoded = b"".join([*pieces, encoded[end:]])
            count += len(spans)
        return Redacted(_decode(encoded), count, tuple(_decode(name) for name in used))

    def _name(self, span: _Span) -> bytes:
        if span.secret not in self._names:
            prefix = b"<redacted:%b:" % span.kind.encode()
            number = 1 + sum(name.startswith(prefix) for name in self._names.values())
            self._names[span.secret] = b"%b%d>" % (prefix, number)
        return self._names[span.secret]

    def _spans(self, text: bytes) -> list[_Span]:
        taken = [match.span() for match in _PLACEHOLDER.finditer(text)]
        spans = [*_key_block_spans(text), *_pattern_spans(text), *_extra_spans(text, self._extra)]
        # What has no letter and no digit is punctuation: a placeholder's own backticks in a comment, say.
        clear = [span for span in spans if not _overlaps(span, taken) and _SUBSTANCE.search(span.secret)]
        return clear + [piece for span in spans if _overlaps(span, taken) for piece in _beside(span, text)]


@dataclass(frozen=True, slots=True)
class _Span:
    """Bytes start..end (exclusive) to replace; `secret` is what decides about the name."""

    start: int
    end: int
    kind: str
    secret: bytes


_SHORTEST_EXTRA = 6
_SHORTEST_LEARNED = 8
_SUBSTANCE = re2.compile(rb"[\pL\pN]")
_PLACEHOLDER = re2.compile(rb"<redacted:[a-z0-9-]+:[0-9]+>")

_NAME = (
    r"[\w.-]*(?:passw(?:or)?d|passwort|pwd|passphrase|secret|token|api[_.-]?key|access[_.-]?key|private[_.-]?key"
    r"|encrypt(?:ion)?[_.-]?key|signing[_.-]?key|credential|密码|口令|密钥)s?(?:[_.-]?(?:key|value|\d{1,2}))?"
)
# What stands where a value would: types and literals (`token: string`, `password: None`), masked secrets.
_NO_VALUE = re2.compile(
    rb"(?i)^(?:str|string|bytes?|char|int|integer|bool|boolean|object|any|unknown|undefined|none|null|nil|true|false"
    rb"|optional|required|void|number|text|varchar|password|secret|token|.{0,4}\*{4}"
    rb"|\$\{\{[\w\s.|&-]*\}\}|\$\{[\w.]+\}|\{\{[\w\s.|-]*\}\}|\$[A-Z_]+)$"
)
# Names with such a word in them that keep no secret: the public half of a key, numbers of tokens, a way into JSON.
_NO_SECRET_NAME = re2.compile(
    rb"(?i)public[\w.-]*[\"']?\s*[:=]|(?:max|min|num|prompt|completion|total|cached|input|output)\w*tokens|selecttokens?\("
)

# A sign of assignment, or of a neighbour on the same line.
# A bracket may open between them and a name stand in it: `"password": {"value": "..."}`.
_OPENS = r"(?:[({\[]\s{0,20}(?:[\"']?[a-z]{1,20}[\"']?\s{0,4}[:=]\s{0,4})?)?"
_GIVES = (
    r"[\"'\])]{0,3}"
    rf"(?:\s{{0,20}}(?::=|=>|[:=：＝])\s{{0,20}}{_OPENS}|[ \t]{{0,20}}[,(][ \t]{{0,20}})"
    r"[a-z]{0,2}"
)

_PATTERNS: tuple[tuple[str, Any], ...] = tuple(
    (kind, re2.compile(pattern.encode()))
    for kind, pattern in (
        # scheme://user:password@host
        ("uri-password", r"(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'<>]{0,200}:([^\s/@\"'<>]+)@"),
        # curl -u user:password
        (
            "curl-password",
            r"\bcurl\b[^\n]{0,500}?\s(?:-u|--user)[ =]?[\"']?[^\s:\"']{0,200}[\"']?:[\"']?([^\s\"'<>]+)",
        ),
        # Authorization: Bearer ..., and Basic, token, api-token headers
        (
            "authorization",
            r"(?i)\bauthorization[\"']?\s{0,3}[:=,]\s{0,3}[\"']?(?:(?:bearer|basic|token|digest)\s{1,3})?([^\s\"'<>{}$]{8,})",
        ),
        ("authorization", r"(?i)\bbearer\s{1,3}([a-z0-9._~+/=-]*[0-9][a-z0-9._~+/=-]{11,})"),
        # Cookie: name=..., as a header
        ("cookie", r"(?i)\bcookie[\"']?\s{0,3}[:,]\s{0,3}[\"']?([\w.-]+=[^\s\"'<>{}$][^\"'\n<>{}$]{7,})"),
        # sk-..., the keys of model providers
        ("api-key", r"\b(sk-[0-9A-Za-z_-]{20,})"),
        # Keys that a vendor's name stands beside
        ("api-key", r"(?i)\bsourcegraph[\"']?\s{0,3}[:=]\s{0,3}[\"']?([0-9a-f]{40})\b"),
        # ?access_token=...
        (
            "query-secret",
            r"(?i)[?&](?:access_token|auth_token|token|api_?key|key|secret|password|passwd|pwd|sig|signature)=([^&\s\"'<>]{6,})",
        ),
        # a quoted value given to such a name, or its neighbour
        ("password", rf"(?i){_NAME}{_GIVES}\"([^\"\n]{{4,500}})\""),
        ("password", rf"(?i){_NAME}{_GIVES}'([^'\n]{{4,500}})'"),
        # PASSWORD=..., db.password=... (no space, from the line's start: a settings file, not code)
        (
            "password",
            rf"(?im)^[\s\d+|>-]{{0,20}}(?:export\s|env\s|arg\s)?{_NAME}=([^\s\"'<>(){{}}\[\]$;,][^\s\"'<>(){{}}\[\];,]{{3,}})",
        ),
        # password: s3cret (YAML, a chat line): with a digit or a sign in it, to the end of the line
        (
            "password",
            rf"(?im)\b{_NAME}[\"']?\s{{0,20}}[:=：＝]\s{{0,20}}(?:- )?"
            r"([^\s\"'<>(){}\[\],;$]*[0-9!@#%^&*+/=~][^\s\"'<>(){}\[\],;]*)[ \t]*[\r,;]?$",
        ),
    )
)


# Tokens whose shape says little: taken where they do not read like words. JFrog, Twilio, PyPI, Discord.
_VAGUE_TOKENS = re2.compile(
    rb"\b((?:AKC|AP[0-9A-F])[0-9A-Za-z]{10,}|(?:SK|AC)[0-9a-z]{32}|pypi-AgE[0-9A-Za-z_-]{50,}"
    rb"|[A-Z][0-9A-Za-z]{23,25}\.[0-9A-Za-z_-]{6}\.[0-9A-Za-z_-]{27,38})"
)


def _pattern_spans(text: bytes) -> Iterator[_Span]:
    for shape, start, end in find_tokens(text):
        yield _Span(start, end, shape.kind, text[start:end])
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if not _NO_VALUE.search(match.group(1)) and not _NO_SECRET_NAME.search(match.group()):
                yield _Span(match.start(1), match.end(1), kind, match.group(1))
    for match in _VAGUE_TOKENS.finditer(text):
        if not is_word(match.group(1)):
            yield _Span(match.start(1), match.end(1), "token", match.group(1))
    for kind, start, end in find_passwords(text):
        yield _Span(start, end, kind, text[start:end])


def _extra_spans(text: bytes, secrets: Collection[bytes]) -> Iterator[_Span]:
    for secret in secrets:
        start = text.find(secret)
        while start >= 0:
            yield _Span(start, start + len(secret), "secret", secret)
            start = text.find(secret, start + len(secret))


_KEY_BODY_LIMIT = 20_000
_KEY_RUN = re2.compile(rb"[A-Za-z0-9+/=_-]{4,}")
_LONG_KEY_RUN = re2.compile(rb"[A-Za-z0-9+/=_-]{16,}")


def _key_block_spans(text: bytes) -> Iterator[_Span]:
    """Cover every run of key text between the markers: the lines may carry numbers, marks or quotes."""
    for begin in PRIVATE_KEY_BEGIN.finditer(text):
        start = begin.end()
        end = text.find(b"-----END", start, start + _KEY_BODY_LIMIT)
        # A block that a diff has cut off has no end: then only what is long enough to be key text.
        run, end = (_KEY_RUN, end) if end >= 0 else (_LONG_KEY_RUN, start + _KEY_BODY_LIMIT)
        body = text[start:end]
        for match in run.finditer(body):
            yield _Span(start + match.start(), start + match.end(), "private-key", body)


def _overlaps(span: _Span, taken: list[tuple[int, int]]) -> bool:
    at = bisect_left(taken, (span.end, 0))  # those from here on begin behind the span
    return at > 0 and taken[at - 1][1] > span.start


def _beside(span: _Span, text: bytes) -> Iterator[_Span]:
    """Yield what may be a secret of its own beside the placeholders in a span: anybody can write those."""
    start = span.start
    for match in (*_PLACEHOLDER.finditer(text[span.start : span.end]), None):
        end = span.end if match is None else span.start + match.start()
        if is_distinct(text[start:end]):
            yield _Span(start, end, span.kind, text[start:end])
        start = end if match is None else span.start + match.end()


def _disjoint(spans: list[_Span]) -> list[_Span]:
    """Join overlapping spans, so that no end of a secret sticks out."""
    joined: list[_Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        last = joined[-1] if joined else None
        if last is None or span.start >= last.end:
            joined.append(span)
        elif span.end > last.end:
            joined[-1] = _Span(last.start, span.end, last.kind, last.secret + span.secret)
    return joined


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "surrogatepass")
