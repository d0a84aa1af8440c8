"""Copies a bucket's objects to files and back, through its public address and with the application's own key."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tenantry.contract.sandbox import loopback_url
from tenantry.errors import PreflightError, TaskError
from tenantry_kubernetes.access import access
from tenantry_kubernetes.account import Account
from tenantry_kubernetes.client.errors import KubernetesError
from tenantry_kubernetes.client.kinds import BUILT_IN
from tenantry_kubernetes.names import access_key_id, namespace_name
from tenantry_vendor.s3 import Bucket, Keys
from tenantry_vendor.s3.copying import load_objects, save_objects

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tenantry.contract.backups import DataRequest
    from tenantry.spec.plan import SecretSource
    from tenantry_kubernetes.client.sync import Kubernetes
    from tenantry_kubernetes.data_sources import ExternalBucket

REGION: Final = "us-east-1"
HTTP_PORT: Final = "TENANTRY_SANDBOX_HTTP_PORT"
_ROUTE: Final = "gateway.networking.k8s.io/v1"


def save_bucket(request: DataRequest, environment: Mapping[str, str], progress: Callable[[str], None]) -> None:
    """Writes every object below the folder. Raises TaskError, VendorError, PreflightError."""
    with _bucket(request, environment) as bucket:
        save_objects(bucket, request.folder, progress)


def load_bucket(request: DataRequest, environment: Mapping[str, str], progress: Callable[[str], None]) -> None:
    """Makes the bucket hold what the folder holds. Raises TaskError, VendorError, PreflightError."""
    with _bucket(request, environment) as bucket:
        load_objects(bucket, request.folder, progress)


def _bucket(request: DataRequest, environment: Mapping[str, str]) -> Bucket:
    from tenantry_kubernetes.client.sync import Kubernetes

    instance, component = request.instance, request.data.component
    external = None if instance.mode == "sandbox" else Account.of(instance.account).buckets.get(component)
    if external is not None:
        return _external(external, environment)
    namespace = namespace_name(instance)
    with Kubernetes(access(instance, environment)) as client:
        try:
            secret = client.get(BUILT_IN["v1", "Secret"], namespace, component)
            endpoint = _endpoint(client, namespace, component, environment.get(HTTP_PORT, ""), instance.mode)
        except KubernetesError as error:
            if not error.not_found:
                raise
            raise TaskError(
                f"The bucket {component} of {instance.instance} is not there.",
                hint=f"Deploy it: tenantry up {instance.instance}; a suspended instance: tenantry resume",
            ) from None
    keys = Keys(
        access_key_id=access_key_id(instance, component),
        secret_access_key=base64.b64decode(secret["data"]["secret-access-key"]).decode(),
        region=REGION,
    )
    return Bucket(endpoint, component, keys)


def _endpoint(client: Kubernetes, namespace: str, component: str, port: str, mode: str) -> str:
    """Where the bucket answers from outside, as its Ingress or HTTPRoute says."""
    name = f"bucket.{component}"
    try:
        found = client.get(BUILT_IN["networking.k8s.io/v1", "Ingress"], namespace, name)
        host, secure = found["spec"]["rules"][0]["host"], bool(found["spec"].get("tls"))
    except KubernetesError as error:
        if not error.not_found:
            raise
        found = client.get(client.resolve(_ROUTE, "HTTPRoute"), namespace, name)
        host, secure = found["spec"]["hostnames"][0], True
    if mode == "sandbox":
        return loopback_url(host, port)
    return f"{'https' if secure else 'http'}://{host}"


def _external(bucket: ExternalBucket, environment: Mapping[str, str]) -> Bucket:
    keys = Keys(
        access_key_id=_value(bucket.access_key_id, environment),
        secret_access_key=_value(bucket.secret_access_key, environment),
        region=bucket.region,
    )
    return Bucket(bucket.public_endpoint, bucket.bucket, keys, bucket.addressing)


def _value(source: SecretSource, environment: Mapping[str, str]) -> str:
    if source.kind == "env":
        value = environment.get(source.name, "")
        if not value:
            raise PreflightError(
                f"The environment variable {source.name}, which a bucket's key comes from, is not set.",
                hint=f"Set it: export {source.name}=…",
            )
        return value
    if source.kind == "file":
        file = Path(environment.get("TENANTRY_ROOT") or ".") / source.name
        try:
            return file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise PreflightError(
                f"The file {source.name}, which a bucket's key comes from, cannot be read: {error.strerror}.",
                hint=f"Put the value there: {file}",
            ) from None
    raise PreflightError(
        f"A bucket's key comes from the stack's configuration ({source.name}), which only the engine reads.",
        hint="Use {ref: {env: NAME}} or {ref: {file: PATH}} for the keys of buckets that are backed up.",
    )
