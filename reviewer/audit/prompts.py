"""Prompts and replies that an operator wants kept: encrypted with a key that is not in the database.

AES-256-GCM; each text is bound to its entry, so that it cannot be passed off as another's.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from reviewer.config import PrivacySettings, secret
from reviewer.domain import Message
from reviewer.errors import ConfigError, StoreError

_KEY = "privacy.prompts_key_env"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Kept:
    """An encrypted prompt with its reply; `due` is when it has to go, in seconds since the epoch."""

    due: float
    nonce: bytes
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """A prompt and its reply as they were sent and came."""

    messages: tuple[Message, ...]
    reply: str


class Vault:
    """Encrypts and decrypts under one key; `days` is how long a text is kept, 0 to keep none any more."""

    def __init__(self, key: bytes, days: int) -> None:
        self.days = days
        self._cipher = AESGCM(key)

    def keeper(self, messages: Sequence[Message], reply: str, now: float) -> Callable[[int], Kept]:
        """Return what encrypts a prompt once the number of its entry is known."""
        text = json.dumps({"messages": [[turn.role, turn.content] for turn in messages], "reply": reply})
        packed = zlib.compress(text.encode())

        def keep(number: int) -> Kept:
            nonce = os.urandom(_NONCE_BYTES)
            sealed = self._cipher.encrypt(nonce, packed, _bound_to(number))
            return Kept(now + self.days * _DAY_S, nonce, sealed)

        return keep

    def open(self, number: int, kept: Kept) -> Opened:
        """Decrypt the prompt of an entry; raise StoreError if it was changed or has another key."""
        try:
            packed = self._cipher.decrypt(kept.nonce, kept.ciphertext, _bound_to(number))
        except InvalidTag as err:
            raise StoreError(
                f"the prompt of entry {number} was changed, or encrypted with another key",
                remedy=f"check {_KEY}",
            ) from err
        found = json.loads(zlib.decompress(packed))
        return Opened(tuple(Message(role, content) for role, content in found["messages"]), found["reply"])


def open_vault(privacy: PrivacySettings) -> Vault | None:
    """Return the vault of a configuration, None where no key is named.

    Raises ConfigError where prompts are to be kept without one, and for a key that is none.
    """
    if not privacy.prompts_key_env:
        if privacy.keep_prompts_days:
            raise ConfigError(
                "privacy.keep_prompts_days keeps prompts, and prompts are kept encrypted only",
                key=_KEY,
                remedy=f"name a variable in {_KEY} that holds the output of: openssl rand -hex 32",
            )
        return None
    text = secret(privacy.prompts_key_env, None, key=_KEY) or ""
    return Vault(_read_key(text, privacy.prompts_key_env), privacy.keep_prompts_days)


def _read_key(text: str, name: str) -> bytes:
    if re.fullmatch(r"[0-9A-Fa-f]{64}", text):
        return bytes.fromhex(text)
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != _KEY_BYTES:
        raise ConfigError(
            f"the environment variable {name} does not hold 32 bytes as hex or base64",
            key=_KEY,
            remedy="openssl rand -hex 32 makes one",
        )
    return key


def _bound_to(number: int) -> bytes:
    return f"reviewer prompt {number}".encode()
