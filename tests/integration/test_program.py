"""The program itself: from files to resources, under our runner and under plain `pulumi`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import tenantry.testing
from tenantry.errors import CapabilityError, CatalogueError, PreflightError, SpecError, TenantryError

if TYPE_CHECKING:
    from tests.integration.conftest import Cloud

pytestmark = pytest.mark.integration

CATALOGUE = Path(tenantry.testing.__file__).parent / "catalogue"
TOKEN = "tk-0123456789abcdef"
PARAMETERS = "parameters: {greeting: hello, token: {ref: {env: PROBE_TOKEN}}}\n"


@pytest.fixture
def probe(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """A project with the kit's template and one instance of it."""
    return with_the_probe(cloud, monkeypatch)


@pytest.fixture(scope="module")
def standing(lasting_cloud: Cloud) -> Cloud:
    """The same, deployed once."""
    with pytest.MonkeyPatch.context() as patch:
        with_the_probe(lasting_cloud, patch).run("acme")
    return lasting_cloud


@pytest.fixture
def deployed(standing: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """The deployed instance with the tenant file that it was deployed with."""
    standing.tenant("acme", PARAMETERS)
    monkeypatch.setenv("PROBE_TOKEN", TOKEN)
    return standing


def with_the_probe(cloud: Cloud, patch: pytest.MonkeyPatch) -> Cloud:
    settings = cloud.root / "tenantry.yaml"
    settings.write_text(settings.read_text().replace("templates", str(CATALOGUE)))
    patch.setenv("PROBE_TOKEN", TOKEN)
    cloud.tenant("acme", PARAMETERS)
    return cloud


def both_refuse(cloud: Cloud, kind: type[TenantryError], words: str) -> None:
    """Our runner raises the program's own error; plain `pulumi preview` shows it without a traceback."""
    with pytest.raises(kind) as refused:
        cloud.run("acme", "preview")
    assert type(refused.value) is kind
    assert words in str(refused.value)
    plain = cloud.plain("acme", "preview")
    assert plain.returncode != 0
    assert words in plain.stdout
    assert "Traceback" not in plain.stdout + plain.stderr
    assert "exit code" not in plain.stdout + plain.stderr


def test_from_files_to_resources(probe: Cloud) -> None:
    result = probe.run("acme")
    assert probe.things("acme") == {"api", "web"}
    assert result.outputs == {
        "url": "http://127.222.117.168:8099",
        "services": {"api": "http://127.222.117.168:8099/api"},
        "databases": "[secret]",
        "buckets": {},
        "desired_miniprograms": {},
        "refs": {},
        "left_out": [],
        "template": "probe@1.0.0",
        "instance": "acme",
        "runtime": "testcloud",
    }
    api = (probe.folder / "acme/api.json").read_text()
    assert TOKEN in api
    assert '"TENANTRY_TEMPLATE": "probe@1.0.0"' in api
    assert TOKEN not in probe.state("acme") + str(result) + str(probe.events)
    plain = probe.plain("acme", "up", "--yes", "--skip-preview")
    assert "7 unchanged" in plain.stdout, plain.stdout
    assert TOKEN not in plain.stdout + plain.stderr

    probe.tenant("acme", PARAMETERS.replace("hello", "good day"))
    assert probe.run("acme").changes == {"same": 5, "update": 2}
    assert probe.run("acme", "destroy").changes == {"delete": 7}


def test_a_changed_secret_is_an_update(deployed: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE_TOKEN", "tk-rotated")
    assert deployed.run("acme").changes == {"same": 6, "update": 1}
    assert "tk-rotated" in (deployed.folder / "acme/api.json").read_text()
    monkeypatch.setenv("PROBE_TOKEN", TOKEN)
    assert deployed.run("acme").changes == {"same": 6, "update": 1}


def test_a_stack_secret(probe: Cloud) -> None:
    probe.tenant("acme", PARAMETERS.replace("{env: PROBE_TOKEN}", "{stack: token}"))
    both_refuse(probe, PreflightError, "pulumi config set --secret token --stack acme")
    assert probe.plain("acme", "config", "set", "--secret", "token", "tk-of-the-stack").returncode == 0
    assert probe.run("acme").changes == {"create": 7}
    assert "tk-of-the-stack" in (probe.folder / "acme/api.json").read_text()
    assert "tk-of-the-stack" not in probe.state("acme")


def test_a_mistake_in_the_tenant_file(deployed: Cloud) -> None:
    deployed.tenant("acme", PARAMETERS + "domain: []\n")
    both_refuse(deployed, SpecError, "acme.yaml:8:1: domain:")


def test_a_secret_that_is_not_there(deployed: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROBE_TOKEN")
    both_refuse(deployed, PreflightError, "PROBE_TOKEN, which a secret comes from, is not set")


def test_a_broker(deployed: Cloud) -> None:
    deployed.tenant("acme", PARAMETERS.replace("{env: PROBE_TOKEN}", "{broker: vault}"))
    both_refuse(deployed, CapabilityError, "token broker")


def test_an_unknown_version(deployed: Cloud) -> None:
    file = deployed.root / "tenant_configs/acme.yaml"
    file.write_text(file.read_text().replace("1.0.0", "9.9.9"))
    both_refuse(deployed, CatalogueError, "9.9.9")


def test_without_the_environment_it_says_what_to_do(deployed: Cloud) -> None:
    done = deployed.plain_without("acme", "TENANTRY_SANDBOX_", "preview")
    assert done.returncode != 0
    assert 'eval "$(tenantry env acme)"' in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_refusal_names_the_component(probe: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESTCLOUD_FAIL", "api")
    with pytest.raises(TenantryError) as refused:
        probe.run("acme")
    assert "component api: testcloud:index:Thing api: " in refused.value.message


def test_a_declared_account(probe: Cloud) -> None:
    file = probe.root / "tenant_configs/acme.yaml"
    text = file.read_text()
    file.write_text(text.replace("{on: testcloud}", "{on: testcloud, account: {declared: account-9}}"))
    with pytest.raises(TenantryError, match="The tenant file declares the account with fingerprint"):
        probe.run("acme")
    file.write_text(text.replace("{on: testcloud}", "{on: testcloud, account: {declared: account-1}}"))
    assert probe.run("acme").changes["create"] > 0
