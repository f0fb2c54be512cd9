"""Where a model's connections may go, without a network."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import httpx
import pytest

from reviewer.config import ModelSettings
from reviewer.errors import ConfigError, ModelOverflow, ModelUnavailable
from reviewer.models.connection import PrivateNetwork, client_options, is_overflow, is_private, refusal
from reviewer.models.gateway import open_model

PRIVATE = """127.0.0.1 127.8.9.1 10.1.2.3 172.31.0.1 192.168.1.1 100.64.0.7 ::1 fd12::1 ::ffff:10.0.0.1"""
PUBLIC = """8.8.8.8 172.32.0.1 100.128.0.1 169.254.169.254 192.0.2.1 0.0.0.0 255.255.255.255 :: fe80::1 fe80::1%eth0
    2606:4700::1 ::ffff:8.8.8.8 64:ff9b::808:808 not-an-address"""


@pytest.mark.parametrize("address", PRIVATE.split())
def test_private(address: str) -> None:
    assert is_private(address)


@pytest.mark.parametrize("address", PUBLIC.split())
def test_not_private(address: str) -> None:
    assert not is_private(address)


class Network(httpx.AsyncBaseTransport):
    """Answers at some addresses, refuses connections at others."""

    def __init__(self, *listening: str) -> None:
        self.listening = listening
        self.seen: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        if request.url.host not in self.listening:
            raise httpx.ConnectError("refused")
        return httpx.Response(200)


async def get(url: str, network: Network, *addresses: str) -> httpx.Response:
    async def resolve(host: str, port: int) -> Sequence[str]:
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "unknown name")
        return addresses

    transport = PrivateNetwork(network, "coder", resolve)
    async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
        return await client.get(url)


async def test_the_address_that_was_checked_is_the_one_connected_to() -> None:
    network = Network("10.0.0.7")
    await get("https://models.example:8443/v1", network, "10.0.0.7")
    (request,) = network.seen
    assert str(request.url) == "https://10.0.0.7:8443/v1"
    assert request.headers["host"] == "models.example:8443"
    assert request.extensions["sni_hostname"] == "models.example"


async def test_public_addresses_are_passed_over() -> None:
    network = Network("8.8.8.8", "fd00::7")
    await get("http://models.example/", network, "8.8.8.8", "fd00::7")
    assert [str(request.url) for request in network.seen] == ["http://[fd00::7]/"]


async def test_a_name_that_is_public_is_refused() -> None:
    network = Network("8.8.8.8")
    with pytest.raises(ModelUnavailable, match=r"8\.8\.8\.8, outside private address space"):
        await get("http://models.example/", network, "8.8.8.8")
    assert network.seen == []


async def test_a_name_that_turns_public_between_two_requests_is_refused_at_the_second() -> None:
    answers = iter([["10.0.0.7"], ["169.254.169.254"], ["0.0.0.0"], ["::ffff:169.254.169.254"]])

    async def rebinding(host: str, port: int) -> Sequence[str]:
        return next(answers)

    network = Network("10.0.0.7", "169.254.169.254", "0.0.0.0")
    async with httpx.AsyncClient(transport=PrivateNetwork(network, "coder", rebinding)) as client:
        await client.get("http://models.example/v1")
        for _ in range(3):
            with pytest.raises(ModelUnavailable, match="outside private address space"):
                await client.get("http://models.example/v1")
    assert [request.url.host for request in network.seen] == ["10.0.0.7"]


@pytest.mark.parametrize("host", ["169.254.169.254", "0.0.0.0", "[::ffff:169.254.169.254]", "[fe80::1]"])
async def test_addresses_of_metadata_services_are_refused_as_they_stand(host: str) -> None:
    network = Network(host.strip("[]"))
    with pytest.raises(ModelUnavailable, match="refused"):
        await get(f"http://{host}/latest", network, host.strip("[]"))
    assert network.seen == []


async def test_a_redirect_to_a_metadata_service_is_not_followed() -> None:
    class Redirecting(Network):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await super().handle_async_request(request)
            return httpx.Response(302, headers={"location": "http://169.254.169.254/latest"})

    network = Redirecting("10.0.0.7")
    options = client_options(
        "coder", ModelSettings(backend="openai", model="m"), public=True, transport=network
    )
    async with httpx.AsyncClient(**options) as client:
        assert (await client.get("http://10.0.0.7/")).status_code == 302
    assert len(network.seen) == 1


async def test_the_next_private_address_is_tried() -> None:
    network = Network("127.0.0.1")
    await get("http://localhost/", network, "::1", "127.0.0.1")
    assert [request.url.host for request in network.seen] == ["::1", "127.0.0.1"]


async def test_all_addresses_refusing_is_a_connection_error() -> None:
    with pytest.raises(httpx.ConnectError):
        await get("http://localhost/", Network(), "::1", "127.0.0.1")


async def test_an_unknown_name_says_so() -> None:
    with pytest.raises(ModelUnavailable, match="does not resolve"):
        await get("http://models.example/", Network())


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "127.0.0.1:11434", "http://", "http://[::1/"])
def test_what_is_no_http_url_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_model("coder", ModelSettings(backend="openai", url=url, model="m"))
    assert caught.value.key == "models.coder.url"


def test_a_password_in_the_url_is_refused() -> None:
    with pytest.raises(ConfigError, match="carries a password"):
        open_model("coder", ModelSettings(backend="ollama", url="http://me:pw@127.0.0.1/", model="m"))


def test_a_key_that_is_not_there_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    settings = ModelSettings(backend="openai", url="http://127.0.0.1/", model="m", api_key_env="NO_SUCH_KEY")
    with pytest.raises(ConfigError) as caught:
        open_model("coder", settings)
    assert caught.value.key == "models.coder.api_key_env"


def test_public_models_lift_the_restriction_and_nothing_else() -> None:
    settings = ModelSettings(backend="openai", model="m")
    network = Network()
    open_to_all = client_options("coder", settings, public=True, transport=network)
    assert open_to_all["transport"] is network
    assert open_to_all["trust_env"] is False
    assert open_to_all["follow_redirects"] is False


@pytest.mark.parametrize(
    "said",
    [
        "the input length exceeds the context length",
        "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens",
        "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
        '{"error":{"type":"exceed_context_size_error","message":"exceeds the available context size"}}',
        '{"error":{"code":"context_length_exceeded"}}',
        "prompt too long",
    ],
)
def test_the_words_of_servers_for_too_long_a_prompt(said: str) -> None:
    assert is_overflow(400, said)
    assert not is_overflow(404, said)


@pytest.mark.parametrize("said", ["context canceled", "invalid format", "quota exceeded", ""])
def test_other_refusals_are_not_overflows(said: str) -> None:
    assert not is_overflow(500, said)


def test_a_refusal_names_what_to_do() -> None:
    assert refusal(404, "no", "coder", missing="ollama pull x").remedy == "ollama pull x"
    assert "api_key_env" in refusal(401, "no", "coder", missing="").remedy
    assert "parallel" in refusal(503, "busy", "coder", missing="").remedy
    assert not isinstance(refusal(400, "no", "coder", missing=""), ModelOverflow)
