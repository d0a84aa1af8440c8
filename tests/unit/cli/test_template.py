"""`tenantry template`: from sources to a signed bundle that another project uses, and everything that is refused."""

from __future__ import annotations

import json
import shutil
import stat
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import tenantry.testing
from tenantry.catalogue.tree import read_tree

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Call

KIT = Path(tenantry.testing.__file__).parent / "catalogue"
NAME = "probe-1.0.0.bundle"


@pytest.fixture
def sources(project: Path) -> Path:
    """The kit's probe as the project's own catalogue; its folder of version 1.0.0."""
    shutil.copytree(KIT, project / "templates")
    (project / "templates" / "lock.yaml").unlink(missing_ok=True)
    set_catalogue(project, "templates")
    return project / "templates" / "probe" / "1.0.0"


def set_catalogue(project: Path, folder: str, more: str = "") -> None:
    file = project / "tenantry.yaml"
    lines = [line for line in file.read_text().splitlines() if not line.startswith(("catalogue:", "trust:"))]
    file.write_text("\n".join([*lines, f"catalogue: {folder}", more]) + "\n")


def bundled(project: Path) -> Path:
    """The place of a bundle in another catalogue of the project."""
    folder = project / "bundles" / "probe"
    folder.mkdir(parents=True)
    set_catalogue(project, "bundles")
    return folder / NAME


def test_pack_sign_verify_use(call: Call, sources: Path, project: Path) -> None:
    first = json.loads(call("template", "pack", "probe@1.0.0", "--json").stdout)
    again = json.loads(call("template", "pack", str(sources), "--output", "again.bundle", "--json").stdout)
    assert (first["file"], first["template"]) == (NAME, "probe@1.0.0")
    assert first["sha256"] == again["sha256"]
    assert Path(NAME).read_bytes() == Path("again.bundle").read_bytes()
    digest = json.loads(call("catalogue", "list", "--json").stdout)[0]["digest"]
    assert first["digest"] == digest

    made = json.loads(call("template", "key", "alice.pem", "--json").stdout)
    assert made["public"] == "alice.pub.pem"
    assert stat.S_IMODE(Path("alice.pem").stat().st_mode) == 0o600
    signed = json.loads(call("template", "sign", NAME, "--key", "alice.pem", "--json").stdout)
    assert signed == {"bundle": NAME, "template": "probe@1.0.0", "signatures": NAME + ".sig", "keys": [made["id"]]}
    found = json.loads(call("template", "verify", NAME, "--key", "alice.pub.pem", "--json").stdout)
    assert (found["template"], found["signed_by"], found["lock"]) == ("probe@1.0.0", ["alice.pub.pem"], "absent")

    target = bundled(project)
    shutil.move(NAME, target)
    trust = "trust: {require_signatures: true, publishers: {alice: {keys: [alice.pub.pem]}}}"
    set_catalogue(project, "bundles", trust)
    unsigned = call("catalogue", "list")
    assert unsigned.exit_code == 10
    assert "no signature of a trusted publisher" in unsigned.stderr
    shutil.move(NAME + ".sig", target.with_name(NAME + ".sig"))
    assert json.loads(call("catalogue", "list", "--json").stdout)[0]["digest"] == digest
    assert call("catalogue", "lock").exit_code == 0
    assert "lock: the same digest" in call("template", "verify", str(target)).stdout
    assert "signed by: alice" in call("template", "verify", str(target)).stdout


def test_two_sign(call: Call, sources: Path) -> None:
    call("template", "pack", "probe@1.0.0")
    ids = {json.loads(call("template", "key", f"{name}.pem", "--json").stdout)["id"] for name in ("alice", "bob")}
    calls = [call("template", "sign", NAME, "--key", f"{name}.pem", "--json") for name in ("alice", "bob", "alice")]
    assert set(json.loads(calls[-1].stdout)["keys"]) == ids
    for name in ("alice", "bob"):
        assert call("template", "verify", NAME, "--key", f"{name}.pub.pem").exit_code == 0


