"""The cluster as an instance sees it: the account's words when live, the sandbox's in sandbox mode."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry.catalogue.platforms import Platform, architecture_of
from tenantry.errors import CapabilityError, PreflightError
from tenantry_kubernetes.account import CONTROLLER_NAMESPACES, Account, Controllers, Extensions, Gateway

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.spec.plan import InstancePlan, Json, Mode
    from tenantry_kubernetes.account import CertManager, RoutingKind

SANDBOX_KUBECONFIG: Final = "TENANTRY_SANDBOX_KUBECONFIG"
SANDBOX_INGRESS_CLASS: Final = "TENANTRY_SANDBOX_INGRESS_CLASS"
SANDBOX_GATEWAY: Final = "TENANTRY_SANDBOX_GATEWAY"
SANDBOX_HTTP_PORT: Final = "TENANTRY_SANDBOX_HTTP_PORT"
SANDBOX_HOST_SUFFIX: Final = "TENANTRY_SANDBOX_HOST_SUFFIX"
SANDBOX_IMAGES_ANNOTATION: Final = "sandbox.tenantry.dev/images"
"""On a pod: JSON object, image -> the source runtime that the sandbox's node runs in its stead."""
_SANDBOX: Final = "tenantry-sandbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """What declaring an instance needs to know of the cluster.

    Exactly one of `ingress_class` and `gateway` is set. `issuer` makes managed certificates; `own_certificates`: the
    cluster has certificates for every host without one.
    """

    mode: Mode
    account: Account
    extensions: Extensions
    kind: RoutingKind
    ingress_class: str | None
    gateway: Gateway | None
    controllers: Controllers
    issuer: CertManager | None
    own_certificates: bool
    acme: Mapping[str, Json] | None = None
    """The ACME server that makes managed certificates where no issuer does."""
    host_suffix: str | None = None
    """Below this name the cluster answers for every host."""
    http_port: str | None = None
    """In a sandbox: where its gateway listens."""

    @classmethod
    def of(cls, plan: InstancePlan, settings: Mapping[str, str]) -> Cluster:
        """The cluster of a plan. Raises PreflightError where the account does not say how requests are routed."""
        account = Account.of(plan.runtime.account)
        extensions = Extensions.of(plan.runtime.extensions)
        issuer = account.cert_manager or extensions.cert_manager
        if plan.mode == "sandbox":
            return cls._sandbox(account, extensions, settings)
        if account.routing is None:
            raise PreflightError(
                f"runtime.account of {plan.instance} does not say how the cluster routes requests.",
                hint="Add for example: routing: {kind: ingress, class: nginx, host_suffix: apps.example.com}",
            )
        routing = account.routing
        return cls(
            mode=plan.mode,
            account=account,
            extensions=extensions,
            kind=routing.kind,
            ingress_class=routing.ingress_class,
            gateway=routing.gateway,
            controllers=routing.controllers or _usual_controllers(routing.ingress_class, routing.gateway),
            issuer=issuer,
            own_certificates=routing.kind == "httproute",
            acme=account.acme if issuer is None and routing.kind == "ingress" else None,
            host_suffix=routing.host_suffix,
        )

    def platform(self, runtime: str | None) -> Platform:
        """What the packages of a service are chosen for: the account's processor; in a sandbox this machine's.

        Raises CapabilityError where no packages are made for this machine.
        """
        named = os.uname().machine if self.mode == "sandbox" else self.account.architecture
        return Platform(runtime=runtime or "", architecture=architecture_of(named))

    @classmethod
    def _sandbox(cls, account: Account, extensions: Extensions, settings: Mapping[str, str]) -> Cluster:
        kind: RoutingKind = account.routing.kind if account.routing else "ingress"
        namespace, _, name = settings.get(SANDBOX_GATEWAY, f"{_SANDBOX}/gateway").partition("/")
        gateway = Gateway(namespace=namespace, name=name)
        return cls(
            mode="sandbox",
            account=account,
            extensions=extensions,
            kind=kind,
            ingress_class=settings.get(SANDBOX_INGRESS_CLASS, _SANDBOX) if kind == "ingress" else None,
            gateway=gateway if kind == "httproute" else None,
            controllers=Controllers(namespaces=(namespace,)),
            issuer=None,
            own_certificates=True,
            acme=account.acme if kind == "ingress" and _on_loopback(account.acme) else None,
            host_suffix=settings.get(SANDBOX_HOST_SUFFIX),
            http_port=settings.get(SANDBOX_HTTP_PORT),
        )


def _on_loopback(acme: Mapping[str, Json] | None) -> bool:
    """A sandbox asks no server outside of this machine: its own authority serves instead."""
    directory = str((acme or {}).get("directory", ""))
    return re.match(r"https?://(127\.[0-9.]+|localhost)[:/]", directory) is not None


def runtime_annotation(cluster: Cluster, image: str, runtime: str) -> dict[str, str]:
    """What a pod says to the sandbox's node of its image; nothing when live."""
    return runtime_annotations(cluster, {image: runtime})


def runtime_annotations(cluster: Cluster, runtimes: Mapping[str, str]) -> dict[str, str]:
    """As `runtime_annotation`, for a pod with several images."""
    said = json.dumps(dict(runtimes), sort_keys=True)
    return {SANDBOX_IMAGES_ANNOTATION: said} if cluster.mode == "sandbox" else {}


def default_host(instance: str, account: Mapping[str, Json], settings: Mapping[str, str]) -> str:
    """`<instance>.<suffix>`: the sandbox's suffix, else the account's. Raises CapabilityError where there is none."""
    suffix = settings.get(SANDBOX_HOST_SUFFIX)
    if suffix is None:
        routing = Account.of(account).routing
        suffix = routing.host_suffix if routing else None
    if not suffix:
        raise CapabilityError(
            f"{instance} has no domains, and its cluster gives no host names of its own.",
            hint="Add domains, or runtime.account.routing.host_suffix, below which the cluster answers for every name.",
        )
    return f"{instance}.{suffix}"


def _usual_controllers(ingress_class: str | None, gateway: Gateway | None) -> Controllers:
    if gateway is not None:
        return Controllers(namespaces=(gateway.namespace,))
    return Controllers(namespaces=CONTROLLER_NAMESPACES[ingress_class or ""])
