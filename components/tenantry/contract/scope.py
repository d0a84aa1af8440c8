"""What an adapter gets beside the plan while it declares resources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pulumi

    from tenantry.catalogue.delivery import PackedSource
    from tenantry.catalogue.platforms import Platform
    from tenantry.spec.plan import InstancePlan, Mode, SecretSource, Value


class SourcePackage(Protocol):
    """The sources of one component, packed on demand."""

    @property
    def digest(self) -> str:
        """`sha256:…` of the tree; equal to the plan's `SourceRef.digest`."""
        ...

    def archive(self) -> bytes:
        """A deterministic gzip-compressed tar archive of the tree: same tree, same bytes."""
        ...

    def packed(self, platform: Platform | None = None) -> PackedSource:
        """The tree as it is delivered: on a platform that runs Python with the packages of its `requirements.lock`.

        The same tree and platform give the same bytes. What the archive unpacks to is `PackedSource.ref`, and that,
        not the plan's `SourceRef`, is what must be checked after unpacking.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How the adapter reaches the account.

    `account` is what the vendor reports for the credentials in use (the UID of `kube-system`, an account id), never
    what the tenant file says. `declared` is what the tenant file says, where it does: the identity refuses another.
    `providers` are the explicit Pulumi providers, by package name.
    """

    account: pulumi.Output[str]
    providers: Mapping[str, pulumi.ProviderResource]
    declared: str | None = None


def _nothing_adopted(_name: str) -> pulumi.Output[str] | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an adapter gets beside the plan.

    `settings` is what the running sandbox says of itself (empty when live). `depends_on` holds the identity resource:
    it is empty in `connect` and must be passed to every resource that `provision` declares, which `options` does.
    `own` is the provider of Tenantry's own resources (`tenantry:index:*`), such as `Credential`; None in `connect`.
    """

    parent: pulumi.Resource
    mode: Mode
    settings: Mapping[str, str]
    sources: Mapping[str, SourcePackage]
    secret: Callable[[SecretSource], pulumi.Output[str]]
    depends_on: Sequence[pulumi.Resource] = ()
    own: pulumi.ProviderResource | None = None
    adopted: Callable[[str], pulumi.Output[str] | None] = _nothing_adopted
    """The generated secret that a retired instance left under a logical name, where this one takes over its data: what
    `Credential` is given. None everywhere else."""

    def options(
        self,
        *,
        provider: pulumi.ProviderResource | None = None,
        parent: pulumi.Resource | None = None,
        depends_on: Sequence[pulumi.Resource] = (),
        protect: bool | None = None,
        retain_on_delete: bool | None = None,
        delete_before_replace: bool | None = None,
        ignore_changes: list[str] | None = None,
    ) -> pulumi.ResourceOptions:
        """Resource options below the instance, after the identity check."""
        import pulumi

        return pulumi.ResourceOptions(
            parent=parent or self.parent,
            provider=provider,
            depends_on=[*self.depends_on, *depends_on],
            protect=protect,
            retain_on_delete=retain_on_delete,
            delete_before_replace=delete_before_replace,
            ignore_changes=ignore_changes,
        )

    def data_options(
        self,
        plan: InstancePlan,
        *,
        provider: pulumi.ProviderResource | None = None,
        parent: pulumi.Resource | None = None,
        depends_on: Sequence[pulumi.Resource] = (),
        ignore_changes: list[str] | None = None,
    ) -> pulumi.ResourceOptions:
        """Options of a resource whose loss loses data, and of every resource whose deletion would take it along.

        For volumes, buckets, database servers of a vendor, the generated password that opens them, and what contains
        them (a namespace): never for what can be made again from the plan.

        While the instance is not retired, the engine refuses to delete or replace the resource. In the plan of a
        retired one it is released: a `destroy` then forgets it (`lifecycle.data: keep`) or deletes it (`delete`). What
        is kept is exactly what the state holds with `retain_on_delete`: `tenantry retire` records type and id of it.
        A replacement is never announced (`delete_before_replace`): data is changed in place or not at all.
        """
        return self.options(
            provider=provider,
            parent=parent,
            depends_on=depends_on,
            protect=plan.lifecycle_state != "retired",
            retain_on_delete=plan.lifecycle_data == "keep",
            ignore_changes=ignore_changes,
        )

    def render(
        self,
        value: Value,
        *,
        url: pulumi.Input[str] | None = None,
        fields: Mapping[tuple[str, str], pulumi.Input[str]] | None = None,
    ) -> pulumi.Input[str]:
        """A value as an input: a plain string where constant, a secret output where any part is secret.

        `url` stands for the instance's URL where the plan does not know it, `fields` maps (component, field) to its
        value.
        Raises KeyError for a field that the adapter did not give.
        """
        from tenantry.contract.render import render_value

        return render_value(value, self.secret, url, fields or {})