def test_what_verify_refuses(call: Call, sources: Path, project: Path) -> None:
    call("template", "pack", "probe@1.0.0")
    call("template", "key", "alice.pem")
    call("template", "key", "mallory.pem")
    call("template", "sign", NAME, "--key", "alice.pem")
    assert "no signature of a trusted" in call("template", "verify", NAME, "--key", "mallory.pub.pem").stderr
    assert call("template", "verify", NAME).exit_code == 0
    data = bytearray(Path(NAME).read_bytes())
    data[len(data) // 2] ^= 1
    Path(NAME).write_bytes(data)
    broken = call("template", "verify", NAME, "--key", "alice.pub.pem")
    assert broken.exit_code == 10
    assert "Traceback" not in broken.output
    assert call("template", "sign", NAME, "--key", "alice.pem").exit_code == 10
    Path(NAME).write_bytes(b"nothing")
    assert "no bundle" in call("template", "verify", NAME).stderr


def test_a_bundle_with_another_digest_than_the_lock(call: Call, sources: Path) -> None:
    call("catalogue", "lock")
    (sources / "web" / "index.html").write_text("another")
    call("template", "pack", str(sources))
    refused = call("template", "verify", NAME)
    assert refused.exit_code == 10
    assert "the project's lock has another probe@1.0.0" in refused.stderr
    assert call("template", "pack", "probe@1.0.0").exit_code == 10


def test_outside_of_a_project(call: Call, sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("template", "pack", str(sources)).exit_code == 0
    assert call("template", "verify", NAME).exit_code == 0
    assert call("template", "lint", NAME).exit_code == 0
    assert call("template", "pack", "probe@1.0.0").exit_code == 5


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("pack",), 2, "Name a version or folder"),
        (("pack", "probe@1.0.0", "--instance", "acme"), 2, "Name a version or folder"),
        (("pack", "--instance", "acme"), 5, "no instance 'acme'"),
        (("pack", "probe"), 5, "is no template version"),
        (("pack", "probe@9.9.9"), 10, "no version 9.9.9"),
        (("pack", "templates"), 3, "there is no such file"),
        (("pack", "probe@1.0.0", "--output", "none/there/x.bundle"), 5, "cannot be written"),
        (("verify", "none.bundle"), 10, "cannot be read"),
        (("verify", "templates/channels.yaml", "--key", "none.pem"), 5, "none.pem cannot be read"),
        (("sign", "none.bundle", "--key", "templates/channels.yaml"), 10, "no PEM file"),
        (("verify", "templates/channels.yaml"), 10, "no bundle"),
        (("sign", "templates/channels.yaml", "--key", "templates/channels.yaml"), 10, "no PEM file"),
        (("key", "tenantry.yaml"), 5, "cannot be written"),
        (("lint", "nothing"), 5, "is no template version"),
    ],
)
def test_wrong_use(call: Call, sources: Path, arguments: tuple[str, ...], code: int, message: str) -> None:
    (sources.parents[1] / "channels.yaml").write_text("# none\n")
    result = call("template", *arguments)
    assert (result.exit_code, message in result.stderr) == (code, True), result.stderr
    assert "Traceback" not in result.output


def test_lint(call: Call, sources: Path) -> None:
    assert call("template", "lint", "probe@1.0.0").exit_code == 0
    clean = json.loads(call("template", "lint", "probe@1.0.0", "--json").stdout)
    (sources / "web" / "app.js").write_text("const key = '-----BEGIN PRIVATE KEY-----';\n")
    (sources / "web" / ".env").write_text("x")
    found = call("template", "lint", str(sources))
    assert found.exit_code == 10
    assert "web/app.js:1: error secret" in found.stdout
    assert "web/.env: warning stray" in found.stdout
    more = json.loads(call("template", "lint", str(sources), "--json").stdout)
    assert len(more["findings"]) == len(clean["findings"]) + 2
    (sources / "web" / "app.js").unlink()
    assert call("template", "lint", str(sources)).exit_code == 0
    assert call("template", "lint", str(sources), "--strict").exit_code == 10


def test_pack_with_an_overlay(call: Call, sources: Path, project: Path) -> None:
    tenant = "spec: tenantry/v1\nkind: Tenant\ntenant: acme\ninstance: acme\ntemplate: probe@1.0.0\n"
    tenant += "runtime: {on: kubernetes}\noverlay: {path: overlays/acme, base: probe@1.0.0}\n"
    (project / "tenant_configs" / "acme.yaml").write_text(tenant)
    (project / "overlays" / "acme" / "web").mkdir(parents=True)
    (project / "overlays" / "acme" / "web" / "index.html").write_text("ours")
    plain = json.loads(call("template", "pack", "probe@1.0.0", "--output", "plain.bundle", "--json").stdout)
    made = json.loads(call("template", "pack", "--instance", "acme", "--json").stdout)
    assert (plain["overlay"], made["overlay"]["base"]) == (None, "probe@1.0.0")
    assert made["digest"] != plain["digest"]
    shutil.move(NAME, bundled(project))
    catalogue = json.loads(call("catalogue", "list", "--json").stdout)
    assert catalogue[0]["digest"] == made["digest"]
    assert (Path(catalogue[0]["folder"]) / "web" / "index.html").read_text() == "ours"


def test_archives_for_pods(call: Call, sources: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    written = json.loads(
        call("template", "archives", "probe@1.0.0", "--output", str(tmp_path / "out"), "--json").stdout
    )
    assert written.keys() >= {"web"}
    for component, file in written.items():
        with tarfile.open(file) as archive:
            archive.extractall(tmp_path / component, filter="data")
        assert read_tree(tmp_path / component).digest == "sha256:" + Path(file).name.removesuffix(".tar.gz")
    assert call("template", "archives", "probe@1.0.0", "--output", "none").exit_code == 5


def test_keys_with_a_passphrase(call: Call, sources: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

    key = Ed25519PrivateKey.generate()
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open"))
    Path("alice.pem").write_bytes(locked)
    Path("word").write_text("open\n")
    call("template", "pack", "probe@1.0.0")
    assert "needs a passphrase" in call("template", "sign", NAME, "--key", "alice.pem").stderr
    assert call("template", "sign", NAME, "--key", "alice.pem", "--passphrase-file", "word").exit_code == 0
