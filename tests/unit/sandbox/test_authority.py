"""The local certificate authority and the certificates of TLS listeners."""

from __future__ import annotations

import ssl
import stat
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from tenantry.errors import SandboxError
from tenantry_vendor.sandbox.authority import Authority
from tenantry_vendor.sandbox.gateway.certificates import Certificates

if TYPE_CHECKING:
    from pathlib import Path


def shake(server: ssl.SSLContext, client: ssl.SSLContext, name: str | None) -> bytes:
    """A handshake in memory; the certificate that the server showed."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client.check_hostname = name is not None
    asking = client.wrap_bio(to_client, to_server, server_hostname=name)
    serving = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(10):
        for side in (asking, serving):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    shown = asking.getpeercert(binary_form=True)
    assert shown is not None
    return shown


def names(certificate: bytes) -> list[str]:
    found = x509.load_der_x509_certificate(certificate)
    listed = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(each.value) for each in listed]


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.certificate_file))


def test_an_authority_is_made_once(tmp_path: Path) -> None:
    first, again = Authority(tmp_path, "ca"), Authority(tmp_path, "ca")
    assert first.certificate_file.read_bytes() == again.certificate_file.read_bytes()
    assert stat.S_IMODE(first.key_file.stat().st_mode) == 0o600
    first.key_file.write_text("nonsense")
    with pytest.raises(SandboxError, match="key cannot be read"):
        Authority(tmp_path, "ca")


def test_certificates_are_kept_until_they_are_no_longer_good(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ca")
    path = tmp_path / "server.pem"
    authority.ensure(path, "server", hosts=["localhost", "127.0.0.1"])
    before = path.read_bytes()
    authority.ensure(path, "server", hosts=["localhost"])
    assert path.read_bytes() == before
    Authority(tmp_path, "other").ensure(path, "server", hosts=["localhost"])
    assert path.read_bytes() != before
    path.write_text("nonsense")
    authority.ensure(path, "server", hosts=["localhost"])
    assert b"BEGIN CERTIFICATE" in path.read_bytes()


def test_listeners_show_a_certificate_for_the_name_that_is_asked(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path, "ca"), Authority(tmp_path, "other")
    certificates = Certificates(authority, tmp_path, lambda host: host.endswith(".example"))
    context = certificates.listener("127.1.2.3", "main.example")
    assert names(shake(context, trusting(authority), "a.example")) == ["a.example"]
    assert names(shake(context, trusting(authority), "127.1.2.3")) == ["main.example", "127.1.2.3", "localhost"]
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(context, trusting(authority), "stranger.test")
    certificates.provide({"b.example": other.issue("b", hosts=["b.example"])})
    assert names(shake(context, trusting(other), "b.example")) == ["b.example"]
    wild = other.issue("w", hosts=["*.sub.example"])
    certificates.provide({"*.sub.example": wild})
    assert names(shake(context, trusting(other), "x.sub.example")) == ["*.sub.example"]
    assert names(shake(context, trusting(authority), "b.example")) == ["b.example"]
    certificates.provide({"c.example": (b"no certificate", b"no key")})
    assert names(shake(context, trusting(authority), "c.example")) == ["c.example"]
