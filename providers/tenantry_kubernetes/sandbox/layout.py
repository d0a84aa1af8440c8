"""Where a Kubernetes sandbox keeps what: every path and name in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

NODE_NAME: Final = "sandbox"
"""Name of the only Node."""

INGRESS_CLASS: Final = "tenantry-sandbox"
"""Name of the IngressClass and of the GatewayClass that the gateway serves."""

GATEWAY_NAMESPACE: Final = "tenantry-sandbox"
GATEWAY_NAME: Final = "gateway"
"""The Gateway that HTTPRoutes name as their parent."""

CONTROLLER: Final = "sandbox.tenantry.dev/gateway"
"""Name of the controller behind both classes."""

HOST_SUFFIX: Final = "sandbox.tenantry.localhost"
"""Instances without domains are served below it."""

STORAGE_CLASS: Final = "sandbox"
"""Name of the default StorageClass."""

PROVISIONER: Final = "sandbox.tenantry.dev/folder"
"""Name of the provisioner behind it."""

PORTS_ANNOTATION: Final = "sandbox.tenantry.dev/local-ports"
"""Pod annotation: JSON object, container port -> port on 127.0.0.1."""

IMAGES_ANNOTATION: Final = "sandbox.tenantry.dev/images"
"""Pod annotation: JSON object, image -> the stock image that it stands for (`python3.11`, `postgresql15`, …)."""

DAEMONS: Final = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "node", "gateway")
"""Every process of the sandbox, in the order in which they start."""

PORTS: Final = {
    "etcd": ("etcd", "etcd-peer"),
    "kube-apiserver": ("kube-apiserver",),
    "kube-controller-manager": ("kube-controller-manager",),
    "kube-scheduler": ("kube-scheduler",),
    "node": ("node",),
    "gateway": ("http", "https"),
}
"""Names of the ports that each process listens on."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths below the sandbox's folder."""

    folder: Path

    @property
    def lock(self) -> Path:
        """Held by whoever starts or stops the sandbox."""
        return self.folder / "lock"

    @property
    def ports(self) -> Path:
        """The chosen ports."""
        return self.folder / "ports.json"

    @property
    def keys(self) -> Path:
        """Folder of keys and certificates of the control plane."""
        return self.folder / "keys"

    @property
    def gateway_keys(self) -> Path:
        """Folder of the gateway's own certificate authority."""
        return self.folder / "gateway-keys"

    @property
    def gateway_ca(self) -> Path:
        """Certificate of the authority that signs what the gateway shows; exported to callers."""
        return self.gateway_keys / "ca.pem"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.folder / "kubeconfig"

    def component_kubeconfig(self, name: str) -> Path:
        """The kubeconfig of one process of the sandbox."""
        return self.keys / f"{name}.kubeconfig"

    @property
    def tokens(self) -> Path:
        """Token file of the API server."""
        return self.keys / "tokens.csv"

    @property
    def etcd(self) -> Path:
        """Everything that the API server remembers."""
        return self.folder / "etcd"

    @property
    def pods(self) -> Path:
        """One folder per pod, named by its UID."""
        return self.folder / "pods"

    @property
    def images(self) -> Path:
        """What stands for the stock images."""
        return self.folder / "images"

    @property
    def volumes(self) -> Path:
        """One folder per PersistentVolume."""
        return self.folder / "volumes"

    @property
    def servers(self) -> Path:
        """The database servers that the last `up` found on this machine."""
        return self.folder / "servers.json"

    @property
    def object_store(self) -> Path:
        """Holds the path of the S3 server's program."""
        return self.folder / "versitygw"

    @property
    def bootstrapped(self) -> Path:
        """Digest of the objects that were last installed."""
        return self.folder / "bootstrapped"
