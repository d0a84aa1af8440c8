"""From a Service's port to the local servers of its ready pods."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.sandbox.layout import PORTS_ANNOTATION
from tenantry_kubernetes.sandbox.node.names import service_address, service_port
from tenantry_vendor.sandbox.gateway.proxy import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tenantry_kubernetes.client.requests import Object
    from tenantry_kubernetes.sandbox.gateway.services import Address

_SERVICE_LABEL: Final = "kubernetes.io/service-name"


def backend_key(namespace: str, service: str, port: str | int) -> str:
    """The key of a Service's port: `namespace/service:port`, the port by number or name."""
    return f"{namespace}/{service}:{port}"


def find_port(service: Object, port: str | int) -> Object | None:
    """The entry of a Service's ports with this number or name."""
    for entry in service["spec"].get("ports") or []:
        if entry["port"] == port or (isinstance(port, str) and entry.get("name") == port):
            return dict(entry)
    return None


class Backends:
    """Services, EndpointSlices and Pods of one moment. Keys are namespace and name."""

    def __init__(
        self,
        services: Mapping[tuple[str, str], Object],
        slices: Iterable[Object],
        pods: Mapping[tuple[str, str], Object],
    ) -> None:
        self._services = services
        self._pods = pods
        self._slices: dict[tuple[str, str], list[Object]] = defaultdict(list)
        for each in slices:
            metadata = each["metadata"]
            name = (metadata.get("labels") or {}).get(_SERVICE_LABEL)
            if name:
                self._slices[metadata["namespace"], name].append(each)

    def exists(self, namespace: str, service: str, port: str | int) -> bool:
        """Whether there is such a Service with such a port."""
        found = self._services.get((namespace, service))
        return found is not None and find_port(found, port) is not None

    def endpoints(self, namespace: str, service: str, port: str | int) -> tuple[Endpoint, ...]:
        """The local servers behind a Service's port that are ready now; pods on their way out are not."""
        found = self._services.get((namespace, service))
        entry = None if found is None else find_port(found, port)
        if entry is None:
            return ()
        name = entry.get("name") or ""
        servers: dict[str, Endpoint] = {}
        for each in self._slices[namespace, service]:
            targets = [listed["port"] for listed in each.get("ports") or [] if (listed.get("name") or "") == name]
            for endpoint in each.get("endpoints") or []:
                for target in targets:
                    server = self._server(namespace, endpoint, target)
                    if server is not None:
                        servers[server.name] = server
        return tuple(servers[name] for name in sorted(servers))

    def addresses(self) -> Iterator[tuple[Address, tuple[Endpoint, ...]]]:
        """The address of every port of every Service, and the local servers behind it.

        A headless Service has no port of its own: its name leads to its pods, at their ports.
        """
        for (namespace, name), service in self._services.items():
            address = service_address(namespace, name)
            headless = service["spec"].get("clusterIP") == "None"
            if service["spec"].get("type") == "ExternalName":
                continue
            for entry in service["spec"].get("ports") or []:
                if (entry.get("protocol") or "TCP") != "TCP":
                    continue
                servers = self.endpoints(namespace, name, entry["port"])
                ports = [entry["port"]]
                if headless:
                    ports = sorted({int(each.name.rpartition(":")[2]) for each in servers})
                for port in ports:
                    yield (address, service_port(port)), servers

    def _server(self, namespace: str, endpoint: Object, target: int) -> Endpoint | None:
        reference = endpoint.get("targetRef") or {}
        if reference.get("kind") != "Pod" or not (endpoint.get("conditions") or {}).get("ready"):
            return None
        pod = self._pods.get((namespace, reference["name"]))
        if pod is None or pod["metadata"].get("deletionTimestamp") or not _is_ready(pod):
            return None
        local = local_ports(pod).get(str(target))
        return None if local is None else Endpoint("127.0.0.1", local, f"{namespace}/{reference['name']}:{target}")


def _is_ready(pod: Object) -> bool:
    # The slice follows the pod a little later: an unready pod must not get requests in between.
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def local_ports(pod: Object) -> dict[str, int]:
    """The pod's container ports and the ports on 127.0.0.1 that stand for them, as its annotation says."""
    text = (pod["metadata"].get("annotations") or {}).get(PORTS_ANNOTATION)
    try:
        found = json.loads(text) if text else {}
        return {str(port): int(local) for port, local in found.items()}
    except (ValueError, AttributeError, TypeError):
        return {}
