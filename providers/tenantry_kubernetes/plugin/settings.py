"""The provider's configuration: what is understood, what is refused."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry.errors import SandboxError
from tenantry_kubernetes.client import kubeconfig
from tenantry_kubernetes.client.errors import KubeconfigError
from tenantry_kubernetes.plugin.values import UNKNOWN, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry_kubernetes.client.kubeconfig import Access
    from tenantry_kubernetes.plugin.values import Properties, Value

IDENTIFIER: Final = "clusterIdentifier"
_TEXTS: Final = frozenset({"kubeconfig", "context", "cluster", "namespace", IDENTIFIER})
_SWITCHES: Final = {
    "upsertExistingObjects": "PULUMI_K8S_UPSERT_EXISTING_OBJECTS",
    "enableConfigMapMutable": "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE",
    "enableSecretMutable": "PULUMI_K8S_ENABLE_SECRET_MUTABLE",
    "enablePatchForce": "PULUMI_K8S_ENABLE_PATCH_FORCE",
    "deleteUnreachable": "PULUMI_K8S_DELETE_UNREACHABLE",
}
_SERVER_SIDE_APPLY: Final = "enableServerSideApply"
# Of these the stand-in has nothing to switch off or to tune.
_WITHOUT_EFFECT: Final = frozenset({"suppressDeprecationWarnings", "suppressHelmHookWarnings", "kubeClientSettings"})
_ENGINES_OWN: Final = frozenset({"version", "pluginDownloadURL", "pluginChecksums", "__internal"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What steers the plugin beside the objects themselves."""

    access: Access
    namespace: str
    upsert: bool
    config_maps_mutable: bool
    secrets_mutable: bool
    force: bool
    delete_unreachable: bool


def problems(properties: Properties) -> list[tuple[str, str]]:
    """Property and reason for everything in a provider's configuration that the stand-in cannot honour."""
    known = _TEXTS | _SWITCHES.keys() | _WITHOUT_EFFECT | _ENGINES_OWN | {_SERVER_SIDE_APPLY}
    found = [
        (key, f"the sandbox's stand-in for the kubernetes plugin does not support {key!r}: leave it out")
        for key in sorted(properties.keys() - known)
        if not key.startswith("__")
    ]
    if _is_off(properties.get(_SERVER_SIDE_APPLY)):
        reason = "the sandbox's stand-in for the kubernetes plugin always uses server-side apply: leave this out"
        found.append((_SERVER_SIDE_APPLY, reason))
    return found


def resolve(properties: Properties, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of a configured provider.

    Raises SandboxError for a server that is not on this machine, KubeconfigError for a kubeconfig that cannot be used.
    """
    env = os.environ if environment is None else environment
    given = {key: plain(value) for key, value in properties.items()}
    source, context, cluster = (_text(given, key) for key in ("kubeconfig", "context", "cluster"))
    if source:
        access = kubeconfig.load(source, context=context, cluster=cluster)
    else:
        access = kubeconfig.load_files(kubeconfig.default_paths(env), context=context, cluster=cluster)
    if not access.is_loopback:
        raise SandboxError(
            f"The sandbox's stand-in for the kubernetes plugin only talks to API servers on this machine, not to "
            f"{access.server}",
            hint="Install the official kubernetes plugin to deploy to a real cluster, or point the kubeconfig to the "
            "sandbox.",
        )
    switches = {key: _is_on(given.get(key, env.get(variable))) for key, variable in _SWITCHES.items()}
    return Settings(
        access=access,
        namespace=_text(given, "namespace") or access.namespace or "default",
        upsert=switches["upsertExistingObjects"],
        config_maps_mutable=switches["enableConfigMapMutable"],
        secrets_mutable=switches["enableSecretMutable"],
        force=switches["enablePatchForce"],
        delete_unreachable=switches["deleteUnreachable"],
    )


def changes(old: Properties, new: Properties) -> tuple[list[str], list[str]]:
    """Changed keys, and those among them that mean another cluster, so that everything in it must be made anew.

    With an unchanged cluster identifier nothing is replaced, with a changed one everything; without one the entry of
    the cluster in the kubeconfig decides.
    """
    before, after = plain(old), plain(new)
    keys: set[str] = {*before, *after}
    changed = sorted(key for key in keys if before.get(key) != after.get(key))
    identifiers = before.get(IDENTIFIER), after.get(IDENTIFIER)
    if all(identifiers):
        return changed, [IDENTIFIER] if identifiers[0] != identifiers[1] else []
    if UNKNOWN in (after.get(key) for key in ("kubeconfig", "context", "cluster")):
        return changed, [key for key in ("kubeconfig", "context", "cluster") if after.get(key) is UNKNOWN]
    places = _place(before), _place(after)
    moved = all(places) and places[0] != places[1]
    return changed, [key for key in changed if key in {"kubeconfig", "context", "cluster"}] if moved else []


def _place(given: Mapping[str, Value]) -> str | None:
    if not _text(given, "kubeconfig"):
        return None
    try:
        return kubeconfig.load(
            _text(given, "kubeconfig"), context=_text(given, "context"), cluster=_text(given, "cluster")
        ).server
    except KubeconfigError:
        return None


def _text(given: Mapping[str, Value], key: str) -> str:
    value = given.get(key)
    if isinstance(value, dict):
        return json.dumps(value)
    return value if isinstance(value, str) else ""


def _is_on(value: Value) -> bool:
    return value is True or value == "true"


def _is_off(value: Value) -> bool:
    return value is False or value == "false"
