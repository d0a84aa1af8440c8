"""What of one instance is at work: pods, processes and schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.client.kinds import BUILT_IN
from tenantry_kubernetes.client.kubeconfig import load
from tenantry_kubernetes.client.sync import Kubernetes
from tenantry_kubernetes.sandbox.inventory import LABEL
from tenantry_vendor.sandbox.process import ProcessRecord

if TYPE_CHECKING:
    from tenantry_kubernetes.sandbox.layout import Layout

_ENDED: Final = frozenset({"Succeeded", "Failed"})


def instance_activity(layout: Layout, instance: str) -> list[str]:
    """Pods that have not ended, schedules that are not suspended, and local processes of the instance.

    A process of a pod that the API server knows nothing of is counted as well: it should have ended.
    """
    found: list[str] = []
    with Kubernetes(load(str(layout.kubeconfig))) as cluster:
        namespaces = cluster.list_objects(BUILT_IN["v1", "Namespace"], labels=f"{LABEL}={instance}")
        names = {each["metadata"]["name"] for each in namespaces}
        others: set[str] = set()
        for pod in cluster.list_objects(BUILT_IN["v1", "Pod"]):
            metadata = pod["metadata"]
            if metadata["namespace"] not in names:
                others.add(metadata["uid"])
            elif (pod.get("status") or {}).get("phase") not in _ENDED:
                found.append(f"pods {metadata['namespace']}/{metadata['name']}")
        for name in sorted(names):
            schedules = cluster.list_objects(BUILT_IN["batch/v1", "CronJob"], name)
            active = [each["metadata"]["name"] for each in schedules if not each["spec"].get("suspend")]
            found += [f"cronjobs {name}/{each}" for each in active]
    for file in sorted(layout.pods.glob("*/containers/*/process.json")):
        record = ProcessRecord.read(file)
        if record is not None and record.alive and file.parents[2].name not in others:
            found.append(f"processes {record.pid} ({file.parent.name})")
    return found
