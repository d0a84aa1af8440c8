"""Managed certificates from a real ACME server, through the resource that stands behind them."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import verification
from pulumi.provider.experimental.property_value import PropertyValue, PropertyValueType
from pulumi.provider.experimental.provider import CheckRequest, CreateRequest, DiffRequest, UpdateRequest

from tenantry.errors import CapabilityError, PreflightError, TenantryError, VendorError
from tenantry.managed_certificate import TYPE_TOKEN
from tenantry_vendor.plugin.managed_certificate.provider import ManagedCertificateResource
from tenantry_vendor.plugin.plain import plain_map

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.integration.acme.conftest import Answering, Pebble, Zone

pytestmark = pytest.mark.integration

URN = f"urn:pulumi:acme::probe::tenantry:index:AppInstance${TYPE_TOKEN}::tls"
Values = dict[str, PropertyValue]


def value(data: Any) -> PropertyValue:  # noqa: ANN401 - any JSON
    """JSON data as a property."""
    if isinstance(data, dict):
        return PropertyValue({name: value(item) for name, item in data.items()})
    if isinstance(data, list):
        return PropertyValue([value(item) for item in data])
    return PropertyValue(data)


def inputs(pebble: Pebble, *hosts: str, **acme: Any) -> Values:  # noqa: ANN401 - any JSON
    server = {"directory": pebble.directory, "contact": "ops@acme.example", "ca_file": str(pebble.ca_file), **acme}
    instance = {"tenant": "acme", "instance": "acme", "mode": "live", "runtime": "probe", "account": {}}
    return {"hosts": value(list(hosts)), "acme": value(server), "instance": value(instance)}


def resource(answering: object, now: datetime | None = None) -> ManagedCertificateResource:
    return ManagedCertificateResource(clock=lambda: now or datetime.now(UTC), adapter=lambda _runtime: answering)


def create(made: ManagedCertificateResource, given: Values, *, preview: bool = False) -> Values:
    request = CreateRequest(URN, given, 600, preview)
    return dict(asyncio.run(made.create(request)).properties)


def changes(made: ManagedCertificateResource, old: Mapping[str, PropertyValue], new: Values) -> list[str]:
    request = DiffRequest(urn=URN, resource_id="one", old_state=dict(old), new_inputs=new, ignore_changes=[])
    return asyncio.run(made.diff(request)).diffs or []


def update(made: ManagedCertificateResource, old: Values, new: Values) -> Values:
    request = UpdateRequest(
        urn=URN, resource_id="one", olds=old, news=new, timeout=600, ignore_changes=[], preview=False
    )
    return dict(asyncio.run(made.update(request)).properties)


def verified(pebble: Pebble, made: Values, host: str) -> x509.Certificate:
    """The leaf, after the chain was checked for the host against pebble's root and the key against the leaf."""
    said = plain_map(made)
    chain = x509.load_pem_x509_certificates(said["certificate"].encode())
    store = verification.Store(x509.load_pem_x509_certificates(pebble.roots().encode()))
    verifier = verification.PolicyBuilder().store(store).build_server_verifier(x509.DNSName(host))
    verifier.verify(chain[0], chain[1:])
    key = load_pem_private_key(said["privateKey"].encode(), None)
    assert key.public_key() == chain[0].public_key()
    return chain[0]


def test_over_http(pebble: Pebble, answering: Answering) -> None:
    made = create(resource(answering), inputs(pebble, "shop.acme.example", "www.acme.example"))
    for host in ("shop.acme.example", "www.acme.example"):
        verified(pebble, made, host)
    assert set(answering.presented) >= {"shop.acme.example", "www.acme.example"}
    assert answering.answers == {}, "every answer is withdrawn"
    assert made["privateKey"].is_secret
    assert made["accountKey"].is_secret


def test_it_is_renewed_near_its_end(pebble: Pebble, answering: Answering) -> None:
    given = inputs(pebble, "renew.acme.example")
    old = create(resource(answering), given)
    leaf = verified(pebble, old, "renew.acme.example")
    assert changes(resource(answering), old, given) == []
    life = leaf.not_valid_after_utc - leaf.not_valid_before_utc
    later = leaf.not_valid_after_utc - life / 3 + timedelta(minutes=1)
    assert changes(resource(answering, later), old, given) == ["notAfter"]
    new = update(resource(answering), old, given)
    assert verified(pebble, new, "renew.acme.example").serial_number != leaf.serial_number
    said = [plain_map(each) for each in (old, new)]
    assert said[0]["accountUri"] == said[1]["accountUri"], "the same account orders again"
    assert said[0]["privateKey"] != said[1]["privateKey"]


