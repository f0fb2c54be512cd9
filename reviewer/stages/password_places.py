"""The places where passwords and keys stand, and what makes their values believable there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import re2

from reviewer.stages.secret_names import Kept, read_name
from reviewer.stages.secret_values import (
    has_signs,
    is_basic_pair,
    is_chosen,
    is_given,
    is_placeholder,
    is_random,
    is_uuid,
)

# How a file is written decides about bare values: they are expressions in code, words in translations.
_CODE = (
    ".py .pyi .java .kt .kts .scala .groovy .gradle .go .rs .swift .dart .lua .js .jsx .mjs .cjs .ts .tsx .vue .html "
    ".htm .css .scss .less .svg .c .h .cc .cpp .hpp .cs .vb .m .mm .php .rb .pl .pm .r .sql .ex .json .jsonl .ipynb "
    ".po .pot .lock .sum .diff .patch .snap .proto .graphql"
)
_PROSE = ".md .rst .txt .adoc .tex"
_SCRIPT = ".sh .bash .zsh .bat .cmd .ps1 .mk makefile jenkinsfile"
_TRANSLATION = re2.compile(
    r"(^|/)(i18n|l10n|locales?|lang|langs|languages?|translations?)(/|$)"
    r"|(^|/)(messages?|strings)([_.-][\w-]+)?\.(properties|xml|json)$"
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a pattern has found; `start` is where the value begins."""

    name: str
    user: bytes
    scheme: bytes
    value: bytes
    start: int


_Judge = Callable[[_Seen], str]


@dataclass(frozen=True, slots=True)
class Place:
    """A pattern, and what says which kind of secret its value is, if any.

    Group v1 (or v2, v3) is the value; `name`, `user` and `scheme` are what stands beside it.
    """

    pattern: Any  # a compiled re2 pattern; the package has no types
    judge: _Judge

    def find(self, text: bytes) -> Iterator[tuple[str, int, int]]:
        """Find secrets here, as their kind and the bytes start..end (exclusive)."""
        for match in self.pattern.finditer(text):
            seen = self._read(match)
            kind = self.judge(seen)
            if kind:
                yield kind, seen.start, seen.start + len(seen.value)

    def _read(self, match: Any) -> _Seen:
        groups: dict[bytes, int] = self.pattern.groupindex
        found = {name: match.group(number) for name, number in groups.items()}
        group = next(name for name in (b"v1", b"v2", b"v3") if found.get(name) is not None)
        return _Seen(
            name=(found.get(b"name") or b"").decode("utf-8", "replace"),
            user=found.get(b"user") or b"",
            scheme=found.get(b"scheme") or b"",
            value=found[group],
            start=match.start(groups[group]),
        )


def places_for(path: str) -> tuple[Place, ...]:
    """Return the places that a file of this path may have; without a path, all of them."""
    if not path:
        return _compile("unknown")
    lowered = path.lower()
    if _TRANSLATION.search(lowered):
        return _compile("translation")
    for manner, endings in (("code", _CODE), ("prose", _PROSE), ("script", _SCRIPT)):
        if lowered.endswith(tuple(endings.split())):
            return _compile(manner)
    return _compile("settings")


@cache
def _compile(manner: str) -> tuple[Place, ...]:
    return tuple(Place(re2.compile(f"(?i){text}".encode()), judge) for text, judge in _BY_MANNER[manner])


# --- judges ---------------------------------------------------------------------------------------


def _named(seen: _Seen) -> str:
    """Judge a value by the name that it is given."""
    kept, value = read_name(seen.name), seen.value
    if kept is Kept.PASSWORD:
        return "password" if is_chosen(value) else ""
    if kept is Kept.PAIR:
        return _pair(seen)
    if kept is Kept.ANY_KEY:
        return "key" if is_random(value, 20) and not is_uuid(value) else ""
    return "key" if kept is Kept.KEY and (is_random(value) or (is_chosen(value) and has_signs(value))) else ""


