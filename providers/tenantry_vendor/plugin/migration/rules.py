"""Which versions an instance's data may be brought to, and what must run for it: pure rules over inputs."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tenantry.catalogue.files import version_order
from tenantry.contract.backups import DataRef
from tenantry.contract.tasks import InstanceRef, TaskRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

REQUIRED: Final = ("instance", "template", "forwardOnly", "steps", "data", "adopted")
_STEP: Final[dict[str, type]] = {"command": list, "timeout": int, "rollback": str, "task": dict}
_INSTANCE: Final = {"tenant", "instance", "mode", "runtime", "region", "account"}

Inputs = dict[str, Any]


def shape_problems(inputs: Inputs, unknown: frozenset[str]) -> list[tuple[str, str]]:
    """Pairs of property and reason for inputs that are missing, of a wrong type, or not known to this resource."""
    listed = ", ".join(REQUIRED)
    found = [
        (name, f"a migration has no property {name!r}; it has: {listed}")
        for name in sorted(set(inputs) - set(REQUIRED))
    ]
    kinds = {"instance": dict, "template": str, "forwardOnly": list, "steps": dict, "data": list, "adopted": bool}
    for name, kind in kinds.items():
        if name not in unknown and not isinstance(inputs.get(name), kind):
            found.append((name, f"{name} must be there, as {kind.__name__}"))
    if found:
        return found
    if "template" not in unknown and not _is_template(inputs["template"]):
        found.append(("template", "template must be name@version"))
    if "instance" not in unknown and set(inputs["instance"]) - {"region"} != _INSTANCE - {"region"}:
        found.append(("instance", f"instance must have {', '.join(sorted(_INSTANCE))}"))
    if "steps" not in unknown:
        found += [
            ("steps", f"the step {name} must have {', '.join(_STEP)}")
            for name, step in inputs["steps"].items()
            if step is not None and not _is_step(step)
        ]
    return found


def _is_step(step: object) -> bool:
    # What a preview does not know yet is None here.
    return isinstance(step, dict) and all(
        name in step and (step[name] is None or isinstance(step[name], kind)) for name, kind in _STEP.items()
    )


def refusals(old: Inputs, new: Inputs) -> list[tuple[str, str]]:
    """Pairs of property and reason why data at `old` (empty where there is none) may not be brought to `new`."""
    if not old or not new.get("template"):
        return []
    (old_name, _), (new_name, version) = _parsed(old["template"]), _parsed(new["template"])
    if old_name != new_name:
        if not old["data"]:
            return []
        reason = (
            f"the data of this stack belongs to the template {old_name!r}, and now {new_name!r} is asked for. Nothing "
            f"was changed. Set `template` back to {old['template']}, or make a new instance: tenantry new tenant"
        )
        return [("template", reason)]
    over = [barrier for barrier in old["forwardOnly"] if version_order(version) < version_order(str(barrier))]
    if not over:
        return []
    reason = (
        f"{new['template']} is older than {new_name}@{over[0]}, whose migration cannot be undone (forward-only): the "
        f"data of this stack no longer fits it. Nothing was changed. Set `template` back to {old['template']}; to use "
        f"{new['template']} again, restore a backup from before into a new instance of it: tenantry restore"
    )
    return [("template", reason)]


def is_forward(old: str | None, new: str) -> bool:
    """Whether going from one template to another makes its migrations run. None: there was no version before."""
    if old is None:
        return True
    (old_name, before), (new_name, after) = _parsed(old), _parsed(new)
    return old_name != new_name or version_order(after) > version_order(before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is to be done for one change of version. `id` is the same whenever the same change is tried again."""

    id: str
    instance: InstanceRef
    before: str | None
    template: str
    tasks: tuple[TaskRequest, ...]
    data: tuple[DataRef, ...]
    """What is backed up first; empty where nothing can be lost."""


def work(old: Inputs, new: Inputs) -> Work:
    """What must be done to bring data from `old`, the state (empty for none), to `new`. Without tasks: nothing."""
    instance = InstanceRef(**{"region": None} | new["instance"])
    before = old.get("template")
    name = _id(instance.tenant, instance.instance, before or "", new["template"], str(int(old.get("generation", 0))))
    forward = is_forward(before, new["template"])
    tasks = tuple(
        TaskRequest(
            instance=instance,
            id=f"migrate-{_id(name, component)}",
            component=component,
            command=tuple(step["command"]),
            timeout=int(step["timeout"]),
            spec=step["task"],
        )
        for component, step in sorted(new["steps"].items())
    )
    # A first version finds no data, unless it takes that of a retired instance over.
    data = new["data"] if before is not None or new["adopted"] else []
    return Work(
        id=name,
        instance=instance,
        before=before,
        template=new["template"],
        tasks=tasks if forward else (),
        data=tuple(DataRef(**item) for item in data),
    )


def _is_template(text: str) -> bool:
    name, _, version = text.partition("@")
    try:
        version_order(version)
    except ValueError:
        return False
    return bool(name)


def _parsed(template: str) -> tuple[str, str]:
    name, _, version = template.partition("@")
    return name, version


def _id(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:20]


def changed(old: Mapping[str, Any], new: Inputs) -> bool:
    """Whether the template differs from the state's: nothing else is a reason to touch data."""
    return bool(old.get("template") != new.get("template"))
