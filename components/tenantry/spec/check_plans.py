"""Plans of a template: closed settings, and a template that fits every plan it is offered in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry.spec.settings import Setting, SettingValue, find_setting, setting_value
from tenantry.spec.source import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tenantry.spec.source import Path
    from tenantry.spec.template import AppTemplate


def check_plans(template: AppTemplate, broken: frozenset[str]) -> list[Finding]:
    """Every mistake in the plans. Components in `broken` have mistakes of their own and are passed over."""
    findings: list[Finding] = []
    for name, plan in template.plans.items():
        path: Path = ("plans", name)
        limits = _orders(template, plan.limits, (*path, "limits"), broken, findings)
        defaults = _orders(template, plan.defaults, (*path, "defaults"), broken, findings)
        findings += _fits(template, plan.limits, limits, defaults, path)
        findings += _ranges(template, defaults, path)
    return findings


def _orders(
    template: AppTemplate,
    values: Mapping[str, SettingValue],
    path: Path,
    broken: frozenset[str],
    findings: list[Finding],
) -> dict[str, tuple[Setting, int]]:
    orders: dict[str, tuple[Setting, int]] = {}
    for dotted, value in values.items():
        if dotted.partition(".")[0] in broken:
            continue
        setting = find_setting(dotted, template.components)
        if not isinstance(setting, Setting):
            findings.append(Finding((*path, dotted), *setting, on_key=True))
            continue
        order = setting.order(value)
        if order is None:
            findings.append(Finding((*path, dotted), f"expected {setting.expected}"))
        else:
            orders[dotted] = (setting, order)
    return orders


def _fits(
    template: AppTemplate,
    written: Mapping[str, SettingValue],
    limits: Mapping[str, tuple[Setting, int]],
    defaults: Mapping[str, tuple[Setting, int]],
    path: Path,
) -> Iterator[Finding]:
    for dotted, (setting, limit) in limits.items():
        own = setting_value(template.components[setting.component], setting.name)
        own_order = setting.order(own)
        if own_order is not None and own_order > limit:
            message = f"the template's own value {own} is above the limit {written[dotted]}"
            yield Finding((*path, "limits", dotted), message, "lower the one or raise the other")
        if dotted in defaults and defaults[dotted][1] > limit:
            yield Finding((*path, "defaults", dotted), f"the default is above the plan's own limit {written[dotted]}")


def _ranges(template: AppTemplate, defaults: Mapping[str, tuple[Setting, int]], path: Path) -> Iterator[Finding]:
    for component in {setting.component for setting, _ in defaults.values() if setting.name.startswith("scale.")}:
        ends = []
        for name in ("scale.min", "scale.max"):
            default = defaults.get(f"{component}.{name}")
            ends.append(default[1] if default else setting_value(template.components[component], name))
        if isinstance(ends[0], int) and isinstance(ends[1], int) and ends[0] > ends[1]:
            at = next(end for end in ("min", "max") if f"{component}.scale.{end}" in defaults)
            yield Finding(
                (*path, "defaults", f"{component}.scale.{at}"),
                f"scale.min {ends[0]} would be above scale.max {ends[1]}",
            )
