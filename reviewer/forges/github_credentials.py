"""Give every request its token: a stored one, or an App's for the one repository at hand."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from github.Auth import AppAuth, Auth, Token
from github.Requester import Requester
from jwt.exceptions import PyJWTError

from reviewer.config import ForgeSettings, secret
from reviewer.errors import ConfigError
from reviewer.forges.github_api import translated

# A fetch that starts with a token must be able to end with it.
SPARE = timedelta(minutes=5)


class Credentials(Protocol):
    """Where tokens come from."""

    def account(self) -> Auth:
        """Return what authenticates the account or the App itself."""

    def token(self, project: str) -> str:
        """Return a token that may work on the project."""


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A personal access token or a machine user's, the same for every project."""

    value: str = field(repr=False)

    def account(self) -> Auth:
        """Return the token, for the user it belongs to."""
        return Token(self.value)

    def token(self, project: str) -> str:
        """Return the token."""
        return self.value


@dataclass(frozen=True, slots=True)
class _Minted:
    value: str = field(repr=False)
    expires: datetime


class AppTokens:
    """Installation tokens of a GitHub App, one per repository, kept until shortly before they expire.

    Source: docs.github.com, "Generating an installation access token for a GitHub App": tokens live
    an hour and can be narrowed to named repositories, which they are here.
    """

    def __init__(self, app_auth: AppAuth, connect: Callable[[Auth], Requester]) -> None:
        self._app_auth = app_auth
        self._connect = connect
        self._lock = threading.Lock()
        self._minted: dict[str, _Minted] = {}

    def account(self) -> Auth:
        """Return the App's own signature, which is good for questions about the App alone."""
        return self._app_auth

    def token(self, project: str) -> str:
        """Return a token for the project; raises ForgeNotFound where the App is not installed."""
        with self._lock:
            minted = self._minted.get(project)
            if minted is None or minted.expires - SPARE <= datetime.now(UTC):
                minted = self._minted[project] = self._mint(project)
            return minted.value

    def _mint(self, project: str) -> _Minted:
        with translated(f"App token for {project}"):
            requester = self._connect(self._app_auth)
            _, installation = requester.requestJsonAndCheck("GET", f"/repos/{project}/installation")
            _, minted = requester.requestJsonAndCheck(
                "POST",
                f"/app/installations/{installation['id']}/access_tokens",
                input={"repositories": [project.partition("/")[2]]},
            )
        return _Minted(minted["token"], datetime.fromisoformat(minted["expires_at"]))


def open_credentials(settings: ForgeSettings, connect: Callable[[Auth], Requester]) -> Credentials:
    """Read what the configuration names; raises ConfigError if that is nothing or unusable."""
    if settings.app_id is not None:
        return AppTokens(_read_app(settings), connect)
    value = secret(settings.token_env, settings.token_file, key="forges.token_env")
    if value is None:
        raise ConfigError(
            f"forge {settings.id} has neither token_env nor app_id",
            key="forges.token_env",
            remedy="name a token, or a GitHub App by app_id and private_key_file",
        )
    return StoredToken(value)


def _read_app(settings: ForgeSettings) -> AppAuth:
    """Read the App's key and sign with it once, so that a wrong file is a ConfigError at start."""
    key = secret(None, settings.private_key_file, key="forges.private_key_file")
    if settings.app_id is None or key is None:
        raise ConfigError(
            f"forge {settings.id}: app_id needs private_key_file", key="forges.private_key_file"
        )
    auth = AppAuth(settings.app_id, key)
    try:
        auth.create_jwt()
    except (PyJWTError, ValueError) as err:
        raise ConfigError(
            f"{settings.private_key_file} is not an RSA private key in PEM form",
            key="forges.private_key_file",
        ) from err
    return auth
