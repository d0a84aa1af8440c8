"""What the gateway writes back into the cluster: addresses and conditions."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from tenantry.contract.sandbox import loopback_address
from tenantry_kubernetes.client.errors import KubernetesError
from tenantry_kubernetes.client.kinds import BUILT_IN
from tenantry_kubernetes.sandbox.bootstrap import GATEWAY, GATEWAY_CLASS, HTTP_ROUTE
from tenantry_kubernetes.sandbox.gateway.httproute import Verdict
from tenantry_kubernetes.sandbox.layout import CONTROLLER
from tenantry_kubernetes.sandbox.node.status import now
from tenantry_vendor.sandbox.gateway.listeners import MAIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tenantry_kubernetes.client.aio import AsyncKubernetes
    from tenantry_kubernetes.client.kinds import Kind
    from tenantry_kubernetes.client.requests import Object
    from tenantry_kubernetes.sandbox.gateway.httproute import RouteResult
    from tenantry_kubernetes.sandbox.gateway.view import Outcome

_INGRESS: Final = BUILT_IN["networking.k8s.io/v1", "Ingress"]
_log = logging.getLogger("gateway")


def wanted_statuses(
    outcome: Outcome, addresses: Mapping[str, str], ports: tuple[int, int]
) -> Iterator[tuple[Kind, Object, Object]]:
    """Kind, object and the status that it should have. `addresses` are listened at; `ports` are HTTP's and HTTPS's."""
    for ingress in outcome.ingresses:
        yield _INGRESS, ingress, _ingress_status(ingress, addresses, ports)
    for each in outcome.gateway_classes:
        yield (
            GATEWAY_CLASS,
            each,
            {"conditions": _conditions(each, {"Accepted": Verdict(holds=True, reason="Accepted")})},
        )
    for gateway in outcome.gateways:
        yield GATEWAY, gateway, _gateway_status(gateway, outcome)
    for route, result in outcome.routes:
        yield HTTP_ROUTE, route, _route_status(route, result)


async def write_statuses(client: AsyncKubernetes, wanted: Iterator[tuple[Kind, Object, Object]]) -> None:
    """Writes those statuses that are not yet as wanted."""
    for kind, each, status in wanted:
        before = each.get("status") or {}
        if all(before.get(key) == value for key, value in status.items()):
            continue
        metadata = each["metadata"]
        patch = {"metadata": {"uid": metadata["uid"]}, "status": status}
        try:
            await client.patch(kind, metadata.get("namespace"), metadata["name"], patch, subresource="status")
        except KubernetesError as error:
            if not error.not_found:
                _log.warning("status of %s %s not written: %s", kind.kind, metadata["name"], error.message)


def _ingress_status(ingress: Object, addresses: Mapping[str, str], ports: tuple[int, int]) -> Object:
    hosts = [rule["host"].lower() for rule in ingress["spec"].get("rules") or [] if rule.get("host")]
    found = [loopback_address(host) for host in hosts if addresses.get(loopback_address(host)) == host]
    open_ports = [{"port": port, "protocol": "TCP"} for port in ports]
    return {"loadBalancer": {"ingress": [{"ip": ip, "ports": open_ports} for ip in dict.fromkeys(found or [MAIN])]}}


def _gateway_status(gateway: Object, outcome: Outcome) -> Object:
    own = (gateway["metadata"]["namespace"], gateway["metadata"]["name"])
    before = {each["name"]: each for each in (gateway.get("status") or {}).get("listeners") or []}
    holds = {
        "Accepted": Verdict(holds=True, reason="Accepted"),
        "Programmed": Verdict(holds=True, reason="Programmed"),
    }
    listeners: list[Object] = []
    for listener in gateway["spec"].get("listeners") or []:
        served = listener["protocol"] in {"HTTP", "HTTPS"}
        conditions = holds | {"ResolvedRefs": Verdict(holds=True, reason="ResolvedRefs")}
        if not served:
            message = "the sandbox's gateway serves HTTP and HTTPS"
            conditions |= {
                "Accepted": Verdict(holds=False, reason="UnsupportedProtocol", message=message),
                "Programmed": Verdict(holds=False, reason="Invalid", message=message),
            }
        listeners.append(
            {
                "name": listener["name"],
                "supportedKinds": [{"group": GATEWAY.group, "kind": "HTTPRoute"}] if served else [],
                "attachedRoutes": _attached(own, listener, outcome),
                "conditions": _conditions(gateway, conditions, before.get(listener["name"])),
            }
        )
    return {
        "addresses": [{"type": "IPAddress", "value": MAIN}],
        "conditions": _conditions(gateway, holds),
        "listeners": listeners,
    }


def _attached(own: tuple[str, str], listener: Object, outcome: Outcome) -> int:
    count = 0
    for route, result in outcome.routes:
        namespace = route["metadata"]["namespace"]
        for each in result.parents:
            parent = each.parent
            is_own = (parent.get("namespace") or namespace, parent["name"]) == own
            if is_own and each.accepted.holds and parent.get("sectionName") in {None, listener["name"]}:
                count += 1
                break
    return count


def _route_status(route: Object, result: RouteResult) -> Object:
    before: list[Object] = (route.get("status") or {}).get("parents") or []
    others = [each for each in before if each.get("controllerName") != CONTROLLER]
    own: list[Object] = []
    for each in result.parents:
        old = next(
            (one for one in before if one.get("controllerName") == CONTROLLER and one["parentRef"] == each.parent), None
        )
        verdicts = {"Accepted": each.accepted, "ResolvedRefs": each.resolved}
        conditions = _conditions(route, verdicts, old or {})
        own.append({"parentRef": each.parent, "controllerName": CONTROLLER, "conditions": conditions})
    return {"parents": [*others, *own]}


def _conditions(each: Object, verdicts: Mapping[str, Verdict], before: Object | None = None) -> list[dict[str, Any]]:
    """Conditions in the Gateway API's form; `before` holds the old ones, by default the object's status."""
    holder = (each.get("status") or {}) if before is None else before
    old = {condition["type"]: condition for condition in holder.get("conditions") or []}
    made: list[dict[str, Any]] = []
    for kind, verdict in verdicts.items():
        status = "True" if verdict.holds else "False"
        last = old.get(kind) or {}
        since = last["lastTransitionTime"] if last.get("status") == status else now()
        made.append(
            {
                "type": kind,
                "status": status,
                "reason": verdict.reason,
                "message": verdict.message,
                "observedGeneration": each["metadata"].get("generation", 0),
                "lastTransitionTime": since,
            }
        )
    return made