def test_over_dns_with_a_wildcard(pebble: Pebble, zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZONE_KEY", zone.secret)
    dns = {
        "server": f"127.0.0.1:{zone.port}",
        "zone": zone.name,
        "key_name": zone.key_name,
        "key": {"ref": {"env": "ZONE_KEY"}},
    }
    made = create(resource(None), inputs(pebble, "acme.example", "*.acme.example", dns=dns))
    verified(pebble, made, "anything.acme.example")
    assert zone.updates >= 2
    assert not any(zone.texts.values()), "every record is withdrawn"
    refused = zone.refused
    monkeypatch.setenv("ZONE_KEY", base64.b64encode(b"another key of thirty-two bytes!").decode())
    with pytest.raises(VendorError) as caught:
        create(resource(None), inputs(pebble, "other.example", dns=dns))
    assert zone.refused > refused
    assert zone.secret not in str(caught.value)
    monkeypatch.delenv("ZONE_KEY")
    with pytest.raises(PreflightError, match="not in the variable ZONE_KEY"):
        create(resource(None), inputs(pebble, "other.example", dns=dns))
    monkeypatch.setenv("ZONE_KEY", zone.secret)
    with pytest.raises(PreflightError, match="not in the zone"):
        create(resource(None), inputs(pebble, "acme.test", dns=dns))


class Silent:
    """An adapter that says it answers, and does not."""

    def present(self, challenge: object, environment: object) -> None:
        """Does nothing."""

    def withdraw(self, challenge: object, environment: object) -> None:
        """Does nothing."""


def test_refusals_say_what_to_do(pebble: Pebble, answering: Answering) -> None:
    with pytest.raises(VendorError, match=r"silent\.acme\.example") as unseen:
        create(resource(Silent()), inputs(pebble, "silent.acme.example"))
    assert "DNS record must lead to this instance" in unseen.value.hint
    with pytest.raises(VendorError, match="refused") as policy:
        create(resource(answering), inputs(pebble, "blocked-domain.example"))
    assert policy.value.vendor_code == "rejectedIdentifier"
    with pytest.raises(CapabilityError, match="cannot answer for host names"):
        create(resource(object()), inputs(pebble, "shop.acme.example"))
    with pytest.raises(VendorError, match="could not be reached"):
        create(resource(answering), inputs(pebble, "a.example", directory="https://localhost:1/dir"))
    with pytest.raises(PreflightError, match="is not there"):
        create(resource(answering), inputs(pebble, "a.example", ca_file="/nothing/such.pem"))
    assert answering.answers == {}


def test_a_cancelled_order_stops_and_can_be_repeated(pebble: Pebble, answering: Answering) -> None:
    made = resource(answering)
    present = answering.present

    class Cancelling(Silent):
        def present(self, challenge: Any, environment: Any) -> None:  # noqa: ANN401 - passed on
            made.cancel()
            present(challenge, environment)

        def withdraw(self, challenge: Any, environment: Any) -> None:  # noqa: ANN401 - passed on
            answering.withdraw(challenge, environment)

    made._adapter = lambda _runtime: Cancelling()
    with pytest.raises(TenantryError, match="interrupted"):
        create(made, inputs(pebble, "cancel.acme.example"))
    assert answering.answers == {}
    again = create(resource(answering), inputs(pebble, "cancel.acme.example"))
    verified(pebble, again, "cancel.acme.example")


def test_a_preview_orders_nothing(pebble: Pebble, answering: Answering) -> None:
    before = len(answering.presented)
    made = create(resource(answering), inputs(pebble, "preview.acme.example"), preview=True)
    assert made["certificate"].type is PropertyValueType.COMPUTED
    assert len(answering.presented) == before


@pytest.mark.parametrize(
    ("hosts", "directory", "wrong"),
    [
        (["shop.acme.example"], "https://acme.example/dir", []),
        ([], "https://acme.example/dir", ["hosts"]),
        (["no host"], "https://acme.example/dir", ["hosts"]),
        (["*.acme.example"], "https://acme.example/dir", ["hosts"]),
        (["shop.acme.example"], "http://acme.example/dir", ["acme"]),
        (["shop.acme.example"], "https://me:secret@acme.example/dir", ["acme"]),
    ],
)
def test_inputs_are_checked(pebble: Pebble, hosts: list[str], directory: str, wrong: list[str]) -> None:
    given = inputs(pebble, *hosts, directory=directory)
    request = CheckRequest(urn=URN, old_inputs={}, new_inputs=given, random_seed=b"")
    found = asyncio.run(resource(None).check(request)).failures or []
    assert [failure.property for failure in found] == wrong
