"""Answers of ACME's HTTP challenge: for each a pod, a Service and an Ingress rule for the one path, gone afterwards."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

from tenantry.errors import CapabilityError, VendorError
from tenantry_kubernetes.access import access
from tenantry_kubernetes.account import Account
from tenantry_kubernetes.client.errors import KubernetesError
from tenantry_kubernetes.client.kinds import BUILT_IN
from tenantry_kubernetes.cluster import SANDBOX_IMAGES_ANNOTATION, SANDBOX_INGRESS_CLASS
from tenantry_kubernetes.images import STOCK, image_of
from tenantry_kubernetes.names import host_object_name, namespace_name
from tenantry_kubernetes.workloads.network import CHALLENGE_LABEL, PORT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.contract.challenges import HttpChallenge
    from tenantry_kubernetes.client.kinds import Kind
    from tenantry_kubernetes.client.requests import Object
    from tenantry_kubernetes.client.sync import Kubernetes

_READY_SECONDS: Final = 180
_ROUTED_SECONDS: Final = 30
_POLL_SECONDS: Final = 0.5
_SERVER: Final = """
import http.server, os
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        fits = self.path == os.environ["CHALLENGE_PATH"]
        self.send_response(200 if fits else 404)
        self.end_headers()
        self.wfile.write(os.environ["CHALLENGE_CONTENT"].encode() if fits else b"")
http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Answer).serve_forever()
"""


def present(challenge: HttpChallenge, environment: Mapping[str, str]) -> None:
    """See `Challenges`. Raises VendorError where the pod does not start, CapabilityError without an Ingress."""
    from tenantry_kubernetes.client.sync import Kubernetes

    with Kubernetes(access(challenge.instance, environment)) as client:
        for kind, body in _objects(challenge, environment):
            client.apply(kind, namespace_name(challenge.instance), body["metadata"]["name"], body, force=True)
        _wait(client, challenge)


def withdraw(challenge: HttpChallenge, environment: Mapping[str, str]) -> None:
    """See `Challenges`."""
    from tenantry_kubernetes.client.sync import Kubernetes

    with Kubernetes(access(challenge.instance, environment)) as client:
        for kind, body in reversed(_objects(challenge, environment)):
            try:
                client.delete(kind, namespace_name(challenge.instance), body["metadata"]["name"], grace_seconds=0)
            except KubernetesError as error:
                if not error.not_found:
                    raise


def _wait(client: Kubernetes, challenge: HttpChallenge) -> None:
    namespace, name = namespace_name(challenge.instance), _name(challenge)
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        pod = client.get(BUILT_IN["v1", "Pod"], namespace, name)
        conditions = {each["type"]: each["status"] for each in pod.get("status", {}).get("conditions") or []}
        if conditions.get("Ready") == "True":
            break
        if time.monotonic() > deadline:
            raise VendorError(
                f"The pod {name} in {namespace}, which answers for {challenge.host}, did not start.",
                hint=f"Look at it: kubectl -n {namespace} describe pod {name}",
            )
        time.sleep(_POLL_SECONDS)
    # Most controllers say when they route; the others are given the same time.
    deadline = time.monotonic() + _ROUTED_SECONDS
    while time.monotonic() < deadline:
        ingress = client.get(BUILT_IN["networking.k8s.io/v1", "Ingress"], namespace, name)
        if ((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
            return
        time.sleep(_POLL_SECONDS)


def _objects(challenge: HttpChallenge, environment: Mapping[str, str]) -> list[tuple[Kind, Object]]:
    account = Account.of(challenge.instance.account)
    if account.routing is not None and account.routing.kind != "ingress":
        raise CapabilityError(
            f"{challenge.host}: with routing kind {account.routing.kind} nothing answers challenges over HTTP.",
            hint="Add `dns` to the account's `acme`, or let the Gateway hold the certificate.",
        )
    image = image_of(STOCK.runtime, account.images)
    sandbox = challenge.instance.mode == "sandbox"
    metadata: Object = {
        "name": _name(challenge),
        "namespace": namespace_name(challenge.instance),
        "labels": {
            "app.kubernetes.io/managed-by": "tenantry",
            "tenantry.dev/instance": challenge.instance.instance,
            "tenantry.dev/tenant": challenge.instance.tenant,
            CHALLENGE_LABEL: _name(challenge),
        },
        "annotations": {"tenantry.dev/host": challenge.host},
    }
    pod = _pod(challenge, metadata, image, sandbox=sandbox)
    service: Object = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata | {"name": _service(challenge)},
        "spec": {
            "selector": {CHALLENGE_LABEL: _name(challenge)},
            "ports": [{"name": "http", "port": 80, "targetPort": PORT, "protocol": "TCP"}],
        },
    }
    ingress_class = account.routing.ingress_class if account.routing else None
    if sandbox:
        ingress_class = environment.get(SANDBOX_INGRESS_CLASS, ingress_class)
    backend = {"service": {"name": _service(challenge), "port": {"number": 80}}}
    path = {"path": challenge.path, "pathType": "Exact", "backend": backend}
    ingress: Object = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata,
        "spec": {
            "ingressClassName": ingress_class,
            "rules": [{"host": challenge.host, "http": {"paths": [path]}}],
        },
    }
    return [
        (BUILT_IN["v1", "Pod"], pod),
        (BUILT_IN["v1", "Service"], service),
        (BUILT_IN["networking.k8s.io/v1", "Ingress"], ingress),
    ]


def _pod(challenge: HttpChallenge, metadata: Object, image: str, *, sandbox: bool) -> Object:
    annotations: dict[str, Any] = dict(metadata["annotations"])
    if sandbox:
        annotations[SANDBOX_IMAGES_ANNOTATION] = json.dumps({image: STOCK.runtime})
    small = {"cpu": "50m", "memory": "64Mi"}
    container: Object = {
        "name": "answer",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": [STOCK.python, "-I", "-c", _SERVER],
        "env": [
            {"name": "HOST", "value": "0.0.0.0"},  # noqa: S104 - inside the pod
            {"name": "PORT", "value": str(PORT)},
            {"name": "CHALLENGE_PATH", "value": challenge.path},
            {"name": "CHALLENGE_CONTENT", "value": challenge.content},
        ],
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "readinessProbe": {"tcpSocket": {"port": PORT}, "periodSeconds": 1},
        "resources": {"requests": small, "limits": small},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata | {"annotations": annotations},
        "spec": {
            "serviceAccountName": "workload",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": STOCK.run_as,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "terminationGracePeriodSeconds": 1,
            "containers": [container],
        },
    }


def _name(challenge: HttpChallenge) -> str:
    return host_object_name("acme", f"{challenge.host} {challenge.token}")


def _service(challenge: HttpChallenge) -> str:
    # A Service's name holds no dot, and no component id holds two hyphens in a row.
    return _name(challenge).replace(".", "--")
