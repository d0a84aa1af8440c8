"""Private authorities and the certificates that they sign. Pure but for the machine's random numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from tenantry.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

SERVER_DAYS: Final = 3 * 365
RENEWAL_DAYS: Final = 365
"""A deployment in the last year renews: an instance that is left alone for two years keeps running."""
AUTHORITY_DAYS: Final = 20 * 365
_SKEW: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """PEM texts. `authorities`: every certificate that a client should trust, the signing one first."""

    authorities: str
    authority_key: str
    certificate: str
    key: str
    not_after: str
    """ISO 8601, UTC."""


def issue(names: Sequence[str], now: datetime, kept: Issued | None = None) -> Issued:
    """A certificate for DNS names, signed by the kept authority where that outlives it, else by a new one.

    Clients trust the old authority beside the new one until it ends, so that none has to change at the same moment.
    Raises EngineError where the kept authority cannot be read.
    """
    end = now + timedelta(days=SERVER_DAYS)
    authority, authority_key, older = _kept_authority(kept, now, end)
    if authority is None or authority_key is None:
        authority, authority_key = _new_authority(names[0], now)
    certificate, key = _server(names, authority, authority_key, now, end)
    return Issued(
        authorities="".join(_pem(each) for each in (authority, *older)),
        authority_key=_key_pem(authority_key),
        certificate=_pem(certificate),
        key=_key_pem(key),
        not_after=end.isoformat(timespec="seconds"),
    )


def nears_its_end(not_after: str, now: datetime) -> bool:
    """Whether it is time to renew. Raises EngineError for a text that is no date."""
    try:
        end = datetime.fromisoformat(not_after)
    except ValueError:
        raise _broken() from None
    return now >= end.astimezone(UTC) - timedelta(days=RENEWAL_DAYS)


def _kept_authority(
    kept: Issued | None, now: datetime, end: datetime
) -> tuple[x509.Certificate | None, EllipticCurvePrivateKey | None, list[x509.Certificate]]:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    if kept is None:
        return None, None, []
    try:
        found = [
            each
            for each in x509.load_pem_x509_certificates(kept.authorities.encode())
            if each.not_valid_after_utc > now
        ]
        key = serialization.load_pem_private_key(kept.authority_key.encode(), password=None)
    except ValueError:
        raise _broken() from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise _broken()
    if found and found[0].not_valid_after_utc > end and found[0].public_key() == key.public_key():
        return found[0], key, found[1:]
    return None, None, found


def _new_authority(name: str, now: datetime) -> tuple[x509.Certificate, EllipticCurvePrivateKey]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = _subject(f"Authority of {name}")
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate, key


def _server(
    names: Sequence[str],
    authority: x509.Certificate,
    authority_key: EllipticCurvePrivateKey,
    now: datetime,
    end: datetime,
) -> tuple[x509.Certificate, EllipticCurvePrivateKey]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_subject(names[0]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return certificate, key


def _subject(name: str) -> x509.Name:
    from cryptography import x509

    # A common name holds 64 characters at most; clients look at the alternative names.
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name[:64])])


def _usage(*, authority: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM).decode()


def _key_pem(key: EllipticCurvePrivateKey) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _broken() -> EngineError:
    return EngineError(
        "The state of a server certificate cannot be read.", hint="Restore the stack's state from its history."
    )
