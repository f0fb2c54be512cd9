"""Reach a GitHub or GHES instance through PyGithub: one address, no detours, typed errors.

Left to itself PyGithub 2.10 takes proxies from the environment, repeats a POST after a 502 (which
made two reviews), follows addresses that the server hands out, and mixes up the requests of two
threads that share a `Requester`. So every piece of work gets a requester of its own (an object, no
network), and all of them send through one `ForgeSession`, which knows one address only.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from github.Auth import Auth
from github.GithubException import GithubException
from github.Requester import (
    HTTPRequestsConnectionClass,
    HTTPSRequestsConnectionClass,
    Requester,
    RequestsResponse,
)

from reviewer.errors import (
    ConfigError,
    ForgeAuth,
    ForgeError,
    ForgeNotFound,
    ForgeRateLimited,
    ForgeRefused,
    ForgeUnavailable,
)
from reviewer.forges.session import TIMEOUT_S, ForgeSession

PAGE_SIZE = 100
LONGEST_WAIT_S = 60.0
# GitHub asks for a second between requests that write, its secondary limit being about 80 a minute:
# docs.github.com, "Best practices for using the REST API".
WRITE_GAP_S = 1.0

Wait = Callable[[float], None]


def api_address(url: str) -> str:
    """Return where the REST API of an instance lives.

    github.com has it under api.github.com, GitHub Enterprise Cloud with data residency under
    api.SUBDOMAIN.ghe.com, GHES under /api/v3 of its own address. Raises ConfigError for anything
    that is not an http(s) address.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"{url} is not an http or https address", key="forges.url")
    if parts.hostname == "github.com":
        return "https://api.github.com"
    if parts.hostname.endswith(".ghe.com"):
        return f"https://api.{parts.hostname}"
    return f"{url.rstrip('/')}/api/v3"


class GitHubApi:
    """One instance's API; `connect` gives requesters, each for one piece of work in one thread."""

    def __init__(
        self,
        address: str,
        session: ForgeSession,
        *,
        write_gap_s: float = WRITE_GAP_S,
        wait: Wait = time.sleep,
    ) -> None:
        self.address = address
        self._session = session
        self._write_gap_s = write_gap_s
        self._requester_class = _seal(address, session, wait)
        # At DEBUG PyGithub logs bodies, installation tokens among them.
        logging.getLogger("github").setLevel(logging.WARNING)

    def connect(self, auth: Auth) -> Requester:
        """Build a requester; nothing is sent yet."""
        return self._requester_class(
            auth=auth,
            base_url=self.address,
            timeout=int(TIMEOUT_S),
            user_agent="reviewer",
            per_page=PAGE_SIZE,
            verify=True,
            retry=None,
            pool_size=None,
            seconds_between_writes=self._write_gap_s,
            lazy=True,
        )

    def close(self) -> None:
        """Close all connections."""
        self._session.close()


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn PyGithub's exceptions into ForgeError subclasses; `doing` opens their message."""
    try:
        yield
    except GithubException as err:
        raise _error_of(err, doing) from err
    except json.JSONDecodeError as err:
        raise ForgeUnavailable(f"{doing}: the forge's answer is no JSON after all") from err


def _seal(address: str, session: ForgeSession, wait: Wait) -> type[Requester]:
    """Make a Requester class whose connections use this session and reach this address only.

    PyGithub's hook for connections sets class attributes: here those of a class of our own.
    """
    parts = urlsplit(address)
    origin = f"{parts.scheme}://{parts.netloc}"

    class Connection:
        """What a Requester asks of a connection; the session outlives it."""

        def __init__(self, host: str, port: int | None = None, **_: Any) -> None:
            if (host, port) != (parts.hostname, parts.port):
                raise ForgeRefused(f"{host}:{port} is not {origin}: addresses in answers are not followed")
            self.host = host

        def request(
            self, verb: str, url: str, body: str | None, headers: dict[str, str], stream: bool = False
        ) -> None:
            self._request = (verb, origin + url, body, headers)

        def getresponse(self) -> RequestsResponse:
            verb, url, body, headers = self._request

            def send() -> requests.Response:
                return _readable(session.request(verb, url, data=body, headers=headers, verify=session.ca))

            return RequestsResponse(_send_patiently(send, wait))

        def close(self) -> None:
            """Do nothing: the session belongs to the instance."""

    class SealedRequester(Requester):
        """A Requester on the connection above."""

    SealedRequester.injectConnectionClasses(
        cast(type[HTTPRequestsConnectionClass], Connection),
        cast(type[HTTPSRequestsConnectionClass], Connection),
    )
    return SealedRequester


