"""Signatures of bundles: Ed25519 over what the bundle's bytes hash to, in a file beside it, `<bundle>.sig`.

Keys are PEM files: PKCS #8 for the private one, SubjectPublicKeyInfo for the public one, as OpenSSL writes them too.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tenantry.errors import CatalogueError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SUFFIX: Final = ".sig"
FORMAT: Final = 1
MAX_SIGNATURES: Final = 32
_MAX_BYTES: Final = 64 * 1024
_KEY_MAKING: Final = "make one: openssl genpkey -algorithm ed25519 -out key.pem"
_SIGNATURE_BYTES: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whose signatures count. `publishers`: name -> PEM texts of its public keys. `required`: nothing unsigned is used.

    A key of a publisher that is taken out of the list counts no more, for what it signed before too.
    """

    required: bool = False
    publishers: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One line of a signature file: the key's id (SHA-256 of the public key, hexadecimal) and the 64 bytes."""

    key: str
    value: bytes


def statement(selector: str, sha256: str) -> bytes:
    """What is signed: `name@version` and the SHA-256 (hexadecimal) of the bundle's bytes."""
    return f"tenantry bundle {FORMAT}\n{selector}\nsha256:{sha256}\n".encode()


def verified(selector: str, sha256: str, signatures: Sequence[Signature], trust: Trust) -> list[str]:
    """Names of the trusted publishers that signed exactly this bundle.

    Raises CatalogueError where a signature that says it is of a trusted key does not fit, and where none is there and
    one is required.
    """
    from cryptography.exceptions import InvalidSignature

    found: list[str] = []
    by_key = {one.key: one for one in signatures}
    for publisher, texts in sorted(trust.publishers.items()):
        for text in texts:
            key = public_key(text.encode(), publisher)
            signature = by_key.get(key_id(key))
            if signature is None:
                continue
            try:
                key.verify(signature.value, statement(selector, sha256))
            except InvalidSignature:
                raise CatalogueError(
                    f"the signature of {publisher} is not one of this bundle {selector}: one of the two was changed",
                    hint="get both again from the publisher; do not use this file",
                ) from None
            found.append(publisher)
    if trust.required and not found:
        known = ", ".join(sorted(trust.publishers)) or "none"
        raise CatalogueError(
            f"{selector} has no signature of a trusted publisher, and the project requires one (trusted: {known})",
            hint="sign it: tenantry template sign; or add the publisher's key to trust.publishers in tenantry.yaml",
        )
    return sorted(set(found))


def sign(selector: str, sha256: str, key: Ed25519PrivateKey) -> Signature:
    """The signature of a bundle."""
    return Signature(key=key_id(key.public_key()), value=key.sign(statement(selector, sha256)))


def key_id(key: Ed25519PublicKey) -> str:
    """SHA-256 over the 32 bytes of the public key, in hexadecimal."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()


def public_key(pem: bytes, shown: str) -> Ed25519PublicKey:
    """The public key of a PEM text; `shown` names it in messages. Raises CatalogueError."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem)
    except (ValueError, TypeError) as error:
        raise _wrong_key(shown, "public", error) from None
    except Exception as error:  # noqa: BLE001 - UnsupportedAlgorithm and what its backends raise
        raise _wrong_key(shown, "public", error) from None
    if not isinstance(key, Ed25519PublicKey):
        raise _wrong_key(shown, "public", None)
    return key


def private_key(pem: bytes, shown: str, passphrase: bytes | None = None) -> Ed25519PrivateKey:
    """The private key of a PEM text; `shown` names it in messages. Raises CatalogueError, which holds nothing of it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem, passphrase)
    except TypeError:
        wanted = "needs a passphrase" if passphrase is None else "has no passphrase"
        raise CatalogueError(f"the key {shown} {wanted}", hint="see --passphrase-file") from None
    except Exception as error:  # noqa: BLE001 - ValueError, UnsupportedAlgorithm and what its backends raise
        raise _wrong_key(shown, "private", error) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _wrong_key(shown, "private", None)
    return key


def _wrong_key(shown: str, kind: str, error: Exception | None) -> CatalogueError:
    del error  # Its text may quote what stands in the file.
    return CatalogueError(f"{shown} is no PEM file with an Ed25519 {kind} key", hint=_KEY_MAKING)


def read_signatures(path: Path) -> list[Signature]:
    """The signatures in a file; empty where there is no file. Raises CatalogueError where it is damaged."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CatalogueError(f"{path} cannot be read: {error.strerror}") from None
    found = _parse(content)
    if found is None:
        hint = "get it again from the publisher, or sign the bundle again"
        raise CatalogueError(f"{path} is no file of signatures", hint=hint)
    return found


def _parse(content: bytes) -> list[Signature] | None:
    """The signatures; None where the content is something else."""
    try:
        data: Any = json.loads(content)
        lines = data["signatures"]
        found = [
            Signature(key=str(one["key"]), value=base64.b64decode(one["signature"], validate=True)) for one in lines
        ]
        known = len(content) <= _MAX_BYTES and data["format"] == FORMAT
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error):
        return None
    fits = len(found) <= MAX_SIGNATURES and all(len(one.value) == _SIGNATURE_BYTES for one in found)
    return found if known and fits and len({one.key for one in found}) == len(found) else None


def write_signatures(path: Path, signatures: Sequence[Signature]) -> None:
    """Replaces the file in one step. Raises CatalogueError."""
    lines = [
        {"key": one.key, "signature": base64.b64encode(one.value).decode()}
        for one in sorted(signatures, key=lambda one: one.key)
    ]
    text = json.dumps({"format": FORMAT, "signatures": lines}, indent=2) + "\n"
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        raise CatalogueError(f"{path} cannot be written: {error.strerror}") from None
