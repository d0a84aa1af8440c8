"""The sandbox of the Kubernetes runtime: a real control plane, one node of local processes, one gateway."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tenantry.contract.runtime import API_VERSION
from tenantry.contract.sandbox import PluginFile, ServiceStatus
from tenantry.errors import SandboxError
from tenantry_kubernetes.sandbox import servers
from tenantry_kubernetes.sandbox.layout import (
    DAEMONS,
    GATEWAY_NAME,
    GATEWAY_NAMESPACE,
    HOST_SUFFIX,
    INGRESS_CLASS,
    PORTS,
    Layout,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tenantry.contract.runtime import Permission
    from tenantry.spec.capabilities import Capabilities
    from tenantry.spec.plan import Json

SERVERS: Final = {"postgresql": "TENANTRY_SANDBOX_POSTGRESQL", "mysql": "TENANTRY_SANDBOX_MYSQL"}
"""Database engine -> the setting with the versions of its servers here, joined by commas."""

PLUGIN_VERSION = "4.32.0"
"""Version of the Kubernetes plugin that the pinned SDK asks for."""


class KubernetesSandbox:
    """Implements `tenantry.contract.sandbox.Sandbox`."""

    api_version = API_VERSION
    name = "kubernetes"

    def up(self, folder: Path, progress: Callable[[str], None]) -> None:
        """Starts what is not running. Raises SandboxError."""
        from tenantry_kubernetes.sandbox.lifecycle import up

        up(Layout(folder.absolute()), progress)

    def down(self, folder: Path, progress: Callable[[str], None]) -> None:
        """Stops every process, those of pods too; the state stays."""
        from tenantry_kubernetes.sandbox.lifecycle import down

        down(Layout(folder.absolute()), progress)

    def status(self, folder: Path) -> list[ServiceStatus]:
        """One entry per process of the sandbox."""
        layout = Layout(folder.absolute())
        if not layout.ports.exists():
            return [ServiceStatus(name=name, state="stopped") for name in DAEMONS]
        from tenantry_kubernetes.sandbox.lifecycle import status

        return status(layout)

    def logs(self, folder: Path, service: str | None, *, follow: bool, tail: int) -> Iterator[tuple[str, str]]:
        """Lines of one process, or of all. Raises SandboxError for an unknown name."""
        from tenantry_vendor.sandbox import logfile
        from tenantry_vendor.sandbox.daemon import DaemonFolder

        if service is not None and service not in DAEMONS:
            raise SandboxError(f"The sandbox has no process {service!r}.", hint=f"Name one of: {', '.join(DAEMONS)}.")
        daemons = DaemonFolder(folder.absolute())
        files = {name: daemons.log_file(name) for name in DAEMONS if service in {None, name}}
        for name, path in files.items():
            for line in logfile.tail(path, tail):
                yield name, line
        if follow:
            yield from logfile.follow(files)

    def settings(self, folder: Path) -> Mapping[str, str]:
        """What programs, plugins and adapters need to know. Raises SandboxError where it was never started."""
        from tenantry_vendor.sandbox.ports import PortBook

        layout = Layout(folder.absolute())
        ports = PortBook(layout.ports)
        if not layout.kubeconfig.exists() or any(name not in ports for name in PORTS["gateway"]):
            raise SandboxError("The Kubernetes sandbox was never started.", hint="Run `tenantry sandbox up`.")
        found = servers.recorded(layout.servers)
        return {
            **{
                key: ",".join(each.version for each in found if each.engine == engine)
                for engine, key in SERVERS.items()
            },
            "TENANTRY_SANDBOX_KUBECONFIG": str(layout.kubeconfig),
            "TENANTRY_SANDBOX_HTTP_PORT": str(ports["http"]),
            "TENANTRY_SANDBOX_HTTPS_PORT": str(ports["https"]),
            "TENANTRY_SANDBOX_CA_FILE": str(layout.gateway_ca),
            "TENANTRY_SANDBOX_INGRESS_CLASS": INGRESS_CLASS,
            "TENANTRY_SANDBOX_GATEWAY": f"{GATEWAY_NAMESPACE}/{GATEWAY_NAME}",
            "TENANTRY_SANDBOX_HOST_SUFFIX": HOST_SUFFIX,
        }

    def narrow(self, capabilities: Capabilities, settings: Mapping[str, str]) -> Capabilities:
        """Databases as this machine's servers are: another PostgreSQL is said, a missing server refused."""
        from tenantry_kubernetes.sandbox.narrowing import narrow

        return narrow(capabilities, settings)

    def plugins(self, folder: Path) -> list[PluginFile]:
        """The stand-in for the `kubernetes` plugin, unless the official one is there and asked for."""
        if os.environ.get("TENANTRY_KUBERNETES_PLUGIN") == "official":
            official = Path.home() / ".pulumi" / "plugins" / f"resource-kubernetes-v{PLUGIN_VERSION}"
            if not official.is_dir():
                raise SandboxError(
                    f"TENANTRY_KUBERNETES_PLUGIN asks for the official plugin, which is not at {official}.",
                    hint=f"Run `pulumi plugin install resource kubernetes {PLUGIN_VERSION}`, or unset the variable.",
                )
            return []
        from tenantry_kubernetes.plugin import plugin_launcher

        launcher = plugin_launcher(folder.absolute())
        return [PluginFile(name="kubernetes", version=PLUGIN_VERSION, path=launcher)]

    def accounts(self) -> Mapping[str, Mapping[str, Json]]:
        """A cluster that routes by Ingress, and one that routes by HTTPRoute."""
        return {
            "ingress": {"routing": {"kind": "ingress", "class": "nginx"}},
            "httproute": {"routing": {"kind": "httproute", "gateway": {"namespace": "infra", "name": "public"}}},
        }

    def answers(self) -> Mapping[str, Mapping[str, Json]]:
        """What `connect` reads: the namespace whose UID is the cluster's."""
        return {"kubernetes:core/v1:Namespace": {"metadata": {"uid": "00000000-0000-0000-0000-000000000000"}}}

    def resources(self, folder: Path, instance: str) -> list[str]:
        """Every object of the instance in the cluster. Raises SandboxError where it was never started."""
        from tenantry_kubernetes.sandbox.inventory import instance_objects

        return instance_objects(Path(self.settings(folder)["TENANTRY_SANDBOX_KUBECONFIG"]), instance)

    def activity(self, folder: Path, instance: str) -> list[str]:
        """Pods, processes and active schedules of the instance. Raises SandboxError where it was never started."""
        from tenantry_kubernetes.sandbox.activity import instance_activity

        self.settings(folder)
        return instance_activity(Layout(folder.absolute()), instance)

    def limited(self, folder: Path, name: str, permissions: Sequence[Permission]) -> Mapping[str, str]:
        """The kubeconfig of a user whose role has these permissions. Raises SandboxError."""
        from tenantry_kubernetes.sandbox.access import limited_kubeconfig

        self.settings(folder)
        path = limited_kubeconfig(Layout(folder.absolute()), name, permissions)
        return {"TENANTRY_SANDBOX_KUBECONFIG": str(path)}
