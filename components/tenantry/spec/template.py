"""The template file: a vendor-neutral, versioned description of an application."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, PrivateAttr

from tenantry.spec.base import (
    ComponentId,
    Id,
    JsonObject,
    LimitPath,
    Line,
    Localized,
    Model,
    ParameterName,
    Route,
    SpecFile,
    Unit,
    Version,
)
from tenantry.spec.components import AnyComponent
from tenantry.spec.parameters import Parameter

Parameters = dict[ParameterName, Parameter]
Components = Annotated[dict[ComponentId, AnyComponent], Field(min_length=1, max_length=100)]
LimitValue = int | float | Annotated[str, Field(max_length=40)]


class Publisher(Model):
    """Who made the template."""

    name: Line = Field(description="Name of the person or company.")
    url: Annotated[str, Field(pattern=r"^https?://", max_length=1024)] | None = Field(
        default=None, description="Their page."
    )
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)] | None = Field(
        default=None, description="Their address."
    )


class PlanSpec(Model):
    """One plan that the template is offered in."""

    title: Localized | None = Field(default=None, description="Name of the plan for people.")
    limits: dict[LimitPath, LimitValue] = Field(
        default_factory=dict, description="Largest value per setting, such as `api.scale.max: 10`."
    )
    defaults: dict[LimitPath, LimitValue] = Field(
        default_factory=dict, description="Value per setting where the tenant leaves it open."
    )


class MeterSpec(Model):
    """Something that is counted for billing."""

    unit: Unit = Field(description="What is counted.")
    of: ComponentId = Field(description="The component whose use is counted.")
    title: Localized | None = Field(default=None, description="Name of the meter for people.")


class AppTemplate(SpecFile):
    """A vendor-neutral, versioned description of an application."""

    model_config = ConfigDict(title="AppTemplate")

    spec: Literal["tenantry/v1"] = Field(description="Version of the spec.")
    kind: Literal["AppTemplate"] = Field(description="What the file describes.")
    name: Id = Field(description="Name of the template; equals its folder's name.")
    version: Version = Field(description="Semantic version; equals the name of the version's folder.")
    title: Localized = Field(description="Name of the application for people.")
    description: Localized | None = Field(default=None, description="What the application does, for people.")
    license: Line | None = Field(default=None, description="SPDX expression of the licence.")
    publisher: Publisher | None = Field(default=None, description="Who made the template.")
    parameters: Parameters = Field(default_factory=dict, description="What a tenant may set.")
    components: Components = Field(description="The parts of the application, by id.")
    routes: dict[Route, ComponentId] | None = Field(
        default=None,
        description="Path prefix -> service or site; whole segments, longest prefix wins. Without it / goes to the "
        "only site, else to the only service.",
    )
    plans: dict[Id, PlanSpec] = Field(default_factory=dict, description="Plans that the template is offered in.")
    meters: dict[Id, MeterSpec] = Field(default_factory=dict, description="What is counted for billing.")
    extensions: dict[Id, JsonObject] = Field(
        default_factory=dict,
        description="Per runtime settings that are not portable, checked by that runtime's package.",
    )

    _checked: bool = PrivateAttr(default=False)

    @property
    def checked(self) -> bool:
        """Whether the loader has checked what must hold between the parts."""
        return self._checked
