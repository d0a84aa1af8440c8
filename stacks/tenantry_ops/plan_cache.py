"""Plans kept between runs of the program, so that a deployment does not pay for models that its plan does not need.

A kept plan is used only where everything that made it is the same: the tenant file, the template version's files, lock
and channels, mode and sandbox, and the code of the spec and of the adapter. It holds no secret values, only references.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenantry import registry
from tenantry.catalogue.files import CHANNELS, LOCK
from tenantry.catalogue.tree import SourceTree, read_tree
from tenantry.errors import TenantryError
from tenantry.spec.plan_json import plan_from_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tenantry.spec.plan import InstancePlan
    from tenantry_ops.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What the program needs of an instance: its plan, and the sources by component id."""

    plan: InstancePlan
    sources: Mapping[str, SourceTree]


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
    record = {
        "inputs": _inputs(project, instance, settings, loaded.plan.runtime.on),
        "template": str(loaded.plan.template),
        "sources": {key: tree.root.relative_to(version.folder).as_posix() for key, tree in version.sources.items()},
        "plan": loaded.plan.canonical_json(),
    }
    _write(kept, record)
    return Prepared(plan=loaded.plan, sources=version.sources)


def _read(kept: Path, project: Project, instance: str, settings: Mapping[str, str]) -> Prepared | None:
    try:
        record: dict[str, Any] = json.loads(kept.read_bytes())
        plan = plan_from_json(record["plan"])
        if record["inputs"] != _inputs(project, instance, settings, plan.runtime.on):
            return None
        name, _, version = str(record["template"]).partition("@")
        tree = read_tree(project.catalogue_folder / name / version)
        if plan.instance != instance or tree.digest != plan.template.digest:
            return None
        return Prepared(plan=plan, sources={key: tree.part(folder) for key, folder in record["sources"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, TenantryError):
        # Whatever is wrong with it, it is only a copy: the files are read again, and they say what is wrong.
        return None


def _write(kept: Path, record: Mapping[str, object]) -> None:
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=kept.parent, prefix=f".{kept.stem}-")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(record, file)
        Path(temporary).replace(kept)
    except OSError:
        # A project that cannot be written to is deployed all the same, only later.
        return


def _inputs(project: Project, instance: str, settings: Mapping[str, str], runtime: str) -> dict[str, object]:
    catalogue = project.catalogue_folder
    return {
        "tenant": _digest(project.tenant_file(instance)),
        "catalogue": str(catalogue),
        "lock": _digest(catalogue / LOCK),
        "channels": _digest(catalogue / CHANNELS),
        "mode": project.mode,
        "settings": dict(settings),
        "code": _code(runtime),
    }


def _digest(file: Path) -> str | None:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def _code(runtime: str) -> str:
    """A stamp of the code that makes plans: names, sizes and times of its files, and what is installed."""
    digest = hashlib.sha256(f"{sys.version} {registry.distribution(registry.RUNTIMES, runtime)}".encode())
    adapter = type(registry.runtime(runtime)).__module__.partition(".")[0]
    for package in ("tenantry.spec", "tenantry.catalogue", adapter):
        for path, size, changed in _files(package):
            digest.update(f"{path} {size} {changed}\n".encode())
    return digest.hexdigest()


def _files(package: str) -> Iterator[tuple[str, int, int]]:
    spec = importlib.util.find_spec(package)
    if spec is None:
        return
    folders = spec.submodule_search_locations
    found = [file for folder in folders for file in Path(folder).glob("*.py")] if folders else [Path(spec.origin or "")]
    for file in sorted(found):
        status = file.stat()
        yield str(file), status.st_size, status.st_mtime_ns
