"""Tell values that somebody or something made up from words, references and placeholders."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections import Counter
from itertools import pairwise

import re2

_LONGEST = 200  # bytes: what is longer is no password, and no key that only its name gives away
_PLACEHOLDER = re2.compile(
    rb"(?i)\$\{|\$\(|\{\{|\}\}|<[^>]*>|%[sdv(]|^%\w+%$|^\$\w|\$[a-z_]{4}|\.\.\.|xxx|yyy|\*\*\*|your|example|sample"
    rb"|change.?(?:me|it|this)|placeholder|dummy|test|fake|mock|todo|none|null|undefined|insert|replace|redacted"
    rb"|secret.?(?:here|value|name)|abcdef|^(?:ENC|vault|env|file|ref|secret)[(:]|^@[\w.]+@$"
    rb"|^(?:root|guest|postgres|user(?:name)?|anonymous)$|^(?:my|some|the|a|db|root|user|super)?[_.-]?(?:pass|passwd|password|passwort|pwd|secret|token|key|user|username"
    rb"|foo|bar|baz|foobar|hunter|letmein|welcome|demo|default|string|login|value)s?[_.!-]?\d{0,3}$"
)
_SEQUENCES = (b"01234567890123456789", b"98765432109876543210")
# What points to a value instead of being one: calls, paths, sentences, patterns, types.
_REFERENCE = re2.compile(
    rb"\s|\(.*\)|\[.*\]|\{.*\}|^[(){}\[\]|=,;]|^\.{0,2}/|^[A-Za-z]:\\|://|^[.]\w|^-|\\[dwsb]|\.\*|::|->|=>|\|\||&&"
    rb"|^(?:arn|urn|data|projects|md5):|^sha\d+[:-]|^[#@][\w.-]+$|^#|^0x[0-9A-Fa-f]+$"
)
_STRONG_SIGNS = frozenset(b"!@#$%^&*+?~=")
_PART = re.compile(rb"[^A-Za-z0-9]+")
_NAME_AND_NUMBER = re.compile(rb"[A-Za-z]*[0-9]+\Z")
_RUN = re.compile(rb"[A-Za-z]+")
_PIECE = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_UUID = re.compile(rb"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")

# How often one letter follows another in the words of programs, from 0 (never) to 9, 5.4 being chance:
# a row for each first letter, a digit for each second. Counted over the identifiers of public code.
_FOLLOWS = (
    b"36661351504757250768542141", b"74547321731832720663732040", b"70427207506631810647510130",
    b"75459331821543720563621131", b"63675441310657252876243520", b"73137720900721820645602250",
    b"63248366711636632864611131", b"81339100801444730636601050", b"54655550001659751567250205",
    b"83448341833341654381714311", b"61449443832504540574414041", b"72358200802722730155531060",
    b"85238110811462770252520030", b"62677581614314521278441021", b"44651450424668560866655220",
    b"72238035602720760856501040", b"51333111613711131553935111", b"82559340704354730566531050",
    b"51628227704433663078613040", b"72538216800432720765502050", b"66546340600768460777110321",
    b"82339231800133611331401041", b"80338236804416732664121110", b"53747204823450080008420640",
    b"64556442733656682676434033", b"73149117711443631141413455",
)  # fmt: skip
# The least likeness to a word that makes a value one; passwords are more often mere letters than keys.
_WORD_AS_PASSWORD, _WORD_AS_KEY = 4.8, 4.4
_SHORT_WORD = 0.4  # less for up to six letters, which vary more


def is_placeholder(value: bytes) -> bool:
    """Say whether a value stands for a secret, or says that it is none."""
    return bool(_PLACEHOLDER.search(value)) or _is_monotonous(value)


def is_chosen(value: bytes) -> bool:
    """Say whether a value may be a password: no placeholder, no reference, no mere word or number."""
    if not 5 <= len(value) <= _LONGEST or not _may_be_secret(value):
        return False
    if value.isdigit():
        return len(value) >= 6
    if has_signs(value):
        return sum(map(_is_word_char, value)) >= 4
    return not _is_wordy(value, 2, _WORD_AS_PASSWORD) and (len(value) >= 6 or any(map(_is_digit, value)))


def is_random(value: bytes, shortest: int = 8) -> bool:
    """Say whether a value looks drawn by a machine, as keys and tokens are."""
    if not shortest <= len(value) <= _LONGEST or not _may_be_secret(value) or value.isdigit():
        return False
    mixed = any(map(_is_digit, value)) or len(value) >= 16
    return mixed and _entropy(value) >= 2.4 and not is_word(value)


def is_given(value: bytes) -> bool:
    """Say whether a value may be a password where only a password can stand: a word is enough."""
    return 4 <= len(value) <= _LONGEST and _may_be_secret(value)


def is_basic_pair(value: bytes) -> bool:
    """Say whether base64 text holds a name and a password, as HTTP's basic authentication has it (RFC 7617)."""
    try:
        user, colon, password = base64.b64decode(value + b"=" * (-len(value) % 4), validate=True).partition(
            b":"
        )
    except binascii.Error:
        return False
    return (
        bool(user and colon)
        and (user + password).isascii()
        and is_given(password)
        and password != b"open sesame"
    )


