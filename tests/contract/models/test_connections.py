"""TLS as a company has it: its own authority, client certificates, names that are verified."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from reviewer.domain import Message
from reviewer.errors import ConfigError, ModelUnavailable
from reviewer.ports import ModelRequest
from tests.contract.models.conftest import SCRIPTED, Connect
from tests.fakes.models import ScriptedModels

ASK = ModelRequest(messages=(Message("user", "Review this."),), max_tokens=50)


@dataclass(frozen=True, slots=True)
class Signed:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Authority:
    """A company's own certificate authority."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def file(self) -> Path:
        return self.folder / "ca.pem"

    def sign(self, name: str, *alternatives: x509.GeneralName) -> Signed:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _certificate(name, key.public_key(), self.certificate.subject)
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        signed = Signed(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        signed.certificate.write_bytes(
            builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )
        signed.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return signed


def _certificate(name: str, key: ec.EllipticCurvePublicKey, issuer: x509.Name) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "House CA")])
    builder = _certificate("House CA", key.public_key(), name).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    made = Authority(tmp_path_factory.mktemp("ca"), key, builder.sign(key, hashes.SHA256()))
    made.file.write_bytes(made.certificate.public_bytes(serialization.Encoding.PEM))
    return made


Serve = Callable[..., ScriptedModels]


@pytest.fixture
def serve(authority: Authority) -> Iterator[Serve]:
    """Serve HTTPS with a certificate for these names, asking for a client's if told to."""
    running: list[ScriptedModels] = []

    def start(*names: x509.GeneralName, client_certificates: bool = False) -> ScriptedModels:
        signed = authority.sign("server", *names)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(signed.certificate, signed.key)
        if client_certificates:
            context.load_verify_locations(authority.file)
            context.verify_mode = ssl.CERT_REQUIRED
        running.append(ScriptedModels(tls=context).__enter__())
        return running[-1]

    yield start
    for server in running:
        server.__exit__(None, None, None)


LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


@pytest.mark.parametrize("backend", SCRIPTED)
async def test_a_company_authority_and_a_client_certificate(
    backend: str, serve: Serve, authority: Authority, connect: Connect
) -> None:
    server = serve(LOOPBACK, client_certificates=True)
    client = authority.sign("reviewer")
    tls = {
        "ca_file": authority.file,
        "client_cert_file": client.certificate,
        "client_key_file": client.key,
    }
    assert (await connect(backend, server.url, **tls).complete(ASK)).text == "NOTHING TO REPORT"


@pytest.mark.parametrize("backend", SCRIPTED)
async def test_an_unknown_authority_is_refused(backend: str, serve: Serve, connect: Connect) -> None:
    with pytest.raises(ModelUnavailable, match="certificate"):
        await connect(backend, serve(LOOPBACK).url).complete(ASK)


async def test_the_name_is_verified_though_the_address_is_connected_to(
    serve: Serve, authority: Authority, connect: Connect
) -> None:
    for name, welcome in ((x509.DNSName("localhost"), True), (x509.DNSName("elsewhere.example"), False)):
        url = serve(name).url.replace("127.0.0.1", "localhost")
        model = connect("openai", url, ca_file=authority.file)
        if welcome:
            assert (await model.complete(ASK)).text
        else:
            with pytest.raises(ModelUnavailable, match="certificate"):
                await model.complete(ASK)


async def test_a_certificate_that_cannot_be_read(connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for file in ("ca.pem", "missing.pem"):
        with pytest.raises(ConfigError) as caught:
            connect("openai", "https://127.0.0.1:1", ca_file=tmp_path / file)
        assert caught.value.key == "models.coder.ca_file"