def _handed(seen: _Seen) -> str:
    """Judge what is handed to a function: one that takes a secret, not one that looks it up."""
    name = seen.name.rpartition(".")[2].lower()
    return _named(seen) if name.startswith(("set", "with", "pass", "pwd", "secret", "token")) else ""


def _parameter(seen: _Seen) -> str:
    """Judge a parameter of an address; addresses are full of short ids, and of keys to join a group."""
    if read_name(seen.name) is Kept.PASSWORD:
        return _named(seen)
    public = is_uuid(seen.value) or not is_random(seen.value, 16) or seen.name.lower() == "authkey"
    return "" if public else _named(seen)


def _given(seen: _Seen) -> str:
    """Judge what can only be a password; one that repeats the user's name protects nothing."""
    return "password" if is_given(seen.value) and seen.value != seen.user else ""


def _curl(seen: _Seen) -> str:
    return "curl-password" if _given(seen) else ""


def _uri(seen: _Seen) -> str:
    value = seen.value
    return "uri-password" if len(value) >= 3 and not is_placeholder(value) and value != seen.user else ""


def _chosen(seen: _Seen) -> str:
    return "password" if is_chosen(seen.value) else ""


def _random(seen: _Seen) -> str:
    return "key" if is_random(seen.value, 12) else ""


def _header(seen: _Seen) -> str:
    if seen.scheme.lower() == b"basic":
        return _pair(seen)
    return "authorization" if is_random(seen.value, 16) else ""


def _pair(seen: _Seen) -> str:
    return "authorization" if is_basic_pair(seen.value) else ""


# --- patterns, case ignored -----------------------------------------------------------------------

_NAME = (
    r"(?P<name>[\w.-]*(?:pass|pwd|psw|\bpw\b|secret|token|key|salt|cred|auth|_[as]k\b|密码|口令|密钥)[\w.-]*)"
)
_QUOTED = r"""(?:"(?P<v1>[^"\n]+)"|'(?P<v2>[^'\n]+)'|`(?P<v3>[^`\n]+)`)"""
_GAP = r"[ \t]{0,20}"
_BARE = r"[^\s\"'`#,;<>(){}\[\]|&$*!]"

_Row = tuple[str, _Judge]

