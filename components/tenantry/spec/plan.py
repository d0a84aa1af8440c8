"""The instance plan: template times tenant, resolved and checked, as pure data.

Only the standard library is imported here: the program that the engine runs reads plans and must start fast.
Same input, same plan, same bytes (`canonical_json`), same `fingerprint`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Literal, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Mode: TypeAlias = Literal["live", "sandbox"]
LifecycleState: TypeAlias = Literal["running", "suspended", "retired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSource:
    """Where a secret comes from: an environment variable, a file, the stack's encrypted configuration, a broker."""

    kind: Literal["env", "file", "stack", "broker"]
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A constant part of a value."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretPart:
    """A part that is read from a secret source when the program runs."""

    source: SecretSource


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceUrl:
    """The instance's own URL where it is not known before the deployment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentField:
    """A field of another component, known after that component exists. `field` is lower case: `url`, `host`, ..."""

    component: str
    field: str
    secret: bool = False


ValuePart: TypeAlias = Text | SecretPart | InstanceUrl | ComponentField


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A string value as the concatenation of its parts."""

    parts: tuple[ValuePart, ...]

    @property
    def constant(self) -> str | None:
        """The value where every part is constant, else None."""
        if all(isinstance(part, Text) for part in self.parts):
            return "".join(part.text for part in self.parts if isinstance(part, Text))
        return None

    @property
    def is_secret(self) -> bool:
        """Whether any part must be kept secret."""
        return any(
            isinstance(part, SecretPart) or (isinstance(part, ComponentField) and part.secret) for part in self.parts
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvVar:
    """One environment variable of a service."""

    name: str
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What one copy of a service may use: thousandths of a CPU core, and bytes."""

    cpu_millis: int
    memory_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Copies of a service and requests that one copy serves at once."""

    min: int
    max: int
    concurrency: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRef:
    """The sources of a component: digest of the tree (`sha256:…`), number of files, unpacked size in bytes."""

    digest: str
    files: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """A command that runs once between two versions. `timeout` in seconds."""

    command: tuple[str, ...]
    timeout: int
    rollback: Literal["safe", "forward-only"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePlan:
    """An HTTP server that listens on $PORT.

    Exactly one of `source` (with `runtime`) and `image` is set. `env` is the whole environment but `PORT`, which the
    runtime gives: the template's own variables, the bindings, and `TENANTRY_*`.
    """

    id: str
    source: SourceRef | None
    image: str | None
    runtime: str | None
    command: tuple[str, ...]
    health: str | None
    resources: Resources
    scale: Scale
    bind: tuple[str, ...]
    env: tuple[EnvVar, ...]
    migrate: Migration | None
    type: Literal["service"] = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePlan:
    """Static files. `index` answers for a folder; `not_found` (a file) answers with status 404 where it is set."""

    id: str
    source: SourceRef
    index: str
    not_found: str | None
    type: Literal["site"] = "site"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabasePlan:
    """A database of this instance alone."""

    id: str
    engine: Literal["postgresql", "mysql"]
    version: str
    size: Literal["small", "medium", "large"]
    type: Literal["database"] = "database"


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketPlan:
    """An S3-compatible bucket of this instance alone."""

    id: str
    public: bool
    type: Literal["bucket"] = "bucket"


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulePlan:
    """A POST to `path` of the service `target` at the times of `cron` (five fields) in `timezone` (IANA name)."""

    id: str
    cron: str
    timezone: str
    target: str
    path: str
    type: Literal["schedule"] = "schedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class MiniProgramPlan:
    """A mini-program: per store the sources of its dialect; `ext` is what the store's ext.json gets."""

    id: str
    sources: tuple[tuple[str, SourceRef], ...]
    ext: tuple[tuple[str, Value], ...]
    type: Literal["miniprogram"] = "miniprogram"


ComponentPlan: TypeAlias = ServicePlan | SitePlan | DatabasePlan | BucketPlan | SchedulePlan | MiniProgramPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePlan:
    """Requests whose path equals `prefix` or lies below it (whole segments) go to `component`, path unchanged."""

    prefix: str
    component: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainPlan:
    """A host name of the instance."""

    host: str
    tls: Literal["managed", "provided", "none"]
    dns: Literal["manual", "managed"]
    certificate: SecretSource | None
    icp: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateRef:
    """A released template version and its digest (`sha256:…`).

    `forward_only`: the versions up to this one, oldest first, whose migration cannot be gone back over.
    """

    name: str
    version: str
    digest: str
    forward_only: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimePlan:
    """Where the backend runs. `account` and `extensions` are JSON objects that the runtime's own models accepted."""

    on: str
    region: str | None
    account: dict[str, Json]
    extensions: dict[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What the instance does not get, or gets only nearly, and why. `what` is a dotted path such as `api.scale.min`."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterPlan:
    """What is counted for billing."""

    id: str
    unit: str
    of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayPlan:
    """Source-level changes of this tenant: digest of the overlay's files and the version they were made for."""

    digest: str
    base: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancePlan:
    """Everything that a runtime adapter needs to declare one app instance."""

    spec: str
    tenant: str
    instance: str
    mode: Mode
    ownership: Literal["tenant", "provider"]
    template: TemplateRef
    runtime: RuntimePlan
    stores: dict[str, Json]
    plan: str | None
    parameters: dict[str, Json]
    components: tuple[ComponentPlan, ...]
    routes: tuple[RoutePlan, ...]
    domains: tuple[DomainPlan, ...]
    host: str | None
    """The main host: the first domain, else the runtime's default host where it is known beforehand."""
    url: str | None
    """The instance's URL without a trailing slash where it is known beforehand; in a sandbox a loopback address."""
    lifecycle_state: LifecycleState = field(default="running")
    """`suspended`: nothing runs and no schedule is active, the URL answers 503, data stays. `retired`: the plan has no
    components but those that hold data, and these are released (see `Scope.data_options`)."""
    lifecycle_data: Literal["keep", "delete"]
    """What becomes of data when the instance is retired."""
    adopt: str | None = field(default=None)
    """The token of a retired instance whose kept data this one takes; the identity checks it."""
    labels: dict[str, str]
    meters: tuple[MeterPlan, ...]
    overlay: OverlayPlan | None
    left_out: tuple[LeftOut, ...] = field(default=())

    def component(self, component_id: str) -> ComponentPlan:
        """The component with this id. Raises KeyError."""
        for component in self.components:
            if component.id == component_id:
                return component
        raise KeyError(component_id)

    def canonical_json(self) -> str:
        """The plan as JSON with sorted keys and no white space: same plan, same text."""
        return json.dumps(self, default=_shallow, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @property
    def fingerprint(self) -> str:
        """`sha256:…` of `canonical_json`."""
        return "sha256:" + hashlib.sha256(self.canonical_json().encode()).hexdigest()


_KINDS = {Text: "text", SecretPart: "secret", InstanceUrl: "url", ComponentField: "field"}
_FIELDS: dict[type, tuple[str, ...]] = {}


def _shallow(value: object) -> dict[str, object]:
    """One dataclass as a mapping; json walks on from there, which is several times faster than walking here."""
    kind = type(value)
    names = _FIELDS.get(kind)
    if names is None:
        if not is_dataclass(value):
            raise TypeError(kind.__name__)
        names = _FIELDS[kind] = tuple(item.name for item in fields(value))
    out: dict[str, object] = {name: getattr(value, name) for name in names}
    if kind in _KINDS:
        out["kind"] = _KINDS[kind]
    return out
