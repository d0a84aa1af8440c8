"""Names and labels of an instance's objects: valid for every legal id, and never two instances' at once.

An instance has a namespace of its own, so its objects are called after their components: ids are DNS labels of at
most 40 characters. Names of the instance's own objects hold a dot, where the kind allows one, or belong to a kind that
no component has.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tenantry.contract.tasks import InstanceRef
    from tenantry.spec.plan import InstancePlan

DNS_LABEL: Final = 63
"""Longest DNS label, and longest label value, in characters."""
_HASH: Final = 10
_UNFIT = re.compile(r"[^A-Za-z0-9_.-]")


def namespace_name(plan: InstancePlan | InstanceRef) -> str:
    """The instance's namespace: the instance id, and a hash of tenant and instance.

    The hash's length is fixed, so that no instance id can spell another instance's namespace.
    """
    return f"{plan.instance[: DNS_LABEL - _HASH - 1]}-{_digest(plan.tenant, plan.instance)}"


def host_object_name(kind: str, host: str) -> str:
    """The name of an object that belongs to a host name, such as its certificate. No component id holds a dot."""
    return f"{kind}.{_digest(host)}"


def label_value(text: str) -> str:
    """`text` as a label value: other characters become `_`, and what is too long ends in a hash."""
    clean = _UNFIT.sub("_", text)
    if len(clean) > DNS_LABEL:
        clean = f"{clean[: DNS_LABEL - _HASH - 1]}-{_digest(text)}"
    return clean.strip("_.-")


def labels(plan: InstancePlan, component: str | None = None) -> dict[str, str]:
    """The labels of an object of the instance, or of one of its components."""
    out = {
        "app.kubernetes.io/instance": plan.instance,
        "app.kubernetes.io/managed-by": "tenantry",
        "app.kubernetes.io/part-of": label_value(plan.template.name),
        "app.kubernetes.io/version": label_value(plan.template.version),
        "tenantry.dev/instance": plan.instance,
        "tenantry.dev/tenant": plan.tenant,
    }
    if component is not None:
        out |= {
            "app.kubernetes.io/component": component,
            "app.kubernetes.io/name": component,
            "tenantry.dev/component": component,
        }
    return out


def selector(plan: InstancePlan, component: str) -> dict[str, str]:
    """The labels that select a component's pods. They never change: a Deployment's selector is immutable."""
    return {"tenantry.dev/component": component, "tenantry.dev/instance": plan.instance}


def task_labels(plan: InstancePlan, component: str) -> dict[str, str]:
    """The labels of pods that work for a component and are none of its copies: no Service may send them requests.

    Such a pod reaches what the component reaches: the databases and buckets that a service binds, or the data itself.
    """
    return labels(plan) | {"tenantry.dev/task-of": component}


def service_host(plan: InstancePlan, name: str) -> str:
    """The host name of a Service inside the cluster."""
    return f"{name}.{namespace_name(plan)}.svc"


def access_key_id(plan: InstancePlan | InstanceRef, component: str) -> str:
    """The name of the application's account at a bucket's server: the same in every deployment of the instance."""
    return f"TN{_digest(plan.tenant, plan.instance, component, length=18).upper()}"


def _digest(*parts: str, length: int = _HASH) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:length]
