"""The kinds of resources, and the plugin's schema as `pulumi package get-schema` shows it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

FIXED: Final = frozenset({"instance"})
"""Inputs whose change makes another thing."""

_TEXT: Final = {"type": "string"}
_FLAG: Final = {"type": "boolean"}
_TEXTS: Final = {"type": "array", "items": _TEXT}
_SOURCE: Final = {
    "source": _TEXT | {"description": "Digest of the sources, `sha256:…`."},
    "archive": _TEXT | {"description": "The sources: tar, gzip, base64. Sent to the host, not kept."},
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource type. `path` is its place in the control interface."""

    title: str
    path: str
    description: str
    inputs: dict[str, Any]
    optional: frozenset[str] = frozenset()

    @property
    def required(self) -> list[str]:
        """Inputs that must be given."""
        return [name for name in self.inputs if name not in self.optional]


KINDS: Final = {
    "App": Kind(
        "App",
        "apps",
        "A program that listens on $PORT, run in one or more copies and started again when it ends.",
        {
            "instance": _TEXT,
            "runtime": _TEXT,
            **_SOURCE,
            "command": _TEXTS,
            "environment": {"type": "object", "additionalProperties": _TEXT},
            "health": _TEXT,
            "copies": {"type": "integer"},
            "suspended": _FLAG,
        },
        frozenset({"health", "archive"}),
    ),
    "Site": Kind(
        "Site",
        "sites",
        "Static files.",
        {
            "instance": _TEXT,
            **_SOURCE,
            "index": _TEXT,
            "notFound": _TEXT,
            "prefixes": _TEXTS,
            "suspended": _FLAG,
        },
        frozenset({"notFound", "archive"}),
    ),
    "Routes": Kind(
        "Routes",
        "routes",
        "Which hosts and paths lead to which app or site of the instance.",
        {
            "instance": _TEXT,
            "hosts": _TEXTS,
            "routes": {"type": "array", "items": {"type": "object", "additionalProperties": _TEXT}},
        },
    ),
}
"""Resource types by the last part of their token."""


def schema(version: str) -> str:
    """The schema of this plugin version as JSON text."""
    return json.dumps(
        {
            "name": "tenantry-host",
            "version": version,
            "displayName": "Tenantry host",
            "description": "App instances as plain processes on one host.",
            "license": "Apache-2.0",
            "meta": {"moduleFormat": "(.*)"},
            "provider": {
                "description": "The token comes by environment, or from tokenFile.",
                "inputProperties": {"endpoint": _TEXT, "tokenFile": _TEXT},
            },
            "functions": {
                "tenantry-host:index:getHost": {
                    "outputs": {"properties": {"id": _TEXT, "version": _TEXT}, "required": ["id", "version"]}
                }
            },
            "resources": {
                f"tenantry-host:index:{name}": {
                    "description": kind.description,
                    "inputProperties": kind.inputs,
                    "requiredInputs": kind.required,
                    "properties": {key: value for key, value in kind.inputs.items() if key != "archive"},
                    "required": [key for key in kind.required if key != "archive"],
                }
                for name, kind in KINDS.items()
            },
        },
        indent=2,
    )
