"""Migration and sweep in the plugin's schema."""

from __future__ import annotations

from typing import Any, Final

_ANY: Final = {"$ref": "pulumi.json#/Any"}
_INSTANCE: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": _ANY,
    "description": "Tenant, instance, mode, runtime, region and account: how the runtime's adapter finds it.",
}

_MIGRATION: Final[dict[str, Any]] = {
    "instance": _INSTANCE,
    "template": {"type": "string", "description": "The version that the data is brought to, `name@version`."},
    "forwardOnly": {
        "type": "array",
        "items": {"type": "string"},
        "description": "Versions up to this one whose migration cannot be gone back over.",
    },
    "steps": {
        "type": "object",
        "additionalProperties": _ANY,
        "description": "Service -> command, timeout in seconds, rollback, and task: the adapter's own words.",
    },
    "data": {
        "type": "array",
        "items": _ANY,
        "description": "What is backed up first: component, kind, engine, version of each.",
    },
    "adopted": {"type": "boolean", "description": "Whether a first version takes over data that is there."},
}

MIGRATION: Final[dict[str, object]] = {
    "description": (
        "Brings an instance's data to a template version: once, under a lock, after a backup. Refuses at preview to go "
        "back over a forward-only migration."
    ),
    "inputProperties": _MIGRATION,
    "requiredInputs": list(_MIGRATION),
    "properties": _MIGRATION
    | {
        "backup": {"type": "string", "description": "The backup made before the last migration; empty for none."},
        "generation": {"type": "integer", "description": "How often the version changed."},
    },
    "required": [*_MIGRATION, "backup", "generation"],
}

_SWEEP: Final[dict[str, Any]] = {
    "instance": _INSTANCE,
    "keep": {"type": "array", "items": {"type": "string"}, "description": "What the deployed version uses."},
}

SWEEP: Final[dict[str, object]] = {
    "description": "Clears up, after a successful roll, what only earlier versions of an instance used.",
    "inputProperties": _SWEEP,
    "requiredInputs": list(_SWEEP),
    "properties": _SWEEP,
    "required": list(_SWEEP),
}
