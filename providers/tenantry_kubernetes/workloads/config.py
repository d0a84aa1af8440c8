"""ConfigMaps and Secrets of a component, and the mark on its pods that makes them roll when either changes."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tenantry_kubernetes import incluster
from tenantry_kubernetes.workloads.manifest import Manifest, head
from tenantry_kubernetes.workloads.namespace import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pulumi

    from tenantry.spec.plan import InstancePlan
    from tenantry_kubernetes.packing import Packed

ARCHIVE: Final = "source.tar.gz"
UNPACK: Final = "unpack.py"
SITE_SERVER: Final = "site_server.py"


@functools.cache
def program(name: str) -> str:
    """The text of a program that runs inside pods."""
    return (Path(incluster.__path__[0]) / name).read_text("utf-8")


def source_map(plan: InstancePlan, component: str, packed: Packed, programs: tuple[str, ...]) -> Manifest:
    """The ConfigMap that carries a component's packed sources and the programs for them."""
    body = head(plan, "v1", "ConfigMap", component, component=component)
    body["data"] = {name: program(name) for name in programs}
    if packed.archive is not None:
        body["binaryData"] = {ARCHIVE: base64.b64encode(packed.archive).decode()}
    return Manifest(logical=component, component=component, body=body, after=(NAMESPACE,))


def secret(plan: InstancePlan, component: str, values: Mapping[str, pulumi.Output[str]]) -> Manifest:
    """The Secret that holds a service's secret environment."""
    body = head(plan, "v1", "Secret", component, component=component)
    body["type"] = "Opaque"
    body["data"] = {name: value.apply(_base64) for name, value in values.items()}
    return Manifest(logical=component, component=component, body=body, after=(NAMESPACE,))


def source_checksum(packed: Packed, programs: tuple[str, ...]) -> str:
    """Changes with the sources and the programs, not with how the archive was compressed."""
    whole = json.dumps([packed.ref.digest, packed.url, [program(name) for name in programs]])
    return hashlib.sha256(whole.encode()).hexdigest()[:32]


def secret_checksum(plan: InstancePlan, component: str, values: Mapping[str, pulumi.Output[str]]) -> pulumi.Output[str]:
    """Changes with the secret values and tells nothing about them: slow to compute, salted by instance and component.

    It is not a secret itself: it stands on the pod template in plain sight.
    """
    import pulumi

    salt = f"{plan.tenant}\0{plan.instance}\0{component}"
    names = sorted(values)
    together = pulumi.Output.all(*(values[name] for name in names))
    return pulumi.Output.unsecret(together.apply(lambda found: _slow_hash(json.dumps([names, found]), salt)))


def _slow_hash(text: str, salt: str) -> str:
    # The values may be short words: whoever sees the mark must pay for every guess.
    return hashlib.scrypt(text.encode(), salt=salt.encode(), n=2**13, r=8, p=1, dklen=16).hex()


def _base64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()
