"""The server certificate's resource, with a clock of the test's own."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from pulumi.provider.experimental.property_value import PropertyValue, PropertyValueType
from pulumi.provider.experimental.provider import (
    CheckRequest,
    CreateRequest,
    DiffRequest,
    ReadRequest,
    UpdateRequest,
)

from tenantry.errors import EngineError
from tenantry.server_certificate import TYPE_TOKEN
from tenantry_vendor.plugin.resources import RESOURCES
from tenantry_vendor.plugin.server_certificate.issuing import AUTHORITY_DAYS, RENEWAL_DAYS, SERVER_DAYS
from tenantry_vendor.plugin.server_certificate.provider import ServerCertificateResource

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

URN = f"urn:pulumi:acme::probe::tenantry:index:AppInstance${TYPE_TOKEN}::orders"
NAMES = ("orders.acme-1.svc", "orders")
START = datetime.now(UTC).replace(microsecond=0)

Values = dict[str, PropertyValue]


class Clock:
    """Time that the test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def resource(clock: Clock) -> ServerCertificateResource:
    return ServerCertificateResource(clock)


def inputs(*names: str) -> Values:
    return {"dnsNames": PropertyValue([PropertyValue(name) for name in names or NAMES])}


def make(resource: ServerCertificateResource) -> Values:
    made = asyncio.run(resource.create(CreateRequest(URN, inputs(), 0, False)))
    assert made.resource_id
    return dict(made.properties)


def renew(resource: ServerCertificateResource, old: Values, *names: str, preview: bool = False) -> Values:
    made = asyncio.run(resource.update(UpdateRequest(URN, "id", old, inputs(*names), 0, [], preview)))
    return dict(made.properties or {})


def changes(resource: ServerCertificateResource, old: Values, *names: str) -> list[str]:
    answer = asyncio.run(resource.diff(DiffRequest(URN, "id", old, inputs(*names), [])))
    assert answer.replaces == []
    return list(answer.detailed_diff) if answer.changes else []


def unknown_in(made: Mapping[str, PropertyValue]) -> set[str]:
    return {name for name, value in made.items() if value.type is PropertyValueType.COMPUTED}


def pem(made: Values, name: str) -> str:
    value = made[name].value
    assert isinstance(value, str)
    return value


def authorities(made: Values) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(pem(made, "caCertificate").encode())


def trusts(made: Values, trusted: Values, host: str, folder: Path) -> str:
    """What a TLS client with the authorities of `trusted` says of a server that serves with `made`."""
    (folder / "server.pem").write_text(pem(made, "certificate") + pem(made, "privateKey"))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.pem")
    client = ssl.create_default_context(cadata=pem(trusted, "caCertificate"))
    left, right = socket.socketpair()

    def serve() -> None:
        try:
            with server.wrap_socket(right, server_side=True) as wrapped:
                wrapped.recv(1)
        except (ssl.SSLError, OSError):
            right.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(left, server_hostname=host) as wrapped:
            wrapped.send(b"x")
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    finally:
        left.close()
        thread.join()
    return ""


def test_the_plugin_has_it() -> None:
    assert isinstance(RESOURCES[TYPE_TOKEN], ServerCertificateResource)


def test_a_client_that_trusts_the_authority_connects_by_each_name(
    resource: ServerCertificateResource, tmp_path: Path
) -> None:
    made, other = make(resource), make(resource)
    for name in NAMES:
        assert trusts(made, made, name, tmp_path) == ""
    assert "Hostname mismatch" in trusts(made, made, "globex.acme-1.svc", tmp_path)
    assert trusts(made, other, NAMES[0], tmp_path) != ""


def test_keys_are_secret_and_certificates_are_not(resource: ServerCertificateResource) -> None:
    made = make(resource)
    assert {name for name, value in made.items() if value.is_secret} == {"caPrivateKey", "privateKey"}
    assert "PRIVATE" not in pem(made, "caCertificate") + pem(made, "certificate")


def test_nothing_changes_until_the_last_year(resource: ServerCertificateResource, clock: Clock) -> None:
    made = make(resource)
    assert changes(resource, made) == []
    clock.now += timedelta(days=SERVER_DAYS - RENEWAL_DAYS, seconds=-1)
    assert changes(resource, made) == []
    clock.now += timedelta(seconds=1)
    assert changes(resource, made) == ["notAfter"]


