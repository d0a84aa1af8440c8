"""Certificates that the tenant provides, as the Secrets that an Ingress names."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final

from tenantry.errors import PreflightError
from tenantry_kubernetes.names import host_object_name
from tenantry_kubernetes.workloads.manifest import INSTANCE, Later, Manifest, head
from tenantry_kubernetes.workloads.namespace import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pulumi

    from tenantry.spec.plan import InstancePlan, Json

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


def ordered_certificate(plan: InstancePlan, host: str, acme: Mapping[str, Json]) -> list[Manifest]:
    """A certificate that we order from an ACME server, and its Secret.

    It is ordered when the namespace can run what answers for the host, and before anything routes it.
    """
    from tenantry.managed_certificate import TYPE_TOKEN

    kind, logical = TYPE_TOKEN.rpartition(":")[2], f"tls.{host}"

    def order(options: pulumi.ResourceOptions) -> pulumi.CustomResource:
        from tenantry.managed_certificate import ManagedCertificate

        return ManagedCertificate(logical, plan=plan, hosts=[host], acme=acme, opts=options)

    policies = ("default-deny", "inside", "certificate-challenge")
    bounds = (("ResourceQuota", "quota"), ("LimitRange", "limits"), ("ServiceAccount", "workload"))
    needed = (NAMESPACE, *bounds, *(("NetworkPolicy", f"instance.{name}") for name in policies))
    ordered = Manifest(logical=logical, component=INSTANCE, body={"kind": kind}, after=needed, own=order)
    body = head(plan, "v1", "Secret", tls_secret_name(host))
    body["metadata"]["annotations"]["tenantry.dev/host"] = host
    body["type"] = "kubernetes.io/tls"
    body["data"] = {
        "tls.crt": Later(key=ordered.key, of=lambda made: made.certificate.apply(_encode)),
        "tls.key": Later(key=ordered.key, of=lambda made: made.key.apply(_encode)),
    }
    secret = Manifest(logical=logical, component=INSTANCE, body=body, after=(NAMESPACE, ordered.key))
    return [ordered, secret]


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
