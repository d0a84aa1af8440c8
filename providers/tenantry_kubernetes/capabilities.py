"""What the Kubernetes runtime can do, and how we know."""

from __future__ import annotations

from typing import Final

from tenantry.spec.capabilities import Capabilities, Feature, Limit, Provenance
from tenantry_kubernetes.images import KNOWN
from tenantry_kubernetes.servers import VERSIONS


def _docs(path: str) -> Provenance:
    return Provenance(kind="documented", source=f"https://kubernetes.io/docs/{path}", on="2026-11-23")


_DEPLOYMENT: Final = _docs("concepts/workloads/controllers/deployment/")
_SCALE: Final = _docs("concepts/workloads/autoscaling/horizontal-pod-autoscale/")
_INGRESS: Final = _docs("concepts/services-networking/ingress/")
_MANAGED: Final = Provenance(kind="documented", source="https://cert-manager.io/docs/usage/ingress/", on="2026-11-23")
_OWN: Final = Provenance(kind="assumed", source="providers/tenantry_kubernetes/capabilities.py", on="2026-11-23")


_POSTGRES: Final = Provenance(kind="documented", source="https://hub.docker.com/_/postgres", on="2026-11-23")
_MYSQL: Final = Provenance(kind="documented", source="https://hub.docker.com/_/mysql", on="2026-11-23")
_VERSITYGW: Final = Provenance(
    kind="documented", source="https://github.com/versity/versitygw/tree/v1.8.0", on="2026-11-23"
)


def _yes(provenance: Provenance) -> Feature:
    return Feature(support="yes", provenance=provenance)


def _nearly(provenance: Provenance, note: str) -> Feature:
    return Feature(support="approximate", provenance=provenance, note=note)


def _database(engine: str, provenance: Provenance) -> Feature:
    return Feature(support="yes", provenance=provenance, versions=VERSIONS[engine])


CAPABILITIES: Final = Capabilities(
    features={
        "service": _yes(_DEPLOYMENT),
        "service.source": _yes(_docs("concepts/configuration/configmap/")),
        "service.image": _yes(_docs("concepts/containers/images/")),
        "service.scale": _yes(_SCALE),
        "service.scale_to_zero": _nearly(_SCALE, "Kubernetes keeps one copy running; it does not scale to zero."),
        "service.concurrency": _nearly(
            _SCALE, "Kubernetes does not limit requests per copy; copies are added by CPU use instead."
        ),
        "service.migrate": _yes(_docs("concepts/workloads/controllers/job/")),
        "site": _yes(_DEPLOYMENT),
        "database.postgresql": _database("postgresql", _POSTGRES),
        "database.mysql": _database("mysql", _MYSQL),
        "database.external": _yes(_OWN),
        "bucket": _yes(_VERSITYGW),
        "bucket.public": _yes(_VERSITYGW),
        "bucket.external": _yes(_OWN),
        "schedule": _yes(_docs("concepts/workloads/controllers/cron-jobs/")),
        "suspend": _yes(_DEPLOYMENT),
        "domains": _yes(_INGRESS),
        "domains.tls.managed": _nearly(
            _MANAGED,
            "The certificate comes from the cert-manager issuer or the ACME server that runtime.account names in "
            "cert_manager or acme, or with HTTPRoute from the Gateway's listener.",
        ),
        "domains.tls.provided": _yes(_docs("concepts/services-networking/ingress/#tls")),
        "domains.tls.none": _yes(_INGRESS),
        "ownership.provider": _yes(_OWN),
    },
    limits={
        "service.cpu_millis": Limit(provenance=_OWN, minimum=10),
        "service.memory_bytes": Limit(provenance=_OWN, minimum=32 * 2**20),
        "service.scale.max": Limit(provenance=_OWN, minimum=1, maximum=1000),
        "source.size_bytes": Limit(provenance=_OWN, maximum=512 * 2**20),
        "migrate.timeout_seconds": Limit(provenance=_OWN, minimum=1, maximum=86400),
        "routes.count": Limit(
            provenance=Provenance(
                kind="documented",
                source="https://gateway-api.sigs.k8s.io/reference/api-spec/main/spec/ (HTTPRouteSpec.rules)",
                on="2026-11-23",
            ),
            maximum=16,
        ),
        "domains.count": Limit(
            provenance=Provenance(
                kind="documented",
                source="https://gateway-api.sigs.k8s.io/reference/api-spec/main/spec/ (HTTPRouteSpec.hostnames)",
                on="2026-11-23",
            ),
            maximum=16,
        ),
    },
    source_runtimes=tuple(sorted(KNOWN)),
)
