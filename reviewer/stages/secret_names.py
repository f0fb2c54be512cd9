"""Read from a name what is kept under it: a password, a key, or nothing secret."""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import lru_cache


class Kept(Enum):
    """What a name says its value is."""

    PASSWORD = auto()
    KEY = auto()  # tokens, secrets and keys that say what they open
    ANY_KEY = auto()  # `key`, which may be anything
    PAIR = auto()  # `auth`: a name and a password in base64


_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[密口][码令钥]")
# What may follow the word that counts: `secretKeyBase`, `PASSWORD_PROD`, `token2`.
_AFTERWORDS = frozenset({
    "value", "val", "str", "string", "plain", "text", "base", "prod", "production", "dev", "develop",
    "uat", "stage", "staging", "local", "default", "test", "old", "new", "const", "env", "admin",
    "root", "user", "db", "a", "b", "c", "x", "s",
})  # fmt: skip
_KEYS_OF = frozenset({
    "api", "access", "secret", "private", "auth", "encrypt", "encryption", "encoding", "aes", "des",
    "crypt", "crypto", "cipher", "sign", "signing", "signature", "hmac", "jwt", "master", "account",
    "shared", "mch", "app", "client", "session", "subscription", "storage", "service", "security",
    "rsa", "license",
})  # fmt: skip
_PASSWORDS = ("password", "passwd", "passwort", "passphrase", "passcode", "pwd", "psw", "密码", "口令")
_SECRETS = ("secret", "secrets", "token", "credential", "credentials", "密钥")
_NO_PASS = frozenset({"bypass", "compass", "encompass", "surpass", "trespass", "overpass", "underpass"})
_NOT_SECRET = frozenset({
    "public", "csrf", "xsrf", "pad", "eos", "bos", "unk", "mask", "sep", "cls", "stop", "next", "page",
    "continuation", "cancellation", "cancel", "design", "resource", "algorithm", "type", "hint",
    "foreign", "primary",
})  # fmt: skip


@lru_cache(maxsize=4096)
def read_name(name: str) -> Kept | None:
    """Say what is kept under a name such as `spring.datasource.password` or `aesKey2`; None if nothing secret.

    The last word counts: `password_field` and `tokenUrl` keep no secret.
    """
    words = [word.lower() for word in _WORD.findall(name) if not word.isdigit() and word not in "vV"]
    while words and words[-1] in _AFTERWORDS:
        words.pop()
    if not words or not _NOT_SECRET.isdisjoint(words):
        return None
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if (
        last.endswith(_PASSWORDS)
        or last in ("pw", "pass")
        or (last.endswith("pass") and last not in _NO_PASS)
    ):
        return Kept.PASSWORD
    if last.endswith(_SECRETS) or last in ("sk", "ak") or last == "salt":
        return Kept.KEY
    if last == "key" and not before:
        return Kept.ANY_KEY
    if (last == "key" and before in _KEYS_OF) or last.removesuffix("key") in _KEYS_OF - {last}:
        return Kept.KEY
    return Kept.PAIR if last == "auth" and len(words) == 1 else None
