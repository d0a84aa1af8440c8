"""What a fresh cluster of the sandbox needs before anything is deployed to it."""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING, Any, Final

import yaml

from tenantry.errors import SandboxError
from tenantry_kubernetes.client.errors import KubernetesError
from tenantry_kubernetes.client.kinds import BUILT_IN, Kind
from tenantry_kubernetes.sandbox.layout import (
    CONTROLLER,
    GATEWAY_NAME,
    GATEWAY_NAMESPACE,
    INGRESS_CLASS,
    NODE_NAME,
    PROVISIONER,
    STORAGE_CLASS,
)
from tenantry_vendor.sandbox.files import write_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tenantry_kubernetes.client.sync import Kubernetes
    from tenantry_kubernetes.sandbox.layout import Layout
    from tenantry_vendor.sandbox.ports import PortBook

GATEWAY: Final = Kind("gateway.networking.k8s.io", "v1", "Gateway", "gateways")
GATEWAY_CLASS: Final = Kind("gateway.networking.k8s.io", "v1", "GatewayClass", "gatewayclasses", namespaced=False)
HTTP_ROUTE: Final = Kind("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes")
REFERENCE_GRANT: Final = Kind("gateway.networking.k8s.io", "v1beta1", "ReferenceGrant", "referencegrants")
_DEFINITION: Final = BUILT_IN["apiextensions.k8s.io/v1", "CustomResourceDefinition"]
_MANAGER: Final = "tenantry-sandbox"
_WAIT_SECONDS: Final = 60
_POLL_SECONDS: Final = 0.1


def bootstrap(
    client: Kubernetes, layout: Layout, ports: PortBook, definitions: Iterable[Path], progress: Callable[[str], None]
) -> None:
    """Installs the Gateway API's definitions, the classes and the Gateway, where they are not as they should be."""
    files = [path.read_text(encoding="utf-8") for path in definitions]
    objects = _objects(ports)
    digest = hashlib.sha256(json.dumps([files, objects]).encode()).hexdigest()
    if _is_current(client, layout, digest):
        return
    progress("Installing the Gateway API")
    for text in files:
        for each in yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            if _is_implemented(each):
                _apply(client, _DEFINITION, each)
    _wait("the Gateway API", lambda: _served(client))
    for kind, each in objects:
        _apply(client, Kind(**kind), each)
    write_private(layout.bootstrapped, digest)


def _is_implemented(each: object) -> bool:
    """Whether this defines a kind that the gateway serves: objects of others would be accepted and ignored."""
    if not isinstance(each, dict) or each.get("kind") != "CustomResourceDefinition":
        return False
    kinds = {kind.kind for kind in (GATEWAY, GATEWAY_CLASS, HTTP_ROUTE, REFERENCE_GRANT)}
    return each["spec"]["names"]["kind"] in kinds


def wait_for_node(client: Kubernetes) -> None:
    """Returns once pods can be scheduled. Raises SandboxError."""
    _wait("the node", lambda: _node_ready(client))


def _is_current(client: Kubernetes, layout: Layout, digest: str) -> bool:
    if not layout.bootstrapped.exists() or layout.bootstrapped.read_text(encoding="utf-8") != digest:
        return False
    try:
        client.get(GATEWAY, GATEWAY_NAMESPACE, GATEWAY_NAME)
    except KubernetesError as error:
        if error.not_found:
            return False
        raise
    return True


def _objects(ports: PortBook) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Pairs of kind (fields of `Kind`) and object, in the order in which they are made."""
    listeners: list[dict[str, Any]] = [
        {
            "name": "http",
            "protocol": "HTTP",
            "port": ports["http"],
            "allowedRoutes": {"namespaces": {"from": "All"}},
        },
        {
            "name": "https",
            "protocol": "HTTPS",
            "port": ports["https"],
            # The gateway makes a certificate for every host that it routes.
            "tls": {"mode": "Terminate", "options": {f"{CONTROLLER}-certificates": "on-demand"}},
            "allowedRoutes": {"namespaces": {"from": "All"}},
        },
    ]
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": GATEWAY_NAMESPACE}}
    ingress_class = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {
            "name": INGRESS_CLASS,
            "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"},
        },
        "spec": {"controller": CONTROLLER},
    }
    gateway_class = {
        "apiVersion": GATEWAY_CLASS.api_version,
        "kind": "GatewayClass",
        "metadata": {"name": INGRESS_CLASS},
        "spec": {"controllerName": CONTROLLER},
    }
    gateway = {
        "apiVersion": GATEWAY.api_version,
        "kind": "Gateway",
        "metadata": {"name": GATEWAY_NAME, "namespace": GATEWAY_NAMESPACE},
        "spec": {"gatewayClassName": INGRESS_CLASS, "listeners": listeners},
    }
    storage_class = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": STORAGE_CLASS,
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "Immediate",
        "allowVolumeExpansion": True,
    }
    kinds = [
        BUILT_IN["v1", "Namespace"],
        BUILT_IN["storage.k8s.io/v1", "StorageClass"],
        BUILT_IN["networking.k8s.io/v1", "IngressClass"],
        GATEWAY_CLASS,
        GATEWAY,
    ]
    fields = ("group", "version", "kind", "plural", "namespaced")
    described = [{name: getattr(kind, name) for name in fields} for kind in kinds]
    return list(zip(described, [namespace, storage_class, ingress_class, gateway_class, gateway], strict=True))


def _apply(client: Kubernetes, kind: Kind, each: dict[str, Any]) -> None:
    metadata = each["metadata"]
    # An exported definition carries what only a server may say.
    each.pop("status", None)
    metadata.pop("creationTimestamp", None)
    client.apply(kind, metadata.get("namespace"), metadata["name"], each, manager=_MANAGER, force=True)


def _served(client: Kubernetes) -> bool:
    try:
        for kind in (GATEWAY_CLASS, GATEWAY, HTTP_ROUTE, REFERENCE_GRANT):
            client.list_objects(kind)
    except KubernetesError as error:
        if error.not_found:
            return False
        raise
    return True


def _node_ready(client: Kubernetes) -> bool:
    try:
        node = client.get(BUILT_IN["v1", "Node"], None, NODE_NAME)
    except KubernetesError as error:
        if error.not_found:
            return False
        raise
    conditions = node.get("status", {}).get("conditions", [])
    tainted = any(taint["key"] == "node.kubernetes.io/not-ready" for taint in node["spec"].get("taints", []))
    return not tainted and any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _wait(what: str, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise SandboxError(
                f"The sandbox waited {_WAIT_SECONDS} s for {what} in vain.",
                hint="Read `tenantry sandbox logs`, then start the sandbox again.",
            )
        time.sleep(_POLL_SECONDS)
