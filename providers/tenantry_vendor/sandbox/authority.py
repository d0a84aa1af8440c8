"""A local certificate authority: its key never leaves the sandbox's folder."""

from __future__ import annotations

import datetime as dt
import ipaddress
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tenantry.errors import SandboxError
from tenantry_vendor.sandbox.files import write_private

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_AUTHORITY_DAYS = 3650
_LEAF_DAYS = 365
_RENEW_DAYS = 30
# Clocks of virtual machines lag behind; a certificate from the future is refused.
_BACKDATE = dt.timedelta(hours=1)
_COMMON_NAME_LIMIT = 64


class Authority:
    """Issues certificates for one sandbox. `certificate_file` may be shown to anybody, `key_file` to nobody."""

    def __init__(self, folder: Path, name: str) -> None:
        self.certificate_file = folder / f"{name}.pem"
        self.key_file = folder / f"{name}.key"
        if not (self.certificate_file.exists() and self.key_file.exists()):
            self._create(name)
        try:
            key = serialization.load_pem_private_key(self.key_file.read_bytes(), password=None)
            self._certificate = x509.load_pem_x509_certificate(self.certificate_file.read_bytes())
        except ValueError as error:
            raise _unreadable(self.key_file) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise _unreadable(self.key_file)
        self._key = key

    def _create(self, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Tenantry sandbox {name}")])
        usage = _key_usage(signs_certificates=True)
        certificate = (
            _builder(subject, subject, key.public_key(), _AUTHORITY_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(key, hashes.SHA256())
        )
        write_private(self.key_file, _key_pem(key))
        write_private(self.certificate_file, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)

    def issue(
        self, common_name: str, *, hosts: Sequence[str] = (), organisation: str = "", client: bool = False
    ) -> tuple[bytes, bytes]:
        """A new certificate and its key, both PEM.

        `hosts` are DNS names and IP addresses for a server; `client` makes it good for authenticating, as user
        `common_name` in group `organisation` where Kubernetes reads it.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name[:_COMMON_NAME_LIMIT])]
        if organisation:
            attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
        purposes = [ExtendedKeyUsageOID.CLIENT_AUTH] if client else []
        if hosts:
            purposes.append(ExtendedKeyUsageOID.SERVER_AUTH)
        builder = (
            _builder(x509.Name(attributes), self._certificate.subject, key.public_key(), _LEAF_DAYS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        if hosts:
            names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM), _key_pem(key)

    def ensure(
        self,
        path: Path,
        common_name: str,
        *,
        hosts: Sequence[str] = (),
        organisation: str = "",
        client: bool = False,
    ) -> None:
        """Keeps a certificate of this authority at `path` (`.pem`) with its key beside it (`.key`), renewed in time."""
        key_file = path.with_suffix(".key")
        if path.exists() and key_file.exists() and self._is_good(path):
            return
        certificate, key = self.issue(common_name, hosts=hosts, organisation=organisation, client=client)
        write_private(key_file, key)
        write_private(path, certificate)

    def _is_good(self, path: Path) -> bool:
        try:
            found = x509.load_pem_x509_certificate(path.read_bytes())
            found.verify_directly_issued_by(self._certificate)
        except Exception:  # noqa: BLE001 - whatever is wrong with it, a new one is the answer
            return False
        left = found.not_valid_after_utc - dt.datetime.now(dt.UTC)
        return left > dt.timedelta(days=_RENEW_DAYS)


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _unreadable(path: Path) -> SandboxError:
    return SandboxError(
        f"The sandbox's key cannot be read: {path}", hint="Stop the sandbox, remove its folder, and start it again."
    )
