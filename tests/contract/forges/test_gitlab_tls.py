"""A GitLab behind a company's own authority that wants a client certificate: the API and git both get in."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from reviewer.demo.loopback import serve
from reviewer.errors import ForgeAway, ForgeUnavailable
from tests.contract.forges.conftest import connect
from tests.fakes.forge.gitlab import FakeGitLab


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Issue `ca.pem`, and `server` and `client`, each a `.pem` and a `.key`."""
    folder = tmp_path_factory.mktemp("certificates")
    authority = ec.generate_private_key(ec.SECP256R1())
    root = certify("authority", authority.public_key(), authority, authority=True)
    (folder / "ca.pem").write_bytes(root.public_bytes(Encoding.PEM))
    for name in ("server", "client"):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = certify(name, key.public_key(), authority, authority=False)
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{name}.key").write_bytes(private)
    return folder


def certify(
    name: str, key: ec.EllipticCurvePublicKey, issuer: ec.EllipticCurvePrivateKey, *, authority: bool
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")]))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(issuer_id, critical=False)
    )
    if not authority:
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(issuer, hashes.SHA256())


def test_the_api_and_git_get_in_with_authority_and_certificate(tmp_path: Path, certificates: Path) -> None:
    forge = FakeGitLab(tmp_path)
    forge.open({"a.py": "1\n"}, {"a.py": "2\n"})
    files: dict[str, Any] = {
        "client_cert_file": certificates / "client.pem",
        "client_key_file": certificates / "client.key",
    }
    options: dict[str, Any] = {
        "ssl_certfile": certificates / "server.pem",
        "ssl_keyfile": certificates / "server.key",
        "ssl_ca_certs": certificates / "ca.pem",
        "ssl_cert_reqs": ssl.CERT_REQUIRED,
    }
    with serve(forge, **options) as forge.address:
        with contextlib.closing(
            connect(forge, tmp_path, ca_file=certificates / "ca.pem", **files)
        ) as adapter:
            change = adapter.fetch(adapter.describe("desk/orders", 1))
            forge.fail("", status=503, times=50)
            with pytest.raises(ForgeAway):  # the front page is asked as everything else is
                adapter.describe("desk/orders", 1)
            forge.faults.clear()
        with (
            contextlib.closing(connect(forge, tmp_path, ca_file=certificates / "ca.pem")) as anonymous,
            pytest.raises(ForgeUnavailable),
        ):
            anonymous.describe("desk/orders", 1)
        with (
            contextlib.closing(connect(forge, tmp_path, **files)) as distrustful,
            pytest.raises(ForgeUnavailable, match="certificate"),
        ):
            distrustful.describe("desk/orders", 1)

    assert [file.path for file in change.files] == ["a.py"]
