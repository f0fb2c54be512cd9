"""The HTTP session under a forge's client library: one place for everything that may go wrong below it.

Measured on python-gitlab 8.6: left to itself it takes proxies from the environment and follows a
redirect to another host with the token in hand. Here neither happens; only what cannot have had an
effect is repeated, and what is left is raised as a ForgeError.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests import Response

from reviewer.config import TlsSettings
from reviewer.errors import ForgeAway, ForgeRateLimited, ForgeRefused, ForgeUnavailable
from reviewer.repo.remote import AWAY_STATUSES

TIMEOUT_S = 15.0
_PATIENCE_S = 60.0  # a longer Retry-After is the job's to wait for, not a thread's
_ATTEMPTS = 3
_PROBE_S = 5.0


# Hears of every call: its method, status (None where no answer came), seconds, and how many calls are left.
Told = Callable[[str, int | None, float, int | None], None]


def tell_nobody(method: str, status: int | None, seconds: float, remaining: int | None) -> None:
    """Tell nobody."""


class ForgeSession(requests.Session):
    """A session that talks to the host of `address` alone, and counts its calls.

    `told` hears of each. 429 is waited out where `Retry-After` allows, for any method: nothing has happened yet. A lost
    connection or a 5xx is repeated for GET alone. Raises ForgeRateLimited, ForgeUnavailable (ForgeAway),
    and ForgeRefused on a redirect.
    """

    def __init__(
        self,
        address: str,
        tls: TlsSettings,
        *,
        timeout_s: float = TIMEOUT_S,
        wait: Callable[[float], None] = time.sleep,
        told: Told = tell_nobody,
    ) -> None:
        super().__init__()
        self._told = told
        self._origin = _origin(address)
        self.trust_env = False
        self.max_redirects = 0
        self.calls = 0
        self.timeout_s = timeout_s
        self._wait = wait
        self.ca = str(tls.ca_file) if tls.ca_file else True
        if tls.client_cert_file:
            certificate = str(tls.client_cert_file)
            self.cert = (certificate, str(tls.client_key_file)) if tls.client_key_file else certificate

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> Response:
        """Send one request, perhaps several times."""
        if _origin(url) != self._origin:
            raise ForgeRefused(f"{_host(url)} is not the configured forge: its addresses are not followed")
        kwargs["timeout"] = self.timeout_s  # whatever the library thinks
        with self.judging():
            return self._send(method, url, *args, **kwargs)

    @contextmanager
    def judging(self) -> Iterator[None]:
        """Let ForgeAway pass only if the front page is away too: one page or one repository may fail by itself."""
        try:
            yield
        except ForgeAway as err:
            if self._is_away():
                raise
            raise ForgeUnavailable(str(err), status=err.status) from err

    def _is_away(self) -> bool:
        scheme, host, port = self._origin
        front = f"{scheme}://{f'[{host}]' if host and ':' in host else host}{f':{port}' if port else ''}/"
        bare: dict[str, Any] = {
            "timeout": _PROBE_S,
            "allow_redirects": False,
            "stream": True,
            "verify": self.ca,
        }
        try:
            with super().request("GET", front, **bare) as answer:
                return answer.status_code in AWAY_STATUSES
        except requests.exceptions.SSLError:
            return False  # somebody is there
        except requests.RequestException:
            return True

    def _send(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> Response:
        for attempt in range(1, _ATTEMPTS):
            try:
                return self._send_once(method, url, *args, **kwargs)
            except ForgeRateLimited as err:
                if err.retry_after > _PATIENCE_S:
                    raise
                self._wait(err.retry_after)
            except ForgeUnavailable:
                if str(method).upper() != "GET":
                    raise
                self._wait(0.5 * attempt)
        return self._send_once(method, url, *args, **kwargs)

    def _send_once(
        self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any
    ) -> requests.Response:
        self.calls += 1
        began = time.monotonic()
        status: int | None = None
        remaining: int | None = None
        try:
            response = super().request(method, url, *args, **kwargs)
            status, remaining = response.status_code, _remaining(response)
        except requests.TooManyRedirects as err:
            raise ForgeRefused(f"{_host(url)} redirects elsewhere; redirects are not followed") from err
        except requests.RequestException as err:
            # A certificate that does not hold will not mend by itself.
            kind = ForgeUnavailable if isinstance(err, requests.exceptions.SSLError) else ForgeAway
            raise kind(f"{_host(url)} cannot be reached: {_reason(err)}") from err
        finally:
            self._told(str(method).upper(), status, time.monotonic() - began, remaining)
        if response.status_code == 429:
            raise ForgeRateLimited(f"{_host(url)} asks for a pause", retry_after=_retry_after(response))
        if response.status_code >= 500:
            kind = ForgeAway if response.status_code in AWAY_STATUSES else ForgeUnavailable
            raise kind(f"{_host(url)} answers {response.status_code}", status=response.status_code)
        return response


def _origin(url: str | bytes) -> tuple[str, str | None, int | None]:
    parts = urlsplit(str(url))
    return parts.scheme, parts.hostname, parts.port


def _host(url: str | bytes) -> str:
    return urlsplit(str(url)).hostname or str(url)


def _reason(err: BaseException) -> str:
    """Return the innermost exception's words: those of the operating system or of TLS."""
    if isinstance(err, requests.Timeout):
        return "no answer in time"
    while err.__context__ is not None:
        err = err.__context__
    return str(err)[:300] or type(err).__name__


def _remaining(response: Response) -> int | None:
    """Read how many calls are left: GitHub says `X-RateLimit-Remaining`, GitLab `RateLimit-Remaining`."""
    value = response.headers.get("X-RateLimit-Remaining") or response.headers.get("RateLimit-Remaining", "")
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 12 else None


def _retry_after(response: Response) -> float:
    """Read `Retry-After`: seconds or an HTTP date (RFC 9110, 10.2.3); a minute where it says nothing."""
    value = response.headers.get("Retry-After", "")
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return _PATIENCE_S
