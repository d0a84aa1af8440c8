"""What stands behind `tenantry:index:ManagedCertificate`: an order at an ACME server. Keys live in the state alone."""

from __future__ import annotations

import asyncio
import re
import threading
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from pulumi.provider.experimental.provider import (
    CheckFailure,
    CheckResponse,
    CreateResponse,
    DiffResponse,
    PropertyDiff,
    PropertyDiffKind,
    ReadResponse,
    UpdateResponse,
)

from tenantry.contract.tasks import InstanceRef
from tenantry.errors import TenantryError
from tenantry_vendor.acme.issue import Certificate, issue, nears_its_end
from tenantry_vendor.acme.settings import AcmeSettings
from tenantry_vendor.acme.solvers import DnsSolver, HttpSolver
from tenantry_vendor.plugin.migration.run import process_environment
from tenantry_vendor.plugin.plain import plain_map, unknown
from tenantry_vendor.plugin.values import not_yet, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pulumi.provider.experimental.property_value import PropertyValue
    from pulumi.provider.experimental.provider import (
        CheckRequest,
        CreateRequest,
        DeleteRequest,
        DiffRequest,
        ReadRequest,
        UpdateRequest,
    )

    from tenantry_vendor.acme.solvers import Solver

_INPUTS: Final = ("hosts", "acme", "instance")
_MADE: Final = ("certificate", "privateKey", "notAfter", "accountKey", "accountUri")
_SECRET: Final = frozenset({"privateKey", "accountKey"})
_HOST: Final = re.compile(
    r"(\*\.)?(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+"
)
_URL: Final = re.compile(r"https://[^\s/?#@]+(/[^\s?#]*)?|http://(127\.|localhost[:/])[^\s?#@]*")


def _now() -> datetime:
    return datetime.now(UTC)


def _adapter(runtime: str) -> object:
    from tenantry import registry

    return registry.runtime(runtime)


