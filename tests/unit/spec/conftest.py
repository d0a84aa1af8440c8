"""A runtime that can do everything, templates on disk, and tenant files made of text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict

from tenantry.catalogue import Catalogue, TemplateVersion
from tenantry.errors import Problem, SpecError
from tenantry.spec import InstancePlan, Target, load_template, load_tenant, resolve
from tenantry.spec.capabilities import FEATURES, Capabilities, Feature, Provenance
from tenantry.spec.secrets import SecretRef

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.spec import AppTemplate, Tenant

FIXTURES = Path(__file__).parent / "fixtures"
PROVENANCE = Provenance(kind="assumed", source="tests", on="2026-01-01")


Reference = SecretRef | None


class Account(BaseModel):
    """The account of the runtime `testing`."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    model: Literal["own", "shared"] = "own"
    zones: tuple[str, ...] = ()
    credentials: Reference = None


class Extensions(BaseModel):
    """What only the runtime `testing` understands."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    zone: str = "green"


def feature(support: Literal["yes", "approximate", "no"], note: str = "") -> Feature:
    return Feature(support=support, provenance=PROVENANCE, note=note)


EVERYTHING = Target(
    runtime="testing",
    capabilities=Capabilities(
        features=dict.fromkeys(FEATURES, feature("yes")), limits={}, source_runtimes=("python3.11",)
    ),
    mode="sandbox",
    account=Account,
    extensions=Extensions,
    default_host=lambda instance, _account: f"{instance}.apps.example",
    url=lambda host, tls: f"{'http' if tls == 'none' else 'https'}://{host}",
    stores={"wechat": "wechat", "alipay": "alipay"},
)

TENANT: dict[str, Any] = {
    "spec": "tenantry/v1",
    "kind": "Tenant",
    "tenant": "acme",
    "instance": "acme",
    "template": "full@2.1.0",
    "runtime": {"on": "testing", "region": "ap-shanghai", "account": {"credentials": {"ref": {"env": "ACME"}}}},
    "stores": {"wechat": {"appid": "wx0123456789abcdef", "authorisation": {"ref": {"broker": "wechat"}}}},
    "parameters": {"shop_name": "Acme", "pay_key": {"ref": {"stack": "pay_key"}}},
    "domains": [{"host": "shop.acme.example", "tls": "managed", "dns": "manual"}],
    "plan": "pro",
    "overrides": {"api": {"scale": {"max": 5}}},
    "labels": {"ring": "canary"},
}


class Workbench:
    """Files in a folder of their own, and what the spec makes of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.catalogue = Catalogue(FIXTURES)

    def version(self, selector: str = "full@2.1.0") -> TemplateVersion:
        return self.catalogue.open(selector)

    def tenant_data(self, **changes: object) -> dict[str, Any]:
        """The usual tenant with some fields replaced; `...` removes one."""
        return {key: value for key, value in {**TENANT, **changes}.items() if value is not ...}

    def tenant(self, **changes: object) -> Tenant:
        data = self.tenant_data(**changes)
        return self.tenant_text(yaml.safe_dump(data, allow_unicode=True), str(data.get("instance", "acme")))

    def tenant_text(self, text: str | bytes, stem: str = "acme") -> Tenant:
        file = self.folder / f"{stem}.yaml"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return load_tenant(file, name=f"{stem}.yaml")

    def template(
        self, change: Callable[[dict[str, Any]], object] | None = None, base: str = "full/2.1.0"
    ) -> AppTemplate:
        """The fixture's template with its data changed, its sources in place."""
        folder = self.folder / "template"
        if not folder.exists():
            for file in (FIXTURES / base).rglob("*"):
                if file.is_file() and "__pycache__" not in file.parts:
                    target = folder / file.relative_to(FIXTURES / base)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(file.read_bytes())
        data = yaml.safe_load((FIXTURES / base / "template.yaml").read_text(encoding="utf-8"))
        if change is not None:
            change(data)
        text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
        (folder / "template.yaml").write_text(text, encoding="utf-8")
        return load_template(folder, name="template")

    def template_problems(self, change: Callable[[dict[str, Any]], object]) -> list[Problem]:
        with pytest.raises(SpecError) as caught:
            self.template(change)
        return list(caught.value.problems)

    def resolve(
        self,
        tenant: Tenant | None = None,
        target: Target = EVERYTHING,
        template: AppTemplate | None = None,
        **changes: object,
    ) -> InstancePlan:
        """The plan of the usual tenant with some fields replaced."""
        version = self.version()
        tenant = tenant or self.tenant(**changes)
        return resolve(template or version.template, version.ref, version.source_refs, tenant, target)

    def resolve_problems(self, **changes: object) -> list[Problem]:
        with pytest.raises(SpecError) as caught:
            self.resolve(self.tenant(**changes))
        return list(caught.value.problems)

    def able(self, **features: Feature | None) -> Target:
        """The runtime with some features replaced (`__` for a dot); None takes one away."""
        names = {name.replace("__", "."): value for name, value in features.items()}
        assert set(names) <= FEATURES
        found = {**EVERYTHING.capabilities.features, **names}
        known = {name: value for name, value in found.items() if value is not None}
        return replace(EVERYTHING, capabilities=replace(EVERYTHING.capabilities, features=known))


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path)


@pytest.fixture(scope="session")
def shared_bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """For property tests: one folder for all examples."""
    return Workbench(tmp_path_factory.mktemp("spec"))
