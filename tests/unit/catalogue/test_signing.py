"""Signatures of bundles: who signed is checked before anything is read, and what was changed is refused."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from tenantry.catalogue import Catalogue, unbundle
from tenantry.catalogue.bundle import pack_bundle
from tenantry.catalogue.signing import (
    Signature,
    Trust,
    key_id,
    private_key,
    public_key,
    read_signatures,
    sign,
    statement,
    verified,
    write_signatures,
)
from tenantry.catalogue.tree import read_tree
from tenantry.errors import CatalogueError

SHOP = Path(__file__).parents[1] / "spec" / "fixtures" / "shop" / "1.0.0"
ALICE = Ed25519PrivateKey.from_private_bytes(b"a" * 32)
BOB = Ed25519PrivateKey.from_private_bytes(b"b" * 32)
SHA = "0" * 64


def pem(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def trust(*keys: Ed25519PrivateKey, required: bool = True) -> Trust:
    return Trust(required=required, publishers={"alice": [pem(key) for key in keys]})


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    file = tmp_path / "templates" / "shop" / "shop-1.0.0.bundle"
    file.parent.mkdir(parents=True)
    file.write_bytes(pack_bundle(read_tree(SHOP), "shop", "1.0.0"))
    return file


def signed(bundle: Path, *keys: Ed25519PrivateKey) -> None:
    sha256 = hashlib.sha256(bundle.read_bytes()).hexdigest()
    write_signatures(bundle.with_name(bundle.name + ".sig"), [sign("shop@1.0.0", sha256, key) for key in keys])


def catalogue(bundle: Path, trust: Trust) -> Catalogue:
    return Catalogue(bundle.parents[1], trust)


def test_a_signed_bundle_is_used(bundle: Path) -> None:
    signed(bundle, BOB, ALICE)
    assert catalogue(bundle, trust(ALICE)).open("shop@1.0.0").signed_by == ("alice",)


def test_a_publisher_may_have_several_keys(bundle: Path) -> None:
    signed(bundle, BOB)
    assert catalogue(bundle, trust(ALICE, BOB)).open("shop@1.0.0").signed_by == ("alice",)


def test_unsigned_or_signed_by_a_stranger_where_required(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unbundle, "unpack", None)
    for keys in ((), (BOB,)):
        signed(bundle, *keys)
        with pytest.raises(CatalogueError, match="no signature of a trusted publisher") as caught:
            catalogue(bundle, trust(ALICE)).open("shop@1.0.0")
        assert "trust.publishers" in caught.value.hint
    bundle.with_name(bundle.name + ".sig").unlink()
    with pytest.raises(CatalogueError, match="no signature"):
        catalogue(bundle, trust(ALICE)).open("shop@1.0.0")


def test_unsigned_where_nothing_is_required(bundle: Path) -> None:
    assert catalogue(bundle, trust(ALICE, required=False)).open("shop@1.0.0").signed_by == ()
    signed(bundle, BOB)
    assert catalogue(bundle, trust(ALICE, required=False)).open("shop@1.0.0").signed_by == ()
    assert catalogue(bundle, Trust()).open("shop@1.0.0").signed_by == ()


def test_another_bundle_under_a_signature(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signed(bundle, ALICE)
    shutil.copytree(SHOP, tmp_path / "changed")
    (tmp_path / "changed" / "web" / "index.html").write_text("evil", encoding="utf-8")
    bundle.write_bytes(pack_bundle(read_tree(tmp_path / "changed"), "shop", "1.0.0"))
    monkeypatch.setattr(unbundle, "unpack", None)
    for required in (True, False):
        with pytest.raises(CatalogueError, match="one of the two was changed"):
            catalogue(bundle, trust(ALICE, required=required)).open("shop@1.0.0")


def test_a_signature_is_for_one_name_and_version() -> None:
    signature = sign("shop@1.0.0", SHA, ALICE)
    assert verified("shop@1.0.0", SHA, [signature], trust(ALICE)) == ["alice"]
    for selector, sha in (("shop@1.0.1", SHA), ("mall@1.0.0", SHA), ("shop@1.0.0", "1" * 64)):
        with pytest.raises(CatalogueError, match="one of the two was changed"):
            verified(selector, sha, [signature], trust(ALICE))


@given(st.integers(0, 63), st.integers(1, 255))
def test_no_bit_of_a_signature_may_change(place: int, value: int) -> None:
    signature = sign("shop@1.0.0", SHA, ALICE)
    changed = bytearray(signature.value)
    changed[place] ^= value
    with pytest.raises(CatalogueError, match="one of the two was changed"):
        verified("shop@1.0.0", SHA, [Signature(key=signature.key, value=bytes(changed))], trust(ALICE))


def test_sources_where_signatures_are_required(bundle: Path) -> None:
    shutil.copytree(SHOP, bundle.parent / "1.0.0")
    bundle.unlink()
    with pytest.raises(CatalogueError, match="only bundles have") as caught:
        catalogue(bundle, trust(ALICE)).open("shop@1.0.0")
    assert "tenantry template pack" in caught.value.hint
    assert catalogue(bundle, trust(ALICE, required=False)).open("shop@1.0.0").signed_by == ()


# --- the file -----------------------------------------------------------------------------------------------------


def test_the_file_says_key_and_signature(bundle: Path) -> None:
    signed(bundle, ALICE)
    file = bundle.with_name(bundle.name + ".sig")
    (line,) = json.loads(file.read_text(encoding="utf-8"))["signatures"]
    assert line["key"] == key_id(ALICE.public_key())
    sha256 = hashlib.sha256(bundle.read_bytes()).hexdigest()
    ALICE.public_key().verify(base64.b64decode(line["signature"]), statement("shop@1.0.0", sha256))
    assert file.stat().st_mode & 0o777 == 0o644


SIGNATURE = base64.b64encode(bytes(64)).decode()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"format": 2, "signatures": []}',
        '{"format": 1, "signatures": {}}x',
        '{"format": 1, "signatures": [{"key": "a"}]}',
        '{"format": 1, "signatures": [{"key": "a", "signature": "?"}]}',
        '{"format": 1, "signatures": [{"key": "a", "signature": "AAAA"}]}',
        json.dumps({"format": 1, "signatures": [{"key": "a", "signature": SIGNATURE}] * 2}),
        json.dumps({"format": 1, "signatures": [{"key": str(n), "signature": SIGNATURE} for n in range(33)]}),
        "[" * 5000,
        " " * 70_000 + '{"format": 1, "signatures": []}',
    ],
)
def test_damaged_files_of_signatures(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.sig").write_text(content, encoding="utf-8")
    with pytest.raises(CatalogueError, match="no file of signatures"):
        read_signatures(tmp_path / "x.sig")


@given(st.binary(max_size=200))
def test_no_file_of_signatures_gives_a_traceback(content: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "x.sig").write_bytes(content)
        with contextlib.suppress(CatalogueError):
            read_signatures(Path(folder) / "x.sig")


# --- keys ---------------------------------------------------------------------------------------------------------


def test_keys_as_files() -> None:
    text = ALICE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert private_key(text, "key.pem").public_key() == ALICE.public_key()
    locked = ALICE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open"))
    assert private_key(locked, "key.pem", b"open").public_key() == ALICE.public_key()
    with pytest.raises(CatalogueError, match="needs a passphrase"):
        private_key(locked, "key.pem")
    with pytest.raises(CatalogueError, match="no PEM file"):
        private_key(locked, "key.pem", b"wrong")
    with pytest.raises(CatalogueError, match="has no passphrase"):
        private_key(text, "key.pem", b"open")


def test_keys_that_openssl_made(tmp_path: Path) -> None:
    made = tmp_path / "key.pem"
    openssl = shutil.which("openssl")
    assert openssl, "openssl is on every machine that builds this"
    subprocess.run([openssl, "genpkey", "-algorithm", "ed25519", "-out", str(made)], check=True, capture_output=True)
    public = subprocess.run([openssl, "pkey", "-in", str(made), "-pubout"], check=True, capture_output=True).stdout
    key = private_key(made.read_bytes(), "key.pem")
    assert public_key(public, "key.pub.pem") == key.public_key()
    signature = sign("shop@1.0.0", SHA, key)
    assert verified("shop@1.0.0", SHA, [signature], Trust(required=True, publishers={"x": [public.decode()]})) == ["x"]


def test_keys_of_other_kinds_and_no_keys() -> None:
    other = generate_ec(SECP256R1())
    private = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for wrong in (private, b"", b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"):
        with pytest.raises(CatalogueError, match=r"key\.pem is no PEM file with an Ed25519 private key") as caught:
            private_key(wrong, "key.pem")
        assert "c2VjcmV0" not in str(caught.value)
    for wrong in (public, b"", pem(ALICE).encode()[:40]):
        with pytest.raises(CatalogueError, match="Ed25519 public key"):
            public_key(wrong, "alice")