def test_a_renewal_keeps_the_authority(resource: ServerCertificateResource, clock: Clock, tmp_path: Path) -> None:
    made = make(resource)
    clock.now += timedelta(days=SERVER_DAYS - 10)
    renewed = renew(resource, made)
    assert renewed["caCertificate"] == made["caCertificate"]
    assert renewed["caPrivateKey"] == made["caPrivateKey"]
    assert renewed["certificate"] != made["certificate"]
    assert changes(resource, renewed) == []
    x509.load_pem_x509_certificate(pem(renewed, "certificate").encode()).verify_directly_issued_by(authorities(made)[0])


def test_other_names_sign_again_under_the_same_authority(resource: ServerCertificateResource, tmp_path: Path) -> None:
    made = make(resource)
    assert changes(resource, made, "orders.other.svc") == ["dnsNames"]
    changed = renew(resource, made, "orders.other.svc")
    assert trusts(changed, made, "orders.other.svc", tmp_path) == ""


def test_an_authority_that_would_end_first_is_followed_by_another_and_trusted_while_it_lasts(
    resource: ServerCertificateResource, clock: Clock
) -> None:
    made = make(resource)
    clock.now += timedelta(days=AUTHORITY_DAYS - SERVER_DAYS)
    followed = renew(resource, made)
    assert len(authorities(followed)) == 2
    assert authorities(followed)[1] == authorities(made)[0]
    signed = x509.load_pem_x509_certificate(pem(followed, "certificate").encode())
    signed.verify_directly_issued_by(authorities(followed)[0])
    clock.now += timedelta(days=SERVER_DAYS + 1)
    assert authorities(renew(resource, followed)) == authorities(followed)[:1]


def test_a_preview_makes_nothing(resource: ServerCertificateResource) -> None:
    previewed = asyncio.run(resource.create(CreateRequest(URN, inputs(), 0, True)))
    assert previewed.resource_id == ""
    unknown = {"caCertificate", "caPrivateKey", "certificate", "privateKey", "notAfter"}
    assert unknown_in(previewed.properties) == unknown
    renewed = renew(resource, make(resource), "orders.other.svc", preview=True)
    assert unknown_in(renewed) == unknown


def test_names_that_are_not_known_yet_are_waited_for(resource: ServerCertificateResource) -> None:
    unknown: Values = {"dnsNames": PropertyValue.computed()}
    assert not asyncio.run(resource.check(CheckRequest(URN, {}, unknown, b""))).failures
    assert asyncio.run(resource.diff(DiffRequest(URN, "id", make(resource), unknown, []))).changes


@pytest.mark.parametrize("names", [None, "orders", [], ["Orders"], ["a b"], [7.0], ["-x"]])
def test_what_is_no_list_of_names_is_refused(
    resource: ServerCertificateResource, names: str | list[str | float] | None
) -> None:
    value = PropertyValue([PropertyValue(name) for name in names]) if isinstance(names, list) else PropertyValue(names)
    answer = asyncio.run(resource.check(CheckRequest(URN, {}, {"dnsNames": value}, b"")))
    assert [failure.property for failure in answer.failures or []] == ["dnsNames"]


@pytest.mark.parametrize("name", ["caPrivateKey", "caCertificate"])
def test_a_broken_state_is_never_replaced_in_silence(resource: ServerCertificateResource, name: str) -> None:
    made = make(resource)
    made[name] = PropertyValue("nonsense")
    with pytest.raises(EngineError, match="cannot be read"):
        renew(resource, made)
    del made[name]
    with pytest.raises(EngineError, match=f"lacks {name}"):
        renew(resource, made)


def test_an_end_that_is_no_date_is_an_error(resource: ServerCertificateResource) -> None:
    made = make(resource) | {"notAfter": PropertyValue("soon")}
    with pytest.raises(EngineError, match="cannot be read"):
        changes(resource, made)


def test_refresh_keeps_keys_secret(resource: ServerCertificateResource) -> None:
    made = make(resource)
    shown = {name: PropertyValue(value.value) for name, value in made.items()}
    read = asyncio.run(resource.read(ReadRequest(URN, "id", shown, inputs())))
    assert read.properties == made
    assert asyncio.run(resource.read(ReadRequest(URN, "id", {}, {}))).resource_id == ""
