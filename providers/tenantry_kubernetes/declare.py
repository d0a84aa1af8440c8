"""Turns manifests into resources of the official SDK's types."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from tenantry_kubernetes.workloads.manifest import Later
from tenantry_kubernetes.workloads.namespace import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pulumi

    from tenantry.contract.scope import Scope
    from tenantry.spec.plan import InstancePlan
    from tenantry_kubernetes.workloads.manifest import Manifest


Made = dict[tuple[str, str], "pulumi.CustomResource"]
"""Resources by kind and logical name."""


def declare_instance(
    manifests: Sequence[Manifest],
    plan: InstancePlan,
    scope: Scope,
    provider: pulumi.ProviderResource,
    elsewhere: Sequence[str],
) -> Made:
    """Declares an instance: what its migrations need, the migrations, its services, and the sweep behind them.

    `elsewhere`: components whose data is not backed up from here.
    """
    from tenantry.migration import Migration, Sweep
    from tenantry_kubernetes.workloads.migration import parted

    parts = parted(plan, manifests)
    kept = any(manifest.key == NAMESPACE and manifest.data for manifest in manifests)
    made = declare(parts.before, plan, scope, provider, kept=kept)
    needed = [made[key] for key in parts.needed]
    migration = Migration(
        plan.instance,
        plan=plan,
        tasks=parts.tasks,
        elsewhere=elsewhere,
        opts=scope.options(provider=scope.own, depends_on=needed),
    )
    behind = dataclasses.replace(scope, depends_on=[*scope.depends_on, *([migration] if parts.tasks else [])])
    made = declare(parts.behind, plan, behind, provider, earlier=made, kept=kept)
    rolled = [resource for (kind, _), resource in made.items() if kind == "Deployment"]
    Sweep(
        plan.instance,
        plan=plan,
        keep=[manifest.name for manifest in manifests if manifest.by_content],
        opts=scope.options(provider=scope.own, depends_on=[migration, *rolled]),
    )
    return made


def declare(
    manifests: Iterable[Manifest],
    plan: InstancePlan,
    scope: Scope,
    provider: pulumi.ProviderResource,
    *,
    earlier: Mapping[tuple[str, str], pulumi.CustomResource] | None = None,
    kept: bool = False,
) -> Made:
    """Declares each manifest as a resource with its frozen logical name, after those that it names.

    Args:
        manifests: what to declare, in order.
        plan: whose.
        scope: what the adapter got.
        provider: of Kubernetes.
        earlier: what was declared before, by kind and logical name; it is in the result as well.
        kept: whether the namespace outlives the stack, so that nothing goes with it.
    """
    made: Made = dict(earlier or {})
    for manifest in manifests:
        after = [made[key] for key in manifest.after]
        if manifest.data:
            options = scope.data_options(plan, provider=provider, depends_on=after)
        else:
            options = scope.options(provider=provider, depends_on=after)
        if not kept:
            # A namespace takes its objects with it: one deletion to wait for instead of all of them.
            options.deleted_with = made.get(NAMESPACE)
        # What pods of an earlier version use stays until the sweep.
        if manifest.by_content:
            options.retain_on_delete = True
        if manifest.own is not None:
            made[manifest.key] = manifest.own(scope.options(provider=scope.own, depends_on=after))
        else:
            made[manifest.key] = _resource(_known(manifest, made), options)
    return made


def _known(manifest: Manifest, made: Made) -> Manifest:
    """The manifest with what earlier resources give in its `data`."""
    data = manifest.body.get("data")
    if not isinstance(data, dict) or not any(isinstance(value, Later) for value in data.values()):
        return manifest
    known = {name: value.of(made[value.key]) if isinstance(value, Later) else value for name, value in data.items()}
    return dataclasses.replace(manifest, body=manifest.body | {"data": known})


def _resource(manifest: Manifest, options: pulumi.ResourceOptions) -> pulumi.CustomResource:
    body = dict(manifest.body)
    api_version, kind = body.pop("apiVersion"), body.pop("kind")
    typed = _typed(api_version, kind)
    if typed is None:
        import pulumi_kubernetes as k8s

        custom: pulumi.CustomResource = k8s.apiextensions.CustomResource(
            manifest.logical, api_version=api_version, kind=kind, opts=options, **body
        )
        return custom
    arguments = {_ARGUMENTS.get(key, key): value for key, value in body.items()}
    resource: pulumi.CustomResource = typed(manifest.logical, opts=options, **arguments)
    return resource


_ARGUMENTS = {"binaryData": "binary_data", "automountServiceAccountToken": "automount_service_account_token"}


def _typed(api_version: str, kind: str) -> Callable[..., Any] | None:
    """The SDK's class for a kind; None where it has none. Each branch loads only its own part of the SDK."""
    import pulumi_kubernetes as k8s

    found: Callable[..., Any] | None = None
    match api_version:
        case "v1":
            found = getattr(k8s.core.v1, kind)
        case "apps/v1":
            found = getattr(k8s.apps.v1, kind)
        case "batch/v1":
            found = getattr(k8s.batch.v1, kind)
        case "networking.k8s.io/v1":
            found = getattr(k8s.networking.v1, kind)
        case "policy/v1":
            found = getattr(k8s.policy.v1, kind)
        case "autoscaling/v2":
            found = getattr(k8s.autoscaling.v2, kind)
        case _:
            pass
    return found
