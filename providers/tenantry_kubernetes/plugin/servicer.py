"""The provider protocol: messages in, messages out."""

# ruff: noqa: N802, ARG002 - the protocol names the methods and says what they get

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NoReturn

import grpc
import grpc.aio
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from tenantry.errors import SandboxError
from tenantry_kubernetes.client.aio import AsyncKubernetes
from tenantry_kubernetes.plugin import VERSION, checkpoint, objects, replacement, shape, values
from tenantry_kubernetes.plugin.create import create
from tenantry_kubernetes.plugin.deleting import delete
from tenantry_kubernetes.plugin.diff import compare, without_ignored
from tenantry_kubernetes.plugin.enginelog import EngineLog
from tenantry_kubernetes.plugin.failures import InitFailedError
from tenantry_kubernetes.plugin.reading import read
from tenantry_kubernetes.plugin.session import Session
from tenantry_kubernetes.plugin.settings import changes, problems, resolve
from tenantry_kubernetes.plugin.update import update

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenantry_kubernetes.client.requests import Object
    from tenantry_kubernetes.plugin.diff import FieldChange

    Context = grpc.aio.ServicerContext[object, object]

_CONFIG_PREFIX: Final = "kubernetes:config:"
_Kind = provider_pb2.PropertyDiff
_KINDS: Final = {
    ("add", False): _Kind.ADD,
    ("add", True): _Kind.ADD_REPLACE,
    ("delete", False): _Kind.DELETE,
    ("delete", True): _Kind.DELETE_REPLACE,
    ("update", False): _Kind.UPDATE,
    ("update", True): _Kind.UPDATE_REPLACE,
}


