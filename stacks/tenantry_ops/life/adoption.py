"""Brings what a retired instance left into a new stack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenantry.errors import PreflightError
from tenantry_ops import engine
from tenantry_ops.engine.barriers import refuse_way_back
from tenantry_ops.engine.settings import has_setting, remove_setting
from tenantry_ops.life import records
from tenantry_ops.life.change import TenantChange, Watch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tenantry_ops.engine import EngineResult
    from tenantry_ops.engine.events import Event
    from tenantry_ops.life.textedit import Field
    from tenantry_ops.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """A finished adoption."""

    file: Path
    record: records.Record
    result: EngineResult


def adopt(project: Project, instance: str, record: records.Record, on_event: Callable[[Event], None]) -> Adopted:
    """Sets state and token in the tenant file and deploys; the new stack takes the kept data.

    A tenant file that is gone is made again as it was before the retirement.

    Args:
        project: where the instance is to be.
        instance: its id, the one that was retired.
        record: what `find_record` found.
        on_event: told every step of the engine.

    Raises the errors of `engine.run`; tenant file and record are then as they were.
    """
    tenant_file = project.tenant_file(instance)
    made = not tenant_file.exists()
    watch = Watch(on_event)
    if made:
        tenant_file.parent.mkdir(parents=True, exist_ok=True)
        tenant_file.write_text(record.tenant_file, encoding="utf-8")
    changes: dict[Field, str] = {("lifecycle", "state"): "running", ("lifecycle", "adopt"): record.token}
    try:
        with TenantChange(project, instance, changes, keep=lambda: watch.touched):
            refuse_way_back(project, instance, record.template.partition("@")[0], record.forward_only)
            result = engine.run(project, instance, "up", watch)
    except BaseException:
        if made and not watch.touched:
            tenant_file.unlink(missing_ok=True)
        raise
    record = records.adopted(record)
    file = records.write(project, record)
    remove_setting(project, instance, records.SECRETS_KEY)
    return Adopted(file=file, record=record, result=result)


def find_record(project: Project, instance: str, given: Path | None) -> records.Record:
    """The record to adopt by: the given file's, else the last one of the instance.

    Raises PreflightError where there is nothing to adopt, SpecError for a broken record.
    """
    found = (given, records.read(given)) if given is not None else records.latest(project.root, instance)
    if found is None:
        raise PreflightError(
            f"There is no record of a retirement of {instance} in {records.FOLDER}/.",
            hint="Name the file: tenantry adopt ID --record FILE",
        )
    file, record = found
    shown = project.shown(file)
    if record.instance != instance:
        hint = f"Adopt it under its own name: tenantry adopt {record.instance} --record {shown}"
        raise PreflightError(f"{shown} is the record of {record.instance}, not of {instance}.", hint=hint)
    if record.adopted is not None:
        raise PreflightError(
            f"What {shown} records was adopted at {record.adopted}.", hint=f"See: tenantry up {instance}"
        )
    if not record.finished:
        raise PreflightError(
            f"The retirement of {instance} is not finished.", hint=f"Go on: tenantry retire {instance}"
        )
    if not record.kept:
        raise PreflightError(
            f"{instance} left nothing to adopt ({shown}: data: {record.data}).",
            hint="Set `lifecycle.state: running` in its tenant file, and deploy it anew: tenantry up",
        )
    if record.secrets and not has_setting(project, instance, records.SECRETS_KEY):
        name = project.shown(project.stack_file(instance))
        raise PreflightError(
            f"{name} does not hold the passwords of the kept data ({records.SECRETS_KEY}).",
            hint="Copy that file, and the key that it is encrypted with, from where the instance was retired.",
        )
    return record
