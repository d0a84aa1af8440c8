"""The host of a bucket's own, by which browsers reach it: presigned URLs are made for it.

What visitors put into a bucket must never be served from the application's host: a page among it would act as the
application's own.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.names import DNS_LABEL
from tenantry_kubernetes.workloads.bucket import S3_PORT
from tenantry_kubernetes.workloads.manifest import INSTANCE, Manifest, head, running
from tenantry_kubernetes.workloads.namespace import NAMESPACE
from tenantry_kubernetes.workloads.routing import Host, hosts, http_route_parent, ingress_tls, issuer_annotation

if TYPE_CHECKING:
    from tenantry.spec.plan import BucketPlan, InstancePlan
    from tenantry_kubernetes.cluster import Cluster

_LARGE_BODIES: Final = {
    "nginx.ingress.kubernetes.io/proxy-body-size": "0",
    "nginx.ingress.kubernetes.io/proxy-request-buffering": "off",
}
"""The usual controller refuses more than 1 MB and keeps what comes in a file first; others do not know these words."""


def bucket_host(plan: InstancePlan, bucket: BucketPlan, cluster: Cluster) -> Host:
    """`<bucket>--<instance>` below the cluster's suffix, else `<bucket>` below the first domain.

    No id holds two hyphens in a row, so that no instance's own host can be a bucket's of another. A domain's provided
    certificate must be valid for the bucket's host as well.
    """
    if cluster.host_suffix is not None:
        label = f"{bucket.id}--{plan.instance}"
        if len(label) > DNS_LABEL:
            label = f"{label[: DNS_LABEL - 11]}-{hashlib.sha256(label.encode()).hexdigest()[:10]}"
        return Host(name=f"{label}.{cluster.host_suffix}", tls="managed" if cluster.issuer else "cluster")
    first = hosts(plan, cluster)[0]
    return Host(name=f"{bucket.id}.{first.name}", tls=first.tls, certificate=first.certificate)


def bucket_route(plan: InstancePlan, bucket: BucketPlan, host: Host, cluster: Cluster) -> Manifest:
    """The Ingress or HTTPRoute of a bucket."""
    name = f"bucket.{bucket.id}"
    ordered = (("Secret", f"tls.{host.name}"),) if host.tls == "acme" else ()
    after = (NAMESPACE, ("StatefulSet", bucket.id), ("Service", bucket.id), *ordered)
    notes = {} if running(plan) else {"pulumi.com/skipAwait": "true"}
    if cluster.gateway is not None:
        body = head(plan, "gateway.networking.k8s.io/v1", "HTTPRoute", name, awaited=True, annotations=notes)
        backend = {"group": "", "kind": "Service", "name": bucket.id, "port": S3_PORT, "weight": 1}
        body["spec"] = {
            "parentRefs": [http_route_parent(cluster.gateway)],
            "hostnames": [host.name],
            "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}], "backendRefs": [backend]}],
        }
        return Manifest(logical=name, component=INSTANCE, body=body, after=after)
    if host.tls == "managed" and cluster.issuer is not None:
        notes |= issuer_annotation(cluster.issuer)
    body = head(plan, "networking.k8s.io/v1", "Ingress", name, awaited=True, annotations=notes | _LARGE_BODIES)
    path = {
        "path": "/",
        "pathType": "Prefix",
        "backend": {"service": {"name": bucket.id, "port": {"number": S3_PORT}}},
    }
    body["spec"] = {
        "ingressClassName": cluster.ingress_class,
        "rules": [{"host": host.name, "http": {"paths": [path]}}],
    }
    if host.tls != "none":
        body["spec"]["tls"] = [ingress_tls(host, certificate_of=hosts(plan, cluster)[0])]
    return Manifest(logical=name, component=INSTANCE, body=body, after=after)
