"""The environment of a container, resolved as the kubelet does."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tenantry_kubernetes.sandbox.node.quantity import divide

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tenantry_kubernetes.client.requests import Object

_REFERENCE: Final = re.compile(r"\$(?:\$|\(([^()]*)\))")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*|[-._][-._A-Za-z0-9]*")
_KEYED: Final = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")
_EVERYWHERE: Final = frozenset({"0.0.0.0", "::", "[::]"})  # noqa: S104 - compared with, never listened on
LOOPBACK: Final = "127.0.0.1"


class ConfigError(Exception):
    """A container cannot be made from what its pod refers to; the text goes into the pod's status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What variables may refer to.

    `read` gives an object, by kind (`ConfigMap`, `Secret`) and name, or None where there is none. `facts` answers
    `fieldRef`s that are not in the pod's metadata. `ports` maps declared container ports to ports on 127.0.0.1.
    `allocatable` stands for limits that a container does not set.
    """

    pod: Object
    read: Callable[[str, str], Object | None]
    facts: Mapping[str, str]
    ports: Mapping[int, int]
    allocatable: Mapping[str, str] = field(default_factory=dict)


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replaces `$(NAME)`; an unknown name stays as it is, `$$` means `$`."""

    def replace(match: re.Match[str]) -> str:
        if match[1] is None:
            return "$"
        return variables.get(match[1], match[0])

    return _REFERENCE.sub(replace, text)


def container_environment(container: Object, sources: Sources) -> dict[str, str]:
    """Every variable that the pod gives to the container. Raises ConfigError.

    PORT and HOST are what the sandbox changes: a PORT that is a declared port becomes its local port, a HOST that
    means every interface becomes the loopback.
    """
    variables: dict[str, str] = {}
    for source in container.get("envFrom") or []:
        variables |= _from_object(source, sources)
    for entry in container.get("env") or []:
        value = expand(entry.get("value") or "", variables)
        if entry.get("valueFrom"):
            found = _value_from(entry["valueFrom"], container, sources)
            if found is None:
                continue
            value = found
        variables[entry["name"]] = _local(entry["name"], value, sources.ports)
    return variables


def local_address(value: str, ports: Mapping[int, int]) -> str:
    """`:8080` where 8080 is a declared port: how servers name the port of every interface. Else the value itself."""
    port = value.removeprefix(":")
    is_port = port != value and port.isascii() and port.isdigit() and int(port) in ports
    return f"{LOOPBACK}:{ports[int(port)]}" if is_port else value


def _local(name: str, value: str, ports: Mapping[int, int]) -> str:
    if name == "PORT" and value.isdigit() and int(value) in ports:
        return str(ports[int(value)])
    return LOOPBACK if name == "HOST" and ports and value in _EVERYWHERE else value


def _from_object(source: Object, sources: Sources) -> dict[str, str]:
    prefix = source.get("prefix") or ""
    for kind, key in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
        if key not in source:
            continue
        found = sources.read(kind, source[key]["name"])
        if found is None:
            if source[key].get("optional"):
                return {}
            raise ConfigError(f'{kind.lower()} "{source[key]["name"]}" not found')
        values = _strings(kind, found)
        named = {prefix + name: _local(prefix + name, value, sources.ports) for name, value in values.items()}
        return {name: value for name, value in named.items() if _NAME.fullmatch(name)}
    return {}


def _value_from(source: Object, container: Object, sources: Sources) -> str | None:
    if "fieldRef" in source:
        return field_value(source["fieldRef"]["fieldPath"], sources.pod, sources.facts)
    if "resourceFieldRef" in source:
        return resource_value(source["resourceFieldRef"], container, sources)
    for kind, key in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
        if key in source:
            return _key_value(kind, source[key], sources)
    raise ConfigError(f"the sandbox's node does not know this source of a variable: {', '.join(source)}")


def _key_value(kind: str, reference: Object, sources: Sources) -> str | None:
    found = sources.read(kind, reference["name"])
    if found is None:
        if reference.get("optional"):
            return None
        raise ConfigError(f'{kind.lower()} "{reference["name"]}" not found')
    values = _strings(kind, found)
    if reference["key"] not in values:
        if reference.get("optional"):
            return None
        raise ConfigError(f"couldn't find key {reference['key']} in {kind} {reference['name']}")
    return values[reference["key"]]


def _strings(kind: str, each: Object) -> dict[str, str]:
    data: dict[str, Any] = each.get("data") or {}
    if kind == "ConfigMap":
        return dict(data)
    return {key: base64.b64decode(value).decode("utf-8", "surrogateescape") for key, value in data.items()}


def field_value(path: str, pod: Object, facts: Mapping[str, str]) -> str:
    """What a `fieldRef` gives. Raises ConfigError for a path that the API does not know."""
    metadata = pod["metadata"]
    keyed = _KEYED.fullmatch(path)
    if keyed is not None:
        return str((metadata.get(keyed[1]) or {}).get(keyed[2], ""))
    if path in {"metadata.labels", "metadata.annotations"}:
        values = metadata.get(path.partition(".")[2]) or {}
        return "\n".join(f'{key}="{_escaped(value)}"' for key, value in sorted(values.items()))
    known: dict[str, str] = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata.get("namespace", ""),
        "metadata.uid": metadata.get("uid", ""),
        "spec.nodeName": pod["spec"].get("nodeName", ""),
        "spec.serviceAccountName": pod["spec"].get("serviceAccountName", ""),
    } | dict(facts)
    if path not in known:
        raise ConfigError(f"unsupported fieldPath: {path}")
    return known[path]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def resource_value(reference: Object, container: Object, sources: Sources) -> str:
    """What a `resourceFieldRef` gives: in units of its divisor, rounded up. Raises ConfigError."""
    named = reference.get("containerName")
    if named:
        spec = sources.pod["spec"]
        everyone = [*(spec.get("initContainers") or []), *spec["containers"]]
        container = next((each for each in everyone if each["name"] == named), container)
    scope, _, resource = reference["resource"].partition(".")
    resources = container.get("resources") or {}
    quantity = (resources.get(scope) or {}).get(resource)
    if quantity is None:
        quantity = sources.allocatable.get(resource, "0") if scope == "limits" else "0"
    try:
        return divide(str(quantity), str(reference.get("divisor") or "1"))
    except ValueError as error:
        raise ConfigError(str(error)) from error
