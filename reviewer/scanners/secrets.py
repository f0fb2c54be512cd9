"""Find secrets on added lines: Kingfisher as a library, and a table of our own for what it does not know.

Nothing is checked online: only Kingfisher's detection is used, its validators are never built. Nor is
any comment obeyed that would silence it. A secret is never shown whole.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from parsers.diff import Side
from parsers.source import decode
from reviewer.domain import (
    Category,
    ChangedFile,
    ChangeSet,
    Confidence,
    Finding,
    ReviewWarning,
    Severity,
    Source,
)
from reviewer.ports import ScanReport
from reviewer.scanners.allowed_secrets import AllowList
from reviewer.scanners.newside import NewSide, new_side
from reviewer.scanners.rulefile import TextLanguage
from reviewer.stages.anchor import anchor
from reviewer.stages.credentials import PRIVATE_KEY_BEGIN, find_tokens
from reviewer.stages.passwords import find_passwords
from reviewer.stages.redact import mask, redact
from reviewer.stages.secret_values import is_placeholder, is_web_token

if TYPE_CHECKING:
    from kingfisher_sdk import Scanner as Kingfisher

_CRITICAL = frozenset({"private-key", "aws-secret-access-key", "huawei-secret-key"})  # whole by themselves
_KEY_TEXT = re.compile(rb"[A-Za-z0-9+/=]{40}")
_KEY_LIMIT = 20_000
_DUMMY = re.compile(rb"(?i)x{4}|example|your")
_GAVE_UP = (TimeoutError, RuntimeError)  # what Kingfisher raises when its time is over, or it cannot start
_FEWEST_DIFFERENT = 5  # AKIAZZZZZZZZZZZZZZZZ is made up
# Tests, examples and documents, where passwords are often made up.
_SHOWN_PATH = re.compile(
    r"(?i)(^|[/._-])(tests?|testing|testdata|specs?|fixtures?|examples?|samples?|mocks?|demos?|docs?)([/._-]|$)"
    r"|(?-i:Tests?|Spec)\.\w+$|\.(md|rst|adoc)$"
)

_PASSWORD_TITLES = {
    "password": ("hard-coded password", "硬编码口令"),
    "key": ("hard-coded key or token", "硬编码密钥或令牌"),
    "uri-password": ("password in a URI", "URI 中的口令"),
    "curl-password": ("password on a command line", "命令行中的口令"),
    "authorization": ("credentials in a header", "请求头中的凭证"),
}
# Kingfisher's guesses that are made here as well, and closer: ours come first, of URIs only ours.
_GUESSES = {"curl-auth-user": "curl-password", "curl-auth-header": "authorization"}
_NOT_ASKED = "generic-credential-uri"
_TEXTS = {
    "en": (
        "Secret in the code: {title}",
        "This looks like a real secret: {title}, {masked}.",
        "Everyone who can read the repository, its history or a copy of it can use it. Revoke it where it was "
        "issued, put a new one into the environment or a secret store, and read it from there; to delete the "
        "line is not enough.",
    ),
    "zh-CN": (
        "代码中的秘密：{title}",
        "这看起来是真实的秘密：{title}，{masked}。",
        "能读到仓库、其历史或任何副本的人都能使用它。请先到签发方吊销，把新的放进环境变量或密钥管理系统，"
        "再从那里读取；只删除这一行是不够的。",
    ),
}


@dataclass(frozen=True, slots=True)
class _Secret:
    """Bytes start..end (exclusive) of a text; `titles` name the kind in English and Chinese."""

    kind: str
    titles: tuple[str, str]
    confidence: Confidence
    start: int
    end: int
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Placed:
    """A secret on changed lines (1-based, inclusive)."""

    secret: _Secret
    lines: tuple[int, int]


class SecretScanner:
    """Finds secrets; `cache_dir` keeps Kingfisher's compiled rules (3 s to start without, 0.3 s with).

    Kingfisher takes at most `seconds` for one file. What is `allowed` brings no finding, but is counted in a
    warning, and redacted all the same.
    """

    name = "secrets"
    thorough = True

    def __init__(
        self,
        cache_dir: Path | None,
        language: TextLanguage = "en",
        *,
        allowed: AllowList | None = None,
        seconds: float = 20.0,
    ) -> None:
        self._language = language
        self._allowed = allowed or AllowList()
        self._seconds = seconds
        self._kingfisher = cache(partial(_load_kingfisher, cache_dir))

    def speaking(self, language: TextLanguage) -> SecretScanner:
        """Return this scanner with findings in that language; what it has loaded is shared."""
        other = copy(self)
        other._language = language
        return other

    def scan(self, change: ChangeSet) -> ScanReport:
        """Look at the added lines of all files, of any language and also of a bare diff."""
        findings: list[Finding] = []
        warnings: list[ReviewWarning] = []
        values: set[str] = set()
        for file in change.files:
            text = _new_text(file)
            try:
                secrets = self._find(text, file.path)
            except _GAVE_UP as err:
                message = f"the search for secrets did not end: {err}"
                warnings.append(ReviewWarning("scanner-failed", message, file.path, undecided=True))
                secrets = _known_to_us(text, file.path)
            placed = list(_placed(secrets, text, file))
            unknown = [one for one in placed if not self._allowed.allows(file.path, one.secret.value)]
            if len(unknown) < len(placed):
                message = f"{len(placed) - len(unknown)} secrets that the configuration allows"
                warnings.append(ReviewWarning("secret-allowed", message, file.path))
            findings += self._findings(unknown, secrets, text, file.path)
            values |= _texts_of((*secrets, *self._find_anyway(_old_text(file), file.path)))
        return ScanReport(tuple(findings), tuple(warnings), secrets=tuple(sorted(values)))

    def values(self, change: ChangeSet) -> frozenset[str]:
        """Return every secret of both sides whole, changed lines or not, for `redact` to take out.

        They must never be stored, logged or shown.
        """
        return frozenset(
            value
            for file in change.files
            for text in (_new_text(file), _old_text(file))
            for value in _texts_of(self._find_anyway(text, file.path))
        )

    def _find(self, text: bytes, path: str) -> list[_Secret]:
        """Find the secrets of a text; the more certain source names a place. Raises what Kingfisher does."""
        if not text:
            return []
        known = list(self._known_to_kingfisher(text))
        certain = (secret for secret in known if secret.confidence is Confidence.HIGH)
        return _one_each((*_keys(text), *_tokens(text), *certain, *_passwords(text, path), *known))

    def _find_anyway(self, text: bytes, path: str) -> list[_Secret]:
        try:
            return self._find(text, path)
        except _GAVE_UP:  # `scan` has said so; what our own table knows is better than nothing
            return _known_to_us(text, path)

    def _known_to_kingfisher(self, text: bytes) -> Iterator[_Secret]:
        for found in self._kingfisher().scan(text, timeout=self._seconds):
            start, end = found.location["start_offset"], found.location["end_offset"]
            value = text[start:end]
            name = re.sub(r"[^a-z0-9]+", "-", found.rule_id.lower().partition(".")[2]).strip("-") or "secret"
            kind = _GUESSES.get(name, name)
            guessed = kind in _PASSWORD_TITLES
            if not found.visible or name == _NOT_ASKED or (guessed and is_placeholder(value)):
                continue
            if _is_sound(kind, value):
                words = name.replace("-", " ")
                titles = _PASSWORD_TITLES.get(kind, (words, f"凭证（{words}）"))
                confidence = Confidence.MEDIUM if guessed else Confidence.HIGH
                yield _Secret(kind, titles, confidence, start, end, value)

    def _findings(
        self, placed: Sequence[_Placed], secrets: Sequence[_Secret], text: bytes, path: str
    ) -> Iterator[Finding]:
        if placed:
            masked = _masked_side(secrets, text)
            for one in placed:
                yield self._finding(one.secret, path, one.lines, masked.quote(*one.lines, most=3))

    def _finding(self, secret: _Secret, path: str, lines: tuple[int, int], evidence: str) -> Finding:
        title, message, why = _TEXTS[self._language]
        name = secret.titles[self._language == "zh-CN"]
        shown = mask(secret.value.decode("utf-8", "replace").strip())
        unsure = secret.confidence is Confidence.MEDIUM and _SHOWN_PATH.search(path)
        severity = Severity.MEDIUM if unsure else Severity.HIGH
        return Finding(
            rule_id=f"secret/{secret.kind}",
            source=Source.SECRET,
            severity=Severity.CRITICAL if secret.kind in _CRITICAL else severity,
            confidence=Confidence.LOW if unsure else secret.confidence,
            category=Category.SECRET,
            path=path,
            side=Side.NEW,
            start_line=lines[0],
            end_line=lines[1],
            title=title.format(title=name),
            message=message.format(title=name, masked=shown),
            why=why,
            cwe=("CWE-798",),
            evidence=evidence,
        )


def _new_text(file: ChangedFile) -> bytes:
    side = new_side(file)
    return "\n".join(side.lines).encode("utf-8", "replace") if side else b""


def _old_text(file: ChangedFile) -> bytes:
    if file.old is None or file.diff.is_binary:
        return b""
    return decode(file.old).text.encode("utf-8", "replace")


def _texts_of(secrets: Iterable[_Secret]) -> set[str]:
    return {secret.value.decode("utf-8", "replace") for secret in secrets}


def _known_to_us(text: bytes, path: str) -> list[_Secret]:
    return _one_each((*_keys(text), *_tokens(text), *_passwords(text, path)))


def _one_each(secrets: Iterable[_Secret]) -> list[_Secret]:
    """Keep the first secret of every place, in the order of the text."""
    kept: list[_Secret] = []
    for secret in secrets:
        at = bisect_left(kept, secret.start, key=lambda other: other.start)
        before = at > 0 and kept[at - 1].end > secret.start
        after = at < len(kept) and kept[at].start < secret.end
        if not before and not after:
            kept.insert(at, secret)
    return kept


def _placed(secrets: Sequence[_Secret], text: bytes, file: ChangedFile) -> Iterator[_Placed]:
    line, counted = 1, 0
    for secret in secrets:
        # A key's text begins with the line feed after its marker, and ends with one.
        line, counted = line + text.count(b"\n", counted, secret.start + 1), secret.start + 1
        lines = anchor(file, Side.NEW, line, line + text.count(b"\n", counted, secret.end - 1))
        if lines:
            yield _Placed(secret, lines)


def _load_kingfisher(cache_dir: Path | None) -> Kingfisher:
    from kingfisher_sdk import Rules, Scanner  # 46 MB of memory: only when it is needed

    return Scanner(Rules(cache=cache_dir is not None, cache_dir=cache_dir))


def _keys(text: bytes) -> Iterator[_Secret]:
    """Find private key blocks; a block that a diff has cut off ends with the text it shows."""
    for begin in PRIVATE_KEY_BEGIN.finditer(text):
        start = begin.end()
        end = text.find(b"-----END", start, start + _KEY_LIMIT)
        body = text[start : end if end >= 0 else start + _KEY_LIMIT]
        if _KEY_TEXT.search(body):
            titles = ("private key", "私钥")
            yield _Secret("private-key", titles, Confidence.HIGH, start, start + len(body), body)


def _tokens(text: bytes) -> Iterator[_Secret]:
    for shape, start, end in find_tokens(text):
        value = text[start:end]
        if _is_sound(shape.kind, value) and not _DUMMY.search(value):
            yield _Secret(shape.kind, (shape.title, shape.title_zh), Confidence.HIGH, start, end, value)


def _is_sound(kind: str, value: bytes) -> bool:
    if kind in ("json-web-token", "jwt"):
        return is_web_token(value)
    return len(set(value)) >= _FEWEST_DIFFERENT


def _passwords(text: bytes, path: str) -> Iterator[_Secret]:
    for kind, start, end in find_passwords(text, path):
        yield _Secret(kind, _PASSWORD_TITLES[kind], Confidence.MEDIUM, start, end, text[start:end])


def _masked_side(secrets: Iterable[_Secret], text: bytes) -> NewSide:
    """Write the text with every secret masked, its lines where they were."""
    pieces, end = [], 0
    for secret in secrets:
        shown = mask(secret.value.decode("utf-8", "replace").strip()).encode()
        pieces += [text[end : secret.start], shown, b"\n" * secret.value.count(b"\n")]
        end = secret.end
    masked = b"".join([*pieces, text[end:]]).decode("utf-8", "replace")
    return NewSide(tuple(redact(masked).text.split("\n")), whole=True)