def _readable(response: requests.Response) -> requests.Response:
    """Refuse what PyGithub would take for an answer although it is none: a page, a bare 3xx."""
    kind = response.headers.get("Content-Type", "nothing")
    if response.status_code >= 400 or (response.status_code < 300 and "json" in kind):
        return response
    raise ForgeUnavailable(
        f"the forge answered {response.status_code} with {kind} instead of JSON:"
        " is there a proxy or a login page in between?",
        status=response.status_code,
    )


def _send_patiently(send: Callable[[], requests.Response], wait: Wait) -> requests.Response:
    """Send, and up to twice more after the pause that a limit names: a limited call has done nothing.

    Raises ForgeRateLimited if the limit stays, or would take over LONGEST_WAIT_S to pass.
    """
    response = send()
    for _ in range(2):
        seconds = limit_of(response)
        if seconds is None or seconds > LONGEST_WAIT_S:
            break
        wait(seconds)
        response = send()
    seconds = limit_of(response)
    if seconds is not None:
        raise ForgeRateLimited(
            f"the forge's rate limit is reached for {seconds:g} s",
            retry_after=seconds,
            status=response.status_code,
        )
    return response


def limit_of(response: requests.Response) -> float | None:
    """Return the seconds a rate limit asks to wait; None if the answer is no limit's.

    Beside 429, limits come as 403 with a Retry-After, with X-RateLimit-Remaining at 0 or in so many
    words, and as 422 "was submitted too quickly" (docs.github.com, "Rate limits for the REST API").
    Where no time is named, it is a minute.
    """
    headers, spent = response.headers, response.headers.get("X-RateLimit-Remaining") == "0"
    if response.status_code == 403:
        limited = spent or "Retry-After" in headers or "rate limit" in response.text.lower()
    else:
        limited = response.status_code == 422 and "submitted too quickly" in response.text
    if not limited:
        return None
    if headers.get("Retry-After", "").isdigit():
        return float(headers["Retry-After"])
    if spent and headers.get("X-RateLimit-Reset", "").isdigit():
        return max(float(headers["X-RateLimit-Reset"]) - time.time(), 1.0)
    return LONGEST_WAIT_S


def _error_of(err: GithubException, doing: str) -> ForgeError:
    status = err.status
    body = err.data if isinstance(err.data, dict) else {}
    said = f"{doing}: the forge answered {status}: {_words(body) or err.message or ''}"
    if _first_kind(body) == "RATE_LIMITED":  # GraphQL's way; its status was 200
        return ForgeRateLimited(said, retry_after=LONGEST_WAIT_S, status=status)
    if status in (401, 403):
        return ForgeAuth(said, status=status, remedy="check the token, its permissions and its expiry")
    if status in (404, 410):
        return ForgeNotFound(
            said, status=status, remedy="check the name, and that the token may see the project"
        )
    if status >= 500:
        return ForgeUnavailable(said, status=status)
    return ForgeRefused(said, status=status)


def _words(body: Mapping[str, Any]) -> str:
    """Join what an error answer says, short enough for a message."""
    errors = [
        str(error.get("message") or error.get("code") or "") if isinstance(error, dict) else str(error)
        for error in body.get("errors") or ()
    ]
    return " / ".join(filter(None, [body.get("message") or "", *errors]))[:300]


def _first_kind(body: Mapping[str, Any]) -> str:
    first = next(iter(body.get("errors") or ()), None)
    return str(first.get("type", "")) if isinstance(first, dict) else ""
