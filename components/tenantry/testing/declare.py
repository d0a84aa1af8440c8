"""Declares an instance of the probe against recording mocks, with sockets blocked.

`python -m tenantry.testing.declare RUNTIME VARIANT < SETTINGS`, where SETTINGS is what the runtime's sandbox says of
itself, as a JSON object.

Prints a JSON list of the resources: `type`, `name`, `custom`, `read`, `provider`, `after_identity`, `inputs`.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import pulumi
import pulumi.runtime
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.mocks import MockMonitor

from tenantry import registry
from tenantry.catalogue import Catalogue
from tenantry.contract.sandbox import Answers, loopback_url
from tenantry.instance import AppInstance
from tenantry.spec import Tenant, resolve
from tenantry.spec.target import Target
from tenantry.testing.catalogues import KIT_CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.catalogue import TemplateVersion
    from tenantry.contract.scope import SourcePackage
    from tenantry.spec.plan import InstancePlan, Json, SecretSource


class Recorder(MockMonitor):
    """Answers every registration with its inputs, and remembers it."""

    def __init__(self, answers: Mapping[str, Mapping[str, Json]] | None = None) -> None:
        super().__init__(Echo(answers or {}))
        self.recorded: list[dict[str, Any]] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: ANN401, N802 - the name and the messages of the engine's service
        """Records one registration."""
        self._record(request, request.object, custom=request.custom, read=False)
        return super().RegisterResource(request)  # type: ignore[no-untyped-call] # the SDK has no annotations there

    def ReadResource(self, request: Any) -> Any:  # noqa: ANN401, N802 - the name and the messages of the engine's service
        """Records one read."""
        self._record(request, request.properties, custom=True, read=True)
        return super().ReadResource(request)  # type: ignore[no-untyped-call] # as above

    def _record(self, request: Any, inputs: Any, *, custom: bool, read: bool) -> None:  # noqa: ANN401 - as above
        if request.type == "pulumi:pulumi:Stack":
            return
        self.recorded.append(
            {
                "type": request.type,
                "name": request.name,
                "custom": custom,
                "read": read,
                "provider": bool(request.provider),
                "after_identity": any("tenantry:index:Identity" in urn for urn in request.dependencies),
                "inputs": MessageToDict(inputs),
            }
        )


class Echo(pulumi.runtime.Mocks):
    """Gives every resource its inputs as outputs, and what is asked what the sandbox's `answers` say of it."""

    def __init__(self, answers: Mapping[str, Mapping[str, Json]]) -> None:
        self._answers = answers

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """The outputs of one resource; of ours, what its plugin would make."""
        return f"{args.name}-id", {**self._answers.get(args.typ, {}), **_own(args.typ, args.name), **args.inputs}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """Refuses what the sandbox does not list: an adapter declares, and asks for nothing but the account."""
        if args.token not in self._answers:
            raise RuntimeError(f"the adapter invoked {args.token}, which its sandbox's `answers` do not list")
        return dict(self._answers[args.token]), []


def _own(kind: str, name: str) -> dict[str, Json]:
    if kind == "tenantry:index:Credential":
        return {"value": f"made-for-{name}"}
    if kind == "tenantry:index:ServerCertificate":
        return dict.fromkeys(("caCertificate", "caPrivateKey", "certificate", "privateKey"), f"pem-of-{name}")
    return {}


def block_sockets() -> None:
    """Makes every outgoing connection of this process an error."""

    def refuse(*_: object) -> NoReturn:
        raise RuntimeError("provision opened a network connection")

    socket.socket.connect = refuse  # type: ignore[method-assign] # the point of this process
    socket.socket.connect_ex = refuse  # type: ignore[method-assign] # the same
    socket.getaddrinfo = refuse  # type: ignore[assignment] # and again


def sandbox_target(runtime: str, settings: Mapping[str, str]) -> Target:
    """What resolve must know of a runtime whose sandbox says `settings` of itself."""
    adapter = registry.runtime(runtime)
    models = adapter.models()
    return Target(
        runtime=runtime,
        capabilities=registry.sandbox_capabilities(runtime, settings),
        mode="sandbox",
        account=models.account,
        extensions=models.extensions,
        default_host=lambda instance, account: adapter.default_host(instance, account, settings),
        url=lambda host, _tls: loopback_url(host, settings["TENANTRY_SANDBOX_HTTP_PORT"]),
        stores={},
    )


def plan_of(runtime: str, variant: str, settings: Mapping[str, str]) -> tuple[InstancePlan, TemplateVersion]:
    """The probe's plan on a runtime, as its sandbox would see it, and the opened template version."""
    version = Catalogue(KIT_CATALOGUE).open("probe@1.0.0")
    tenant = Tenant.model_validate(
        {
            "spec": "tenantry/v1",
            "kind": "Tenant",
            "tenant": "declared",
            "instance": "declared",
            "template": "probe@1.0.0",
            "runtime": {"on": runtime, "account": dict(registry.sandbox(runtime).accounts()[variant])},
            "ownership": "tenant",
            "parameters": {"token": {"ref": {"env": "PROBE_TOKEN"}}},
        }
    )
    target = sandbox_target(runtime, settings)
    references = {name: source.ref for name, source in version.sources.items()}
    return resolve(version.template, version.ref, references, tenant, target), version


async def declare(
    plan: InstancePlan, sources: Mapping[str, SourcePackage], settings: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The resources that one instance registers."""
    sandbox = registry.sandbox(plan.runtime.on)
    recorder = Recorder(sandbox.answers() if isinstance(sandbox, Answers) else {})
    pulumi.runtime.set_mocks(recorder.mocks, project="kit", stack=plan.instance, preview=False, monitor=recorder)

    def secret(source: SecretSource) -> pulumi.Output[str]:
        return pulumi.Output.secret(f"value of {source.name}")

    AppInstance(plan, registry.runtime(plan.runtime.on), settings=settings, sources=sources, secret=secret)
    while True:
        pending = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        if not pending:
            return recorder.recorded
        await asyncio.gather(*pending)


def main() -> None:
    """Prints the resources as JSON."""
    settings = json.load(sys.stdin)
    runtime, variant = sys.argv[1:3]
    plan, version = plan_of(runtime, variant, settings)
    block_sockets()
    json.dump(asyncio.run(declare(plan, version.sources, settings)), sys.stdout)


if __name__ == "__main__":
    main()
