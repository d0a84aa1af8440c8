"""Ends an instance: its data is kept and recorded, or deleted; everything else is removed."""

from __future__ import annotations

import dataclasses
import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from tenantry.errors import EngineError, PreflightError
from tenantry.spec.adoption import IDENTITY, new_token
from tenantry_ops import engine
from tenantry_ops.engine.barriers import MIGRATION_TYPE, forward_only
from tenantry_ops.engine.deployed import plain_text, read_resources
from tenantry_ops.engine.events import IDENTITY_TYPE
from tenantry_ops.engine.settings import remove_stack, set_secret
from tenantry_ops.life import records
from tenantry_ops.life.change import TenantChange, Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tenantry_ops.engine import EngineResult
    from tenantry_ops.engine.deployed import Deployed
    from tenantry_ops.engine.events import Event
    from tenantry_ops.life.textedit import Field
    from tenantry_ops.project import Project

CREDENTIAL_TYPE: Final = "tenantry:index:Credential"
"""Passwords that were made once: they live in the stack's state alone."""

_OWN: Final = "tenantry:index:"
_UNKNOWN: Final = "unknown"

Data = Literal["keep", "delete"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """What a retirement did. `record` is None where nothing was ever deployed."""

    file: Path | None
    record: records.Record | None
    changes: Mapping[str, int]
    seconds: float = 0.0


def retire(project: Project, instance: str, data: Data, on_event: Callable[[Event], None]) -> Retired:
    """Sets `lifecycle` in the tenant file, releases the data, writes the record, removes the rest and the stack.

    It can be repeated: what an interrupted run left is gone on with.

    Args:
        project: where the instance is.
        instance: its id.
        data: what becomes of databases and buckets.
        on_event: told every step of the engine.

    Raises the errors of `engine.run`; the file keeps the new state where anything was released by then.
    """
    found = read_resources(project, instance)
    watch = Watch(on_event)
    changes: dict[Field, str] = {("lifecycle", "state"): "retired", ("lifecycle", "data"): data}
    if data == "keep" and not isinstance(project.tenant_data(instance).get("lifecycle"), dict):
        del changes["lifecycle", "data"]
    before = project.tenant_file(instance).read_text(encoding="utf-8")
    with TenantChange(project, instance, changes, keep=lambda: watch.touched):
        if found is None:
            return Retired(file=None, record=None, changes={})
        results: list[EngineResult] = []
        if any(one.protected or one.retained for one in found):
            results.append(engine.run(project, instance, "up", watch))
            found = read_resources(project, instance) or []
        record = _record(project, instance, data, found, before)
        if record is not None:
            _hand_over_secrets(project, instance, record)
            records.write(project, record)
        if found:
            results.append(engine.run(project, instance, "destroy", watch))
    rest = [one for one in read_resources(project, instance) or () if one.custom]
    if rest:
        named = ", ".join(f"{one.type} {one.name}" for one in rest[:5])
        raise EngineError(f"The stack of {instance} still holds {named}.", hint=f"Go on: tenantry retire {instance}")
    remove_stack(project, instance, history=data == "delete")
    shutil.rmtree(project.folder / "runs" / instance, ignore_errors=True)
    file = None
    if record is not None:
        record = records.finished(record)
        file = records.write(project, record)
    done: dict[str, int] = {}
    for result in results:
        for name, count in result.changes.items():
            done[name] = done.get(name, 0) + count
    return Retired(file=file, record=record, changes=done, seconds=sum(result.seconds for result in results))


def _record(
    project: Project, instance: str, data: Data, found: Sequence[Deployed], tenant_file: str
) -> records.Record | None:
    """The record of what the state holds; that of an interrupted retirement goes on. None where nothing ever stood."""
    earlier = records.latest(project.root, instance)
    open_one = earlier[1] if earlier is not None and not earlier[1].finished else None
    stamp = next((one for one in found if one.type == IDENTITY_TYPE), None)
    if stamp is None:
        return open_one
    identity = {name: plain_text(stamp.outputs.get(name)) or _UNKNOWN for name in IDENTITY}
    barriers = next((forward_only([dataclasses.asdict(one)]) for one in found if one.type == MIGRATION_TYPE), ())
    secrets = tuple(one.name for one in found if one.type == CREDENTIAL_TYPE and one.retained)
    things = [one for one in found if one.custom and one.retained and one.id and not one.type.startswith(_OWN)]
    gone = [one for one in found if one.custom and not one.retained and one.id and not one.type.startswith(_OWN)]
    fresh = records.Record(
        **identity,
        template=plain_text(stamp.outputs.get("template")) or _UNKNOWN,
        retired=records.now(),
        data=data,
        token=new_token(identity),
        finished=False,
        adopted=None,
        secrets=secrets if data == "keep" else (),
        forward_only=barriers,
        kept=_kept(things),
        deleted=_kept([one for one in gone if one.type not in _NOTHING and not one.type.startswith("pulumi:")]),
        tenant_file=tenant_file,
    )
    if open_one is None:
        return fresh
    return dataclasses.replace(
        open_one,
        data=data,
        secrets=tuple(dict.fromkeys((*open_one.secrets, *fresh.secrets))) if data == "keep" else (),
        kept=tuple(dict.fromkeys((*open_one.kept, *fresh.kept))) if data == "keep" else (),
        deleted=tuple(dict.fromkeys((*open_one.deleted, *fresh.deleted))),
    )


_NOTHING: Final = frozenset({IDENTITY_TYPE})


def _kept(found: Sequence[Deployed]) -> tuple[records.Kept, ...]:
    return tuple(records.Kept(name=one.name, type=one.type, id=one.id) for one in found)


def _hand_over_secrets(project: Project, instance: str, record: records.Record) -> None:
    """Puts the generated passwords of the kept data into the stack's encrypted settings."""
    if not record.secrets:
        return
    values = {}
    for one in read_resources(project, instance, show_secrets=True) or ():
        value = plain_text(one.outputs.get("value")) if one.type == CREDENTIAL_TYPE else None
        if value is not None:
            values[one.name] = value
    missing = set(record.secrets) - set(values)
    if missing and values:
        raise PreflightError(
            f"The state of {instance} does not hold the passwords of {', '.join(sorted(missing))}.",
            hint="Nothing was removed. Restore the state from its history, then run this again.",
        )
    if values:
        set_secret(project, instance, records.SECRETS_KEY, json.dumps(values, sort_keys=True))
