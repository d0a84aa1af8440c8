"""Writes `bench/bare/`: a plain Pulumi program that declares what the adapter declares for the bench's instance.

`python -m bench.bare_program` writes it again; a unit test fails when the adapter declares something else than the
program in the repository. What only a run knows (ports, the plan's fingerprint) the program takes from its environment.
"""

from __future__ import annotations

import asyncio
import json
import pprint
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tenantry.catalogue import Catalogue
from tenantry.spec import Tenant, resolve
from tenantry.testing.declare import declare, sandbox_target

if TYPE_CHECKING:
    from tenantry.catalogue import TemplateVersion
    from tenantry.spec.plan import InstancePlan

FOLDER: Final = Path(__file__).parent / "bare"
TEMPLATES: Final = Path(__file__).resolve().parents[1] / "templates"
INSTANCE: Final = "bare-bench"
TENANT: Final[dict[str, Any]] = {
    "spec": "tenantry/v1",
    "kind": "Tenant",
    "tenant": INSTANCE,
    "instance": INSTANCE,
    "template": "shop@1.1.0",
    "runtime": {"on": "kubernetes"},
    "plan": "free",
    "parameters": {"shop_name": "Bench"},
}
PORT_MARK: Final = "47811"
SETTINGS: Final = {
    "TENANTRY_SANDBOX_KUBECONFIG": "/bench/kubeconfig",
    "TENANTRY_SANDBOX_HTTP_PORT": PORT_MARK,
    "TENANTRY_SANDBOX_HTTPS_PORT": "47812",
    "TENANTRY_SANDBOX_CA_FILE": "/bench/ca.pem",
    "TENANTRY_SANDBOX_INGRESS_CLASS": "tenantry-sandbox",
    "TENANTRY_SANDBOX_GATEWAY": "tenantry-sandbox/gateway",
    "TENANTRY_SANDBOX_HOST_SUFFIX": "sandbox.tenantry.localhost",
}

HEAD: Final = '''"""The bench's bare side: one shop without Tenantry. Written by bench/bare_program.py."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes

k8s: Any = pulumi_kubernetes  # the dictionaries below are what an adapter declares, not what its annotations list
PORT = os.environ["TENANTRY_SANDBOX_HTTP_PORT"]
SOURCES = json.loads((Path(__file__).parent / "sources.json").read_text(encoding="utf-8"))


class Own(pulumi.CustomResource):
    def __init__(self, kind, name, inputs, opts):
        super().__init__(f"tenantry:index:{kind}", name, inputs, opts)


def stamp(uid):
    return "sha256:" + hashlib.sha256(f"kubernetes:{uid}".encode()).hexdigest()


kubernetes = k8s.Provider(
    "kubernetes",
    cluster_identifier=@INSTANCE@,
    enable_server_side_apply=True,
    upsert_existing_objects=True,
    enable_config_map_mutable=True,
    enable_secret_mutable=True,
    opts=pulumi.ResourceOptions(env_var_mappings={"TENANTRY_SANDBOX_KUBECONFIG": "KUBECONFIG"}),
)
tenantry = pulumi.ProviderResource("tenantry", "tenantry", {})
on_cluster = pulumi.ResourceOptions(provider=kubernetes)
kube_system = k8s.core.v1.Namespace.get("kube-system", "kube-system", opts=on_cluster)
identity = Own(
    "Identity",
    @INSTANCE@,
    {
        "tenant": @INSTANCE@,
        "instance": @INSTANCE@,
        "mode": "sandbox",
        "runtime": "kubernetes",
        "account": kube_system.metadata["uid"].apply(stamp),
        "template": "shop@1.1.0",
        "planFingerprint": os.environ["BENCH_FINGERPRINT"],
    },
    pulumi.ResourceOptions(provider=tenantry),
)
after_identity = pulumi.ResourceOptions(provider=kubernetes, depends_on=[identity])
own_after_identity = pulumi.ResourceOptions(provider=tenantry, depends_on=[identity])
'''


def plan_and_version() -> tuple[InstancePlan, TemplateVersion]:
    """The bench's instance, resolved for a sandbox whose gateway has the port `PORT_MARK`."""
    version = Catalogue(TEMPLATES).open("shop@1.1.0")
    target = sandbox_target("kubernetes", SETTINGS)
    references = {name: source.ref for name, source in version.sources.items()}
    return resolve(version.template, version.ref, references, Tenant.model_validate(TENANT), target), version


def recorded() -> list[dict[str, Any]]:
    """What the adapter declares for the bench's instance."""
    plan, version = plan_and_version()
    return asyncio.run(declare(plan, version.sources, SETTINGS))


def render(resources: list[dict[str, Any]]) -> tuple[str, str]:
    """The program and its `sources.json` (long texts, in order of appearance).

    Registrations come in no fixed order: the program has them by type and name, so that it changes only with them.
    """
    sources: list[str] = []
    lines = [HEAD.replace("@INSTANCE@", json.dumps(INSTANCE))]
    for resource in sorted(resources, key=lambda each: (each["type"], each["name"])):
        own = re.fullmatch(r"tenantry:index:(Migration|Sweep)", resource["type"])
        if own is not None:
            inputs = pprint.pformat(_plain(resource["inputs"], sources), width=110, sort_dicts=False)
            lines.append(f"Own({own[1]!r}, {resource['name']!r}, {inputs}, own_after_identity)")
        kind = re.fullmatch(r"kubernetes:([a-z0-9.]+)/(v[a-z0-9]+):(\w+)", resource["type"])
        if kind is None or resource["read"]:
            continue
        group, version, name = kind.groups()
        arguments = []
        for key, value in sorted(resource["inputs"].items()):
            if key not in {"apiVersion", "kind"}:
                literal = pprint.pformat(_plain(value, sources), width=110, sort_dicts=False)
                literal = re.sub(r"'@SOURCE (\d+)@'", r"SOURCES[\1]", literal)
                literal = re.sub(rf"'([^'\n]*){PORT_MARK}([^'\n]*)'", r'f"\1{PORT}\2"', literal)
                arguments.append(f"{_snake(key)}={literal}")
        call = f"k8s.{group.split('.')[0]}.{version}.{name}"
        lines.append(f"{call}({resource['name']!r}, {', '.join(arguments)}, opts=after_identity)")
    return "\n".join(lines) + "\n", json.dumps(sources, indent=1) + "\n"


def _plain(value: Any, sources: list[str]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {key: _plain(item, sources) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return [_plain(item, sources) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and len(value) > 600:  # noqa: PLR2004 - a packed source, or a program
        sources.append(value)
        return f"@SOURCE {len(sources) - 1}@"
    return value


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()


def main() -> None:
    """Writes the program again."""
    program, sources = render(recorded())
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "__main__.py").write_text(program, encoding="utf-8")
    (FOLDER / "sources.json").write_text(sources, encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(FOLDER)], check=True)
    sys.stdout.write(f"{len(program)} bytes of program, {len(sources)} of sources\n")


if __name__ == "__main__":
    main()
