"""One certificate from an ACME server: account, order, challenges, certificate."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tenantry.errors import AdapterError, PreflightError, VendorError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tenantry_vendor.acme.settings import AcmeSettings
    from tenantry_vendor.acme.solvers import Solver

USER_AGENT: Final = "tenantry"
ORDER_SECONDS: Final = 300
"""How long the server may take for all challenges and the certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What was issued. `chain` and `key` in PEM, leaf first; `not_after` in ISO 8601, UTC. The keys are secret."""

    chain: str
    key: str = field(repr=False)
    not_after: str
    account_key: str = field(repr=False)
    account_uri: str


def issue(
    hosts: Sequence[str],
    settings: AcmeSettings,
    solver: Solver,
    *,
    account_key: str | None = None,
    progress: Callable[[str], None],
) -> Certificate:
    """Orders a certificate and answers the server's challenges.

    Args:
        hosts: DNS names, the main one first.
        settings: the server.
        solver: answers the challenges; every answer is withdrawn, also after a failure.
        account_key: key of an account that the server knows, in PEM; a new account is made without it.
        progress: told about every step.

    Raises:
        AdapterError: the client library is not installed.
        PreflightError: the server asks for what the settings do not have, or the CA file cannot be read.
        VendorError: the server refused; its own words are in the message.
    """
    acme = _library()
    key = account_key or _new_key()
    try:
        client = _client(acme, settings, key)
        uri = _register(acme, client, settings)
        chain, private = _order(acme, client, list(hosts), solver, progress)
    except acme.messages.Error as error:
        raise _refused(settings, error) from error
    except acme.errors.ValidationError as error:
        raise _not_validated(error) from error
    except acme.errors.Error as error:
        raise VendorError(
            f"The ACME server {settings.directory} did not give a certificate: {type(error).__name__}: {error}",
            hint="Repeat the same command; where it goes on failing, look at the server's status page.",
        ) from error
    except OSError as error:
        raise VendorError(
            f"The ACME server {settings.directory} could not be reached: {_reason(error)}.",
            hint="Check acme.directory and acme.ca_file, and the way to the server.",
        ) from error
    leaf = x509.load_pem_x509_certificate(chain.encode())
    return Certificate(
        chain=chain,
        key=private,
        not_after=leaf.not_valid_after_utc.isoformat(),
        account_key=key,
        account_uri=uri,
    )


def nears_its_end(chain: str, now: dt.datetime) -> bool:
    """Whether a third of its life, or less, is left: then it is renewed."""
    leaf = x509.load_pem_x509_certificate(chain.encode())
    life = leaf.not_valid_after_utc - leaf.not_valid_before_utc
    return now >= leaf.not_valid_after_utc - life / 3


@dataclass(frozen=True, slots=True)
class _Library:
    """The parts of the library; it is loaded only where a certificate is ordered."""

    challenges: Any
    client: Any
    errors: Any
    messages: Any
    jose: Any


def _library() -> _Library:
    try:
        import josepy as jose
        from acme import challenges, client, errors, messages
    except ImportError as error:
        raise AdapterError(
            "Certificates from an ACME server need the extra 'acme'.", hint="Install it: pip install 'tenantry[acme]'"
        ) from error
    return _Library(challenges, client, errors, messages, jose)


def _client(acme: _Library, settings: AcmeSettings, key: str) -> Any:  # noqa: ANN401 - the library's client
    private = serialization.load_pem_private_key(key.encode(), password=None)
    jwk = acme.jose.JWKEC(key=private)
    if settings.ca_file is not None:
        from pathlib import Path

        if not Path(settings.ca_file).expanduser().is_file():
            raise PreflightError(f"The file {settings.ca_file} is not there.", hint="Correct acme.ca_file.")
        verify: bool | str = str(Path(settings.ca_file).expanduser())
    else:
        verify = True
    net = acme.client.ClientNetwork(jwk, alg=acme.jose.ES256, verify_ssl=verify, user_agent=USER_AGENT)
    directory = acme.client.ClientV2.get_directory(settings.directory, net)
    return acme.client.ClientV2(directory, net)


def _register(acme: _Library, client: Any, settings: AcmeSettings) -> str:  # noqa: ANN401 - the library's client
    if client.external_account_required():
        raise PreflightError(
            f"The ACME server {settings.directory} wants accounts that are bound to one of its own.",
            hint="Use another server, or write tls: provided with a certificate.",
        )
    registration = acme.messages.NewRegistration.from_data(email=settings.contact, terms_of_service_agreed=True)
    try:
        return str(client.new_account(registration).uri)
    except acme.errors.ConflictError as error:
        known = acme.messages.RegistrationResource(uri=error.location, body=acme.messages.Registration())
        client.net.account = known
        return str(error.location)


def _order(
    acme: _Library,
    client: Any,  # noqa: ANN401 - the library's client
    hosts: list[str],
    solver: Solver,
    progress: Callable[[str], None],
) -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    order = client.new_order(_request(hosts, key))
    answered: list[tuple[str, str, str]] = []
    try:
        for authorization in order.authorizations:
            if authorization.body.status == acme.messages.STATUS_VALID:
                continue
            host = str(authorization.body.identifier.value)
            chosen = next((each for each in authorization.body.challenges if each.chall.typ == solver.kind), None)
            if chosen is None:
                raise PreflightError(
                    f"The ACME server offers no {solver.kind} challenge for {host}.",
                    hint="A wildcard needs DNS-01: add `dns` to the account's `acme`.",
                )
            response, validation = chosen.response_and_validation(client.net.key)
            content = str(response.key_authorization)
            del validation
            token = str(chosen.chall.encode("token"))
            progress(f"answering for {host} ({solver.kind})")
            answered.append((host, token, content))
            solver.present(host, token, content)
            client.answer_challenge(chosen, response)
        progress("waiting for the certificate")
        # The library compares with the local clock, without a zone.
        deadline = dt.datetime.now() + dt.timedelta(seconds=ORDER_SECONDS)  # noqa: DTZ005
        finished = client.poll_and_finalize(order, deadline)
    finally:
        for host, token, content in answered:
            solver.withdraw(host, token, content)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return str(finished.fullchain_pem), private.decode()


def _request(hosts: list[str], key: ec.EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives import hashes

    name = [x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])] if len(hosts[0]) <= _LONGEST_NAME else []
    request = x509.CertificateSigningRequestBuilder(x509.Name(name)).add_extension(
        x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False
    )
    return request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


_LONGEST_NAME: Final = 64


def _new_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _refused(settings: AcmeSettings, error: Any) -> VendorError:  # noqa: ANN401 - the library's error
    return VendorError(
        f"The ACME server {settings.directory} refused: {error.detail or error.typ}",
        vendor_code=str(error.typ).rpartition(":")[2],
        hint="What it says is in RFC 8555, section 6.7. Repeat the same command when the cause is gone.",
    )


def _not_validated(error: Any) -> VendorError:  # noqa: ANN401 - the library's error
    said = [
        f"{authorization.body.identifier.value}: {challenge.error.detail}"
        for authorization in error.failed_authzrs
        for challenge in authorization.body.challenges
        if challenge.error is not None
    ]
    return VendorError(
        f"The ACME server could not see the answer. {'; '.join(said)}",
        vendor_code="unauthorized",
        hint="The host's DNS record must lead to this instance, and port 80 be open. Then repeat the same command.",
    )


def _reason(error: OSError) -> str:
    """The innermost cause: the libraries wrap it several times."""
    text = str(error.strerror or error).splitlines()[0]
    return text.rpartition("(Caused by ")[2].rstrip(")")[:200]
