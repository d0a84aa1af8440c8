"""A project whose catalogue holds bundles: plans are made and kept as with sources, and trust is asked every time."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tenantry.catalogue.bundle import pack_bundle
from tenantry.catalogue.signing import sign, write_signatures
from tenantry.catalogue.tree import read_tree
from tenantry.errors import CatalogueError, PreflightError, SpecError
from tenantry_ops import kept, loading
from tenantry_ops.plan_cache import prepare
from tenantry_ops.project import Project
from tenantry_ops.validation import validate_all

if TYPE_CHECKING:
    from collections.abc import Iterator

SUPPORT = Path(__file__).parents[2] / "support" / "testcloud"
TEMPLATE = """\
spec: tenantry/v1
kind: AppTemplate
name: probe
version: 1.0.0
title: {en: Probe, zh: 探针}
components:
  web: {type: site, source: ./web}
"""
TENANT = (
    "spec: tenantry/v1\nkind: Tenant\ntenant: acme\ninstance: acme\ntemplate: probe@1.0.0\nruntime: {on: testcloud}\n"
)
TRUST = "trust: {require_signatures: true, publishers: {alice: {keys: [alice.pub.pem]}}}\n"
SANDBOX = {"TENANTRY_SANDBOX_HTTP_PORT": "8099"}
ALICE = Ed25519PrivateKey.from_private_bytes(b"a" * 32)
MALLORY = Ed25519PrivateKey.from_private_bytes(b"m" * 32)


@pytest.fixture
def bundle(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The only version of the project's catalogue, signed by alice, whom the project trusts."""
    monkeypatch.syspath_prepend(str(SUPPORT))
    monkeypatch.setenv("TENANTRY_CACHE", str(tmp_path / "cache"))
    (root / "templates/probe").mkdir(parents=True)
    file = root / "templates/probe/probe-1.0.0.bundle"
    file.write_bytes(packed(tmp_path / "sources", "hello"))
    signed(file, ALICE)
    (root / "alice.pub.pem").write_bytes(
        ALICE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    (root / "tenantry.yaml").write_text((root / "tenantry.yaml").read_text() + TRUST)
    (root / "tenant_configs/acme.yaml").write_text(TENANT)
    kept.stamp_of_code.cache_clear()
    yield file
    for name in [name for name in sys.modules if name.split(".")[0] == "testcloud"]:
        del sys.modules[name]


def packed(folder: Path, text: str) -> bytes:
    (folder / "web").mkdir(parents=True, exist_ok=True)
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "web/index.html").write_text(text)
    return pack_bundle(read_tree(folder), "probe", "1.0.0")


def signed(file: Path, key: Ed25519PrivateKey) -> None:
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    write_signatures(file.with_name(file.name + ".sig"), [sign("probe@1.0.0", sha256, key)])


def page(root: Path) -> bytes:
    web = prepare(Project.find(root), "acme", SANDBOX).sources["web"]
    return web.read(web.files[0])


def test_a_plan_from_a_bundle_is_kept_too(bundle: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = prepare(Project.find(root), "acme", SANDBOX)
    assert validate_all(Project.find(root)).fingerprints.keys() == {"acme"}
    monkeypatch.setattr(loading, "load", None)
    again = prepare(Project.find(root), "acme", SANDBOX)
    assert again.plan == first.plan
    assert again.sources["web"].archive() == first.sources["web"].archive()
    assert page(root) == b"hello"


def test_a_kept_plan_is_no_way_round_a_signature(bundle: Path, root: Path, tmp_path: Path) -> None:
    assert page(root) == b"hello"
    signed(bundle, MALLORY)
    with pytest.raises(CatalogueError, match="no signature of a trusted publisher"):
        page(root)
    signed(bundle, ALICE)
    assert page(root) == b"hello"
    bundle.write_bytes(packed(tmp_path / "evil", "evil"))
    with pytest.raises(CatalogueError, match="one of the two was changed"):
        page(root)
    signed(bundle, ALICE)
    assert page(root) == b"evil"


def test_a_key_that_is_trusted_no_more(bundle: Path, root: Path) -> None:
    assert page(root) == b"hello"
    other = MALLORY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (root / "alice.pub.pem").write_bytes(other)
    with pytest.raises(CatalogueError, match="no signature of a trusted publisher"):
        page(root)
    (acme,) = validate_all(Project.find(root)).invalid
    assert (acme.problems[0].path, acme.problems[0].line) == ("template", 5)


def test_a_key_that_is_not_there(bundle: Path, root: Path) -> None:
    (root / "alice.pub.pem").unlink()
    with pytest.raises(PreflightError, match=r"alice\.pub\.pem, which trust\.publishers names, cannot be read"):
        page(root)


def test_signatures_of_nobody(bundle: Path, root: Path) -> None:
    file = root / "tenantry.yaml"
    file.write_text(file.read_text().replace(TRUST, "trust: {require_signatures: true}\n"))
    with pytest.raises(SpecError, match="nobody is trusted"):
        Project.find(root)


def test_the_shipped_templates_are_trusted_as_the_package_is(bundle: Path, root: Path) -> None:
    file = root / "tenantry.yaml"
    file.write_text(file.read_text().replace("catalogue: templates", "catalogue: shipped"))
    assert Project.find(root).catalogue.open("shop@1.0.0").released
