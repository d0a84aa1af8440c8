"""How the Kubernetes plugin reaches the cluster, and which cluster that is."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tenantry.contract.scope import Connection
from tenantry.errors import PreflightError, SandboxError
from tenantry_kubernetes.account import Account
from tenantry_kubernetes.cluster import SANDBOX_KUBECONFIG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry.contract.scope import Scope
    from tenantry.spec.plan import InstancePlan


def connect(plan: InstancePlan, scope: Scope) -> Connection:
    """Declares the explicit provider and reads the UID of kube-system: the account that the identity stamps.

    The kubeconfig reaches the plugin by environment, so that rotated credentials never enter the state.
    Raises PreflightError where the credentials are not named or not there, SandboxError where no sandbox is running.
    """
    import pulumi
    import pulumi_kubernetes as k8s

    account = Account.of(plan.runtime.account)
    variable, file = _credentials(plan, scope, account)
    live = plan.mode == "live"
    with _without_ambient_kubeconfig():
        provider = k8s.Provider(
            "kubernetes",
            # Whose cluster it is, the identity decides; a changed kubeconfig must never replace what runs.
            cluster_identifier=plan.instance,
            context=account.context if live else None,
            kubeconfig=file,
            enable_server_side_apply=True,
            # A create that is repeated after a kill finds what it made.
            upsert_existing_objects=True,
            # Else a change of content deletes the object first, and pods that start meanwhile, or after a create that
            # failed, find nothing. Names by content would be no way out: the engine deletes a replaced object at the
            # end of the next run, by name, so that going back after a failed update would lose what is in use.
            enable_config_map_mutable=True,
            enable_secret_mutable=True,
            opts=pulumi.ResourceOptions(
                parent=scope.parent, env_var_mappings={variable: "KUBECONFIG"} if variable else None
            ),
        )
    system = k8s.core.v1.Namespace.get(
        "kube-system", "kube-system", opts=pulumi.ResourceOptions(parent=scope.parent, provider=provider)
    )
    return Connection(
        account=system.metadata.apply(lambda metadata: str(metadata["uid"])),
        providers={"kubernetes": provider},
        declared=account.cluster if live else None,
    )


def _credentials(plan: InstancePlan, scope: Scope, account: Account) -> tuple[str | None, str | None]:
    """The variable that holds the kubeconfig's path, or the path itself."""
    if plan.mode == "sandbox":
        if SANDBOX_KUBECONFIG not in scope.settings:
            raise SandboxError(
                f"The sandbox of Kubernetes does not say where it is: {SANDBOX_KUBECONFIG} is not set.",
                hint=f'Run: tenantry sandbox up; then, for plain pulumi: eval "$(tenantry env {plan.instance})"',
            )
        return SANDBOX_KUBECONFIG, None
    if account.kubeconfig is None:
        raise PreflightError(
            f"runtime.account of {plan.instance} names no kubeconfig.",
            hint="Add for example: kubeconfig: {ref: {env: ACME_KUBECONFIG}}; the variable holds the path of the file.",
        )
    ref = account.kubeconfig.ref
    if ref.file is not None:
        return None, _existing(str(Path(ref.file).expanduser()), "runtime.account.kubeconfig")
    variable = ref.env or ""
    value = os.environ.get(variable, "")
    if not value:
        raise PreflightError(
            f"{variable}, the variable that runtime.account.kubeconfig of {plan.instance} names, is not set.",
            hint=f"Set it to the path of a kubeconfig file: export {variable}=/path/to/kubeconfig",
        )
    for path in filter(None, value.split(os.pathsep)):
        _existing(path, variable)
    return variable, None


def _existing(path: str, named_by: str) -> str:
    if not Path(path).is_file():
        raise PreflightError(
            f"{named_by} names a kubeconfig file that does not exist: {path}",
            hint="Write the path of an existing file.",
        )
    return path


@contextmanager
def _without_ambient_kubeconfig() -> Iterator[None]:
    """Hides KUBECONFIG while the provider is made: its SDK would make an input of it, which beats the mapped one."""
    ambient = os.environ.pop("KUBECONFIG", None)
    try:
        yield
    finally:
        if ambient is not None:
            os.environ["KUBECONFIG"] = ambient
