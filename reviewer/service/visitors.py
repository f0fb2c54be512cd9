"""Who is at the door: the address behind proxies, who may see more than the weather, who tries too often."""

from __future__ import annotations

import hmac
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

from fastapi import HTTPException, Request

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_FORWARDED_FOR = "x-forwarded-for"
_OTHER_FORWARDED = ("forwarded", "x-real-ip")
_MOST_HOPS = 16
_MOST_ADDRESSES = 4096
_MINUTE_S = 60.0


class Visitors:
    """Tells whom a request comes from; what a proxy says counts only where the proxy is trusted."""

    def __init__(self, trusted_proxies: Sequence[Network] = ()) -> None:
        self._trusted = tuple(trusted_proxies)

    def address(self, request: Request) -> Address | None:
        """Return the nearest address that is no proxy of ours; None if it is no address."""
        here = _parse(request.client.host) if request.client else None
        if here is None or not self._is_trusted(here):
            return here
        said = ",".join(request.headers.getlist(_FORWARDED_FOR)).split(",")
        for hop in reversed(said[-_MOST_HOPS:]):
            there = _parse(hop.strip())
            if there is None:
                return here
            here = there
            if not self._is_trusted(here):
                return here
        return here

    def is_local(self, request: Request) -> bool:
        """Say whether a request comes from this machine, and not through a proxy that stands on it."""
        names = (*_OTHER_FORWARDED, _FORWARDED_FOR)
        if any(name in request.headers for name in names):
            peer = _parse(request.client.host) if request.client else None
            behind_ours = peer is not None and self._is_trusted(peer) and _FORWARDED_FOR in request.headers
            if not behind_ours:
                return False
        address = self.address(request)
        return address is not None and address.is_loopback

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


class Guard:
    """Lets in who knows the token or, where none is configured, who is on this machine."""

    def __init__(self, token: str | None, visitors: Visitors) -> None:
        self._token = token
        self._visitors = visitors

    def __call__(self, request: Request) -> None:
        """Raise 401 for everybody else."""
        if self._token:
            offered = request.headers.get("authorization", "")
            allowed = hmac.compare_digest(f"Bearer {self._token}".encode(), offered.encode())
        else:
            allowed = self._visitors.is_local(request)
        if not allowed:
            raise HTTPException(401, "unauthorized", headers={"WWW-Authenticate": "Bearer"})


class Attempts:
    """A bucket of failed attempts for each address: `per_minute` of them, then as many a minute; 0 is no bound.

    Only failures are counted. Whoever proves that he is the forge gets in, from whatever address: GitLab
    switches a webhook off whose deliveries are refused. Addresses of one IPv6 network share a bucket,
    and only the latest few thousand are remembered.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def failed(self, address: Address | None) -> bool:
        """Count a failed attempt; say whether it was one too many."""
        if not self._per_minute:
            return False
        name, now = _neighbourhood(address), self._clock()
        left, since = self._buckets.pop(name, (float(self._per_minute), now))
        left = min(self._per_minute, left + (now - since) * self._per_minute / _MINUTE_S)
        self._buckets[name] = (max(0.0, left - 1), now)
        if len(self._buckets) > _MOST_ADDRESSES:
            self._buckets.popitem(last=False)
        return left < 1


def _parse(text: str) -> Address | None:
    try:
        address: Address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or address
    return address


def _neighbourhood(address: Address | None) -> str:
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
