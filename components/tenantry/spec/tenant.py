"""The tenant file: one instance of a template."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from tenantry.spec.base import (
    AdoptToken,
    ComponentId,
    Cpu,
    ExactSelector,
    Host,
    Id,
    JsonObject,
    LabelKey,
    LabelValue,
    Memory,
    Model,
    ParameterName,
    Region,
    Selector,
    Size,
    SpecFile,
)
from tenantry.spec.secrets import SecretRef

Certificate = SecretRef | None


class RuntimeSpec(Model):
    """Where the backend runs."""

    on: Id = Field(description="Name of an installed runtime.")
    region: Region | None = Field(default=None, description="The vendor's region, where it has regions.")
    account: JsonObject = Field(default_factory=dict, description="The account, as the runtime's package describes it.")


def _domain_schema(schema: dict[str, Any]) -> None:
    provided = {"properties": {"tls": {"const": "provided"}}, "required": ["tls"]}
    schema |= {"if": provided, "then": {"required": ["certificate"]}, "else": {"not": {"required": ["certificate"]}}}


class DomainSpec(Model):
    """A host name of the instance."""

    model_config = ConfigDict(json_schema_extra=_domain_schema)

    host: Host = Field(description="Host name.")
    tls: Literal["managed", "provided", "none"] = Field(
        default="managed", description="Certificate made by the runtime, given in `certificate`, or no TLS."
    )
    dns: Literal["manual", "managed"] = Field(default="manual", description="Who sets the DNS record.")
    certificate: Certificate = Field(default=None, description="Certificate and key, with `tls: provided`.")
    icp: Annotated[str, Field(min_length=1, max_length=60)] | None = Field(
        default=None, description="ICP filing number, where the law asks for one."
    )

    @model_validator(mode="after")
    def _certificate(self) -> DomainSpec:
        if (self.tls == "provided") != (self.certificate is not None):
            raise PydanticCustomError("certificate", "`certificate` and `tls: provided` belong together", {})
        return self


class ScaleOverride(Model):
    """Changed numbers of copies."""

    min: Annotated[int, Field(ge=0, le=1000)] | None = Field(default=None, description="Fewest copies.")
    max: Annotated[int, Field(ge=1, le=1000)] | None = Field(default=None, description="Most copies.")
    concurrency: Annotated[int, Field(ge=1, le=10000)] | None = Field(
        default=None, description="Requests that one copy serves at once."
    )


class ResourcesOverride(Model):
    """Changed resources of one copy."""

    cpu: Cpu | None = Field(
        default=None, description="CPU cores as a number such as 0.25, or thousandths such as 250m."
    )
    memory: Memory | None = Field(default=None, description="Memory such as 512Mi or 1Gi.")


class Override(Model):
    """Changed settings of one component, within the plan's limits."""

    scale: ScaleOverride | None = Field(default=None, description="Copies of a service.")
    resources: ResourcesOverride | None = Field(default=None, description="Resources of one copy of a service.")
    size: Size | None = Field(default=None, description="Size of a database.")


class LifecycleSpec(Model):
    """Whether the instance runs, and what becomes of its data when it ends."""

    state: Literal["running", "suspended", "retired"] = Field(
        default="running",
        description="Serving; switched off with its data kept; or ended, with nothing left of it but its data.",
    )
    data: Literal["keep", "delete"] = Field(
        default="keep", description="Keep or delete databases and buckets when the instance is retired."
    )
    adopt: AdoptToken | None = Field(
        default=None,
        description="Token from the record of a retired instance: this instance takes the data that was kept.",
    )
    kept: ExactSelector | None = Field(
        default=None,
        description="A version whose databases and buckets stay, unused, where the instance's own version has none of "
        "them; `tenantry rollback` writes it.",
    )


class OverlaySpec(Model):
    """Source-level changes of one tenant."""

    path: Annotated[str, Field(min_length=1, max_length=512)] = Field(
        description="Folder with the files, from the project's root."
    )
    base: ExactSelector = Field(description="The template version that the files were made for.")


class StateSpec(Model):
    """Where the stack's state and key are: names from the project's settings."""

    backend: Id = Field(default="default", description="Name of a backend.")
    secrets: Id = Field(default="passphrase-file", description="Name of a secrets provider.")


class Tenant(SpecFile):
    """One instance of a template: owner, version, runtime, stores, parameters, domains, plan."""

    model_config = ConfigDict(title="Tenant")

    spec: Literal["tenantry/v1"] = Field(description="Version of the spec.")
    kind: Literal["Tenant"] = Field(description="What the file describes.")
    tenant: Id = Field(description="The owner.")
    instance: Id = Field(description="The stack's name; equals the file's name without .yaml.")
    template: Selector = Field(description="Template and version (`shop@1.2.0`) or channel (`shop@stable`).")
    runtime: RuntimeSpec = Field(description="Runtime, region and account of the backend.")
    stores: dict[Id, JsonObject] = Field(
        default_factory=dict,
        description="Stores that the mini-program is published in, as their packages describe them.",
    )
    ownership: Literal["tenant", "provider"] = Field(
        default="tenant", description="Whose account the instance runs in."
    )
    parameters: dict[ParameterName, JsonValue] = Field(
        default_factory=dict, description="Values of the template's parameters; a secret one is `{ref: …}`."
    )
    domains: Annotated[tuple[DomainSpec, ...], Field(max_length=100)] = Field(
        default=(), description="Host names; the first one is the main one."
    )
    plan: Id | None = Field(default=None, description="One of the template's plans; needed where it has any.")
    overrides: dict[ComponentId, Override] = Field(
        default_factory=dict, description="Changed settings of components, within the plan's limits."
    )
    lifecycle: LifecycleSpec = Field(
        default=LifecycleSpec(),
        description="Whether the instance runs, and what its end means.",
        json_schema_extra={"default": {"data": "keep", "state": "running"}},
    )
    overlay: OverlaySpec | None = Field(default=None, description="Source-level changes of this tenant.")
    state: StateSpec = Field(default=StateSpec(), description="Where the stack's state and key are.")
    labels: dict[LabelKey, LabelValue] = Field(default_factory=dict, description="Labels to select instances by.")
