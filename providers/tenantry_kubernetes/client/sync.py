"""The blocking client of a Kubernetes API server, for commands that do one thing after another."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Literal, Self

import httpx

from tenantry_kubernetes.client import requests, transport
from tenantry_kubernetes.client.discovery import from_listing, unknown_kind
from tenantry_kubernetes.client.errors import KubernetesError, UnreachableError
from tenantry_kubernetes.client.kinds import BUILT_IN, Kind, group_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry_kubernetes.client.kubeconfig import Access
    from tenantry_kubernetes.client.requests import Object, Propagation, Request

_PAGE: Final = 500


class Kubernetes:
    """One connection pool to one API server. Methods raise KubernetesError; see `AsyncKubernetes` for what they do."""

    def __init__(self, access: Access, wire: httpx.BaseTransport | None = None) -> None:
        self.access = access
        self._http = httpx.Client(**transport.settings(access), transport=wire)
        self._groups: dict[str, dict[str, Kind]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes every connection."""
        self._http.close()

    def send(self, request: Request) -> Object:
        """Sends one call, repeats it where that is safe and the server was busy or unreachable."""
        attempt = 0
        while True:
            attempt += 1
            response: httpx.Response | None = None
            try:
                response = self._http.send(self._http.build_request(**transport.arguments(self.access, request)))
            except transport.BROKEN as error:
                failure = transport.reason(error)
            else:
                failure = ""
            status = 0 if response is None else response.status_code
            wait = requests.wait_before_repeat(status, transport.retry_after(response), attempt)
            if wait is None or not request.repeatable or attempt >= requests.ATTEMPTS:
                if response is None:
                    raise UnreachableError(self.access.server, failure)
                return requests.decode(response.status_code, response.content)
            time.sleep(wait)

    def ready(self) -> bool:
        """Whether the server says that it is ready to serve."""
        try:
            built = self._http.build_request("GET", "/readyz", timeout=2.0)
            return self._http.send(built).is_success
        except transport.BROKEN:
            return False

    def resolve(self, api_version: str, kind: str) -> Kind:
        """The kind's place in the API."""
        built_in = BUILT_IN.get((api_version, kind))
        if built_in is not None:
            return built_in
        if kind not in self._groups.get(api_version, {}):
            try:
                listing = self.send(requests.Request(method="GET", path=group_path(api_version)))
            except KubernetesError as error:
                if not error.not_found:
                    raise
                raise unknown_kind(api_version, kind) from None
            self._groups[api_version] = from_listing(listing)
        found = self._groups[api_version].get(kind)
        if found is None:
            raise unknown_kind(api_version, kind)
        return found

    def get(self, kind: Kind, namespace: str | None, name: str) -> Object:
        """Reads one object."""
        return self.send(requests.get(kind, namespace, name))

    def list_objects(
        self, kind: Kind, namespace: str | None = None, *, labels: str = "", fields: str = ""
    ) -> list[Object]:
        """All objects, of all namespaces where none is given."""
        found: list[Object] = []
        token = ""
        while True:
            page = self.send(
                requests.collection(kind, namespace, labels=labels, fields=fields, limit=_PAGE, token=token)
            )
            found += requests.items(kind, page)
            token = page["metadata"].get("continue") or ""
            if not token:
                return found

    def create(
        self, kind: Kind, namespace: str | None, body: Object, *, manager: str = requests.FIELD_MANAGER
    ) -> Object:
        """Creates; fails where the name is taken."""
        return self.send(requests.create(kind, namespace, body, manager=manager, dry_run=False))

    def apply(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        body: Object,
        *,
        manager: str = requests.FIELD_MANAGER,
        force: bool = False,
    ) -> Object:
        """Server-side apply."""
        return self.send(requests.apply(kind, namespace, name, body, manager=manager, force=force, dry_run=False))

    def patch(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        body: object,
        *,
        form: Literal["merge", "strategic", "json"] = "merge",
        subresource: str | None = None,
        manager: str = requests.FIELD_MANAGER,
    ) -> Object:
        """Patches an object or, with `subresource="status"`, its status."""
        return self.send(
            requests.patch(kind, namespace, name, body, form=form, subresource=subresource, manager=manager)
        )

    def delete(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        *,
        propagation: Propagation = "Background",
        uid: str = "",
        grace_seconds: int | None = None,
    ) -> Object:
        """Asks for deletion."""
        return self.send(
            requests.delete(kind, namespace, name, propagation=propagation, uid=uid, grace_seconds=grace_seconds)
        )

    def logs(
        self, namespace: str, pod: str, *, container: str = "", follow: bool = False, tail: int | None = None
    ) -> Iterator[str]:
        """The lines that a pod's container printed, without line breaks."""
        request = requests.logs(BUILT_IN["v1", "Pod"], namespace, pod, container=container, follow=follow, tail=tail)
        try:
            arguments = transport.arguments(self.access, request)
            built = self._http.build_request(**arguments, timeout=transport.STREAM_TIMEOUT)
            response = self._http.send(built, stream=True)
            try:
                if response.is_error:
                    requests.decode(response.status_code, response.read())
                yield from response.iter_lines()
            finally:
                response.close()
        except transport.BROKEN as error:
            raise UnreachableError(self.access.server, transport.reason(error)) from None
