"""The identity under plain `pulumi`, with the environment that `tenantry env` prints, and under our runner."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tenantry.errors import IdentityError

if TYPE_CHECKING:
    from tests.integration.conftest import Cloud

pytestmark = pytest.mark.integration

UP = ("up", "--yes", "--skip-preview")


@pytest.fixture(scope="module")
def deployed(lasting_cloud: Cloud) -> Cloud:
    lasting_cloud.declare("acme", api={})
    lasting_cloud.run("acme")
    return lasting_cloud


REFUSED = [
    ({"TESTCLOUD_ACCOUNT": "account-2"}, "this stack lives in the account with fingerprint"),
    ({"PROBE_RUNTIME": "cloudbase"}, "this stack runs on the runtime 'testcloud', and now 'cloudbase' is asked for"),
    ({"PROBE_TENANT": "globex"}, "this stack belongs to the tenant 'owner', and now the tenant 'globex'"),
    ({"TENANTRY_MODE": "live"}, "was deployed to the local sandbox and must not be used with live accounts"),
    ({"PROBE_DECLARED": "another"}, "the tenant file declares the account with fingerprint"),
]


def resources(cloud: Cloud) -> list[tuple[str, str, object]]:
    found = json.loads(cloud.state("acme"))["checkpoint"]["latest"]["resources"]
    # A state lists resources in the order in which their registrations ended, which no run promises.
    return sorted(((each["urn"], each.get("id", ""), each.get("inputs")) for each in found), key=lambda each: each[:2])


def test_another_identity_is_refused_at_preview_and_up(deployed: Cloud) -> None:
    before = resources(deployed)
    for variables, words in REFUSED:
        preview = deployed.plain("acme", "preview", **variables)
        assert preview.returncode != 0
        assert words in preview.stdout
        assert "Nothing was changed" in preview.stdout
        assert "Traceback" not in preview.stdout + preview.stderr
    variables, words = REFUSED[0]
    up = deployed.plain("acme", *UP, **variables)
    assert up.returncode != 0
    assert words in up.stdout
    assert resources(deployed) == before


def test_our_runner_raises_it(deployed: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESTCLOUD_ACCOUNT", "account-2")
    for operation in ("preview", "up"):
        with pytest.raises(IdentityError) as refused:
            deployed.run("acme", operation)
        assert refused.value.message.startswith("This stack lives in the account with fingerprint")
        assert "tenantry move" in refused.value.message
    assert deployed.things("acme") == {"api"}


def test_the_account_itself_is_not_in_the_identity(deployed: Cloud) -> None:
    found = json.loads(deployed.state("acme"))["checkpoint"]["latest"]["resources"]
    identity = next(each for each in found if each["type"] == "tenantry:index:Identity")
    assert identity["id"].startswith("owner/acme/sandbox/testcloud/")
    assert identity["inputs"]["template"] == "probe@1.0.0"


def test_plain_pulumi_says_nothing_beside_the_matter(deployed: Cloud) -> None:
    done = deployed.plain("acme", *UP)
    assert done.returncode == 0
    assert "warning" not in done.stdout + done.stderr
    assert "5 unchanged" in done.stdout


def test_refresh_and_a_new_plan_change_it_in_place(deployed: Cloud) -> None:
    assert deployed.run("acme", "refresh").changes == {"same": 5}
    deployed.declare("acme", api={}, web={})
    assert deployed.run("acme").changes == {"same": 4, "update": 1, "create": 1}
    deployed.declare("acme", api={})
    assert deployed.run("acme").changes == {"same": 4, "update": 1, "delete": 1}


def test_the_schema_can_be_read(deployed: Cloud) -> None:
    plugin = deployed.root / "plugins" / "pulumi-resource-tenantry"
    done = deployed.plain_schema(str(plugin))
    assert done.returncode == 0, done.stderr
    assert "tenantry:index:Identity" in json.loads(done.stdout)["resources"]


def test_an_unknown_type_is_refused(deployed: Cloud) -> None:
    program = deployed.root / "__main__.py"
    text = program.read_text()
    program.write_text(
        "import pulumi\n"
        "own = pulumi.ProviderResource('tenantry', 'tenantry', {})\n"
        "pulumi.CustomResource('tenantry:index:Other', 'other', {}, pulumi.ResourceOptions(provider=own))\n"
    )
    done = deployed.plain("acme", "preview")
    program.write_text(text)
    assert done.returncode != 0
    assert "has no resource type 'tenantry:index:Other'" in done.stdout
    assert "Traceback" not in done.stdout


def test_it_is_imported_by_its_id(deployed: Cloud) -> None:
    found = json.loads(deployed.state("acme"))["checkpoint"]["latest"]["resources"]
    identity = next(each for each in found if each["type"] == "tenantry:index:Identity")
    removed = deployed.plain("acme", "state", "delete", "--yes", "--force", "--target-dependents", identity["urn"])
    assert removed.returncode == 0, removed.stderr
    own = next(each["urn"] for each in found if each["type"] == "pulumi:providers:tenantry")
    arguments = ("import", "tenantry:index:Identity", "acme", identity["id"], "--yes", "--protect=false")
    imported = deployed.plain("acme", *arguments, "--provider", f"own={own}", "--generate-code=false")
    assert imported.returncode == 0, imported.stdout + imported.stderr
    result = deployed.run("acme")
    assert result.changes["update"] == 1
    assert result.changes.get("create", 0) + result.changes["same"] == 4
