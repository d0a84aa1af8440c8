"""`tenantry backup` and `tenantry restore`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tenantry_ops.cli.arguments import instance_argument
from tenantry_ops.cli.base import CommandWithGlobals, examples, pass_session

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.backups import Manifest
    from tenantry_ops.cli.session import Session

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


@examples("tenantry backup acme", "tenantry backup acme --list", "tenantry backup acme --verify latest")
@click.command(cls=CommandWithGlobals)
@instance_argument
@click.option("--list", "only_list", is_flag=True, help="List the backups that there are, oldest first.")
@click.option("--verify", metavar="BACKUP", help="Compare a backup's files with its manifest; `latest` is the newest.")
@click.option("--remove", metavar="BACKUP", help="Remove a backup.")
@pass_session
def backup(session: Session, instance: str, *, only_list: bool, verify: str | None, remove: str | None) -> None:
    """Copy an instance's databases and buckets to files.

    They lie in .tenantry/backups/ID/, or below the folder that TENANTRY_BACKUPS names, readable by you alone. A killed
    backup is taken up again by the next one. Migrations make a backup first; the newest five of those are kept. With
    --json an object: instance, backup (what `tenantry restore --from` takes), created, template, purpose, size, data,
    folder; with --list a list of them.
    """
    from tenantry_ops.backups import back_up, store

    if sum((only_list, verify is not None, remove is not None)) > 1:
        raise click.UsageError("Only one of --list, --verify and --remove can be given.")
    project = session.instance_project(instance)
    screen = session.screen
    if only_list:
        found = store(project).list_all(instance)
        documents = [_document(session, instance, each) for each in found]
        screen.result(documents, lambda: _table(session, found))
    elif verify is not None:
        kept = store(project)
        manifest = kept.find(verify, instance)
        kept.verify(manifest)
        document = _document(session, instance, manifest)
        screen.result(document, lambda: screen.line(f"{_name(manifest)}: every file is as it was written"))
    elif remove is not None:
        kept = store(project)
        manifest = kept.get(instance, remove)
        kept.remove(instance, manifest.id)
        document = _document(session, instance, manifest)
        screen.result(document, lambda: screen.line(f"{_name(manifest)}: removed"))
    else:
        made = back_up(project, instance, _progress(session))
        screen.result(_document(session, instance, made), lambda: _show(session, made))


@examples(
    "tenantry restore acme --from latest",
    "tenantry restore acme-copy --from acme/20261123T101500Z-0a1b2c --yes",
)
@click.command(cls=CommandWithGlobals)
@instance_argument
@click.option(
    "--from", "source", metavar="BACKUP", required=True, help="INSTANCE/BACKUP, or BACKUP or `latest` of its own."
)
@click.option("--yes", "-y", is_flag=True, help="Do not ask for the instance's name.")
@pass_session
def restore(session: Session, instance: str, *, source: str, yes: bool) -> None:
    """Replace an instance's data by a backup; asks for the instance's name first.

    The instance must be deployed, run the template version of the backup, and belong to the same tenant; it may be a
    new one. Every file is verified before anything is changed. Repeat it where it was killed. With --json an object
    like that of `backup`; instance is the one that was restored.
    """
    import sys

    from tenantry_ops.backups import restore as put_back

    project = session.instance_project(instance)
    if not yes:
        if session.screen.as_json or not sys.stdin.isatty():
            raise click.UsageError(f"Restoring asks for the instance's name: add --yes to restore {instance} unasked.")
        typed = click.prompt(f"This replaces all data of {instance}. Type its name to go on", err=True)
        if typed != instance:
            raise click.ClickException(f"{typed!r} is not {instance!r}: nothing was changed.")
    manifest = put_back(project, instance, source, _progress(session))
    document = _document(session, instance, manifest)
    session.screen.result(document, lambda: session.screen.line(f"{instance}: restored from {_name(manifest)}"))


def _document(session: Session, instance: str, manifest: Manifest) -> dict[str, object]:
    from tenantry_ops.backups import store

    folder = store(session.project()).root / manifest.instance / manifest.id
    return {
        "instance": instance,
        "backup": _name(manifest),
        "created": manifest.created,
        "template": manifest.template,
        "purpose": manifest.purpose,
        "size": manifest.size,
        "data": [item.component for item in manifest.data],
        "folder": str(folder),
    }


def _name(manifest: Manifest) -> str:
    return f"{manifest.instance}/{manifest.id}"


def _progress(session: Session) -> Callable[[str], None]:
    last = ""

    def progress(text: str) -> None:
        nonlocal last
        if text != last:
            last = text
            session.screen.progress(text)

    return progress


def _show(session: Session, manifest: Manifest) -> None:
    screen = session.screen
    if screen.quiet:
        screen.line(_name(manifest))
        return
    names = ", ".join(item.component for item in manifest.data)
    screen.line(f"{_name(manifest)}: {names} of {manifest.template}, {_amount(manifest.size)}")


def _table(session: Session, found: list[Manifest]) -> None:
    rows = [[each.id, each.created, each.template, each.purpose, _amount(each.size)] for each in found]
    session.screen.table(["backup", "created", "template", "purpose", "size"], rows)


def _amount(size: int) -> str:
    amount, unit = float(size), 0
    while amount >= 1024 and unit < len(_UNITS) - 1:  # noqa: PLR2004 - bytes in a KiB
        amount, unit = amount / 1024, unit + 1
    return f"{amount:.0f} {_UNITS[unit]}" if unit == 0 else f"{amount:.1f} {_UNITS[unit]}"
