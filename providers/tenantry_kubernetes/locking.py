"""The lock on an instance's data: a Lease in its namespace, renewed while its holder lives."""

from __future__ import annotations

import datetime as dt
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from tenantry.errors import TaskError, VendorError
from tenantry_kubernetes.access import access
from tenantry_kubernetes.client import requests
from tenantry_kubernetes.client.errors import KubernetesError
from tenantry_kubernetes.client.kinds import BUILT_IN
from tenantry_kubernetes.names import namespace_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tenantry.contract.tasks import InstanceRef
    from tenantry_kubernetes.client.requests import Object, Request
    from tenantry_kubernetes.client.sync import Kubernetes

LEASE: Final = BUILT_IN["coordination.k8s.io/v1", "Lease"]
NAME: Final = "tenantry.data"
SECONDS: Final = 45
"""How long a lock outlives a holder that was killed."""
RENEWAL: Final = 10.0
PURPOSE: Final = "tenantry.dev/purpose"


@contextmanager
def hold(instance: InstanceRef, holder: str, purpose: str, environment: Mapping[str, str]) -> Iterator[None]:
    """See `Locks`. Raises TaskError where somebody else holds the lock, VendorError, PreflightError."""
    from tenantry_kubernetes.client.sync import Kubernetes

    reach = access(instance, environment)
    with Kubernetes(reach) as client:
        lock = _Lock(client, instance, holder, purpose)
        lock.take()
        ended = threading.Event()
        with Kubernetes(reach) as second:
            keeper = threading.Thread(target=_Lock(second, instance, holder, purpose).keep, args=(ended,), daemon=True)
            keeper.start()
            try:
                yield
            finally:
                ended.set()
                keeper.join()
                lock.release()


class _Lock:
    """One holder's view of the lease."""

    def __init__(self, client: Kubernetes, instance: InstanceRef, holder: str, purpose: str) -> None:
        self._client = client
        self._instance = instance
        self._namespace = namespace_name(instance)
        self._holder = holder
        self._purpose = purpose

    def take(self) -> None:
        """Takes the lock where it is free, ran out, or is this holder's own."""
        found = self._read()
        try:
            if found is None:
                self._client.create(LEASE, self._namespace, self._body())
                return
            if self._belongs_to_another(found):
                raise self._taken(found)
            self._client.send(self._replacement(found))
        except KubernetesError as error:
            if error.reason not in {"AlreadyExists", "Conflict"}:
                raise
            raise self._taken(self._read() or self._body()) from None

    def keep(self, ended: threading.Event) -> None:
        """Renews the lock until the event; whatever fails is tried again, and at worst the lock runs out."""
        while not ended.wait(RENEWAL):
            try:
                found = self._read()
                if found is not None and found["spec"].get("holderIdentity") == self._holder:
                    self._client.send(self._replacement(found))
            except VendorError:
                continue

    def release(self) -> None:
        """Gives the lock up; one that cannot be given up runs out."""
        try:
            found = self._read()
            if found is not None and found["spec"].get("holderIdentity") == self._holder:
                self._client.delete(LEASE, self._namespace, NAME, uid=found["metadata"]["uid"])
        except VendorError:
            return

    def _read(self) -> Object | None:
        try:
            return self._client.get(LEASE, self._namespace, NAME)
        except KubernetesError as error:
            if error.not_found:
                return None
            raise

    def _belongs_to_another(self, found: Object) -> bool:
        spec = found["spec"]
        if spec.get("holderIdentity") in {None, "", self._holder}:
            return False
        renewed = dt.datetime.fromisoformat(str(spec["renewTime"]))
        return renewed + dt.timedelta(seconds=int(spec.get("leaseDurationSeconds") or SECONDS)) > dt.datetime.now(
            dt.UTC
        )

    def _body(self) -> Object:
        now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.kind,
            "metadata": {
                "name": NAME,
                "namespace": self._namespace,
                "labels": {
                    "app.kubernetes.io/managed-by": "tenantry",
                    "tenantry.dev/instance": self._instance.instance,
                },
                "annotations": {PURPOSE: self._purpose},
            },
            "spec": {
                "holderIdentity": self._holder,
                "leaseDurationSeconds": SECONDS,
                "acquireTime": now,
                "renewTime": now,
            },
        }

    def _replacement(self, found: Object) -> Request:
        body = self._body()
        body["metadata"]["resourceVersion"] = found["metadata"]["resourceVersion"]
        if found["spec"].get("holderIdentity") == self._holder:
            body["spec"]["acquireTime"] = found["spec"].get("acquireTime") or body["spec"]["acquireTime"]
        return requests.replace(LEASE, self._namespace, NAME, body)

    def _taken(self, found: Object) -> TaskError:
        purpose = (found["metadata"].get("annotations") or {}).get(PURPOSE, "other work")
        since = str(found["spec"].get("acquireTime", "")).partition(".")[0]
        return TaskError(
            f"The data of {self._instance.instance} is locked for {purpose}, since {since} UTC. Nothing was changed.",
            hint=f"Repeat when that has ended; {SECONDS} seconds after a process was killed its lock is free again.",
        )
