"""Recognise passwords that only their surroundings give away: assignments, URIs, `curl -u`.

A pattern proposes, filters dispose: what refers to a value, stands for one, or has too little in it to
be one, is left alone. The patterns run on RE2 over bytes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

import re2

_NAME = (
    r"[\w.-]*(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_.-]?key|access[_.-]?key|private[_.-]?key"
    r"|auth[_.-]?key|encrypt(?:ion)?[_.-]?key|credential|密码|口令)"
)
_ASSIGN = r"[\"'\]]{0,2}\s{0,5}(?::=|=>|[:=,])\s{0,5}"
_ASSIGNED = (
    re2.compile(rf'(?i){_NAME}{_ASSIGN}"([^"\n]{{6,200}})"'.encode()),
    re2.compile(rf"(?i){_NAME}{_ASSIGN}'([^'\n]{{6,200}})'".encode()),
)
# A file in which a bare `name=value` is a setting and not code.
_SETTINGS_FILES = (".env", ".properties", ".yml", ".yaml", ".ini", ".cfg", ".conf", ".toml")
_SETTING = re2.compile(
    rf"(?im)^[ \t]*(?:export |env |arg |- )?{_NAME}[ \t]{{0,3}}[:=][ \t]{{0,3}}([^\s\"'#,;]{{6,200}})\s*$".encode()
)
_IN_PLACE = (
    (
        "uri-password",
        re2.compile(rb"\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s/:@\"'<>]{0,100}:([^\s/@\"'<>]{3,100})@[\w.\[-]"),
    ),
    (
        "curl-password",
        re2.compile(
            rb"\bcurl\b[^\n]{0,300}?\s(?:-u|--user)[ =]{0,3}[\"']?[^\s:\"']{0,100}\"?:\"?([^\s\"']{3,100})"
        ),
    ),
    (
        "authorization",
        re2.compile(
            rb"(?i)\bauthorization[\"']?\s{0,3}[:=,]\s{0,3}[\"']?(?:bearer|basic|token)?\s{0,3}([a-z0-9._~+/=-]{16,})"
        ),
    ),
)

_PLACEHOLDER = re2.compile(
    rb"(?i)\$\{|\$\(|\{\{|\}\}|[<>]|%[sdv(]|%\w+%|\$[a-z_]|\$[0-9]|\.\.\.|xxx|yyy|\*\*\*|your|example|sample"
    rb"|change.?(?:me|it)|placeholder|dummy|test|fake|mock|todo|none|null|undefined|insert|replace|redacted"
    rb"|123456|abcdef|^(?:my|some|the|a)?[_-]?(?:pass|passwd|password|pwd|secret|token|key|user|username)\d{0,3}$"
)
_PUBLIC = re2.compile(rb"(?i)[\w.-]*public")
# Names, calls, paths, sentences, numbers: what points to a value instead of being one.
_REFERENCE = re2.compile(
    rb"^[A-Za-z_$]+(?:[.:/_-][A-Za-z_$]+)*$|^[A-Za-z]+(?:\.[A-Za-z0-9]+)+$|^[a-z]+(?:[_/-][a-z0-9]+)+$|^[\d.,:/-]+$"
    rb"|[\s(){}\[\]]|^\.{0,2}/|^https?:|^[@#-]"
)


def find_passwords(text: bytes, path: str) -> Iterator[tuple[str, int, int]]:
    """Find passwords in a text, as their kind and the bytes start..end (exclusive).

    The path says whether a bare `name=value` is to be believed.
    """
    assigned = (*_ASSIGNED, _SETTING) if path.lower().endswith(_SETTINGS_FILES) else _ASSIGNED
    for pattern in assigned:
        for match in pattern.finditer(text):
            if _looks_chosen(match.group(1)) and not _PUBLIC.match(match.group()):
                yield "password", match.start(1), match.end(1)
    for kind, pattern in _IN_PLACE:
        for match in pattern.finditer(text):
            value = match.group(1)
            if _looks_chosen(value) if kind == "authorization" else not is_placeholder(value):
                yield kind, match.start(1), match.end(1)


def is_placeholder(value: bytes) -> bool:
    """Say whether a value stands for a secret, or says that it is none."""
    return bool(_PLACEHOLDER.search(value)) or (len(value) >= 8 and len(set(value)) < 5)


def _looks_chosen(value: bytes) -> bool:
    """Say whether somebody or something made this up: mixed characters, no reference."""
    if is_placeholder(value) or _REFERENCE.search(value):
        return False
    letters, digits = any(map(_is_letter, value)), any(0x30 <= char <= 0x39 for char in value)
    signs = any(not _is_letter(char) and not 0x30 <= char <= 0x39 and char not in b"-_. " for char in value)
    return letters + digits + signs >= 2 and _entropy(value) >= 2.5


def _is_letter(char: int) -> bool:
    return chr(char).isalpha()


def _entropy(value: bytes) -> float:
    """Return Shannon's entropy in bits per byte."""
    counts = Counter(value).values()
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts)
