"""TLS as a kubeconfig describes it."""

from __future__ import annotations

import ssl
import tempfile
from typing import TYPE_CHECKING

from tenantry_kubernetes.client.errors import KubeconfigError

if TYPE_CHECKING:
    from tenantry_kubernetes.client.kubeconfig import Access


def context(access: Access) -> ssl.SSLContext:
    """The TLS context for an API server. Raises KubeconfigError for certificates and keys that cannot be used."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not access.verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    elif access.ca is None:
        made.load_default_certs()
    else:
        try:
            made.load_verify_locations(cadata=access.ca.decode())
        except (ssl.SSLError, ValueError):
            raise KubeconfigError("The certificate authority in the kubeconfig is not a PEM certificate") from None
    if access.certificate is not None:
        _identify(made, access.certificate, access.key)
    return made


def _identify(made: ssl.SSLContext, certificate: bytes, key: bytes | None) -> None:
    if key is None:
        raise KubeconfigError("The kubeconfig has a client certificate without its key")
    # OpenSSL reads keys from files only; this one is readable by its owner alone and lives for the call.
    with tempfile.NamedTemporaryFile(prefix="tenantry-client-") as file:
        file.write(certificate + b"\n" + key)
        file.flush()
        try:
            made.load_cert_chain(file.name)
        except ssl.SSLError:
            raise KubeconfigError("The client certificate and key in the kubeconfig do not fit together") from None
