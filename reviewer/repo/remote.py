"""Say where a project's repository is, how git gets in, and what its refusals mean."""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from reviewer.config import TlsSettings
from reviewer.errors import (
    ConfigError,
    ForgeAuth,
    ForgeAway,
    ForgeError,
    ForgeNotFound,
    ForgeRateLimited,
    ForgeRefused,
    ForgeUnavailable,
)
from reviewer.repo.git import GitFailed

_STATUS = re.compile(r"returned error: (\d{3})")
_ABSENT = re.compile(r"not found|couldn't find remote ref|does not exist|not our ref", re.IGNORECASE)
_DENIED = re.compile(r"authentication failed|could not read username|access denied", re.IGNORECASE)
_AWAY = re.compile(
    r"could not resolve|failed to connect|couldn't connect|connection (refused|reset|timed out)|empty reply",
    re.IGNORECASE,
)
# What stands before a forge answers so while the forge itself is down.
AWAY_STATUSES = frozenset({502, 503, 504})
_RETRY_AFTER_S = 60.0  # git does not pass the header on


@dataclass(frozen=True, slots=True)
class Remote:
    """A project's repository; `url` (http or https) holds no credentials."""

    url: str
    username: str
    token: str | None = field(default=None, repr=False)
    tls: TlsSettings = field(default_factory=TlsSettings)

    def config(self) -> dict[str, str]:
        """Return the git configuration that makes this the partial clone's `origin`.

        The token goes out as a header from the first request on; that saves the round trip of a
        prompt, and it is bound to this URL. Raises ConfigError for anything but http(s).
        """
        address = urlsplit(self.url)
        if address.scheme not in ("http", "https") or address.username or not address.hostname:
            raise ConfigError(f"{self.url}: a forge's address is http(s)://host and a path", key="forges.url")
        config = {
            "remote.origin.url": self.url,
            "remote.origin.promisor": "true",
            "remote.origin.partialCloneFilter": "blob:none",
        }
        if self.token:
            basic = base64.b64encode(f"{self.username}:{self.token}".encode()).decode()
            config[f"http.{self.url}.extraHeader"] = f"Authorization: Basic {basic}"
        files = {
            "http.sslCAInfo": self.tls.ca_file,
            "http.sslCert": self.tls.client_cert_file,
            "http.sslKey": self.tls.client_key_file,
        }
        return config | {key: str(file.absolute()) for key, file in files.items() if file}


@contextlib.contextmanager
def translated(remote: Remote) -> Iterator[None]:
    """Raise git's failures as ForgeError subclasses."""
    try:
        yield
    except GitFailed as err:
        raise _translate(err.words, remote.url) from err


def _translate(words: str, url: str) -> ForgeError:
    said = _STATUS.search(words)
    status = int(said[1]) if said else None
    message = f"git fetch from {url}: {words}"
    if status in (401, 403) or _DENIED.search(words):
        return ForgeAuth(message, status=status, remedy="the token needs read access to the repository")
    if status == 404 or _ABSENT.search(words):
        return ForgeNotFound(message, status=status)
    if status == 429:
        return ForgeRateLimited(message, retry_after=_RETRY_AFTER_S)
    if status is not None and status < 500:
        return ForgeRefused(message, status=status)
    if status in AWAY_STATUSES or (status is None and _AWAY.search(words)):
        return ForgeAway(message, status=status)
    return ForgeUnavailable(message, status=status)
