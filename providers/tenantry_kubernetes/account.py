"""What a checked plan says of the cluster, as plain values: what `models` refuses never gets here.

The program that Pulumi runs reads plans that were checked before; loading the models there would cost it a third of its
own start-up time. A unit test holds the two to the same fields and values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from tenantry_kubernetes.data_sources import (
    ExternalBucket,
    ExternalDatabase,
    OperatedDatabase,
    Storage,
    bucket_of,
    database_of,
    given_of,
    storage_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tenantry.spec.plan import Json

CONTROLLER_NAMESPACES: Final = {
    "contour": ("projectcontour",),
    "haproxy": ("haproxy-controller",),
    "kong": ("kong",),
    "nginx": ("ingress-nginx",),
    "traefik": ("traefik",),
}
"""Ingress class -> the namespaces of its usual installation. Others are said in `routing.controllers`."""

RoutingKind = Literal["ingress", "httproute"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretName:
    """Exactly one of an environment variable and a file."""

    env: str | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretReference:
    """`{ref: …}`."""

    ref: SecretName


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A Gateway API Gateway of the cluster, and one of its listeners where the account names one."""

    namespace: str
    name: str
    listener: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Controllers:
    """Where requests come from: namespaces in the cluster, or networks (CIDR) outside of it."""

    namespaces: tuple[str, ...] = ()
    cidrs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """How the cluster brings requests to services."""

    kind: RoutingKind = "ingress"
    ingress_class: str | None = None
    gateway: Gateway | None = None
    host_suffix: str | None = None
    controllers: Controllers | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CertManager:
    """A cert-manager issuer of the cluster."""

    issuer: str
    kind: Literal["ClusterIssuer", "Issuer"] = "ClusterIssuer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`runtime.account` of a plan."""

    kubeconfig: SecretReference | None = None
    context: str | None = None
    cluster: str | None = None
    routing: Routing | None = None
    bundles: str | None = None
    images: Mapping[str, str] = field(default_factory=dict)
    cert_manager: CertManager | None = None
    architecture: str = "amd64"
    databases: Mapping[str, ExternalDatabase | OperatedDatabase] = field(default_factory=dict)
    buckets: Mapping[str, ExternalBucket] = field(default_factory=dict)
    storage: Storage = field(default_factory=Storage)
    acme: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, data: Mapping[str, Json]) -> Account:
        """The account of a plan."""
        given = given_of(data)
        kubeconfig, routing, bundles = given.get("kubeconfig"), given.get("routing"), given.get("bundles")
        return cls(
            kubeconfig=SecretReference(ref=SecretName(**kubeconfig["ref"])) if kubeconfig else None,
            context=given.get("context"),
            cluster=given.get("cluster"),
            routing=_routing(given_of(routing)) if routing is not None else None,
            bundles=str(bundles).rstrip("/") if bundles is not None else None,
            images=given.get("images", {}),
            cert_manager=_cert_manager(given),
            architecture=given.get("architecture", "amd64"),
            databases={name: database_of(given_of(said)) for name, said in given.get("databases", {}).items()},
            buckets={name: bucket_of(given_of(said)) for name, said in given.get("buckets", {}).items()},
            storage=storage_of(given_of(given.get("storage", {}))),
            acme=given.get("acme"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Egress:
    """Where an instance's services may connect to, beside one another and name resolution."""

    internet: bool = True
    cidrs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentExtension:
    """What one service's image needs."""

    run_as_user: int | None = None
    read_only_root: bool | None = None
    termination_grace_seconds: int | None = None
    startup_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extensions:
    """`extensions.kubernetes` of a plan."""

    egress: Egress = Egress()
    cert_manager: CertManager | None = None
    components: Mapping[str, ComponentExtension] = field(default_factory=dict)
    databases: Mapping[str, OperatedDatabase] = field(default_factory=dict)
    volumes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Mapping[str, Json]) -> Extensions:
        """The extensions of a plan."""
        given = given_of(data)
        egress = given_of(given.get("egress", {}))
        return cls(
            egress=Egress(internet=egress.get("internet", True), cidrs=_networks(egress.get("cidrs", ()))),
            cert_manager=_cert_manager(given),
            components={name: ComponentExtension(**said) for name, said in given.get("components", {}).items()},
            databases={name: OperatedDatabase(**said) for name, said in given.get("databases", {}).items()},
            volumes=given.get("volumes", {}),
        )


def _routing(given: dict[str, Any]) -> Routing:
    gateway, controllers = given.get("gateway"), given.get("controllers")
    return Routing(
        kind=cast("RoutingKind", given.get("kind", "ingress")),
        ingress_class=given.get("class", given.get("ingress_class")),
        gateway=Gateway(**gateway) if gateway is not None else None,
        host_suffix=given.get("host_suffix"),
        controllers=None
        if controllers is None
        else Controllers(
            namespaces=tuple(controllers.get("namespaces", ())), cidrs=_networks(controllers.get("cidrs", ()))
        ),
    )


def _cert_manager(given: dict[str, Any]) -> CertManager | None:
    issuer = given.get("cert_manager")
    return CertManager(**issuer) if issuer is not None else None


def _networks(networks: Iterable[str]) -> tuple[str, ...]:
    if not networks:
        return ()
    import ipaddress

    return tuple(str(ipaddress.ip_network(network)) for network in networks)
