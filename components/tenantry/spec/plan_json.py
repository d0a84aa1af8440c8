"""A plan from its canonical JSON: the way back from `InstancePlan.canonical_json`, with the standard library alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tenantry.spec.plan import (
    BucketPlan,
    ComponentField,
    DatabasePlan,
    DomainPlan,
    EnvVar,
    InstancePlan,
    InstanceUrl,
    LeftOut,
    MeterPlan,
    Migration,
    MiniProgramPlan,
    OverlayPlan,
    Resources,
    RoutePlan,
    RuntimePlan,
    Scale,
    SchedulePlan,
    SecretPart,
    SecretSource,
    ServicePlan,
    SitePlan,
    SourceRef,
    TemplateRef,
    Text,
    Value,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tenantry.spec.plan import ComponentPlan, ValuePart

Data = dict[str, Any]


def plan_from_json(text: str) -> InstancePlan:
    """The plan whose `canonical_json` is `text`. Raises ValueError for any other text."""
    try:
        plan = _plan(json.loads(text))
        known = plan.canonical_json() == text
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"this is not the JSON of a plan: {type(error).__name__}") from None
    if not known:
        raise ValueError("this is not the canonical JSON of a plan")
    return plan


def _plan(data: Data) -> InstancePlan:
    return InstancePlan(
        **data
        | {
            "template": TemplateRef(**_with(data["template"], forward_only=tuple(data["template"]["forward_only"]))),
            "runtime": RuntimePlan(**data["runtime"]),
            "components": tuple(_COMPONENTS[item["type"]](item) for item in data["components"]),
            "routes": tuple(RoutePlan(**item) for item in data["routes"]),
            "domains": tuple(
                DomainPlan(**_with(item, certificate=_secret(item["certificate"]))) for item in data["domains"]
            ),
            "meters": tuple(MeterPlan(**item) for item in data["meters"]),
            "overlay": None if data["overlay"] is None else OverlayPlan(**data["overlay"]),
            "left_out": tuple(LeftOut(**item) for item in data["left_out"]),
        }
    )


def _with(data: Data, **changes: object) -> Data:
    return {**data, **changes}


def _service(data: Data) -> ServicePlan:
    migrate = data["migrate"]
    return ServicePlan(
        **data
        | {
            "source": None if data["source"] is None else SourceRef(**data["source"]),
            "command": tuple(data["command"]),
            "resources": Resources(**data["resources"]),
            "scale": Scale(**data["scale"]),
            "bind": tuple(data["bind"]),
            "env": tuple(EnvVar(name=item["name"], value=_value(item["value"])) for item in data["env"]),
            "migrate": None if migrate is None else Migration(**migrate | {"command": tuple(migrate["command"])}),
        }
    )


def _site(data: Data) -> SitePlan:
    return SitePlan(**_with(data, source=SourceRef(**data["source"])))


def _miniprogram(data: Data) -> MiniProgramPlan:
    return MiniProgramPlan(
        **data
        | {
            "sources": tuple((dialect, SourceRef(**source)) for dialect, source in data["sources"]),
            "ext": tuple((name, _value(value)) for name, value in data["ext"]),
        }
    )


def _value(data: Data) -> Value:
    return Value(parts=tuple(_part(item) for item in data["parts"]))


def _part(data: Data) -> ValuePart:
    match data["kind"]:
        case "text":
            return Text(text=data["text"])
        case "secret":
            return SecretPart(source=SecretSource(**data["source"]))
        case "url":
            return InstanceUrl()
        case "field":
            return ComponentField(component=data["component"], field=data["field"], secret=data["secret"])
        case kind:
            raise ValueError(kind)


def _secret(data: Data | None) -> SecretSource | None:
    return None if data is None else SecretSource(**data)


_COMPONENTS: Final[Mapping[str, Callable[[Data], ComponentPlan]]] = {
    "service": _service,
    "site": _site,
    "database": lambda data: DatabasePlan(**data),
    "bucket": lambda data: BucketPlan(**data),
    "schedule": lambda data: SchedulePlan(**data),
    "miniprogram": _miniprogram,
}
