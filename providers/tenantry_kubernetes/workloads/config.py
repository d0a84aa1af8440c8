"""ConfigMaps and Secrets of a component, called after their content.

Pods name what they use, so that another content makes them roll, and a pod of the version before that starts again,
while a new one rolls or after it failed, finds what it was made with.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tenantry_kubernetes import incluster
from tenantry_kubernetes.workloads.manifest import Manifest, content_head
from tenantry_kubernetes.workloads.namespace import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pulumi

    from tenantry.spec.plan import InstancePlan
    from tenantry_kubernetes.packing import Packed

ARCHIVE: Final = "source.tar.gz"
UNPACK: Final = "unpack.py"
SITE_SERVER: Final = "site_server.py"
_DIGITS: Final = 16


@functools.cache
def program(name: str) -> str:
    """The text of a program that runs inside pods."""
    return (Path(incluster.__path__[0]) / name).read_text("utf-8")


def source_map(plan: InstancePlan, component: str, packed: Packed, programs: tuple[str, ...]) -> Manifest:
    """The ConfigMap that carries a component's packed sources and the programs for them."""
    body = content_head(plan, "ConfigMap", component, source_digest(packed, programs))
    body["data"] = {name: program(name) for name in programs}
    if packed.archive is not None:
        body["binaryData"] = {ARCHIVE: base64.b64encode(packed.archive).decode()}
    return Manifest(logical=component, component=component, body=body, after=(NAMESPACE,), by_content=True)


def secret(plan: InstancePlan, component: str, values: Mapping[str, pulumi.Output[str]]) -> Manifest:
    """The Secret that holds a service's secret environment."""
    body = content_head(plan, "Secret", component, secret_digest(plan, component, values))
    body["type"] = "Opaque"
    body["immutable"] = True
    body["data"] = {name: value.apply(_base64) for name, value in values.items()}
    return Manifest(logical=component, component=component, body=body, after=(NAMESPACE,), by_content=True)


def source_digest(packed: Packed, programs: tuple[str, ...]) -> str:
    """Differs by the sources and the programs, not by how the archive was compressed."""
    whole = json.dumps([packed.ref.digest, packed.url, [program(name) for name in programs]])
    return hashlib.sha256(whole.encode()).hexdigest()[:_DIGITS]


def secret_digest(plan: InstancePlan, component: str, values: Mapping[str, pulumi.Output[str]]) -> pulumi.Output[str]:
    """Differs by the secret values and tells nothing about them: slow to compute, salted by instance and component.

    It is not a secret itself: it is part of a name.
    """
    import pulumi

    salt = f"{plan.tenant}\0{plan.instance}\0{component}"
    names = sorted(values)
    together = pulumi.Output.all(*(values[name] for name in names))
    return pulumi.Output.unsecret(together.apply(lambda found: _slow_hash(json.dumps([names, found]), salt)))


def _slow_hash(text: str, salt: str) -> str:
    # The values may be short words: whoever sees the name must pay for every guess.
    return hashlib.scrypt(text.encode(), salt=salt.encode(), n=2**13, r=8, p=1, dklen=_DIGITS // 2).hex()


def _base64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()
