"""Names of Services, and the local addresses that stand for them.

The sandbox has no cluster DNS: every Service is served at a loopback address made from its name, and its name is
replaced where a pod says it. Names that a program makes up by itself are not. Two sandboxes of one machine may have
Services of one name, so the sandbox itself is part of what an address is made from.
"""

from __future__ import annotations

import os
import re
from typing import Final

from tenantry.contract.sandbox import loopback_address

REALM: Final = "TENANTRY_SANDBOX_REALM"
"""Environment variable of the sandbox's own processes: what tells this sandbox from another one."""

_LOW: Final = 1024
_LOW_PORTS_FROM: Final = 30000
_LABEL: Final = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_NAME: Final = re.compile(
    rf"(?:(?P<scheme>https?://)(?P<login>[^\s/@'\"]*@)?)?(?<![\w.-])(?P<service>{_LABEL}\.{_LABEL})\.svc"
    r"(?:\.cluster\.local\.?)?(?::(?P<port>\d{1,5}))?(?![\w-]|\.\w)"
)
_DEFAULT_PORTS: Final = {"http://": 80, "https://": 443}


def service_address(namespace: str, service: str) -> str:
    """The loopback address that stands for a Service's cluster IP."""
    return loopback_address(f"{service}.{namespace}.svc{os.environ.get(REALM, '')}")


def service_port(port: int) -> int:
    """The port at that address. Those below 1024 are moved: only root may listen there."""
    return port + _LOW_PORTS_FROM if port < _LOW else port


def local_names(text: str) -> str:
    """The text with every `SERVICE.NAMESPACE.svc`, port included where it says one, replaced by its local address."""
    return _NAME.sub(_local, text) if ".svc" in text else text


def _local(match: re.Match[str]) -> str:
    service, _, namespace = match["service"].partition(".")
    scheme = match["scheme"] or ""
    port = int(match["port"]) if match["port"] else _DEFAULT_PORTS.get(scheme)
    # A port that the scheme implies must be said where it is another one here.
    said = f":{service_port(port)}" if port is not None and (match["port"] or service_port(port) != port) else ""
    return f"{scheme}{match['login'] or ''}{service_address(namespace, service)}{said}"
