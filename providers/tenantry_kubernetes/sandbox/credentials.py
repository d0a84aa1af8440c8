"""Keys, certificates, the administrator's token and the kubeconfigs of a sandbox's control plane."""

from __future__ import annotations

import base64
import json
import secrets
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tenantry_vendor.sandbox.authority import Authority
from tenantry_vendor.sandbox.files import private_folder, write_private

if TYPE_CHECKING:
    from pathlib import Path

    from tenantry_kubernetes.sandbox.layout import Layout

_LOCAL = ("127.0.0.1", "localhost")
_SERVERS = {
    "etcd": _LOCAL,
    "kube-apiserver": (*_LOCAL, "kubernetes", "kubernetes.default", "kubernetes.default.svc", "10.96.0.1"),
    "kube-controller-manager": _LOCAL,
    "kube-scheduler": _LOCAL,
    "node": _LOCAL,
}
_CLIENTS = ("kube-controller-manager", "kube-scheduler", "node", "gateway")


def ensure_credentials(layout: Layout) -> None:
    """Makes whatever key, certificate or token is missing or soon out of date. Existing ones stay."""
    keys = private_folder(layout.keys)
    authority = Authority(keys, "ca")
    for name, hosts in _SERVERS.items():
        # etcd's peer listener checks its own certificate as a client's too.
        authority.ensure(keys / f"{name}.pem", name, hosts=hosts, client=name == "etcd")
    for name in _CLIENTS:
        authority.ensure(keys / f"{name}-client.pem", f"tenantry:{name}", organisation="system:masters", client=True)
    # What the API server shows to etcd and to the node, and what a health check shows to both.
    authority.ensure(keys / "internal-client.pem", "tenantry:internal", client=True)
    _service_account_key(keys)
    if not layout.tokens.exists():
        write_private(layout.tokens, f'{secrets.token_urlsafe(32)},admin,admin,"system:masters"\n')
    Authority(private_folder(layout.gateway_keys), "ca")


def admin_token(layout: Layout) -> str:
    """The administrator's bearer token."""
    return layout.tokens.read_text(encoding="utf-8").partition(",")[0]


def write_kubeconfigs(layout: Layout, server: str) -> None:
    """Writes the administrator's kubeconfig and those of the sandbox's own processes, where they differ."""
    _write(layout.kubeconfig, layout, server, {"token": admin_token(layout)})
    for name in _CLIENTS:
        user = {
            "client-certificate": str(layout.keys / f"{name}-client.pem"),
            "client-key": str(layout.keys / f"{name}-client.key"),
        }
        _write(layout.component_kubeconfig(name), layout, server, user)


def write_limited(layout: Layout, user: str) -> Path:
    """A kubeconfig for a user in no group, who may do what a role grants. The sandbox must have been started."""
    folder = private_folder(layout.folder / "limited")
    certificate = folder / f"{user}.pem"
    Authority(layout.keys, "ca").ensure(certificate, user, client=True)
    server = json.loads(layout.kubeconfig.read_text(encoding="utf-8"))["clusters"][0]["cluster"]["server"]
    keys = {"client-certificate": str(certificate), "client-key": str(certificate.with_suffix(".key"))}
    path = folder / f"{user}.kubeconfig"
    _write(path, layout, server, keys)
    return path


def _write(path: Path, layout: Layout, server: str, user: dict[str, str]) -> None:
    # JSON is YAML, and every reader of kubeconfigs takes it.
    authority = (layout.keys / "ca.pem").read_bytes()
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "sandbox",
                "cluster": {"server": server, "certificate-authority-data": base64.b64encode(authority).decode()},
            }
        ],
        "users": [{"name": "sandbox", "user": user}],
        "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "sandbox"}}],
        "current-context": "sandbox",
    }
    text = json.dumps(document, indent=2) + "\n"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_private(path, text)


def _service_account_key(keys: Path) -> None:
    if (keys / "service-account.key").exists() and (keys / "service-account.pub").exists():
        return
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    write_private(keys / "service-account.key", private)
    write_private(keys / "service-account.pub", public)
