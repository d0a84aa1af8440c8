"""An instance whose certificate is ordered from a real ACME server, through a real API server, and served by SNI."""

from __future__ import annotations

import socket
import ssl
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tenantry.testing.operator import Operator, unchanged
from tenantry.testing.shared import SharedSandboxes
from tenantry_kubernetes.client.kubeconfig import load_files
from tenantry_kubernetes.client.sync import Kubernetes
from tenantry_kubernetes.sandbox import KubernetesSandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.acme.conftest import Pebble

pytestmark = pytest.mark.integration

INSTANCE = "secure"
HOST = "secure.acme.example"


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    root = tmp_path_factory.mktemp("secure") / "project"
    made = Operator(root, "kubernetes", {"PROBE_TOKEN": "kit-token"}, SharedSandboxes.of_run(tmp_path_factory))
    made.start()
    yield made
    made.stop()


def served(port: str, authority: str) -> bytes:
    """What a browser is given for the host: the certificate is checked for the name by the authority alone."""
    context = ssl.create_default_context(cadata=authority)
    with (
        socket.create_connection(("127.0.0.1", int(port)), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname=HOST) as secure,
    ):
        secure.sendall(f"GET /api/about HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        found = b""
        while block := secure.recv(65536):
            found += block
    return found


def test_the_gateway_serves_the_ordered_certificate(operator: Operator, pebble_at: Callable[[int], Pebble]) -> None:
    settings = KubernetesSandbox().settings(operator.sandbox_folder)
    pebble = pebble_at(int(settings["TENANTRY_SANDBOX_HTTP_PORT"]))
    account = dict(KubernetesSandbox().accounts()["ingress"])
    account["acme"] = {"directory": pebble.directory, "ca_file": str(pebble.ca_file)}
    operator.new(INSTANCE, "probe@1.0.0", account, domains=[{"host": HOST, "tls": "managed"}])
    operator.up(INSTANCE)
    answer = served(settings["TENANTRY_SANDBOX_HTTPS_PORT"], pebble.roots())
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"probe" in answer or b"1.0.0" in answer
    with closing(Kubernetes(load_files([Path(settings["TENANTRY_SANDBOX_KUBECONFIG"])]))) as client:
        for api_version, kind in (("v1", "Pod"), ("v1", "Service"), ("networking.k8s.io/v1", "Ingress")):
            left = client.list_objects(client.resolve(api_version, kind), None, labels="tenantry.dev/challenge")
            assert [each for each in left if not each["metadata"].get("deletionTimestamp")] == []
    assert unchanged(operator.up(INSTANCE)), "a certificate that is not near its end is kept"
    state = str(operator.state(INSTANCE))
    assert "PRIVATE KEY" not in state
    operator.tenantry("destroy", INSTANCE, "--yes")
