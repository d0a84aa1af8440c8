"""Settings after plan and overrides: the template's value, else the plan's default, else what the tenant overrides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry.spec.names import suggest
from tenantry.spec.settings import SETTINGS, Setting, setting_value

if TYPE_CHECKING:
    from pydantic import BaseModel

    from tenantry.spec.context import Context
    from tenantry.spec.source import Path
    from tenantry.spec.template import PlanSpec


def choose_settings(context: Context) -> None:
    """Fills `context.settings`; an override outside the plan's limits is an error, never clamped."""
    plan = _plan(context)
    for name, component in context.template.components.items():
        for setting in SETTINGS.get(component.type, ()):
            context.settings[name, setting] = setting_value(component, setting)
            if _is_written(component, setting):
                context.chosen.add((name, setting))
    if plan is not None:
        for dotted, value in plan.defaults.items():
            name, _, setting = dotted.partition(".")
            context.settings[name, setting] = value
            context.chosen.add((name, setting))
    for name, override in context.tenant.overrides.items():
        _override(context, plan, name, override)


def _plan(context: Context) -> PlanSpec | None:
    plans, wanted = context.template.plans, context.tenant.plan
    if wanted is None:
        if plans:
            context.wrong_tenant((), "`plan` is missing", f"{context.ref} has the plans {', '.join(plans)}")
        return None
    if wanted not in plans:
        hint = suggest(wanted, plans) if plans else "remove it: the template has no plans"
        context.wrong_tenant(("plan",), f"{context.ref} has no plan `{wanted}`", hint)
    return plans.get(wanted)


def _is_written(component: BaseModel, setting: str) -> bool:
    node = component
    for part in setting.split("."):
        if part not in node.model_fields_set:
            return False
        node = getattr(node, part)
    return True


def _override(context: Context, plan: PlanSpec | None, name: str, override: BaseModel) -> None:
    component = context.template.components.get(name)
    path: Path = ("overrides", name)
    if component is None:
        hint = suggest(name, context.template.components)
        context.wrong_tenant(path, f"{context.ref} has no component `{name}`", hint, on_key=True)
        return
    known = SETTINGS.get(component.type, {})
    changed = False
    for dotted, value in _leaves(override):
        place = (*path, *dotted.split("."))
        if dotted not in known:
            hint = f"known: {', '.join(known)}" if known else ""
            context.wrong_tenant(place, f"a {component.type} has no setting {dotted}", hint, on_key=True)
            continue
        setting = Setting(name, dotted, known[dotted])
        order = setting.order(value)
        limit = plan.limits.get(str(setting)) if plan is not None else None
        top = setting.order(limit) if limit is not None else None
        if order is not None and top is not None and order > top:
            message = f"{value} is above the limit {limit} of the plan {context.tenant.plan}"
            context.wrong_tenant(place, message, "lower it, or choose another plan")
        context.settings[name, dotted] = value
        context.chosen.add((name, dotted))
        changed = True
    if changed and component.type == "service":
        _check_range(context, name, path)


def _check_range(context: Context, name: str, path: Path) -> None:
    low, high = context.settings[name, "scale.min"], context.settings[name, "scale.max"]
    if isinstance(low, int) and isinstance(high, int) and low > high:
        context.wrong_tenant((*path, "scale"), f"scale.min {low} would be above scale.max {high}", "override both")


def _leaves(override: BaseModel) -> list[tuple[str, int | float | str]]:
    found: list[tuple[str, int | float | str]] = []
    for group, inner in override.model_dump(exclude_none=True).items():
        if isinstance(inner, dict):
            found += [(f"{group}.{key}", value) for key, value in inner.items()]
        else:
            found.append((group, inner))
    return found
