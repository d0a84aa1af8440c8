"""The processes of a Kubernetes sandbox and how each is started."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tenantry_kubernetes.sandbox.health import address
from tenantry_kubernetes.sandbox.layout import PORTS
from tenantry_kubernetes.sandbox.node.names import REALM
from tenantry_vendor.sandbox.daemon import Daemon

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tenantry_kubernetes.sandbox.health import Health
    from tenantry_kubernetes.sandbox.layout import Layout
    from tenantry_vendor.sandbox.ports import PortBook

NODE_VARIABLES = ("TENANTRY_SANDBOX_BACKOFF_SECONDS", "TENANTRY_SANDBOX_BACKOFF_MOST_SECONDS")
"""What the node takes from the environment of the command that starts it: the back-off's first step and its cap."""


class Binaries(Protocol):
    """Paths of the control plane's executables."""

    @property
    def etcd(self) -> Path:
        """The store."""
        ...

    @property
    def kube_apiserver(self) -> Path:
        """The API server."""
        ...

    @property
    def kube_controller_manager(self) -> Path:
        """The controllers."""
        ...

    @property
    def kube_scheduler(self) -> Path:
        """The scheduler."""
        ...


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """Builds the daemons of one sandbox."""

    layout: Layout
    ports: PortBook
    health: Health
    binaries: Binaries

    @property
    def server(self) -> str:
        """URL of the API server."""
        return f"https://127.0.0.1:{self.ports['kube-apiserver']}"

    def daemons(self) -> dict[str, Daemon]:
        """Every process by name, in the order in which they start."""
        build: dict[str, Callable[[], tuple[str, ...]]] = {
            "etcd": self._etcd,
            "kube-apiserver": self._apiserver,
            "kube-controller-manager": self._controller_manager,
            "kube-scheduler": self._scheduler,
            "node": lambda: self._own("node"),
            "gateway": lambda: self._own("gateway"),
        }
        return {name: self._daemon(name, command()) for name, command in build.items()}

    def _daemon(self, name: str, command: tuple[str, ...]) -> Daemon:
        return Daemon(
            name=name,
            command=command,
            ready=lambda: self.health.check(name),
            address=address(name, self.ports),
            ports=PORTS[name],
            environment=self._environment(name),
            stop_seconds=30 if name == "node" else 15,
        )

    def _environment(self, name: str) -> dict[str, str]:
        if name == "etcd":
            return {}
        # A client of the API server must start anew when that moves to another port.
        server = {"TENANTRY_SANDBOX_SERVER": self.server, REALM: str(self.layout.folder)}
        if name != "node":
            return server
        return server | {key: os.environ[key] for key in NODE_VARIABLES if key in os.environ}

    def _key(self, name: str) -> tuple[str, str]:
        return str(self.layout.keys / f"{name}.pem"), str(self.layout.keys / f"{name}.key")

    def _etcd(self) -> tuple[str, ...]:
        client = f"https://127.0.0.1:{self.ports['etcd']}"
        peer = f"https://127.0.0.1:{self.ports['etcd-peer']}"
        certificate, key = self._key("etcd")
        authority = str(self.layout.keys / "ca.pem")
        return (
            str(self.binaries.etcd),
            "--name=sandbox",
            f"--data-dir={self.layout.etcd}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=sandbox={peer}",
            f"--cert-file={certificate}",
            f"--key-file={key}",
            f"--trusted-ca-file={authority}",
            "--client-cert-auth",
            f"--peer-cert-file={certificate}",
            f"--peer-key-file={key}",
            f"--peer-trusted-ca-file={authority}",
            "--peer-client-cert-auth",
            "--log-level=warn",
        )

    def _apiserver(self) -> tuple[str, ...]:
        certificate, key = self._key("kube-apiserver")
        client_certificate, client_key = self._key("internal-client")
        authority = str(self.layout.keys / "ca.pem")
        return (
            str(self.binaries.kube_apiserver),
            f"--etcd-servers=https://127.0.0.1:{self.ports['etcd']}",
            f"--etcd-cafile={authority}",
            f"--etcd-certfile={client_certificate}",
            f"--etcd-keyfile={client_key}",
            "--bind-address=127.0.0.1",
            # The address is told to nobody: the reconciler that would publish it is off. It keeps the server from
            # looking for a network interface, which a machine without network does not have.
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            f"--secure-port={self.ports['kube-apiserver']}",
            f"--cert-dir={self.layout.keys}",
            f"--tls-cert-file={certificate}",
            f"--tls-private-key-file={key}",
            f"--client-ca-file={authority}",
            f"--token-auth-file={self.layout.tokens}",
            "--anonymous-auth=false",
            "--authorization-mode=RBAC",
            "--allow-privileged=false",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self.layout.keys / 'service-account.pub'}",
            f"--service-account-signing-key-file={self.layout.keys / 'service-account.key'}",
            "--service-cluster-ip-range=10.96.0.0/16",
            f"--kubelet-certificate-authority={authority}",
            f"--kubelet-client-certificate={client_certificate}",
            f"--kubelet-client-key={client_key}",
            "--kubelet-preferred-address-types=InternalIP",
            "--profiling=false",
        )

    def _controller_manager(self) -> tuple[str, ...]:
        certificate, key = self._key("kube-controller-manager")
        return (
            str(self.binaries.kube_controller_manager),
            f"--kubeconfig={self.layout.component_kubeconfig('kube-controller-manager')}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self.ports['kube-controller-manager']}",
            f"--tls-cert-file={certificate}",
            f"--tls-private-key-file={key}",
            f"--root-ca-file={self.layout.keys / 'ca.pem'}",
            f"--service-account-private-key-file={self.layout.keys / 'service-account.key'}",
            "--use-service-account-credentials=false",
            "--leader-elect=false",
            "--profiling=false",
        )

    def _scheduler(self) -> tuple[str, ...]:
        certificate, key = self._key("kube-scheduler")
        return (
            str(self.binaries.kube_scheduler),
            f"--kubeconfig={self.layout.component_kubeconfig('kube-scheduler')}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self.ports['kube-scheduler']}",
            f"--tls-cert-file={certificate}",
            f"--tls-private-key-file={key}",
            "--leader-elect=false",
            "--profiling=false",
        )

    def _own(self, name: str) -> tuple[str, ...]:
        ports = tuple(f"--{port}-port={self.ports[port]}" for port in PORTS[name])
        module = f"tenantry_kubernetes.sandbox.{name}"
        return (sys.executable, "-P", "-m", module, f"--folder={self.layout.folder}", *ports)
