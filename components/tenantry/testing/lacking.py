"""Asks a runtime for what it does not list, one feature at a time: prints feature -> message of the refusal."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final

from tenantry import registry
from tenantry.errors import CapabilityError
from tenantry.spec import AppTemplate, Tenant, resolve
from tenantry.spec.plan import SourceRef, TemplateRef
from tenantry.spec.target import Target

if TYPE_CHECKING:
    from tenantry.contract.runtime import RuntimeAdapter

_SERVICE: Final[dict[str, Any]] = {
    "type": "service",
    "image": "registry.example/app@sha256:" + "0" * 64,
    "command": ["serve"],
    "resources": {"cpu": 0.1, "memory": "128Mi"},
    "scale": {"min": 1, "max": 1, "concurrency": 10},
}

_ASKS: Final[dict[str, dict[str, Any]]] = {
    "database.postgresql": {"data": {"type": "database", "engine": "postgresql", "version": "15", "size": "small"}},
    "database.mysql": {"data": {"type": "database", "engine": "mysql", "version": "8.0", "size": "small"}},
    "bucket": {"files": {"type": "bucket", "public": False}},
    "bucket.public": {"files": {"type": "bucket", "public": True}},
    "service.image": {"api": _SERVICE},
    "service.migrate": {
        "api": _SERVICE | {"migrate": {"command": ["migrate"], "timeout": 60, "rollback": "safe"}},
    },
    "schedule": {
        "api": _SERVICE,
        "nightly": {"type": "schedule", "cron": "0 3 * * *", "target": "api", "path": "/tasks/nightly"},
    },
    "site": {"web": {"type": "site", "source": "./web"}},
}


def refusal(adapter: RuntimeAdapter, components: dict[str, Any]) -> str:
    """The message with which resolve refuses a template of these components; empty where it accepts it."""
    models = adapter.models()
    account = next(iter(registry.sandbox(adapter.name).accounts().values()))
    template = AppTemplate.model_validate_json(
        json.dumps(
            {
                "spec": "tenantry/v1",
                "kind": "AppTemplate",
                "name": "asking",
                "version": "1.0.0",
                "title": {"en": "Asking", "zh": "询问"},
                "license": "Apache-2.0",
                "publisher": {"name": "Tenantry"},
                "components": components,
            }
        )
    )
    tenant = Tenant.model_validate_json(
        json.dumps(
            {
                "spec": "tenantry/v1",
                "kind": "Tenant",
                "tenant": "asking",
                "instance": "asking",
                "template": "asking@1.0.0",
                "runtime": {"on": adapter.name, "account": dict(account)},
                "ownership": "tenant",
                "domains": [{"host": "asking.example", "tls": "none", "dns": "manual"}],
            }
        )
    )
    target = Target(
        runtime=adapter.name,
        capabilities=adapter.capabilities(),
        mode="sandbox",
        account=models.account,
        extensions=models.extensions,
        default_host=lambda _instance, _account: None,
        url=lambda host, _tls: f"http://{host}",
        stores={},
    )
    digest = "sha256:" + "0" * 64
    sources = {name: SourceRef(digest=digest, files=1, size=1) for name in components}
    try:
        resolve(template, TemplateRef(name="asking", version="1.0.0", digest=digest), sources, tenant, target)
    except CapabilityError as error:
        return error.message
    return ""


def main(runtime: str) -> None:
    """Prints the refusals of every feature that the runtime lacks."""
    adapter = registry.runtime(runtime)
    features = adapter.capabilities().features
    lacking = [name for name in _ASKS if name not in features or features[name].support == "no"]
    json.dump({name: refusal(adapter, _ASKS[name]) for name in lacking}, sys.stdout)
