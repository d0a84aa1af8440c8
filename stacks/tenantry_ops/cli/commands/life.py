"""`tenantry upgrade`, `rollback`, `suspend`, `resume`, `retire` and `adopt`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from tenantry_ops.cli.arguments import instance_argument
from tenantry_ops.cli.base import CommandWithGlobals, examples, pass_session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from click.shell_completion import CompletionItem

    from tenantry_ops.cli.session import Session
    from tenantry_ops.life.versions import Versions
    from tenantry_ops.project import Project


def _complete_versions(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Versions and channels of the instance's template; none where they cannot be read."""
    from click.shell_completion import CompletionItem

    from tenantry.errors import TenantryError
    from tenantry_ops.cli.session import Session as CliSession

    try:
        project = ctx.ensure_object(CliSession).project()
        # An option that still lacks its value leaves the words before it unparsed.
        instance = ctx.params.get("instance") or next(iter(ctx.args), "")
        template = project.tenant_data(str(instance)).get("template")
        name = str(template).partition("@")[0]
        found = [*project.catalogue.versions(name), *project.catalogue.channels.get(name, {})]
    except (TenantryError, OSError):
        return []
    return [CompletionItem(word) for word in found if word.startswith(incomplete)]


_to = click.option(
    "--to", metavar="VERSION", shell_complete=_complete_versions, help="The version or channel: 1.2.0, stable."
)
_preview = click.option("--preview", is_flag=True, help="Show what would change, and change nothing, the file neither.")
_yes = click.option("--yes", "-y", is_flag=True, help="Do not ask for the instance's name.")


@examples("tenantry upgrade acme --list", "tenantry upgrade acme --preview", "tenantry upgrade acme --to 1.2.0")
@click.command(cls=CommandWithGlobals)
@instance_argument
@_to
@_preview
@click.option("--list", "only_list", is_flag=True, help="Show the versions that there are, and change nothing.")
@pass_session
def upgrade(session: Session, instance: str, *, to: str | None, preview: bool, only_list: bool) -> None:
    """Bring an instance to a newer version of its template.

    Sets `template` in the tenant file and deploys; comments and order of the file stay. Without --to the version is the
    one of the channel `stable`, else the newest. A refused upgrade leaves the file as it was. With --json an object
    like that of `up`, with `from`, `to`, `file` and `versions`.
    """
    from tenantry_ops.life.versions import upgrade_target, versions_of

    project = session.instance_project(instance)
    versions = versions_of(project, instance)
    target = upgrade_target(project, versions, to, instance)
    if only_list:
        document = {"instance": instance, "proposed": target, **versions.to_json()}
        session.screen.result(document, lambda: _show_versions(session, versions))
        return
    if target == versions.current and to is None:
        session.screen.note(f"{versions.name} {target} is the newest version; the file stays as it is.")
    elif session.screen.talks:
        session.screen.note(f"{versions.name} {versions.current} -> {target} (newer: {', '.join(versions.newer())})")
    _to_version(session, project, instance, versions, target, preview=preview)


@examples("tenantry rollback acme", "tenantry rollback acme --preview", "tenantry rollback acme --to 1.0.0")
@click.command(cls=CommandWithGlobals)
@instance_argument
@_to
@_preview
@pass_session
def rollback(session: Session, instance: str, *, to: str | None, preview: bool) -> None:
    """Bring an instance back to the version that it had before.

    The stack remembers that version. Data stays as it is: a version whose migration is `forward-only` cannot be gone
    back over, which is refused before anything is changed. Databases and buckets that the older version does not know
    stay too: `lifecycle.kept` names the version that they wait for. With --json an object like that of `upgrade`.
    """
    from tenantry_ops.life.versions import data_to_keep, rollback_target, versions_of

    project = session.instance_project(instance)
    versions = versions_of(project, instance)
    target = rollback_target(project, instance, versions, to)
    session.screen.note(f"{versions.name} {versions.deployed or versions.current} -> {target}")
    kept = data_to_keep(project, versions, target)
    if kept is not None:
        session.screen.note(f"{versions.name} {target} does not know all of {kept}'s data; it stays, unused.")
    _to_version(session, project, instance, versions, target, preview=preview, kept=kept)


