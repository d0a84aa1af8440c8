"""How requests reach the components: one Ingress, or one HTTPRoute, whose paths match whole segments, longest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenantry.errors import CapabilityError
from tenantry_kubernetes.workloads.certificates import certificate, ordered_certificate, tls_secret_name
from tenantry_kubernetes.workloads.manifest import INSTANCE, Manifest, head, running
from tenantry_kubernetes.workloads.namespace import NAMESPACE

if TYPE_CHECKING:
    from typing import Literal

    from tenantry.contract.scope import Scope
    from tenantry.spec.plan import InstancePlan, SecretSource
    from tenantry_kubernetes.account import CertManager, Gateway
    from tenantry_kubernetes.cluster import Cluster
    from tenantry_kubernetes.workloads.manifest import Body


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A host of the instance. `cluster`: the ingress has a certificate for it. `acme`: we order one ourselves."""

    name: str
    tls: Literal["managed", "acme", "provided", "cluster", "none"]
    certificate: SecretSource | None = None


def hosts(plan: InstancePlan, cluster: Cluster) -> list[Host]:
    """The hosts to route. Raises CapabilityError where the cluster cannot give a certificate as the plan asks."""
    if not plan.domains:
        if plan.host is None:
            raise CapabilityError(f"{plan.instance} has no host.", hint="Add domains to the tenant file.")
        return [Host(name=plan.host, tls="managed" if cluster.issuer else "cluster")]
    out: list[Host] = []
    for domain in plan.domains:
        if domain.tls == "provided":
            out.append(_provided(domain.host, domain.certificate, cluster))
        elif domain.tls == "managed":
            out.append(_managed(domain.host, cluster))
        else:
            out.append(Host(name=domain.host, tls="none"))
    return out


def routing(plan: InstancePlan, cluster: Cluster, scope: Scope) -> list[Manifest]:
    """The Secrets of provided certificates, then the routes; last of all, when what they lead to answers."""
    served = hosts(plan, cluster)
    secrets = [
        certificate(plan, host.name, scope.secret(host.certificate)) for host in served if host.certificate is not None
    ]
    if cluster.acme is not None:
        for host in served:
            secrets += ordered_certificate(plan, host.name, cluster.acme) if host.tls == "acme" else []
    after = (
        NAMESPACE,
        *(manifest.key for manifest in secrets),
        *(
            (kind, component)
            for component in dict.fromkeys(route.component for route in plan.routes)
            for kind in ("Deployment", "Service")
        ),
    )
    if cluster.gateway is not None:
        return [_http_route(plan, cluster.gateway, served, after)]
    # cert-manager would take over every certificate that its Ingress names: provided ones get an Ingress of their own.
    managed = [host for host in served if host.tls == "managed"]
    apart = [host for host in served if host.tls == "provided"] if managed else []
    together = [host for host in served if host not in apart]
    out = [*secrets, _ingress(plan, "routes", cluster, together, after)]
    if apart:
        out.append(_ingress(plan, "routes.provided", cluster, apart, after))
    return out


def _managed(host: str, cluster: Cluster) -> Host:
    if cluster.issuer is not None:
        return Host(name=host, tls="managed")
    if cluster.acme is not None:
        return Host(name=host, tls="acme")
    if cluster.own_certificates:
        return Host(name=host, tls="cluster")
    raise CapabilityError(
        f"{host} asks for a managed certificate, and nothing in the cluster makes one.",
        hint="Name a cert-manager issuer in runtime.account.cert_manager.issuer, or an ACME server in "
        "runtime.account.acme.directory; or write tls: provided with a certificate.",
    )


def _provided(host: str, source: SecretSource | None, cluster: Cluster) -> Host:
    if cluster.gateway is not None:
        raise CapabilityError(
            f"{host} brings its own certificate, but with routing kind httproute the Gateway holds the certificates.",
            hint="Add the certificate to the Gateway's listener and write tls: managed, or use routing kind: ingress.",
        )
    if source is None:
        raise CapabilityError(
            f"{host} has tls: provided and no certificate.", hint="Add certificate: {ref: {file: PATH}} to the domain."
        )
    return Host(name=host, tls="provided", certificate=source)


def _ingress(
    plan: InstancePlan, name: str, cluster: Cluster, served: list[Host], after: tuple[tuple[str, str], ...]
) -> Manifest:
    managed = any(host.tls == "managed" for host in served)
    notes = issuer_annotation(cluster.issuer) if managed and cluster.issuer else {}
    if not running(plan):
        # Nothing answers behind it, so that its controller says 503; the plugin would wait for pods.
        notes["pulumi.com/skipAwait"] = "true"
    body = head(plan, "networking.k8s.io/v1", "Ingress", name, awaited=True, annotations=notes)
    paths = [
        {
            "path": route.prefix,
            "pathType": "Prefix",
            "backend": {"service": {"name": route.component, "port": {"number": 80}}},
        }
        for route in sorted(plan.routes, key=lambda route: (-len(route.prefix), route.prefix))
    ]
    spec: Body = {
        "ingressClassName": cluster.ingress_class,
        "rules": [{"host": host.name, "http": {"paths": paths}} for host in served],
    }
    tls = [ingress_tls(host) for host in served if host.tls != "none"]
    if tls:
        spec["tls"] = tls
    body["spec"] = spec
    return Manifest(logical=name, component=INSTANCE, body=body, after=after)


def ingress_tls(host: Host, *, certificate_of: Host | None = None) -> Body:
    """The certificate that an Ingress serves for a host; a provided one may be another host's."""
    if host.tls == "cluster":
        return {"hosts": [host.name]}
    owner = certificate_of if certificate_of is not None and host.tls == "provided" else host
    return {"hosts": [host.name], "secretName": tls_secret_name(owner.name)}


def issuer_annotation(issuer: CertManager) -> dict[str, str]:
    """What makes cert-manager look after an Ingress."""
    key = "cert-manager.io/cluster-issuer" if issuer.kind == "ClusterIssuer" else "cert-manager.io/issuer"
    return {key: issuer.issuer}


def http_route_parent(gateway: Gateway) -> Body:
    """The Gateway that a route belongs to."""
    parent: Body = {
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "namespace": gateway.namespace,
        "name": gateway.name,
    }
    if gateway.listener is not None:
        parent["sectionName"] = gateway.listener
    return parent


def _http_route(
    plan: InstancePlan, gateway: Gateway, served: list[Host], after: tuple[tuple[str, str], ...]
) -> Manifest:
    body = head(plan, "gateway.networking.k8s.io/v1", "HTTPRoute", "routes", awaited=True)
    body["spec"] = {
        "parentRefs": [http_route_parent(gateway)],
        "hostnames": [host.name for host in served],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": route.prefix}}],
                "backendRefs": [{"group": "", "kind": "Service", "name": route.component, "port": 80, "weight": 1}],
            }
            for route in sorted(plan.routes, key=lambda route: (-len(route.prefix), route.prefix))
        ],
    }
    return Manifest(logical="routes", component=INSTANCE, body=body, after=after)
