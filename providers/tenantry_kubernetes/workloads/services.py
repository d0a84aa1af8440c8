"""The objects of one `service` and of one `site`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.account import ComponentExtension
from tenantry_kubernetes.cluster import runtime_annotation
from tenantry_kubernetes.images import STOCK, image_of
from tenantry_kubernetes.images import known as known_image
from tenantry_kubernetes.names import selector
from tenantry_kubernetes.workloads.bindings import authority_mounts
from tenantry_kubernetes.workloads.config import (
    SITE_SERVER,
    UNPACK,
    secret,
    source_map,
)
from tenantry_kubernetes.workloads.env import container_env, literal, secret_env
from tenantry_kubernetes.workloads.manifest import Manifest, head, running
from tenantry_kubernetes.workloads.namespace import NAMESPACE
from tenantry_kubernetes.workloads.network import PORT, component_policy
from tenantry_kubernetes.workloads.pods import (
    APP,
    GRACE_SECONDS,
    PROGRAMS,
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
    from tenantry.contract.scope import Scope
    from tenantry.spec.plan import InstancePlan, ServicePlan, SitePlan
    from tenantry_kubernetes.cluster import Cluster
    from tenantry_kubernetes.packing import Packed
    from tenantry_kubernetes.workloads.bindings import Known
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
    known: Known,
) -> list[Manifest]:
    """Everything of one service. `packed` is None where it comes as an image."""
    extension = cluster.extensions.components.get(service.id, ComponentExtension())
    image = known_image(service.runtime) if service.runtime and packed else None
    env, secrets = container_env(service, scope, url=url, known=known, language=image.env if image else {})
    bound = known.used_by(service)
    out: list[Manifest] = []
    annotations: Body = {}
    init: tuple[Body, ...] = ()
    volumes: list[Body] = []
    mounts: list[Body] = []
    reference = service.image or ""
    if packed is not None and image is not None:
        source = source_map(plan, service.id, packed, (UNPACK,))
        out.append(source)
        reference = image_of(image.runtime, cluster.account.images)
        unpack, volumes = unpacking(source, packed, reference, image.python, service.resources)
        init = (unpack,)
        mounts = [{"name": "app", "mountPath": APP, "readOnly": True}]
        annotations = runtime_annotation(cluster, reference, image.runtime)
    if secrets:
        hidden = secret(plan, service.id, secrets)
        out.append(hidden)
        env += secret_env(hidden, secrets)
    after = (*(manifest.key for manifest in out), *(key for binding in bound for key in binding.ready))
    trusted, trusted_mounts = authority_mounts(bound)
    main = container(
        service.id,
        reference,
        service.resources,
        command=tuple(literal(word) for word in service.command),
        env=env,
        mounts=[*mounts, *trusted_mounts],
        working_dir=APP if packed is not None else None,
        read_only_root=packed is not None if extension.read_only_root is None else extension.read_only_root,
    )
    main |= probes(service.health, startup_seconds=extension.startup_seconds or STARTUP_SECONDS)
    workload = Workload(
        component=service.id,
        container=main,
        init=init,
        volumes=(*volumes, *trusted),
        run_as=extension.run_as_user or (image.run_as if image else None),
        replicas=fixed_copies(service.scale) if running(plan) else 0,
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
    source = source_map(plan, site.id, packed, programs)
    unpack, volumes = unpacking(source, packed, image, STOCK.python, SITE)
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
        replicas=1 if running(plan) else 0,
        spread=False,
        annotations=runtime_annotation(cluster, image, STOCK.runtime),
    )
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
