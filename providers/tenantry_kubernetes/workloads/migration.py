"""What stands between an instance's data and its services: which objects come before the migration, and its pods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry.spec.plan import ServicePlan
from tenantry_kubernetes.names import task_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenantry.spec.plan import InstancePlan
    from tenantry_kubernetes.workloads.manifest import Body, Manifest

_OF_A_SERVER: Final = ("startupProbe", "readinessProbe", "livenessProbe", "ports", "lifecycle")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """An instance's manifests before and behind its migrations.

    `tasks`: service -> the pod template of its task. `needed`: kinds and logical names that migrations need.
    """

    before: list[Manifest]
    behind: list[Manifest]
    tasks: dict[str, Body]
    needed: list[tuple[str, str]]


def parted(plan: InstancePlan, manifests: Sequence[Manifest]) -> Parted:
    """The parts. Without a service that migrates nothing has to wait, and nothing is behind."""
    migrating = {
        service.id for service in plan.components if isinstance(service, ServicePlan) and service.migrate is not None
    }
    deployments = [each for each in manifests if each.kind == "Deployment"]
    if not migrating:
        return Parted(before=list(manifests), behind=[], tasks={}, needed=[])
    behind = {each.key for each in deployments}
    for manifest in manifests:
        # They are in order: what waits for a Deployment stands behind it.
        if behind & set(manifest.after):
            behind.add(manifest.key)
    users = [each for each in deployments if each.component in migrating]
    needed = {key: None for each in users for key in each.after}
    needed |= {each.key: None for each in manifests if each.kind == "StatefulSet"}
    return Parted(
        before=[each for each in manifests if each.key not in behind],
        behind=[each for each in manifests if each.key in behind],
        tasks={each.component: task_template(plan, each) for each in users},
        needed=list(needed),
    )


def task_template(plan: InstancePlan, deployment: Manifest) -> Body:
    """The pod template of a service's one-off runs: the service's own, but no copy of it and no server.

    Its command is filled in when it runs.
    """
    template: Body = {**deployment.body["spec"]["template"]}
    template["metadata"] = {**template["metadata"], "labels": task_labels(plan, deployment.component)}
    pod: Body = {**template["spec"], "restartPolicy": "Never"}
    pod.pop("topologySpreadConstraints", None)
    main, *others = pod["containers"]
    pod["containers"] = [{name: value for name, value in main.items() if name not in _OF_A_SERVER}, *others]
    return template | {"spec": pod}
