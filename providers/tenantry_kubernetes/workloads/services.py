"""The objects of one `service` and of one `site`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.account import ComponentExtension
from tenantry_kubernetes.cluster import runtime_annotation
from tenantry_kubernetes.images import STOCK, image_of, known
from tenantry_kubernetes.names import selector
from tenantry_kubernetes.workloads.config import (
    SITE_SERVER,
    UNPACK,
    secret,
    secret_checksum,
    source_checksum,
    source_map,
)
from tenantry_kubernetes.workloads.env import container_env, literal
from tenantry_kubernetes.workloads.manifest import Manifest, head
from tenantry_kubernetes.workloads.namespace import NAMESPACE
from tenantry_kubernetes.workloads.network import PORT, component_policy
from tenantry_kubernetes.workloads.pods import (
    APP,
    CHECKSUM_ANNOTATION,
    GRACE_SECONDS,
    PROGRAMS,
    SECRETS_ANNOTATION,
    STARTUP_SECONDS,
    Workload,
    container,
    deployment,
    probes,
    unpacking,
)
from tenantry_kubernetes.workloads.scaling import bounds, fixed_copies, scaling
from tenantry_kubernetes.workloads.sizes import SITE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.contract.scope import Scope
    from tenantry.spec.plan import InstancePlan, ServicePlan, SitePlan
    from tenantry_kubernetes.cluster import Cluster
    from tenantry_kubernetes.packing import Packed
    from tenantry_kubernetes.workloads.manifest import Body

SITE_HEALTH: Final = "/.tenantry/health"
"""Answered by the site server itself; no file can have this path, because it serves none that begins with a dot."""


def service_objects(
    plan: InstancePlan,
    service: ServicePlan,
    *,
    cluster: Cluster,
    scope: Scope,
    packed: Packed | None,
    url: str,
    fields: Mapping[tuple[str, str], str],
) -> list[Manifest]:
    """Everything of one service. `packed` is None where it comes as an image."""
    extension = cluster.extensions.components.get(service.id, ComponentExtension())
    image = known(service.runtime) if service.runtime and packed else None
    env, secrets = container_env(service, scope, url=url, fields=fields, language=image.env if image else {})
    out: list[Manifest] = []
    annotations: Body = {}
    init: tuple[Body, ...] = ()
    volumes: list[Body] = []
    mounts: list[Body] = []
    reference = service.image or ""
    if packed is not None and image is not None:
        out.append(source_map(plan, service.id, packed, (UNPACK,)))
        reference = image_of(image.runtime, cluster.account.images)
        unpack, volumes = unpacking(service.id, packed, reference, image.python, service.resources)
        init = (unpack,)
        mounts = [{"name": "app", "mountPath": APP, "readOnly": True}]
        annotations = {
            CHECKSUM_ANNOTATION: source_checksum(packed, (UNPACK,)),
            **runtime_annotation(cluster, reference, image.runtime),
        }
    if secrets:
        out.append(secret(plan, service.id, secrets))
        annotations[SECRETS_ANNOTATION] = secret_checksum(plan, service.id, secrets)
    after = tuple(manifest.key for manifest in out)
    main = container(
        service.id,
        reference,
        service.resources,
        command=tuple(literal(word) for word in service.command),
        env=env,
        mounts=mounts,
        working_dir=APP if packed is not None else None,
        read_only_root=packed is not None if extension.read_only_root is None else extension.read_only_root,
    )
    main |= probes(service.health, startup_seconds=extension.startup_seconds or STARTUP_SECONDS)
    workload = Workload(
        component=service.id,
        container=main,
        init=init,
        volumes=tuple(volumes),
        run_as=extension.run_as_user or (image.run_as if image else None),
        replicas=fixed_copies(service.scale),
        spread=bounds(service.scale)[1] > 1,
        annotations=annotations,
        grace_seconds=extension.termination_grace_seconds or GRACE_SECONDS,
        architecture=packed.architecture if packed is not None else None,
    )
    routed = any(route.component == service.id for route in plan.routes)
    policy = component_policy(plan, service.id, cluster=cluster, routed=routed, egress=cluster.extensions.egress)
    out += [policy] if policy else []
    out += [deployment(plan, workload, after=after), _service(plan, service.id), *scaling(plan, service)]
    return out


def site_objects(plan: InstancePlan, site: SitePlan, *, cluster: Cluster, packed: Packed) -> list[Manifest]:
    """Everything of one site: its files on the stock image, behind our own static server."""
    programs = (SITE_SERVER, UNPACK)
    image = image_of(STOCK.runtime, cluster.account.images)
    unpack, volumes = unpacking(site.id, packed, image, STOCK.python, SITE)
    prefixes = sorted(route.prefix for route in plan.routes if route.component == site.id)
    command = [STOCK.python, "-I", f"{PROGRAMS}/{SITE_SERVER}", "--root", APP, "--index", site.index]
    if site.not_found is not None:
        command += ["--not-found", site.not_found]
    for prefix in prefixes:
        command += ["--prefix", prefix]
    main = container(
        site.id,
        image,
        SITE,
        command=tuple(literal(word) for word in command),
        env=[{"name": "HOST", "value": "0.0.0.0"}, {"name": "PORT", "value": str(PORT)}],  # noqa: S104 - in a pod
        mounts=[
            {"name": "app", "mountPath": APP, "readOnly": True},
            {"name": "programs", "mountPath": PROGRAMS, "readOnly": True},
        ],
        working_dir=APP,
    )
    main |= probes(SITE_HEALTH)
    workload = Workload(
        component=site.id,
        container=main,
        init=(unpack,),
        volumes=tuple(volumes),
        run_as=STOCK.run_as,
        replicas=1,
        spread=False,
        annotations={
            CHECKSUM_ANNOTATION: source_checksum(packed, programs),
            **runtime_annotation(cluster, image, STOCK.runtime),
        },
    )
    source = source_map(plan, site.id, packed, programs)
    # A site asks nobody anything, but its bundle may have to be fetched.
    egress = cluster.extensions.egress if packed.url is not None else None
    policy = component_policy(plan, site.id, cluster=cluster, routed=bool(prefixes), egress=egress)
    return [
        source,
        *([policy] if policy else []),
        deployment(plan, workload, after=(source.key,)),
        _service(plan, site.id),
    ]


def _service(plan: InstancePlan, component: str) -> Manifest:
    # Its Deployment is awaited, and the routes come after that. Waiting for endpoints here as well would keep a refused
    # Deployment's error back until this had waited in vain.
    body = head(plan, "v1", "Service", component, component=component, annotations={"pulumi.com/skipAwait": "true"})
    body["spec"] = {
        "type": "ClusterIP",
        "selector": selector(plan, component),
        "ports": [{"name": "http", "port": 80, "targetPort": PORT, "protocol": "TCP", "appProtocol": "http"}],
    }
    return Manifest(logical=component, component=component, body=body, after=(NAMESPACE,))
