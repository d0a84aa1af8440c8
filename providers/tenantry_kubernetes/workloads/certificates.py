"""Certificates that the tenant provides, as the Secrets that an Ingress names."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final

from tenantry.errors import PreflightError
from tenantry_kubernetes.names import host_object_name
from tenantry_kubernetes.workloads.manifest import INSTANCE, Manifest, head
from tenantry_kubernetes.workloads.namespace import NAMESPACE

if TYPE_CHECKING:
    import pulumi

    from tenantry.spec.plan import InstancePlan

_BLOCK: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\r?\n.*?-----END \1-----", re.DOTALL)


def tls_secret_name(host: str) -> str:
    """The Secret that holds the certificate of a host."""
    return host_object_name("tls", host)


def certificate(plan: InstancePlan, host: str, pem: pulumi.Output[str]) -> Manifest:
    """The Secret of a provided certificate. `pem` holds the certificate chain and the private key, in any order."""
    body = head(plan, "v1", "Secret", tls_secret_name(host))
    body["metadata"]["annotations"]["tenantry.dev/host"] = host
    body["type"] = "kubernetes.io/tls"
    body["data"] = {
        "tls.crt": pem.apply(lambda text: _encode(split_pem(text, host)[0])),
        "tls.key": pem.apply(lambda text: _encode(split_pem(text, host)[1])),
    }
    return Manifest(logical=f"tls.{host}", component=INSTANCE, body=body, after=(NAMESPACE,))


def split_pem(text: str, host: str) -> tuple[str, str]:
    """Certificate chain and private key of a PEM text. Raises PreflightError, which repeats nothing of the text."""
    blocks = [(match[1], match[0]) for match in _BLOCK.finditer(text)]
    chain = [block for kind, block in blocks if kind == "CERTIFICATE"]
    keys = [block for kind, block in blocks if kind.endswith("PRIVATE KEY")]
    if not chain or len(keys) != 1 or any("ENCRYPTED" in kind for kind, _ in blocks):
        raise PreflightError(
            f"The certificate of {host} holds {len(chain)} certificates and {len(keys)} usable private keys.",
            hint="Its source must hold PEM text: the certificate, its intermediates, and one unencrypted private key.",
        )
    return "\n".join(chain) + "\n", keys[0] + "\n"


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