@examples("tenantry suspend acme", "tenantry suspend acme --json")
@click.command(cls=CommandWithGlobals)
@instance_argument
@pass_session
def suspend(session: Session, instance: str) -> None:
    """Switch an instance off and keep its data.

    No pod runs and no schedule is active, its URL answers 503. `tenantry resume` switches it on again.
    """
    _to_state(session, instance, "suspended")


@examples("tenantry resume acme", "tenantry resume acme --quiet")
@click.command(cls=CommandWithGlobals)
@instance_argument
@pass_session
def resume(session: Session, instance: str) -> None:
    """Switch a suspended instance on again.

    Sets `lifecycle.state: running` in the tenant file and deploys.
    """
    _to_state(session, instance, "running")


@examples(
    "tenantry retire acme",
    "tenantry retire acme --yes --json",
    "tenantry retire acme --data delete --delete-data acme",
)
@click.command(cls=CommandWithGlobals)
@instance_argument
@click.option("--data", type=click.Choice(["keep", "delete"]), help="What becomes of its data; else as the file says.")
@_yes
@click.option("--delete-data", metavar="ID", help="With `delete`: the instance's name once more, instead of typing it.")
@pass_session
def retire(
    session: Session, instance: str, *, data: Literal["keep", "delete"] | None, yes: bool, delete_data: str | None
) -> None:
    """End an instance: keep its data and say where it is, or delete it.

    Kept data is released from the stack and recorded in retired/ID/; `tenantry adopt` takes it over again. To delete
    data it must be said twice: by `lifecycle.data: delete` or --data delete, and by the instance's name. Everything
    else of the instance is removed, its stack too. With --json an object: instance, operation, data, record, kept,
    deleted, changes, seconds.
    """
    from tenantry_ops import sandboxes
    from tenantry_ops.cli.progress import Progress
    from tenantry_ops.life.retirement import retire as retire_instance

    project = session.instance_project(instance)
    data = data or _data_of(project, instance)
    if data == "delete":
        _confirm(session, instance, delete_data, "--delete-data", f"This deletes all data of {instance} for good.")
    elif not yes:
        _confirm(session, instance, None, "--yes", f"This removes {instance} and keeps its data.")
    sandboxes.require(project, instance)
    with Progress(session.screen, instance) as progress:
        done = retire_instance(project, instance, data, progress)
    kept = [] if done.record is None else [vars_of(one) for one in done.record.kept]
    deleted = [] if done.record is None else [vars_of(one) for one in done.record.deleted]
    document = {
        "instance": instance,
        "operation": "retire",
        "data": data,
        "record": None if done.file is None else str(done.file),
        "kept": kept,
        "deleted": deleted,
        "changes": dict(done.changes),
        "seconds": round(done.seconds, 1),
    }

    def show() -> None:
        screen = session.screen
        if not screen.quiet:
            screen.line(f"{instance} is retired ({done.seconds:.1f} s)")
            if kept:
                screen.table(("KEPT", "TYPE", "WHERE"), [(one["name"], one["type"], one["id"]) for one in kept])
        if done.file is not None:
            screen.line(f"Record: {project.shown(done.file)}" if not screen.quiet else str(done.file))
        if kept and not screen.quiet:
            screen.line(f"Take it over again: tenantry adopt {instance}")

    session.screen.result(document, show)


@examples("tenantry adopt acme", "tenantry adopt acme --record retired/acme/20261123T101500Z.yaml")
@click.command(cls=CommandWithGlobals)
@instance_argument
@click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The record of the retirement; else the last one of the instance.",
)
@pass_session
def adopt(session: Session, instance: str, *, record: Path | None) -> None:
    """Bring a retired instance back with the data that was kept.

    Makes a new stack, which takes the data over, and the tenant file again where it is gone. With --json an object like
    that of `up`, with `record`.
    """
    from tenantry_ops import sandboxes
    from tenantry_ops.cli.commands.deploy import document, show_result
    from tenantry_ops.cli.progress import Progress
    from tenantry_ops.life.adoption import adopt as adopt_instance
    from tenantry_ops.life.adoption import find_record

    project = session.project()
    found = find_record(project, instance, record)
    sandboxes.require(project, instance)
    with Progress(session.screen, instance) as progress:
        done = adopt_instance(project, instance, found, progress)
    session.screen.result(
        {**document(instance, done.result), "operation": "adopt", "record": str(done.file)},
        lambda: show_result(session, instance, done.result),
    )