class KubernetesServicer(provider_pb2_grpc.ResourceProviderServicer):
    """One plugin process: one provider resource, configured once."""

    def __init__(self, engine: str) -> None:
        self._log = EngineLog(engine)
        self._cancelled = asyncio.Event()
        self._session: Session | None = None

    @property
    def _ready(self) -> Session:
        if self._session is None:
            raise SandboxError("The kubernetes provider was used before it was configured")
        return self._session

    async def GetPluginInfo(self, request: object, context: Context) -> plugin_pb2.PluginInfo:
        """The version that the stand-in stands in for."""
        return plugin_pb2.PluginInfo(version=VERSION)

    async def Attach(self, request: plugin_pb2.PluginAttach, context: Context) -> empty_pb2.Empty:
        """Another engine takes over."""
        self._log = EngineLog(request.address)
        return empty_pb2.Empty()

    async def Cancel(self, request: object, context: Context) -> empty_pb2.Empty:
        """Ends everything that waits."""
        self._cancelled.set()
        return empty_pb2.Empty()

    async def GetMapping(self, request: object, context: Context) -> provider_pb2.GetMappingResponse:
        """There is none."""
        return provider_pb2.GetMappingResponse()

    async def GetSchema(self, request: object, context: Context) -> NoReturn:
        """Only the official plugin carries the schema."""
        raise objects.unsupported("the package's schema")

    async def Invoke(self, request: provider_pb2.InvokeRequest, context: Context) -> NoReturn:
        """Functions of the official plugin."""
        raise objects.unsupported(request.tok)

    async def Call(self, request: provider_pb2.CallRequest, context: Context) -> NoReturn:
        """Methods of the official plugin."""
        raise objects.unsupported(request.tok)

    async def Construct(self, request: provider_pb2.ConstructRequest, context: Context) -> NoReturn:
        """Components of the official plugin: charts, YAML files, kustomizations."""
        raise objects.unsupported(request.type)

    async def CheckConfig(self, request: provider_pb2.CheckRequest, context: Context) -> provider_pb2.CheckResponse:
        """Refuses options that would silently do nothing."""
        failures = [
            provider_pb2.CheckFailure(property=key, reason=reason)
            for key, reason in problems(values.read(request.news))
        ]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    async def DiffConfig(self, request: provider_pb2.DiffRequest, context: Context) -> provider_pb2.DiffResponse:
        """Another cluster replaces the provider and everything that it made."""
        changed, replaces = changes(values.read(request.olds), values.read(request.news))
        some = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=some, diffs=changed, replaces=replaces)

    async def Configure(
        self, request: provider_pb2.ConfigureRequest, context: Context
    ) -> provider_pb2.ConfigureResponse:
        """Reads the kubeconfig. Nothing is sent to the server yet."""
        given = values.read(request.args)
        for key, value in request.variables.items():
            given.setdefault(key.removeprefix(_CONFIG_PREFIX), value)
        settings = resolve(given)
        self._session = Session(AsyncKubernetes(settings.access), settings, self._log, self._cancelled)
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    async def Check(self, request: provider_pb2.CheckRequest, context: Context) -> provider_pb2.CheckResponse:
        """Completes the inputs: apiVersion, kind, name and namespace."""
        api_version, kind = objects.type_of(request.urn)
        given = values.read(request.news)
        inputs = {"apiVersion": api_version, "kind": kind} | shape.normalise(values.plain(given))
        old = values.plain(values.read(request.olds))
        if old:
            objects.adopt_name(inputs, old)
        objects.assign_name(inputs, request.urn, request.randomSeed)
        metadata = inputs.get("metadata")
        if isinstance(metadata, dict) and not metadata.get("namespace") and await self._ready.is_namespaced(inputs):
            metadata["namespace"] = self._ready.settings.namespace
        checkpoint.mark(inputs, given)
        return provider_pb2.CheckResponse(inputs=values.write(inputs))

    async def Diff(self, request: provider_pb2.DiffRequest, context: Context) -> provider_pb2.DiffResponse:
        """Compares what is there with what is wanted."""
        old_inputs, live = checkpoint.split(values.read(request.olds))
        old_inputs = shape.normalise(old_inputs)
        new = shape.normalise(values.plain(values.read(request.news)))
        pruned = shape.normalise(shape.prune(live, old_inputs))
        namespaced = await self._ready.is_namespaced(new)
        for each in (old_inputs, new, pruned):
            _settle_namespace(each, namespaced=namespaced)
        settings = self._ready.settings
        rules = replacement.rules(
            new, config_maps_mutable=settings.config_maps_mutable, secrets_mutable=settings.secrets_mutable
        )
        found = without_ignored(
            compare(pruned, old_inputs, new, rules, typed=objects.is_typed(new)), request.ignoreChanges
        )
        replaces = [change.name for change in found if change.replace]
        unready = objects.is_true(new, objects.REPLACE_UNREADY) and new.get("kind") == "Job"
        if unready and not await self._ready.is_ready(new):
            replaces.append(f'metadata.annotations["{objects.REPLACE_UNREADY}"]')
        stays = objects.full_name(new) == objects.full_name(pruned) and not objects.is_true(new, objects.AUTONAMED)
        return _diff_response(found, replaces, delete_first=bool(replaces) and stays)

    async def Create(self, request: provider_pb2.CreateRequest, context: Context) -> provider_pb2.CreateResponse:
        """Creates an object and waits until it is ready."""
        try:
            resource_id, state = await create(
                self._ready,
                request.urn,
                values.read(request.properties),
                seconds=request.timeout,
                preview=request.preview,
            )
        except InitFailedError as error:
            await _abort_kept(error, context)
        return provider_pb2.CreateResponse(id=resource_id, properties=values.write(state))

    async def Update(self, request: provider_pb2.UpdateRequest, context: Context) -> provider_pb2.UpdateResponse:
        """Changes an object in place and waits until it is ready."""
        try:
            state = await update(
                self._ready,
                request.urn,
                values.read(request.olds),
                values.read(request.news),
                ignored=request.ignoreChanges,
                seconds=request.timeout,
                preview=request.preview,
            )
        except InitFailedError as error:
            await _abort_kept(error, context)
        return provider_pb2.UpdateResponse(properties=values.write(state))

    async def Read(self, request: provider_pb2.ReadRequest, context: Context) -> provider_pb2.ReadResponse:
        """Reads the live object; an empty id says that there is none."""
        try:
            found = await read(
                self._ready,
                request.urn,
                request.id,
                values.read(request.properties),
                values.read(request.inputs),
            )
        except InitFailedError as error:
            await _abort_kept(error, context)
        if found is None:
            return provider_pb2.ReadResponse()
        resource_id, state, inputs = found
        return provider_pb2.ReadResponse(id=resource_id, properties=values.write(state), inputs=values.write(inputs))

    async def Delete(self, request: provider_pb2.DeleteRequest, context: Context) -> empty_pb2.Empty:
        """Deletes the object and waits until it is gone."""
        state = values.read(request.properties)
        await delete(self._ready, request.urn, request.id, state, seconds=request.timeout)
        return empty_pb2.Empty()


def _settle_namespace(each: Object, *, namespaced: bool) -> None:
    """No namespace and `default` are the same; objects without namespaces have none, whatever was written."""
    metadata = each.get("metadata")
    if not isinstance(metadata, dict):
        return
    if not namespaced:
        metadata.pop("namespace", None)
    elif not metadata.get("namespace"):
        metadata["namespace"] = "default"


def _diff_response(
    found: Sequence[FieldChange], replaces: Sequence[str], *, delete_first: bool
) -> provider_pb2.DiffResponse:
    some = provider_pb2.DiffResponse.DIFF_SOME if found or replaces else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=some,
        replaces=replaces,
        deleteBeforeReplace=delete_first,
        detailedDiff={
            change.name: provider_pb2.PropertyDiff(
                kind=_KINDS[change.change, change.replace], inputDiff=change.by_input
            )
            for change in found
        },
        hasDetailedDiff=True,
    )


async def _abort_kept(error: InitFailedError, context: Context) -> NoReturn:
    """Fails the call in the way that makes the engine keep the object in its state."""
    detail = provider_pb2.ErrorResourceInitFailed(
        id=error.resource_id, properties=values.write(error.state), reasons=error.reasons
    )
    if error.inputs is not None:
        detail.inputs.CopyFrom(values.write(error.inputs))
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
    status.details.add().Pack(detail)
    trailers = (("grpc-status-details-bin", status.SerializeToString()),)
    await context.abort(grpc.StatusCode.UNKNOWN, str(error), trailers)
