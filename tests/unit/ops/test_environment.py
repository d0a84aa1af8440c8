from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tenantry.errors import PreflightError, SpecError
from tenantry_ops import environment as module
from tenantry_ops.environment import backend_url, environment, given_settings, passphrase_file, secrets_provider
from tenantry_ops.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    executable = tmp_path / "engine" / "pulumi"
    monkeypatch.setattr(module, "engine_executable", lambda: executable)
    return executable


@pytest.fixture
def settings(root: Path) -> Callable[[str], Project]:
    def write(text: str) -> Project:
        (root / "tenantry.yaml").write_text(f"spec: tenantry/v1\nkind: Project\n{text}")
        return Project.find(root)

    return write


def test_in_the_sandbox(root: Path, project: Project, engine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"/usr/bin{os.pathsep}{engine.parent}")
    found = environment(project, "acme")
    assert found["TENANTRY_ROOT"] == str(root)
    assert found["TENANTRY_MODE"] == "sandbox"
    assert found["PULUMI_HOME"] == str(root / ".tenantry/sandbox/pulumi-home")
    assert found["PULUMI_BACKEND_URL"] == f"file://{root}/.tenantry/state"
    assert (root / ".tenantry/state").is_dir()
    assert found["PULUMI_CONFIG_PASSPHRASE_FILE"] == str(root / ".tenantry/secrets/acme.passphrase")
    assert found["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"
    assert found["VIRTUAL_ENV"] == sys.prefix
    folders = found["PATH"].split(os.pathsep)
    assert folders[:2] == [str(engine.parent), str(Path(sys.executable).parent)]
    assert folders.count(str(engine.parent)) == 1


def test_live_uses_the_users_own_plugins(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTRY_MODE", "live")
    found = environment(project, "acme")
    assert found["TENANTRY_MODE"] == "live"
    assert "PULUMI_HOME" not in found
    assert not [name for name in found if name.startswith("TENANTRY_SANDBOX_")]


def test_it_holds_no_secret(project: Project, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = root / ".tenantry/secrets/acme.passphrase"
    key.parent.mkdir(parents=True)
    key.write_text("the-key")
    monkeypatch.setenv("ACME_TOKEN", "the-token")
    (root / "tenant_configs/acme.yaml").write_text("parameters: {t: {ref: {env: ACME_TOKEN}}}\n")
    assert not {"the-key", "the-token"} & set(" ".join(environment(project, "acme").values()).split())


def test_backends_by_name(settings: Callable[[str], Project], root: Path, tmp_path: Path) -> None:
    project = settings(
        f"backends: {{default: {{url: 'file://state'}}, cloud: {{url: 's3://bucket/x'}}, far: {{url: 'file://{tmp_path}/far'}},"
        " home: {url: 'file://~/state'}}\n"
    )
    wanted = {
        "default": f"file://{root}/state",
        "cloud": "s3://bucket/x",
        "far": f"file://{tmp_path}/far",
        "home": "file://~/state",
    }
    for name, url in wanted.items():
        (root / "tenant_configs/acme.yaml").write_text(f"state: {{backend: {name}}}\n")
        assert backend_url(project, "acme") == url
    (root / "tenant_configs/acme.yaml").write_text("state: {backend: none}\n")
    with pytest.raises(SpecError, match=r"acme\.yaml.*no 'none'.*default, cloud"):
        backend_url(project, "acme")


def test_keys_and_key_services(settings: Callable[[str], Project], root: Path) -> None:
    project = settings("secrets: {passphrase-file: {path: 'keys/{instance}'}, kms: {url: 'awskms://alias/x'}}\n")
    assert passphrase_file(project, "acme") == root / "keys/acme"
    assert secrets_provider(project, "acme") == "passphrase"
    (root / "tenant_configs/acme.yaml").write_text("state: {secrets: kms}\n")
    assert passphrase_file(project, "acme") is None
    assert secrets_provider(project, "acme") == "awskms://alias/x"
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in environment(project, "acme")
    (root / "tenant_configs/acme.yaml").write_text("state: {secrets: none}\n")
    with pytest.raises(SpecError, match=r"state\.secrets"):
        passphrase_file(project, "acme")


def test_a_broken_tenant_file_does_not_hide_the_environment(project: Project, root: Path) -> None:
    (root / "tenant_configs/acme.yaml").write_text("state: 5\nruntime: [x]\n")
    assert environment(project, "acme")["TENANTRY_ROOT"] == str(root)


def test_no_engine(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Path:
        raise PreflightError("The Pulumi engine is not installed.", hint="Install it: tenantry engine install")

    monkeypatch.setattr(module, "engine_executable", none)
    with pytest.raises(PreflightError, match="tenantry engine install"):
        environment(project, "acme")


def test_settings_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTRY_SANDBOX_HTTP_PORT", "8080")
    assert given_settings("sandbox") == {"TENANTRY_SANDBOX_HTTP_PORT": "8080"}
    assert given_settings("live") == {}