def vars_of(thing: object) -> dict[str, str]:
    """A small frozen record as a JSON object."""
    from dataclasses import asdict, is_dataclass

    return asdict(thing) if is_dataclass(thing) and not isinstance(thing, type) else {}


def _to_state(session: Session, instance: str, state: str) -> None:
    from tenantry_ops.life.states import check_state

    project = session.instance_project(instance)
    check_state(project, instance, state)
    _change(session, project, instance, {("lifecycle", "state"): state}, {"state": state})


def _to_version(
    session: Session,
    project: Project,
    instance: str,
    versions: Versions,
    target: str,
    *,
    preview: bool,
    kept: str | None = None,
) -> None:
    selector = f"{versions.name}@{target}"
    keep_selector = target == versions.current
    changes: dict[tuple[str, ...], str] = {} if keep_selector else {("template",): selector}
    if kept is not None:
        changes["lifecycle", "kept"] = kept
    told: dict[str, object] = {"from": versions.deployed or versions.current, "to": target}
    _change(session, project, instance, changes, {**told, "versions": versions.to_json()}, preview=preview)


def _change(
    session: Session,
    project: Project,
    instance: str,
    changes: Mapping[tuple[str, ...], str],
    told: Mapping[str, object],
    *,
    preview: bool = False,
) -> None:
    """Edits the tenant file, deploys, and shows the result; a refused deployment leaves the file as it was."""
    from tenantry.errors import TenantryError
    from tenantry_ops import engine, sandboxes
    from tenantry_ops.cli.commands.deploy import document, show_result
    from tenantry_ops.cli.progress import Progress
    from tenantry_ops.life.change import TenantChange, Watch

    sandboxes.require(project, instance)
    with Progress(session.screen, instance, preview=preview) as progress:
        watch = Watch(progress)
        change = TenantChange(project, instance, changes, keep=lambda: watch.touched, always_undo=preview)
        try:
            with change:
                result = engine.run(project, instance, "preview" if preview else "up", watch)
        except TenantryError as error:
            change.tell(error)
            raise
    file = project.shown(project.tenant_file(instance))
    session.screen.result(
        {**document(instance, result), **told, "file": file, "file_changed": change.changed and not preview},
        lambda: show_result(session, instance, result),
    )


def _data_of(project: Project, instance: str) -> Literal["keep", "delete"]:
    lifecycle = project.tenant_data(instance).get("lifecycle")
    return "delete" if isinstance(lifecycle, dict) and lifecycle.get("data") == "delete" else "keep"


def _confirm(session: Session, instance: str, typed: str | None, option: str, what: str) -> None:
    import sys

    if typed is None:
        if session.screen.as_json or not sys.stdin.isatty():
            value = f" {instance}" if option != "--yes" else ""
            raise click.UsageError(f"{what} Say so with {option}{value}.")
        typed = click.prompt(f"{what} Type its name to go on", err=True)
    if typed != instance:
        raise click.UsageError(f"{typed!r} is not {instance!r}: nothing was changed.")


def _show_versions(session: Session, versions: Versions) -> None:
    rows = []
    for version in reversed(versions.available):
        channels = ", ".join(sorted(name for name, points_to in versions.channels.items() if points_to == version))
        notes = [
            word
            for word, at in (
                ("deployed", versions.deployed),
                ("in the file", versions.current),
                ("before", versions.before),
            )
            if at == version
        ]
        rows.append((version, channels, ", ".join(notes)))
    session.screen.table((versions.name.upper(), "CHANNELS", ""), rows)