_ASSIGNED: tuple[_Row, ...] = (
    # A name, a sign of assignment or comparison (or a type and such a sign), a value in quotes.
    (
        rf"{_NAME}\\?[\"'\])]{{0,3}}{_GAP}(?:\{{ get; (?:set|init); \}}{_GAP}|:{_GAP}[\w.<>?&]{{1,40}}{_GAP})?"
        rf"(?::=|=>|===?|!==?|[:=]){_GAP}(?:@|[a-z]{{1,2}}|(?:\[\]byte|Buffer\.from|Field|SecretStr)?\((?:default=)?)?"
        rf"\\?{_QUOTED}",
        _named,
    ),
    # A quoted name and a value as neighbours: of a call, a tuple, a define.
    (rf"[\"']{_NAME}[\"']{_GAP},{_GAP}{_QUOTED}", _named),
    (rf"[\"']{_NAME}[\"']{_GAP},[^\n]{{0,80}}?\bdefault{_GAP}={_GAP}{_QUOTED}", _named),
    (rf"#[ \t]*define[ \t]+{_NAME}[ \t]+{_QUOTED}", _named),
    (rf"(?-i:(?P<name>[A-Z_.]*(?:PASSWORD|CREDENTIALS|SECRET))){_GAP},{_GAP}{_QUOTED}", _named),
    # What a name is compared with, or a setter is called with.
    (rf"{_NAME}\.(?:equals|equalsIgnoreCase){_GAP}\({_GAP}{_QUOTED}", _named),
    (rf"{_NAME}{_GAP}\({_GAP}{_QUOTED}", _handed),
    # A header in quotes.
    (rf"[\"']{_NAME}:{_GAP}(?P<v1>[^\s\"']+)[\"']", _named),
    # An element of XML by its own name, or by its attribute.
    (rf"<{_NAME}(?:[ \t][^<>\n]*)?>(?P<v1>[^<>\n]+)</", _named),
    (rf"\bname=\"{_NAME}\"{_GAP}>(?P<v1>[^<>\n]+)<", _named),
    # A name under `name` and its value under `value`, in XML, JSON and YAML.
    (
        rf"\b(?:name|key)[\"']?{_GAP}[:=]{_GAP}[\"']?{_NAME}[\"']?{_GAP},?\s{{0,40}}[\"']?value[\"']?{_GAP}[:=]{_GAP}"
        r"[\"']?(?P<v1>[^\s\"'<>,}]+)",
        _named,
    ),
    # A connection string, for certain or by its look; the default of a setting.
    (
        r"\b(?:server|host|data source|user id|uid|username|user)=[^\"'\n]*;[ ]?(?:password|pwd)="
        r"(?P<v1>[^\s\"'`;&<>\\]+)",
        _given,
    ),
    (rf";{_GAP}{_NAME}{_GAP}={_GAP}(?P<v1>[^\s\"'`;&<>\\]+)", _named),
    (rf"\$\{{{_NAME}:-?(?P<v1>[^{{}}$\n]+)\}}", _named),
    (rf"\s--?{_NAME}(?:=|[ \t]+)[\"']?(?P<v1>{_BARE}+)", _named),
)
_IN_PLACE: tuple[_Row, ...] = (
    # Addresses: of a URI, of Go's MySQL driver, with parameters.
    (r"\b[a-z][a-z0-9+.-]{1,20}://(?P<user>[^\s/:@\"'<>]*):(?P<v1>[^\s/@\"'<>]+)@[\w.\[-]", _uri),
    (r"[\"'](?P<user>[\w.-]+):(?P<v1>[^\s/:@\"'<>]+)@(?:tcp|unix)\(", _uri),
    (rf"[?&]{_NAME}=(?P<v1>[^\s\"'`;&<>)\\]+)", _parameter),
    # Options of commands.
    (
        r"\bcurl\b[^\n]*?\s(?:-u|--user)[ =]{0,3}[\"']?(?P<user>[^\s:\"']*)\"?:\"?(?P<v1>[^\s\"'<>]+)",
        _curl,
    ),
    (
        r"\bmysql\w*\b[^\n]*?(?:\s-u[ ]?(?P<user>\w+)[^\n]*?)?\s-p(?P<v1>[^\s\"'$<>;|&-][^\s\"'<>;|&]*)",
        _given,
    ),
    (
        r"\b(?:sshpass|docker|podman|nerdctl|az|oc|ctr|mongo\w*)\b[^\n]*?\s-p[ =]?[\"']?"
        r"(?P<v1>[^\s\"'$<>;|&:-][^\s\"'<>;|&:]*)",
        _chosen,
    ),
    (r"\bredis-cli\b[^\n]*?\s-a[ ]?[\"']?(?P<v1>[^\s\"'$<>;|&-][^\s\"'<>;|&]*)", _given),
    (r"-pass(?:in|out)?[ ]+pass:(?P<v1>[^\s\"'$]+)", _given),
    (
        r"\becho\b[^\n]*?[\"' ](?P<user>[\w.-]+):(?P<v1>[^\s\"'$|]+)[\"']?[ ]*\|[ ]*(?:sudo )?chpasswd",
        _given,
    ),
    (r"\bconvertto-securestring\b[^\n\"']*[\"'](?P<v1>[^\"'\n]+)", _chosen),
    # SQL.
    (
        r"(?:[\"'](?P<user>\w+)[\"'](?:@\S+)?\s+)?\bidentified\s+(?:with\s+\S+\s+)?(?:by|as)\s+"
        r"(?:password\s+)?[\"'](?P<v1>[^\"'\n]+)",
        _given,
    ),
    (
        r"\b(?:with|role|user|login|set|encrypted)\b[^\n;]*\spassword\s*=?\s*\(?N?'(?P<v1>[^'\n]+)'",
        _given,
    ),
    # A user and a password handed over.
    (
        r"\b(?:basic_?auth|set_?basic_?auth|http_?basic_?auth|login|log_?on|sign_?in|authenticate"
        rf"|networkcredential|\w*credentials|getconnection|mysqli|mysql_p?connect|\w*auth){_GAP}=?{_GAP}[\(\[]{_GAP}"
        rf"(?:[\w.]+{_GAP},{_GAP}|[\"'][^\"'\n]*[\"']{_GAP},{_GAP}){{1,2}}[\"'](?P<v1>[^\"'\n]+)[\"']",
        _chosen,
    ),
    (r"[\"'](?P<v1>[^\"'\n]+)[\"']\.tochararray\(", _chosen),
    (r"\bjwt\.(?:sign|verify|encode|decode)\([^\n\"']*,[ ]*[\"'](?P<v1>[^\"'\n]+)[\"']", _random),
    (
        rf"\bauthorization\\?[\"']?\]?{_GAP}[:=, ]{_GAP}[\"'`]?(?P<scheme>bearer|basic|token)[ ]+"
        r"(?P<v1>[A-Za-z0-9._~+/=-]{8,})",
        _header,
    ),
)
# Bare values: on a line of their own, and among others.
_SETTING: _Row = (
    rf"(?m)^[ \t]*(?:(?:export|set|env|arg|-)[ \t]+)?[\"']?{_NAME}[\"']?{_GAP}[:=]{_GAP}(?:&\w+[ ])?"
    rf"(?P<v1>{_BARE}[^\s\"'`,;<>(){{}}\[\]|&$]*)[ \t\r]*$",
    _named,
)
_FLOW: _Row = (rf"[{{,]{_GAP}{_NAME}:[ ]{_GAP}(?P<v1>{_BARE}+){_GAP}[,}}]", _named)
_TIGHT: _Row = (rf"(?:^|[\s;\"'])(?:-D)?{_NAME}=[\"']?(?P<v1>{_BARE}+)", _named)
_SPACED: _Row = (
    r"(?m)^[ \t]*(?:env[ \t]+)?(?P<name>requirepass|masterauth|[A-Z0-9_]*(?:PASSWORD|SECRET|TOKEN)[A-Z0-9_]*)"
    rf"[ \t]+(?P<v1>{_BARE}+)[ \t\r]*$",
    _named,
)
_LOGIN_FILES: tuple[_Row, ...] = (
    (r"\blogin\s+(?P<user>\S+)\s+password\s+(?P<v1>\S+)", _given),
    (r"(?m)^(?://\S+:)?_auth[ \t]*=[ \t]*[\"']?(?P<v1>[A-Za-z0-9+/=]+)", _pair),
    (r"(?m)^[\w.*-]+:(?:\d+|\*):[\w.*-]+:(?P<user>[\w.*-]+):(?P<v1>[^\s:]+)$", _given),
)
_TOLD: _Row = (
    r"(?:\bpassword|\bpasswd|\bpwd|密码|口令)(?:[ ]+is[ ]+|[ ]*是|[ ]*为|[ ]*[:=：]|[ ]+[`\"'“])[ ]*"
    r"[`\"'“]?(?P<v1>[!#-&*-.\w:=?@^~]{5,})",
    _chosen,
)
_EVERYWHERE = (*_ASSIGNED, *_IN_PLACE)
_BY_MANNER: dict[str, tuple[_Row, ...]] = {
    "translation": _IN_PLACE,
    "code": _EVERYWHERE,
    "prose": (*_EVERYWHERE, _TIGHT, _TOLD),
    "script": (*_EVERYWHERE, _SETTING, _TIGHT),
    "settings": (*_EVERYWHERE, _SETTING, _FLOW, _TIGHT, _SPACED, *_LOGIN_FILES),
    "unknown": (*_EVERYWHERE, _SETTING, _FLOW, _TIGHT, _SPACED, *_LOGIN_FILES, _TOLD),
}
