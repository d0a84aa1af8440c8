"""What stands behind `tenantry:index:ServerCertificate`. Keys live in the stack's state alone, as secrets."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from pulumi.provider.experimental.property_value import PropertyValue
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

from tenantry.errors import EngineError
from tenantry_vendor.plugin.server_certificate.issuing import Issued, issue, nears_its_end
from tenantry_vendor.plugin.values import not_yet, plain, text, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pulumi.provider.experimental.provider import (
        CheckRequest,
        CreateRequest,
        DeleteRequest,
        DiffRequest,
        ReadRequest,
        UpdateRequest,
    )

_NAMES: Final = "dnsNames"
_MADE: Final = ("caCertificate", "caPrivateKey", "certificate", "privateKey", "notAfter")
_SECRET: Final = frozenset({"caPrivateKey", "privateKey"})
_DNS_NAME: Final = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


def _now() -> datetime:
    return datetime.now(UTC)


class ServerCertificateResource:
    """The resource type `tenantry:index:ServerCertificate`. `clock` gives the time in UTC."""

    def __init__(self, clock: Callable[[], datetime] = _now) -> None:
        self._clock = clock

    def resource_schema(self) -> dict[str, object]:
        """The type's entry in the plugin's schema."""
        texts = {
            "caCertificate": "What clients trust, in PEM: the private authority, and its forerunner while that lasts.",
            "caPrivateKey": "The authority's key, in PEM.",
            "certificate": "The server's certificate, in PEM.",
            "privateKey": "The server's key, in PEM.",
            "notAfter": "When the server's certificate ends: ISO 8601, UTC.",
        }
        names = {
            "type": "array",
            "items": {"type": "string"},
            "description": "DNS names of the server, main one first.",
        }
        made = {
            name: {"type": "string", "description": said} | ({"secret": True} if name in _SECRET else {})
            for name, said in texts.items()
        }
        return {
            "description": "A server's certificate below a private authority; renewed by a deployment near its end.",
            "inputProperties": {_NAMES: names},
            "requiredInputs": [_NAMES],
            "properties": {_NAMES: names, **made},
            "required": [_NAMES, *made],
        }

    async def check(self, request: CheckRequest) -> CheckResponse:
        """Refuses what is not a list of DNS names."""
        said = plain(request.new_inputs)
        found = [
            CheckFailure(name, f"a server certificate has no property {name!r}; it has: {_NAMES}")
            for name in sorted(set(said) - {_NAMES})
        ]
        names = said.get(_NAMES)
        if _NAMES not in unknown(request.new_inputs) and not _are_names(names):
            found.append(CheckFailure(_NAMES, "dnsNames must be a list of lower-case DNS names, at least one"))
        return CheckResponse(request.new_inputs, found)

    async def diff(self, request: DiffRequest) -> DiffResponse:
        """Other names change it, and so does time."""
        old, new = plain(request.old_state), plain(request.new_inputs)
        if _NAMES in unknown(request.new_inputs) or old.get(_NAMES) != new.get(_NAMES):
            return _changes({_NAMES: PropertyDiff(PropertyDiffKind.UPDATE, input_diff=True)})
        if nears_its_end(str(old.get("notAfter")), self._clock()):
            return _changes({"notAfter": PropertyDiff(PropertyDiffKind.UPDATE, input_diff=False)})
        return DiffResponse(changes=False, stables=[_NAMES, *_MADE])

    async def create(self, request: CreateRequest) -> CreateResponse:
        """Makes an authority and a certificate. A preview makes none."""
        if request.preview:
            return CreateResponse("", {**request.properties, **not_yet(_MADE)})
        return CreateResponse(uuid.uuid4().hex, self._issue(request.properties, None))

    async def read(self, request: ReadRequest) -> ReadResponse:
        """What the state says. There is nothing to import from: no such resource."""
        if not request.properties:
            return ReadResponse("")
        kept = {
            name: PropertyValue(value.value, is_secret=True) if name in _SECRET else value
            for name, value in request.properties.items()
        }
        return ReadResponse(request.resource_id, kept, request.inputs)

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        """Signs again; the authority stays while it outlives what it signs. Raises EngineError for a broken state."""
        if request.preview:
            return UpdateResponse({**request.news, **not_yet(_MADE)})
        return UpdateResponse(self._issue(request.news, _issued(plain(request.olds))))

    async def delete(self, request: DeleteRequest) -> None:
        """Nothing to delete outside the state."""

    def _issue(self, inputs: Mapping[str, PropertyValue], kept: Issued | None) -> dict[str, PropertyValue]:
        names = plain(inputs).get(_NAMES)
        made = issue([str(name) for name in names] if isinstance(names, tuple) else [], self._clock(), kept)
        return {
            **{name: value for name, value in inputs.items() if name == _NAMES},
            "caCertificate": text(made.authorities),
            "caPrivateKey": text(made.authority_key, secret=True),
            "certificate": text(made.certificate),
            "privateKey": text(made.key, secret=True),
            "notAfter": text(made.not_after),
        }


def _issued(old: Mapping[str, object]) -> Issued:
    missing = [name for name in _MADE if not isinstance(old.get(name), str)]
    if missing:
        raise EngineError(
            f"The state of a server certificate lacks {', '.join(missing)}.",
            hint="Restore the stack's state from its history.",
        )
    return Issued(
        authorities=str(old["caCertificate"]),
        authority_key=str(old["caPrivateKey"]),
        certificate=str(old["certificate"]),
        key=str(old["privateKey"]),
        not_after=str(old["notAfter"]),
    )


def _changes(detailed: dict[str, PropertyDiff]) -> DiffResponse:
    return DiffResponse(changes=True, diffs=list(detailed), detailed_diff=detailed)


def _are_names(names: object) -> bool:
    return (
        isinstance(names, tuple)
        and bool(names)
        and all(isinstance(name, str) and _DNS_NAME.fullmatch(name) for name in names)
    )
