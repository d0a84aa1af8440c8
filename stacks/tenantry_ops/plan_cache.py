"""Plans kept between runs of the program, so that a deployment does not pay for models that its plan does not need.

A kept plan is used only where everything that made it is the same: the tenant file, the template version's files, lock
and channels, mode and sandbox, and the code of the spec and of the adapter. It holds no secret values, only references.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry import registry
from tenantry.catalogue.files import CHANNELS, LOCK
from tenantry.errors import TenantryError
from tenantry.spec.plan_json import plan_from_json
from tenantry_ops import policies
from tenantry_ops.kept import digest_of_file, read_record, stamp_of_code, write_record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tenantry.catalogue.tree import SourceTree
    from tenantry.spec.plan import InstancePlan
    from tenantry_ops.project import Project


_CODE: Final = (
    "tenantry.spec",
    "tenantry.catalogue",
    "tenantry.contract",
    "tenantry.policy",
    "tenantry.registry",
    "tenantry_ops.loading",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What the program needs of an instance: its plan, and the sources by component id."""

    plan: InstancePlan
    sources: Mapping[str, SourceTree]
    advice: tuple[str, ...] = ()


def prepare(project: Project, instance: str, settings: Mapping[str, str]) -> Prepared:
    """The instance's plan and sources, from the last run where nothing changed since.

    Args:
        project: where the instance's file is.
        instance: its id.
        settings: what the sandbox says of itself; empty when live.

    Raises the errors of `tenantry_ops.loading.load`.
    """
    kept = project.folder / "cache" / "plans" / f"{instance}.json"
    found = _read(kept, project, instance, settings)
    if found is not None:
        return found
    from tenantry_ops.loading import load

    loaded = load(project, instance, settings)
    version = loaded.version
    advice = tuple(str(problem) for problem in loaded.advice)
    record = {
        "inputs": _inputs(project, instance, settings, loaded.plan.runtime.on),
        "template": str(loaded.plan.template),
        "sources": {key: tree.root.relative_to(version.folder).as_posix() for key, tree in version.sources.items()},
        "overlay": loaded.tenant.overlay.path if loaded.tenant.overlay else None,
        "plan": loaded.plan.canonical_json(),
        "advice": advice,
    }
    write_record(kept, record)
    return Prepared(plan=loaded.plan, sources=version.sources, advice=advice)


def _read(kept: Path, project: Project, instance: str, settings: Mapping[str, str]) -> Prepared | None:
    record = read_record(kept)
    if record is None:
        return None
    try:
        plan = plan_from_json(record["plan"])
        if record["inputs"] != _inputs(project, instance, settings, plan.runtime.on):
            return None
        tree = _tree(project, str(record["template"]))
        if plan.instance != instance or tree.digest != plan.template.digest:
            return None
        if plan.overlay is not None:
            from tenantry.catalogue.overlay import laid, overlay_at

            overlay = overlay_at(project.root / record["overlay"], plan.overlay.base, project.root)
            if overlay.plan != plan.overlay:
                return None
            tree = laid(tree, overlay, _tree(project, plan.overlay.base))
        sources = {key: tree.part(folder) for key, folder in record["sources"].items()}
        return Prepared(plan=plan, sources=sources, advice=tuple(record["advice"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, TenantryError):
        # Whatever is wrong with it, it is only a copy: the files are read again, and they say what is wrong.
        return None


def _tree(project: Project, selector: str) -> SourceTree:
    name, _, version = selector.partition("@")
    return project.catalogue.tree(name, version)


def _inputs(project: Project, instance: str, settings: Mapping[str, str], runtime: str) -> dict[str, object]:
    """Everything that decides the plan but the template's files, as JSON data. Raises OSError, AdapterError."""
    catalogue = project.catalogue_folder
    adapter = type(registry.runtime(runtime)).__module__.partition(".")[0]
    return {
        "tenant": digest_of_file(project.tenant_file(instance)),
        "catalogue": str(catalogue),
        "lock": digest_of_file(catalogue / LOCK),
        "channels": digest_of_file(catalogue / CHANNELS),
        "names": [sorted(project.settings.backends), sorted(project.settings.secrets)],
        "mode": project.mode,
        "policies": policies.inputs(project),
        "settings": dict(settings),
        "adapters": registry.installed(),
        "code": stamp_of_code((*_CODE, adapter)),
    }
