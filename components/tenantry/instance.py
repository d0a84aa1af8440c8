"""The one Pulumi component that stands for an app instance, whatever the vendor."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

import pulumi

from tenantry.contract.scope import Scope
from tenantry.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tenantry.contract.runtime import RuntimeAdapter
    from tenantry.contract.scope import SourcePackage
    from tenantry.spec.plan import InstancePlan, LeftOut, SecretSource

TYPE_TOKEN: Final = "tenantry:index:AppInstance"  # noqa: S105 - a resource type, not a credential


class AppInstance(pulumi.ComponentResource):
    """One app instance: its identity first, then everything that the runtime adapter declares.

    Args:
        plan: what to deploy; the component's logical name is the instance id.
        adapter: the runtime adapter that `plan.runtime.on` selects.
        settings: what the running sandbox says of itself; empty when live.
        sources: component id -> its packed sources.
        secret: reads a secret source into a secret output.
        adopted: gives the generated secrets of a retired instance whose data this one takes over.
        opts: resource options.

    The outputs of `exports` have the same shape on every runtime.
    """

    def __init__(
        self,
        plan: InstancePlan,
        adapter: RuntimeAdapter,
        *,
        settings: Mapping[str, str],
        sources: Mapping[str, SourcePackage],
        secret: Callable[[SecretSource], pulumi.Output[str]],
        adopted: Callable[[str], pulumi.Output[str] | None] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(TYPE_TOKEN, plan.instance, None, opts)
        scope = Scope(parent=self, mode=plan.mode, settings=settings, sources=sources, secret=secret)
        if adopted is not None:
            scope = dataclasses.replace(scope, adopted=adopted)
        connection = adapter.connect(plan, scope)
        own = pulumi.ProviderResource("tenantry", "tenantry", {}, pulumi.ResourceOptions(parent=self))
        self.identity = Identity(
            plan.instance,
            plan=plan,
            account=connection.account,
            declared=connection.declared,
            opts=pulumi.ResourceOptions(parent=self, provider=own),
        )
        made = adapter.provision(plan, dataclasses.replace(scope, depends_on=[self.identity], own=own), connection)
        self.exports: dict[str, pulumi.Input[object]] = {
            "url": made.url,
            "services": made.services,
            # An empty map tells nothing: no command should show a secret where there is none.
            "databases": pulumi.Output.secret(made.databases) if made.databases else {},
            "buckets": made.buckets,
            "desired_miniprograms": made.desired_miniprograms,
            "refs": made.refs,
            "left_out": [_left_out(item) for item in (*plan.left_out, *made.left_out)],
            "template": str(plan.template),
            "instance": plan.instance,
            "runtime": plan.runtime.on,
        }
        self.register_outputs(self.exports)


def _left_out(item: LeftOut) -> dict[str, str]:
    return {"what": item.what, "reason": item.reason}
