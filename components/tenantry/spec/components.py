"""The component types of a template."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from tenantry.spec.base import (
    Argument,
    ComponentId,
    Cpu,
    Cron,
    EngineVersion,
    FileName,
    HttpPath,
    Id,
    Image,
    Memory,
    Model,
    RuntimeName,
    Size,
    SourcePath,
    Text,
    TimeZone,
    VariableName,
    exactly_one,
)

Command = Annotated[tuple[Argument, ...], Field(min_length=1, max_length=100)]
ExtKey = Annotated[str, Field(min_length=1, max_length=100)]


class Component(Model):
    """What every component has."""

    optional: bool = Field(
        default=False,
        description="Leave the component out, and say so, where the runtime or the stores cannot have it.",
    )


class ResourcesSpec(Model):
    """What one copy of a service may use."""

    cpu: Cpu = Field(default=0.25, description="CPU cores as a number such as 0.25, or thousandths such as 250m.")
    memory: Memory = Field(default="256Mi", description="Memory such as 512Mi or 1Gi.")


class ScaleSpec(Model):
    """How many copies of a service run."""

    min: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=1, description="Fewest copies; 0 permits scale to zero and does not demand it."
    )
    max: Annotated[int, Field(ge=1, le=1000)] = Field(default=1, description="Most copies.")
    concurrency: Annotated[int, Field(ge=1, le=10000)] = Field(
        default=20, description="Requests that one copy serves at once; a hint where the runtime has no such limit."
    )


class MigrateSpec(Model):
    """A command that runs once between two versions."""

    command: Command = Field(description="Program and arguments, run in the sources' folder.")
    timeout: Annotated[int, Field(ge=1, le=86400)] = Field(
        default=300, description="Seconds until it counts as failed."
    )
    rollback: Literal["safe", "forward-only"] = Field(
        description="Whether the version before still works after it (`safe`) or not (`forward-only`)."
    )


def _service_schema(schema: dict[str, Any]) -> None:
    schema["oneOf"] = [
        {"required": ["source", "runtime", "command"], "not": {"required": ["image"]}},
        {"required": ["image"], "not": {"anyOf": [{"required": ["source"]}, {"required": ["runtime"]}]}},
    ]


class Service(Component):
    """An HTTP server that listens on $PORT."""

    model_config = ConfigDict(json_schema_extra=_service_schema)

    type: Literal["service"] = Field(description="An HTTP server that listens on $PORT.")
    source: SourcePath | None = Field(
        default=None, description="Folder with the program; with `runtime` and `command`."
    )
    image: Image | None = Field(default=None, description="Container image with its digest, instead of `source`.")
    runtime: RuntimeName | None = Field(
        default=None, description="Language runtime of the sources, such as python3.11."
    )
    command: Command | None = Field(default=None, description="Program and arguments, run in the sources' folder.")
    health: HttpPath | None = Field(default=None, description="Path that answers 200 when the service is ready.")
    resources: ResourcesSpec = Field(default=ResourcesSpec(), description="What one copy may use.")
    scale: ScaleSpec = Field(default=ScaleSpec(), description="How many copies run.")
    bind: Annotated[tuple[ComponentId, ...], Field(max_length=50)] = Field(
        default=(), description="Databases and buckets whose whole documented environment the service gets."
    )
    env: dict[VariableName, Text] = Field(
        default_factory=dict,
        description="Own environment variables; values may hold ${param.NAME}, ${COMPONENT.FIELD}, ${url}.",
    )
    migrate: MigrateSpec | None = Field(default=None, description="What runs once between two versions.")

    @model_validator(mode="after")
    def _source_or_image(self) -> Service:
        exactly_one(self, ("source", "image"))
        if self.image is not None and self.runtime is not None:
            raise PydanticCustomError(
                "image_runtime", "`runtime` belongs to `source`, not to `image`", {"hint": "remove it"}
            )
        missing = [name for name in ("runtime", "command") if self.source is not None and getattr(self, name) is None]
        if missing:
            raise PydanticCustomError(
                "source_needs", "`source` needs {missing} too", {"missing": " and ".join(missing)}
            )
        return self


class Site(Component):
    """Static files."""

    type: Literal["site"] = Field(description="Static files.")
    source: SourcePath = Field(description="Folder with the files.")
    index: FileName = Field(default="index.html", description="File that answers for a folder.")
    not_found: FileName | None = Field(
        default=None, description="File that answers, with status 404, where there is none."
    )


class Database(Component):
    """A relational database of the instance alone."""

    type: Literal["database"] = Field(description="A relational database of the instance alone.")
    engine: Literal["postgresql", "mysql"] = Field(description="Database engine.")
    version: EngineVersion = Field(description="Major version of the engine, in quotes.")
    size: Size = Field(default="small", description="Size; small < medium < large.")


class Bucket(Component):
    """An S3-compatible bucket of the instance alone."""

    type: Literal["bucket"] = Field(description="An S3-compatible bucket of the instance alone.")
    public: bool = Field(default=False, description="Whether anybody may read its objects.")


class Schedule(Component):
    """A POST to a service at certain times."""

    type: Literal["schedule"] = Field(description="A POST to a service at certain times.")
    cron: Cron = Field(description="Minute, hour, day of month, month, day of week.")
    timezone: TimeZone = Field(default="UTC", description="IANA name of the time zone that `cron` means.")
    target: ComponentId = Field(description="The service that gets the request.")
    path: HttpPath = Field(description="Path of the request.")


class MiniProgram(Component):
    """A mini-program, published in stores."""

    type: Literal["miniprogram"] = Field(description="A mini-program, published in stores.")
    sources: Annotated[dict[Id, SourcePath], Field(min_length=1)] = Field(
        description="Folder with the sources per dialect; a dialect is the file format of a store."
    )
    ext: dict[ExtKey, Text] = Field(
        default_factory=dict, description="What the store's ext.json gets; values as in `env`, but never secret."
    )


AnyComponent: TypeAlias = Annotated[
    Service | Site | Database | Bucket | Schedule | MiniProgram, Field(discriminator="type")
]