class ManagedCertificateResource:
    """The resource type. `clock` gives the time in UTC, `adapter` finds the adapter of a runtime."""

    def __init__(self, clock: Callable[[], datetime] = _now, adapter: Callable[[str], object] = _adapter) -> None:
        self._clock = clock
        self._adapter = adapter
        self._cancelled = threading.Event()

    def resource_schema(self) -> dict[str, object]:
        """The type's entry in the plugin's schema."""
        anything = {"type": "object", "additionalProperties": {"$ref": "pulumi.json#/Any"}}
        inputs: dict[str, Any] = {
            "hosts": {"type": "array", "items": {"type": "string"}, "description": "DNS names, the main one first."},
            "acme": {**anything, "description": "The ACME server, as the account says it; without secret values."},
            "instance": {**anything, "description": "Whose hosts these are, and where the instance is."},
        }
        said = {
            "certificate": "The chain, leaf first, in PEM.",
            "privateKey": "The key, in PEM.",
            "notAfter": "When it ends: ISO 8601, UTC.",
            "accountKey": "Key of the account at the ACME server, in PEM.",
            "accountUri": "The account at the ACME server.",
        }
        made = {
            name: {"type": "string", "description": words} | ({"secret": True} if name in _SECRET else {})
            for name, words in said.items()
        }
        return {
            "description": "A certificate from an ACME server (RFC 8555); renewed by a deployment near its end.",
            "inputProperties": inputs,
            "requiredInputs": list(_INPUTS),
            "properties": {**inputs, **made},
            "required": [*_INPUTS, *made],
        }

    def cancel(self) -> None:
        """Ends the work before its next step; a repeat orders again."""
        self._cancelled.set()

    async def check(self, request: CheckRequest) -> CheckResponse:
        """Refuses what could not be ordered."""
        new, later = plain_map(request.new_inputs), unknown(request.new_inputs)
        found = [
            CheckFailure(name, f"a managed certificate has no property {name!r}")
            for name in sorted(set(new) - set(_INPUTS) - set(_MADE))
        ]
        if "hosts" not in later:
            found += _hosts_problems(new.get("hosts"), new.get("acme"))
        if "acme" not in later and not _is_server(new.get("acme")):
            found.append(CheckFailure("acme", "acme.directory must be an https:// address (http:// only on loopback)"))
        return CheckResponse(request.new_inputs, found)

    async def diff(self, request: DiffRequest) -> DiffResponse:
        """Other hosts or another server change it, and so does time."""
        old, new = plain_map(request.old_state), plain_map(request.new_inputs)
        changed = {
            name: PropertyDiff(PropertyDiffKind.UPDATE, input_diff=True)
            for name in ("hosts", "acme")
            if name in unknown(request.new_inputs) or old.get(name) != new.get(name)
        }
        if not changed and _ends(old, self._clock()):
            changed["notAfter"] = PropertyDiff(PropertyDiffKind.UPDATE, input_diff=False)
        return DiffResponse(changes=bool(changed), diffs=list(changed), detailed_diff=changed)

    async def create(self, request: CreateRequest) -> CreateResponse:
        """Orders a certificate; a preview orders none. Raises VendorError, PreflightError, CapabilityError."""
        if request.preview:
            return CreateResponse("", {**_kept(request.properties), **not_yet(_MADE)})
        made = await self._issue(plain_map(request.properties), None)
        return CreateResponse(uuid.uuid4().hex, {**_kept(request.properties), **made})

    async def read(self, request: ReadRequest) -> ReadResponse:
        """What the state says; there is nothing to import."""
        return ReadResponse(request.resource_id if request.inputs else "", request.properties, request.inputs)

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        """Orders again, with the same account where the server is the same."""
        if request.preview:
            return UpdateResponse({**_kept(request.news), **not_yet(_MADE)})
        old, new = plain_map(request.olds), plain_map(request.news)
        same = (old.get("acme") or {}).get("directory") == new["acme"]["directory"]
        return UpdateResponse({**_kept(request.news), **await self._issue(new, old["accountKey"] if same else None)})

    async def delete(self, request: DeleteRequest) -> None:
        """Nothing to delete outside the state: a certificate ends by itself."""

    async def _issue(self, new: Mapping[str, Any], account_key: str | None) -> dict[str, PropertyValue]:
        settings = AcmeSettings.of(new["acme"])
        instance = InstanceRef(**{"region": None, "account": {}, **new["instance"]})
        environment = process_environment()
        self._cancelled.clear()

        def progress(_text: str) -> None:
            if self._cancelled.is_set():
                raise TenantryError("The order was interrupted.", hint="Repeat the same command: it orders again.")

        def order() -> Certificate:
            solver: Solver = (
                DnsSolver(settings.dns, environment)
                if settings.dns is not None
                else HttpSolver(self._adapter(instance.runtime), instance, environment)
            )
            return issue(list(new["hosts"]), settings, solver, account_key=account_key, progress=progress)

        made = await asyncio.to_thread(order)
        values = {
            "certificate": made.chain,
            "privateKey": made.key,
            "notAfter": made.not_after,
            "accountKey": made.account_key,
            "accountUri": made.account_uri,
        }
        return {name: text(value, secret=name in _SECRET) for name, value in values.items()}


def _kept(values: Mapping[str, PropertyValue]) -> dict[str, PropertyValue]:
    return {name: value for name, value in values.items() if name in _INPUTS}


def _ends(old: Mapping[str, Any], now: datetime) -> bool:
    chain = old.get("certificate")
    try:
        return not isinstance(chain, str) or nears_its_end(chain, now)
    except ValueError:
        return True


def _is_server(acme: object) -> bool:
    directory = acme.get("directory") if isinstance(acme, dict) else None
    return isinstance(directory, str) and _URL.fullmatch(directory) is not None


def _hosts_problems(hosts: object, acme: object) -> list[CheckFailure]:
    if not isinstance(hosts, list | tuple) or not hosts:
        return [CheckFailure("hosts", "hosts must be a list of DNS names, at least one")]
    wrong = [host for host in hosts if not (isinstance(host, str) and _HOST.fullmatch(host))]
    found = [CheckFailure("hosts", f"{str(host)[:80]!r} is not a DNS name") for host in wrong]
    wild = [host for host in hosts if host not in wrong and str(host).startswith("*.")]
    if wild and not (isinstance(acme, dict) and acme.get("dns")):
        found.append(CheckFailure("hosts", f"{wild[0]} needs DNS-01: add `dns` to the account's `acme`"))
    return found
