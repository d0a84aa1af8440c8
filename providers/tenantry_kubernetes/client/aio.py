"""The asynchronous client of a Kubernetes API server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Literal, Self

import httpx

from tenantry_kubernetes.client import requests, transport
from tenantry_kubernetes.client.discovery import from_listing, unknown_kind
from tenantry_kubernetes.client.errors import KubernetesError, UnreachableError
from tenantry_kubernetes.client.follow import follow
from tenantry_kubernetes.client.kinds import BUILT_IN, Kind, group_path

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from tenantry_kubernetes.client.events import Event
    from tenantry_kubernetes.client.kubeconfig import Access
    from tenantry_kubernetes.client.requests import Object, Propagation, Request

_PAGE: Final = 500


class AsyncKubernetes:
    """One connection pool to one API server. Methods raise KubernetesError.

    Args:
        access: the server and how to authenticate.
        wire: what carries the requests, where it is not the network.
    """

    def __init__(self, access: Access, wire: httpx.AsyncBaseTransport | None = None) -> None:
        self.access = access
        self._http = httpx.AsyncClient(**transport.settings(access), transport=wire)
        self._groups: dict[str, asyncio.Task[dict[str, Kind]]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes every connection."""
        await self._http.aclose()

    async def send(self, request: Request) -> Object:
        """Sends one call, repeats it where that is safe and the server was busy or unreachable."""
        attempt = 0
        while True:
            attempt += 1
            response: httpx.Response | None = None
            try:
                built = self._http.build_request(**transport.arguments(self.access, request))
                response = await self._http.send(built)
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
            await asyncio.sleep(wait)

    async def version(self) -> Object:
        """The server's version: `major`, `minor`, `gitVersion` and more."""
        return await self.send(requests.Request(method="GET", path="/version"))

    async def resolve(self, api_version: str, kind: str) -> Kind:
        """The kind's place in the API, by discovery where it is not built in. Raises KubernetesError if not served."""
        built_in = BUILT_IN.get((api_version, kind))
        if built_in is not None:
            return built_in
        task = self._groups.get(api_version)
        if task is None or (task.done() and (task.cancelled() or task.exception() or kind not in task.result())):
            task = asyncio.create_task(self._discover(api_version))
            self._groups[api_version] = task
        try:
            found = (await asyncio.shield(task)).get(kind)
        except KubernetesError as error:
            if not error.not_found:
                raise
            found = None
        if found is None:
            raise unknown_kind(api_version, kind)
        return found

    async def _discover(self, api_version: str) -> dict[str, Kind]:
        return from_listing(await self.send(requests.Request(method="GET", path=group_path(api_version))))

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Object:
        """Reads one object."""
        return await self.send(requests.get(kind, namespace, name))

    async def list_objects(
        self, kind: Kind, namespace: str | None = None, *, labels: str = "", fields: str = ""
    ) -> list[Object]:
        """All objects, of all namespaces where none is given."""
        return (await self.list_with_version(kind, namespace, labels=labels, fields=fields))[0]

    async def create(
        self,
        kind: Kind,
        namespace: str | None,
        body: Object,
        *,
        manager: str = requests.FIELD_MANAGER,
        dry_run: bool = False,
    ) -> Object:
        """Creates; `already_exists` is set in the error where the name is taken."""
        return await self.send(requests.create(kind, namespace, body, manager=manager, dry_run=dry_run))

    async def apply(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        body: Object,
        *,
        manager: str = requests.FIELD_MANAGER,
        force: bool = False,
        dry_run: bool = False,
    ) -> Object:
        """Server-side apply: creates or updates the fields in `body` and owns them."""
        return await self.send(
            requests.apply(kind, namespace, name, body, manager=manager, force=force, dry_run=dry_run)
        )

    async def patch(
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
        return await self.send(
            requests.patch(kind, namespace, name, body, form=form, subresource=subresource, manager=manager)
        )

    async def replace(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        body: Object,
        *,
        subresource: str | None = None,
        dry_run: bool = False,
    ) -> Object:
        """Writes a whole object."""
        request = requests.replace(kind, namespace, name, body, subresource=subresource, dry_run=dry_run)
        return await self.send(request)

    async def delete(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        *,
        propagation: Propagation = "Background",
        uid: str = "",
        grace_seconds: int | None = None,
    ) -> Object:
        """Asks for deletion; the object may live on until its finalizers are done."""
        return await self.send(
            requests.delete(kind, namespace, name, propagation=propagation, uid=uid, grace_seconds=grace_seconds)
        )

    def follow(
        self,
        kind: Kind,
        namespace: str | None = None,
        *,
        labels: str = "",
        fields: str = "",
        patience: float | None = None,
    ) -> AsyncGenerator[Event]:
        """Reports what exists, then every change, without end and without gaps.

        Broken connections are taken up again where they broke; where the server no longer knows that place, the
        collection is read anew and the differences are reported. `patience`: seconds without an answer after which the
        error is raised; None tries for ever.
        """
        return follow(self, kind, namespace, labels=labels, fields=fields, patience=patience)

    async def logs(
        self, namespace: str, pod: str, *, container: str = "", follow: bool = False, tail: int | None = None
    ) -> AsyncIterator[str]:
        """The lines that a pod's container printed, without line breaks."""
        request = requests.logs(BUILT_IN["v1", "Pod"], namespace, pod, container=container, follow=follow, tail=tail)
        async for line in self.stream(request):
            yield line.decode(errors="replace")

    async def list_with_version(
        self, kind: Kind, namespace: str | None = None, *, labels: str = "", fields: str = ""
    ) -> tuple[list[Object], str]:
        """All objects, and the resource version at which changes to them begin."""
        items: list[Object] = []
        token = ""
        while True:
            page = await self.send(
                requests.collection(kind, namespace, labels=labels, fields=fields, limit=_PAGE, token=token)
            )
            items += requests.items(kind, page)
            token = page["metadata"].get("continue") or ""
            if not token:
                return items, page["metadata"]["resourceVersion"]

    async def stream(self, request: Request) -> AsyncGenerator[bytes]:
        """The lines of an answer that comes piece by piece, without line breaks; empty lines are left out."""
        try:
            arguments = transport.arguments(self.access, request)
            built = self._http.build_request(**arguments, timeout=transport.STREAM_TIMEOUT)
            response = await self._http.send(built, stream=True)
            try:
                if response.is_error:
                    requests.decode(response.status_code, await response.aread())
                rest = b""
                async for piece in response.aiter_bytes():
                    # Not httpx's own line splitter: it also breaks at U+2028, which JSON strings may hold.
                    *lines, rest = (rest + piece).split(b"\n")
                    for line in lines:
                        if line:
                            yield line
                if rest:
                    yield rest
            finally:
                await response.aclose()
        except transport.BROKEN as error:
            raise UnreachableError(self.access.server, transport.reason(error)) from None
