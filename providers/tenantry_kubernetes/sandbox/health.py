"""Whether the processes of a Kubernetes sandbox answer, and where."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import httpx

from tenantry_kubernetes.sandbox.credentials import admin_token
from tenantry_kubernetes.sandbox.layout import PORTS

if TYPE_CHECKING:
    from tenantry_kubernetes.sandbox.layout import Layout
    from tenantry_vendor.sandbox.ports import PortBook

HEALTH_HOST = "gateway.tenantry.invalid"
"""The Host header under which the gateway answers for itself."""

_PROBE_SECONDS = 3.0


class Health:
    """Asks each process whether it is ready; "" means yes."""

    def __init__(self, layout: Layout, ports: PortBook) -> None:
        self._layout = layout
        self._ports = ports
        self._client: httpx.Client | None = None

    def check(self, name: str) -> str:
        """What is missing until the process of this name answers."""
        paths = {
            "etcd": (f"https://127.0.0.1:{self._port(name)}/readyz", {}),
            "kube-apiserver": (f"https://127.0.0.1:{self._port(name)}/readyz", self._authorization()),
            "kube-controller-manager": (f"https://127.0.0.1:{self._port(name)}/healthz", {}),
            "kube-scheduler": (f"https://127.0.0.1:{self._port(name)}/readyz", {}),
            "node": (f"https://127.0.0.1:{self._port(name)}/healthz", {}),
            "gateway": (f"http://127.0.0.1:{self._port('http')}/", {"Host": HEALTH_HOST}),
        }
        url, headers = paths[name]
        try:
            answer = self._http().get(url, headers=headers)
        except (httpx.HTTPError, ssl.SSLError, OSError) as error:
            return str(error) or type(error).__name__
        return "" if answer.is_success else f"{answer.status_code} {answer.text[:200]}"

    def close(self) -> None:
        """Closes connections."""
        if self._client is not None:
            self._client.close()

    def _port(self, name: str) -> int:
        return self._ports.get(name)

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {admin_token(self._layout)}"}

    def _http(self) -> httpx.Client:
        if self._client is None:
            context = ssl.create_default_context(cafile=self._layout.keys / "ca.pem")
            certificate = self._layout.keys / "internal-client.pem"
            context.load_cert_chain(certificate, certificate.with_suffix(".key"))
            self._client = httpx.Client(verify=context, timeout=_PROBE_SECONDS, trust_env=False)
        return self._client


def address(name: str, ports: PortBook) -> str:
    """Where the process of this name is reached; the gateway's is for plain HTTP."""
    if any(port not in ports for port in PORTS[name]):
        return ""
    if name == "gateway":
        return f"http://127.0.0.1:{ports['http']}"
    return f"https://127.0.0.1:{ports[name]}"
