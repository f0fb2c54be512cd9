"""HTTP connections to model endpoints: where they may go, how they prove themselves, how they fail."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
from pydantic import ValidationError

from reviewer.config import ModelSettings, secret
from reviewer.errors import ConfigError, ModelError, ModelMissing, ModelTimeout, ModelUnavailable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

IN_STREAM = -1  # the status of an error that came after a 200, in the stream itself; the ollama client's word

_CONNECT_S = 10.0
# Spelt out, because `is_private` of the standard library also covers documentation, multicast and
# mapped addresses and differs between Python versions. RFC 1918, 4193, 6598 and loopback.
_PRIVATE = tuple(
    ipaddress.ip_network(network)
    for network in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "::1/128",
        "fc00::/7",
    )
)
# Ollama, llama.cpp, vLLM, SGLang and the gateways that pass them on each say it in their own words.
_OVERFLOW = re.compile(r"context[ _](?:length|size|window)|too long|longer than", re.IGNORECASE)


def client_options(
    name: str,
    settings: ModelSettings,
    *,
    public: bool,
    transport: httpx.AsyncBaseTransport | None = None,
) -> dict[str, Any]:
    """Return the keyword arguments of an `httpx.AsyncClient` for a model's endpoint.

    No proxy and no credentials from the environment, no redirects, only private addresses unless
    `public`. `transport` takes the network's place. Raises ConfigError for an unusable URL, secret or
    certificate.
    """
    _require_http(name, settings.url)
    network = transport or httpx.AsyncHTTPTransport(verify=_tls(name, settings), trust_env=False)
    return {
        "transport": network if public else PrivateNetwork(network, name),
        "headers": dict(settings.headers),
        "auth": _authorization(name, settings),
        "timeout": httpx.Timeout(None, connect=_CONNECT_S),  # callers bound the whole of an exchange
        "follow_redirects": False,
        "trust_env": False,
    }


def _require_http(name: str, address: str) -> None:
    key = f"models.{name}.url"
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as err:
        raise ConfigError(f"{key}: {address!r} is not a URL: {err}", key=key) from err
    if url.scheme not in {"http", "https"} or not url.host:
        raise ConfigError(f"{key}: {address!r} is not an http or https URL", key=key)
    if url.userinfo:
        raise ConfigError(
            f"{key} carries a password", key=key, remedy="name it by api_key_env or api_key_file"
        )


def _tls(name: str, settings: ModelSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.client_cert_file:
            context.load_cert_chain(settings.client_cert_file, settings.client_key_file)
    except OSError as err:  # ssl.SSLError is one
        raise ConfigError(
            f"models.{name}: a certificate or key cannot be used: {err}", key=f"models.{name}.ca_file"
        ) from err
    return context


def _authorization(name: str, settings: ModelSettings) -> Callable[[httpx.Request], httpx.Request]:
    key = secret(settings.api_key_env, settings.api_key_file, key=f"models.{name}.api_key_env")
    configured = any(header.lower() == "authorization" for header in settings.headers)

    def authorize(request: httpx.Request) -> httpx.Request:
        if key:
            request.headers["Authorization"] = f"Bearer {key}"
        elif not configured:
            # The ollama client would send OLLAMA_API_KEY from the environment to whatever host this is.
            request.headers.pop("Authorization", None)
        return request

    return authorize


class PrivateNetwork(httpx.AsyncBaseTransport):
    """Connects to private and loopback addresses only, whatever a name resolves to at that moment.

    A name is resolved here and the connection made to the very address that was checked, so an answer
    that changes in between changes nothing. TLS still verifies the name. Raises ModelUnavailable.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, model: str, resolve: Resolve | None = None) -> None:
        self._inner = inner
        self._model = model
        self._resolve = resolve or _resolve

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Try the host's private addresses in order until one can be connected to."""
        host = request.url.host
        failure: httpx.TransportError | None = None
        for address in await self._private_addresses(host, request.url.port or 0):
            pinned = httpx.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": host},
            )
            try:
                return await self._inner.handle_async_request(pinned)
            except (httpx.ConnectError, httpx.ConnectTimeout) as err:
                failure = err
        raise failure or httpx.ConnectError(f"{host} has no address")

    async def _private_addresses(self, host: str, port: int) -> list[str]:
        try:
            addresses = await self._resolve(host, port)
        except OSError as err:
            raise ModelUnavailable(
                f"the host {host} of {self._model} does not resolve: {err.strerror}",
                model=self._model,
                remedy=f"check models.{self._model}.url and the name server",
            ) from err
        private = [address for address in addresses if is_private(address)]
        if addresses and not private:
            raise ModelUnavailable(
                f"{host} of {self._model} is {addresses[0]}, outside private address space: refused",
                model=self._model,
                remedy="set service.public_models = true if code may be sent there",
            )
        return private

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


def is_private(address: str) -> bool:
    """Say whether an IP address is loopback, private (RFC 1918, RFC 4193) or shared (RFC 6598)."""
    try:
        ip: Address = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip
    return any(ip in network for network in _PRIVATE)


async def _resolve(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@contextmanager
def translated(model: str, url: str) -> Iterator[None]:
    """Turn httpx's exceptions into ours."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout) as err:
        raise unreachable(model, url, str(err) or "no connection") from err
    except httpx.HTTPError as err:
        raise ModelTimeout(f"the connection to {model} at {url} broke off: {err}", model=model) from err


def unreachable(model: str, url: str, reason: str) -> ModelUnavailable:
    """Say that nothing answers at an endpoint."""
    return ModelUnavailable(
        f"{model} at {url} cannot be reached: {reason}",
        model=model,
        remedy=f"start the model server, or correct models.{model}.url",
    )


def strange(model: str, url: str, kind: str, err: Exception) -> ModelUnavailable:
    """Say that what answers at an endpoint is not the kind of server it should be."""
    reason = err.errors(include_url=False)[0]["msg"] if isinstance(err, ValidationError) else str(err)
    return ModelUnavailable(
        f"{url} does not answer as {kind} does: {reason}",
        model=model,
        remedy=f"check models.{model}.url and backend",
    )


def refusal(status: int, said: str, model: str, *, missing: str) -> ModelError:
    """Turn an HTTP answer that is not a reply into an error.

    `said` is the server's own word, `missing` what to do where it does not have the model. For a
    prompt that is too long see `is_overflow`.
    """
    if 300 <= status < 400:
        return ModelUnavailable(
            f"{model} answered with a redirect ({status}), which is never followed",
            model=model,
            remedy=f"write the final address into models.{model}.url",
        )
    what = "failed while it answered" if status == IN_STREAM else f"answered {status}"
    said = " ".join(said.split())[:300]
    kind = ModelMissing if status == 404 else ModelUnavailable
    return kind(f"{model} {what}: {said}", model=model, remedy=_remedy(status, model, missing))


def is_overflow(status: int, said: str) -> bool:
    """Say whether a server refused a prompt for its length."""
    return status in {IN_STREAM, 400, 413, 422, 500} and _OVERFLOW.search(said) is not None


def _remedy(status: int, model: str, missing: str) -> str:
    if status in {401, 403}:
        return f"check models.{model}.api_key_env and headers"
    if status == 404:
        return missing
    if status in {429, 503}:
        return f"the server is busy or still loading: try again later, or lower models.{model}.parallel"
    return ""
