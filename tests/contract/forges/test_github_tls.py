"""A company's own certificate authority, and a server that asks its clients for certificates."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from reviewer.config import ForgeSettings
from reviewer.forges.github import GitHubForge
from reviewer.repo.mirror import Mirror


@dataclass(frozen=True)
class Papers:
    """A certificate and its key, as files and to sign others with."""

    certificate: Path
    key: Path
    issued: x509.Certificate
    private: ec.EllipticCurvePrivateKey


def issue(folder: Path, name: str, authority: Papers | None = None) -> Papers:
    """Make a certificate for 127.0.0.1; without an authority, one that signs others."""
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    signer = authority.private if authority else private
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.issued.subject if authority else subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=authority is None, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .sign(signer, hashes.SHA256())
    )
    papers = Papers(folder / f"{name}.crt", folder / f"{name}.key", signed, private)
    papers.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    papers.key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return papers


class Account(BaseHTTPRequestHandler):
    """Answer `GET /user`, whatever is asked."""

    def do_GET(self) -> None:
        body = b'{"login": "reviewer-bot", "id": 1}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Quiet(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Handshakes that fail are what some tests are about."""


@contextmanager
def instance(authority: Papers, own: Papers) -> Iterator[str]:
    """Serve over TLS to clients with a certificate of the authority's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.certificate, own.key)
    context.load_verify_locations(authority.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    with Quiet(("127.0.0.1", 0), Account) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(10)


@pytest.fixture
def authority(tmp_path: Path) -> Papers:
    return issue(tmp_path, "authority")


@pytest.mark.parametrize(("with_authority", "with_certificate"), [(True, True), (False, True), (True, False)])
def test_both_certificates_are_needed_and_used(
    tmp_path: Path, authority: Papers, with_authority: bool, with_certificate: bool
) -> None:
    client = issue(tmp_path, "client", authority)
    token = tmp_path / "token"
    token.write_text("ghp_x", encoding="utf-8")
    with instance(authority, issue(tmp_path, "server", authority)) as url:
        settings = ForgeSettings(
            id="hub",
            kind="github",
            url=url,
            token_file=token,
            ca_file=authority.certificate if with_authority else None,
            client_cert_file=client.certificate if with_certificate else None,
            client_key_file=client.key if with_certificate else None,
        )
        forge = GitHubForge(settings, Mirror(tmp_path / "data"), wait=lambda _: None)
        (credentials,) = forge.check()
        forge.close()
    assert credentials.ok is (with_authority and with_certificate), credentials.detail