def is_web_token(value: bytes) -> bool:
    """Say whether the first part of a JSON web token names an algorithm (RFC 7519); a made-up one seldom does."""
    header = value.partition(b".")[0]
    try:
        decoded = json.loads(base64.urlsafe_b64decode(header + b"=" * (-len(header) % 4)))
    except ValueError:  # binascii's and json's errors, and that of bytes which are no UTF-8
        return False
    return isinstance(decoded, dict) and "alg" in decoded


def is_uuid(value: bytes) -> bool:
    """Say whether a value is a UUID: often a key, more often an id."""
    return bool(_UUID.match(value))


def is_word(value: bytes) -> bool:
    """Say whether a value reads like a word, or a name made of words."""
    return not _is_monotonous(value) and _is_wordy(value, 8, _WORD_AS_KEY)


def is_distinct(value: bytes) -> bool:
    """Say whether a value can be told from ordinary words and code wherever it stands."""
    return is_chosen(value) and not is_word(value)


def has_signs(value: bytes) -> bool:
    """Say whether a value has a sign that words and names do not have."""
    return any(char in _STRONG_SIGNS for char in value)


def _may_be_secret(value: bytes) -> bool:
    return value.isascii() and not is_placeholder(value) and not _REFERENCE.search(value)


def _is_monotonous(value: bytes) -> bool:
    if len(value) >= 8 and len(set(value)) < 5:
        return True
    return value.isdigit() and (len(set(value)) < 3 or any(value in sequence for sequence in _SEQUENCES))


def _is_wordy(value: bytes, digits: int, least: float) -> bool:
    """Say whether every part is a word, or a number of at most so many digits."""
    return all(_is_word(part, digits, least) for part in _PART.split(value) if part)


def _is_word(part: bytes, digits: int, least: float) -> bool:
    pieces = _PIECE.findall(part)
    numbers = [piece for piece in pieces if piece.isdigit()]
    if any(len(number) > digits for number in numbers) or len(pieces) > 2 + len(part) // 4:
        return False
    if least == _WORD_AS_PASSWORD and numbers and not _NAME_AND_NUMBER.match(part):
        return False
    if len(numbers) > 1 and len(part) >= 8:
        return False
    letters = b"".join(piece for piece in pieces if not piece.isdigit())
    runs = _RUN.findall(part) if numbers else [letters]
    return all(
        _likeness(run.lower()) >= least - _SHORT_WORD * (len(run) < 7) for run in runs if len(run) >= 4
    )


def _likeness(letters: bytes) -> float:
    """Return how much a run of small letters reads like a word, from 0 to 9."""
    pairs = pairwise(letters)
    return sum(_FOLLOWS[first - 97][second - 97] - 48 for first, second in pairs) / (len(letters) - 1)


def _is_digit(char: int) -> bool:
    return 0x30 <= char <= 0x39


def _is_word_char(char: int) -> bool:
    return _is_digit(char) or chr(char).isalpha()


def _entropy(value: bytes) -> float:
    """Return Shannon's entropy in bits per byte."""
    counts = Counter(value).values()
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts)
