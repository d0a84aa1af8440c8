"""The life of one instance with data, by the command line, on the cloud of files: the real engine, no vendor."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from tenantry_ops.cli.app import tenantry
from tenantry_ops.engine.runner import HISTORY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.conftest import Cloud

pytestmark = pytest.mark.integration

TEMPLATE = """\
spec: tenantry/v1
kind: AppTemplate
name: notes
version: {version}
title: {{en: Notes, zh: 笔记}}
license: Apache-2.0
publisher: {{name: Tenantry}}
parameters:
  colour: {{type: string, required: {required}, title: {{en: Colour, zh: 颜色}}}}
components:
  api:
    type: service
    image: registry.example/notes@sha256:{digest}
    env: {{VERSION: "{version}"}}
  notes: {{type: database, engine: postgresql, version: "15"}}
routes: {{/: api}}
"""

TENANT = """\
# The notes of Acme
spec: tenantry/v1
kind: Tenant
tenant: acme
instance: acme
template: notes@1.0.0   # pinned
runtime: {on: testcloud}
"""


@pytest.fixture
def acme(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """A project with a catalogue of four versions; the third one needs a parameter, and acme."""
    # The cloud of files has no gateway that could be asked whether it runs.
    monkeypatch.setattr("tenantry_ops.sandboxes.require", lambda *_: None)
    for version in ("1.0.0", "1.1.0", "1.2.0", "1.3.0"):
        folder = cloud.root / "templates/notes" / version
        folder.mkdir(parents=True)
        required = str(version == "1.2.0").lower()
        text = TEMPLATE.format(version=version, required=required, digest=version.replace(".", "") + "0" * 61)
        (folder / "template.yaml").write_text(text)
    (cloud.root / "tenant_configs/acme.yaml").write_text(TENANT)
    return cloud


def call(cloud: Cloud, *arguments: str) -> Result:
    return CliRunner().invoke(tenantry, [*arguments, "--project", str(cloud.root)])


def done(cloud: Cloud, *arguments: str) -> dict[str, Any]:
    result = call(cloud, *arguments, "--json")
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def refused(cloud: Cloud, code: int, *arguments: str) -> str:
    result = call(cloud, *arguments)
    assert result.exit_code == code, result.output + result.stderr
    return result.stderr


def thing(cloud: Cloud, name: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((cloud.folder / "acme" / f"{name}.json").read_text())
    return found


def tenant_file(cloud: Cloud) -> Path:
    return cloud.root / "tenant_configs/acme.yaml"


def test_the_life_of_an_instance(acme: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    done(acme, "up", "acme")
    assert done(acme, "validate", "--changed")["unchanged"] == ["acme"]
    versions(acme, monkeypatch)
    suspension(acme)
    protection(acme)
    retirement(acme)
    deletion(acme)


def versions(acme: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A preview and a refusal leave the file as it was, an upgrade changes one word of it."""
    file = tenant_file(acme)
    listed = done(acme, "upgrade", "acme", "--list")
    assert (listed["proposed"], listed["deployed"], listed["before"]) == ("1.3.0", "1.0.0", None)
    assert done(acme, "upgrade", "acme", "--to", "1.1.0", "--preview")["changes"]["update"] == 2
    assert file.read_text() == TENANT
    said = refused(acme, 3, "upgrade", "acme", "--to", "1.2.0")
    assert "colour" in said
    assert "acme.yaml is as it was before" in said
    assert file.read_text() == TENANT
    upgraded = done(acme, "upgrade", "acme", "--to", "1.1.0")
    assert (upgraded["from"], upgraded["to"], upgraded["changes"]["update"]) == ("1.0.0", "1.1.0", 2)
    assert file.read_text() == TENANT.replace("1.0.0", "1.1.0")
    assert done(acme, "rollback", "acme")["to"] == "1.0.0"
    assert file.read_text() == TENANT
    assert thing(acme, "api")["VERSION"] == "1.0.0"

    # An upgrade that breaks in the middle keeps the file, and the stack knows the way back.
    with monkeypatch.context() as broken:
        broken.setenv("TESTCLOUD_FAIL", "api")
        assert "keeps the change" in refused(acme, 7, "upgrade", "acme")
    assert "notes@1.3.0" in file.read_text()
    assert done(acme, "rollback", "acme")["to"] == "1.0.0"


