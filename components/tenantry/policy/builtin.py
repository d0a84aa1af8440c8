"""The policies that come with Tenantry. Each is `off` until a project's `policies.yaml` names it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tenantry.policy.kinds import PlanPolicy, ResourcePolicy, Violation, plan_policy, resource_policy
from tenantry.spec.plan import BucketPlan, DatabasePlan, ServicePlan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tenantry.spec.plan import InstancePlan, Json

_SIZES: Final = ("small", "medium", "large")
_LOWER: Final = "lower it in `overrides`, or choose another plan"


@plan_policy("no-public-bucket", "No bucket may be readable by everybody.")
def no_public_bucket(plan: InstancePlan, _settings: Mapping[str, Json]) -> Iterator[Violation]:
    """Looks at the plan, so that it holds on every runtime; `no-public-grant` looks at what is really declared."""
    for component in plan.components:
        if isinstance(component, BucketPlan) and component.public:
            yield Violation(
                f"{component.id}.public",
                f"the bucket {component.id} would be public",
                "use a template version whose bucket is not public, and presigned URLs",
            )


@plan_policy("no-data-deletion", "Databases and buckets may not be deleted without a waiver, which is the approval.")
def no_data_deletion(plan: InstancePlan, _settings: Mapping[str, Json]) -> Iterator[Violation]:
    """Concerns only instances that hold data."""
    holding = [c.id for c in plan.components if isinstance(c, DatabasePlan | BucketPlan)]
    if plan.lifecycle_data == "delete" and holding:
        yield Violation(
            "lifecycle.data",
            f"the data of {', '.join(holding)} would be deleted with the instance",
            "write `keep`, or have a waiver written into policies.yaml",
        )


@plan_policy("allowed-regions", "Instances may only run in these regions.", settings=["regions"])
def allowed_regions(plan: InstancePlan, settings: Mapping[str, Json]) -> Iterator[Violation]:
    """`regions`: a list. A runtime without regions is not concerned."""
    allowed = _texts(settings.get("regions"))
    if plan.runtime.region is not None and plan.runtime.region not in allowed:
        yield Violation(
            "runtime.region", f"the region {plan.runtime.region} is not allowed", f"use {_or(sorted(allowed))}"
        )


@plan_policy(
    "plan-limits",
    "No service or database may be larger than this, whatever its plan offers.",
    settings=["max_copies", "max_cpu", "max_memory_mib", "max_database"],
)
def plan_limits(plan: InstancePlan, settings: Mapping[str, Json]) -> Iterator[Violation]:
    """`max_copies`, `max_cpu` (cores), `max_memory_mib` for each service; `max_database`: small, medium or large."""
    for component in plan.components:
        if isinstance(component, ServicePlan):
            for path, value, name, unit in (
                ("scale.max", component.scale.max, "max_copies", "copies"),
                ("resources.cpu", component.resources.cpu_millis / 1000, "max_cpu", "cores"),
                ("resources.memory", component.resources.memory_bytes / 2**20, "max_memory_mib", "MiB"),
            ):
                most = settings.get(name)
                if isinstance(most, int | float) and value > most:
                    message = f"{value:g} {unit} are more than the {most:g} that are allowed"
                    yield Violation(f"{component.id}.{path}", message, _LOWER)
        elif isinstance(component, DatabasePlan):
            largest = settings.get("max_database")
            if largest in _SIZES and _SIZES.index(component.size) > _SIZES.index(str(largest)):
                message = f"{component.size} is larger than {largest}, the largest that is allowed"
                yield Violation(f"{component.id}.size", message, _LOWER)


@plan_policy("naming", "Ids of tenants and instances must match these patterns.", settings=["tenant", "instance"])
def naming(plan: InstancePlan, settings: Mapping[str, Json]) -> Iterator[Violation]:
    """`tenant`, `instance`: regular expressions that the whole id must match."""
    for name, value in (("tenant", plan.tenant), ("instance", plan.instance)):
        pattern = settings.get(name)
        if isinstance(pattern, str) and re.fullmatch(pattern, value) is None:
            yield Violation(name, f"the id {value} does not match {pattern}", "choose another id")


@plan_policy("required-labels", "Every tenant file must have these labels.", settings=["labels"])
def required_labels(plan: InstancePlan, settings: Mapping[str, Json]) -> Iterator[Violation]:
    """`labels`: a list of keys, or an object from a key to the list of values that it may have (empty: any)."""
    wanted = settings.get("labels")
    keys: Iterable[str] = wanted if isinstance(wanted, dict) else _texts(wanted)
    for key in keys:
        value = plan.labels.get(key)
        allowed = _texts(wanted[key]) if isinstance(wanted, dict) else frozenset()
        if value is None:
            yield Violation("labels", f"the label {key} is missing", f"add `{key}` to the tenant file's `labels`")
        elif allowed and value not in allowed:
            yield Violation(f"labels.{key}", f"{value} is not allowed", f"use {_or(sorted(allowed))}")


@resource_policy(
    "no-public-grant",
    "No declared bucket resource may carry a public access grant.",
    types=["*:*[Bb]ucket*"],
)
def no_public_grant(
    _type: str, _name: str, inputs: Mapping[str, object], _settings: Mapping[str, Json]
) -> Iterator[Violation]:
    """Knows the canned grants that the S3 family of services shares: `public-read`, `public-read-write`."""
    for key, value in inputs.items():
        if key.lower() == "acl" and isinstance(value, str) and value.startswith("public-"):
            yield Violation(key, f"the bucket would be {value}", "leave the grant out: buckets are private")


PLAN_POLICIES: Final[Mapping[str, PlanPolicy]] = {
    policy.name: policy
    for policy in (no_public_bucket, no_data_deletion, allowed_regions, plan_limits, naming, required_labels)
}
RESOURCE_POLICIES: Final[Mapping[str, ResourcePolicy]] = {policy.name: policy for policy in (no_public_grant,)}


def _texts(value: object) -> frozenset[str]:
    return frozenset(item for item in value if isinstance(item, str)) if isinstance(value, list) else frozenset()


def _or(words: list[str]) -> str:
    return " or ".join(words) or "none"
