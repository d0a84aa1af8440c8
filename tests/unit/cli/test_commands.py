"""Commands that need no engine, in a project with the shipped templates."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tenantry.spec.capabilities import FEATURES, Limit, Provenance
from tenantry_ops.cli.commands.outputs import flat
from tenantry_ops.cli.commands.runtimes import limits_text

Call = Callable[..., Result]

NEW = ("--template", "shop@1.1.0", "--runtime", "kubernetes", "--plan", "free", "--no-stack")


@pytest.fixture
def acme(project: Path, call: Call) -> Path:
    """The project with the instance acme."""
    result = call("new", "tenant", "acme", *NEW, "--param", "shop_name=Acme")
    assert result.exit_code == 0, result.output
    return project


def test_new_tenant_twice(call: Call, acme: Path) -> None:
    before = (acme / "tenant_configs/acme.yaml").read_text()
    result = call("new", "tenant", "acme", *NEW, "--param", "shop_name=Other")
    assert result.exit_code == 5
    assert (acme / "tenant_configs/acme.yaml").read_text() == before


@pytest.mark.parametrize(
    ("wrong", "code", "said"),
    [
        (("--param", "shop_name=Acme", "--param", "theme=pink"), 3, "theme"),
        (("--param", "thme=dark", "--param", "shop_name=Acme"), 3, "did you mean theme?"),
        ((), 3, "shop_name"),
        (("--param", "shop_name"), 3, "NAME=VALUE"),
        (("--param", "shop_name=Acme", "--plan", "gold"), 3, "gold"),
        (("--param", "shop_name=Acme", "--domain", "Not A Host"), 3, "host"),
        (("--param", "shop_name=Acme", "--account", "kubeconfg=x"), 3, "kubeconfg"),
        (("--param", "shop_name=Acme", "--tenant", "A"), 3, "tenant"),
        (("--param", "shop_name=Acme", "--template", "shop@9.9.9"), 10, "9.9.9"),
        (("--param", "shop_name=Acme", "--template", "nothing"), 10, "nothing"),
        (("--param", "shop_name=Acme", "--runtime", "moon"), 12, "moon"),
    ],
)
def test_new_tenant_leaves_nothing_where_something_is_wrong(
    call: Call, project: Path, wrong: tuple[str, ...], code: int, said: str
) -> None:
    result = call("new", "tenant", "acme", *NEW, *wrong)
    assert result.exit_code == code, result.output
    assert said in result.stderr
    assert list((project / "tenant_configs").glob("*.yaml")) == []


def test_validate(call: Call, acme: Path) -> None:
    assert "1 instance is valid" in call("validate").stdout
    shutil.copy(acme / "tenant_configs/acme.yaml", acme / "tenant_configs/copy.yaml")
    (acme / "tenant_configs/broken.yaml").write_text("spec: tenantry/v1\nkind: Tenannt\n")
    result = call("validate", "--json")
    assert result.exit_code == 3
    document = json.loads(result.stdout)
    assert document["instances"]["acme"]["error"] is None
    assert document["instances"]["copy"]["problems"][0]["line"] == 4
    assert document["instances"]["broken"]["error"] == "SpecError"
    shown = call("validate").stdout
    assert "tenant_configs/broken.yaml:2:7" in shown
    assert "1 instance is valid; 2 are not" in shown
    assert call("validate", "acme").exit_code == 0


def test_validate_says_what_changed(call: Call, acme: Path, tmp_path: Path) -> None:
    assert call("validate", "--changed").exit_code == 5
    file = tmp_path / "deep" / "baseline.json"
    assert call("validate", "--write-baseline", str(file)).exit_code == 0
    assert "nothing changed" in call("validate", "--baseline", str(file)).stdout
    tenant = acme / "tenant_configs/acme.yaml"
    tenant.write_text(tenant.read_text().replace("shop_name: Acme", "shop_name: Other"))
    result = call("validate", "--changed", "--baseline", str(file), "--json")
    assert json.loads(result.stdout)["changed"] == ["acme"]
    tenant.unlink()
    assert json.loads(call("validate", "--baseline", str(file), "--json").stdout)["removed"] == ["acme"]


@pytest.mark.parametrize("content", [b"", b"[]", b'{"acme": 3}', b"\xff"])
def test_a_baseline_that_is_none(call: Call, acme: Path, content: bytes) -> None:
    (acme / "baseline.json").write_bytes(content)
    result = call("validate", "--baseline", "baseline.json")
    assert result.exit_code == 5
    assert "is no baseline" in result.stderr


@pytest.mark.parametrize("kind", ["tenant", "template", "project"])
def test_schema(call: Call, tmp_path: Path, kind: str) -> None:
    printed = call("schema", kind).stdout
    assert json.loads(printed)["$schema"].startswith("https://json-schema.org/")
    assert call("schema", kind, "--out", "schema.json").exit_code == 0
    assert (tmp_path / "schema.json").read_text() == printed
    assert call("schema", kind, "--out", "no/such/folder/x.json").exit_code == 5


def test_runtimes(call: Call) -> None:
    document = json.loads(call("runtimes", "--json").stdout)
    assert set(document["kubernetes"]["features"]) <= FEATURES
    shown = call("runtimes").stdout
    for feature in FEATURES:
        assert feature in shown


@pytest.mark.parametrize(
    ("name", "low", "high", "text"),
    [
        ("service.memory_bytes", 2**25, None, "at least 32 MiB"),
        ("service.cpu_millis", 10, 4000, "10 m to 4,000 m"),
        ("domains.count", None, 16, "at most 16"),
        ("migrate.timeout_seconds", None, 0, "at most 0 s"),
        ("routes.count", None, None, "-"),
    ],
)
def test_limits_in_words(name: str, low: float | None, high: float | None, text: str) -> None:
    known = Provenance(kind="assumed", source="a test", on="2026-01-01")
    assert limits_text(name, Limit(provenance=known, minimum=low, maximum=high)) == text
    assert limits_text(name, None) == "-"


def test_permissions(call: Call, acme: Path) -> None:
    document = json.loads(call("permissions", "acme", "--json").stdout)
    assert {"component", "action", "resource"} == set(document[0])


def test_catalogue(call: Call, project: Path) -> None:
    listed = json.loads(call("catalogue", "list", "--json").stdout)
    assert {entry["version"] for entry in listed if entry["template"] == "shop"} >= {"1.0.0", "1.1.0"}
    assert call("catalogue", "check").exit_code == 0
    assert call("catalogue", "lock").exit_code == 5


def test_a_catalogue_of_ones_own(call: Call, project: Path) -> None:
    import tenantry.testing

    shutil.copytree(Path(tenantry.testing.__file__).parent / "catalogue", project / "templates")
    (project / "templates" / "lock.yaml").unlink(missing_ok=True)
    settings = project / "tenantry.yaml"
    settings.write_text(settings.read_text().replace("catalogue: shipped", "catalogue: templates"))
    assert call("catalogue", "check").exit_code == 10
    assert "probe@1.0.0" in call("catalogue", "lock").stdout
    assert call("catalogue", "check").exit_code == 0
    page = project / "templates/probe/1.0.0/web/index.html"
    page.write_text(page.read_text() + "changed")
    for command in ("check", "lock"):
        result = call("catalogue", command)
        assert result.exit_code == 10
        assert "probe@1.0.0" in result.stderr


def test_sandbox_that_never_ran(call: Call, project: Path) -> None:
    states = json.loads(call("sandbox", "status", "--json").stdout)
    assert {state["state"] for state in states} == {"stopped"}
    assert call("sandbox", "down").exit_code == 0
    assert call("sandbox", "logs").exit_code == 11
    assert call("sandbox", "status", "moon").exit_code == 12


def test_flat_outputs() -> None:
    nested = {"url": "u", "services": {"api": "u/api"}, "databases": {}, "left_out": [], "refs": {"a": {"b": 1}}}
    assert list(flat(nested)) == [("url", "u"), ("services.api", "u/api"), ("refs.a.b", "1")]
    left_out = [{"what": "api.scale.min", "reason": "it keeps one"}]
    assert list(flat({"left_out": left_out})) == [("left_out api.scale.min", "it keeps one")]