def state_files(cloud: Cloud, kind: str) -> set[str]:
    folder = cloud.root / ".tenantry/state/.pulumi" / kind / "probe/acme"
    return {file.name.split(".")[0 if kind == "history" else 1] for file in folder.iterdir()}


def suspension(acme: Cloud) -> None:
    file = tenant_file(acme)
    assert done(acme, "suspend", "acme")["state"] == "suspended"
    assert file.read_text() == TENANT + "lifecycle: {state: suspended}\n"
    done(acme, "resume", "acme")
    assert file.read_text() == TENANT + "lifecycle: {state: running}\n"


def protection(acme: Cloud) -> None:
    """Nothing at all is removed, by plain `pulumi` nothing that holds data; and the history does not grow for ever."""
    assert len(state_files(acme, "history")) == len(state_files(acme, "backups")) == HISTORY
    said = refused(acme, 7, "destroy", "acme", "--yes")
    assert "tenantry retire acme" in said
    assert acme.things("acme") == {"api", "notes"}
    assert acme.plain("acme", "destroy", "--yes", "--skip-preview").returncode != 0
    assert "notes" in acme.things("acme")


def retirement(acme: Cloud) -> None:
    """Its data stays and is recorded; neither runner deploys beside it; adopted, its password opens it."""
    file, password = tenant_file(acme), thing(acme, "notes")["password"]
    assert "--yes" in refused(acme, 2, "retire", "acme")
    events = acme.root / "events.jsonl"
    retired = done(acme, "retire", "acme", "--yes", "--json-events", str(events))
    told = [json.loads(line) for line in events.read_text().splitlines()]
    assert {one["component"] for one in told if one.get("operation") == "release"} == {"notes"}
    assert [(one["name"], one["id"]) for one in retired["kept"]] == [("notes", "acme/notes")]
    assert acme.things("acme") == {"notes"}
    record = next((acme.root / "retired/acme").glob("*.yaml")).read_text()
    assert "# pinned" in record
    kept = [one for one in acme.root.rglob("*") if one.is_file() and password in one.read_text(errors="replace")]
    assert kept == []
    assert "retired" in refused(acme, 5, "up", "acme")
    assert "it cannot be resumed" in refused(acme, 5, "resume", "acme")
    file.write_text(TENANT)
    assert "its data is still there" in refused(acme, 5, "up", "acme")
    plain = acme.plain("acme", "preview")
    assert plain.returncode != 0
    assert "tenantry adopt acme" in plain.stdout

    # Adopted, even where the tenant file is gone, with the password that opens it.
    file.unlink()
    adopted = done(acme, "adopt", "acme")
    assert adopted["record"] == retired["record"]
    assert thing(acme, "notes")["password"] == password
    assert acme.bought().count("acme/notes") == 1
    assert "adopted" in refused(acme, 5, "adopt", "acme")
    assert done(acme, "up", "acme")["changes"].keys() == {"same"}
    assert password not in acme.state("acme")


def deletion(acme: Cloud) -> None:
    """Only when it was said twice; then nothing is left."""
    said = refused(acme, 2, "retire", "acme", "--data", "delete", "--yes")
    assert "--delete-data acme" in said
    gone = done(acme, "retire", "acme", "--data", "delete", "--delete-data", "acme")
    assert {"api", "notes"} >= {one["name"] for one in gone["deleted"]} >= {"notes"}
    assert acme.things("acme") == set()
    assert json.loads((acme.root / ".tenantry/baseline.json").read_text()) == {}
    left = [one for one in (acme.root / ".tenantry/state").rglob("*acme*") if one.is_file() and one.suffix != ".lock"]
    assert left == []
    assert "left nothing to adopt" in refused(acme, 5, "adopt", "acme")


def test_a_token_of_somebody_else(acme: Cloud) -> None:
    file = tenant_file(acme)
    file.write_text(TENANT + f"lifecycle: {{adopt: adopt-00000000-{'0' * 32}}}\n")
    assert "was not made for this instance" in refused(acme, 6, "up", "acme")
    assert acme.things("acme") == set()
