from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tenantry_kubernetes.client import tls
from tenantry_kubernetes.client.errors import KubeconfigError
from tenantry_kubernetes.client.kubeconfig import Access

SERVER = "https://127.0.0.1:1"


def pair() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private


def test_client_certificate_and_authority() -> None:
    certificate, key = pair()
    made = tls.context(Access(server=SERVER, ca=certificate, certificate=certificate, key=key))
    assert made.verify_mode == ssl.CERT_REQUIRED
    assert made.check_hostname
    assert len(made.get_ca_certs()) == 1


def test_without_verification() -> None:
    assert tls.context(Access(server=SERVER, verify=False)).verify_mode == ssl.CERT_NONE


def test_refusals() -> None:
    certificate, key = pair()
    with pytest.raises(KubeconfigError, match="not a PEM certificate"):
        tls.context(Access(server=SERVER, ca=b"nonsense"))
    with pytest.raises(KubeconfigError, match="without its key"):
        tls.context(Access(server=SERVER, ca=certificate, certificate=certificate))
    with pytest.raises(KubeconfigError, match="do not fit"):
        tls.context(Access(server=SERVER, ca=certificate, certificate=pair()[0], key=key))
