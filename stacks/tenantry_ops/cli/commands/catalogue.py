"""`tenantry catalogue`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tenantry_ops.cli.base import GroupWithGlobals, examples, pass_session

if TYPE_CHECKING:
    from tenantry_ops.cli.session import Session


@examples("tenantry catalogue list", "tenantry catalogue check")
@click.group(cls=GroupWithGlobals)
def catalogue() -> None:
    """List, check and lock the template versions that the project uses.

    Released versions never change: templates/lock.yaml holds the digest of each.
    """


@examples("tenantry catalogue list", "tenantry catalogue list --json")
@catalogue.command("list")
@pass_session
def list_(session: Session) -> None:
    """List every template version with its channels.

    With --json a list of objects: template, version, channels, released, digest, title, folder.
    """
    found = session.project().catalogue
    rows: list[dict[str, object]] = []
    for name in found.names():
        channels = found.channels.get(name, {})
        for version in found.versions(name):
            opened = found.open(f"{name}@{version}")
            rows.append(
                {
                    "template": name,
                    "version": version,
                    "channels": sorted(channel for channel, points_to in channels.items() if points_to == version),
                    "released": opened.released,
                    "digest": opened.ref.digest,
                    "title": opened.template.title.en,
                    "folder": str(opened.folder),
                }
            )

    def show() -> None:
        session.screen.table(
            ("TEMPLATE", "VERSION", "CHANNELS", "RELEASED", "TITLE", "DIGEST"),
            [
                (
                    str(row["template"]),
                    str(row["version"]),
                    ", ".join(row["channels"]) if isinstance(row["channels"], list) else "",
                    "yes" if row["released"] else "no",
                    str(row["title"]),
                    str(row["digest"])[:19],
                )
                for row in rows
            ],
        )

    session.screen.result(rows, show)


@examples("tenantry catalogue check")
@catalogue.command()
@pass_session
def check(session: Session) -> None:
    """Compare every version and channel with the lock.

    Exit code 10 where a released version was changed, removed, or is not in the lock.
    """
    from tenantry.errors import CatalogueError

    found = session.project().catalogue
    problems = found.lock_problems()
    if problems:
        raise CatalogueError("\n".join(problems), hint=f"The catalogue is {found.root}.")
    count = len(found.lock)
    session.screen.result(
        {"versions": count, "problems": []},
        lambda: session.screen.line(f"{count} versions are as they were released."),
    )


@examples("tenantry catalogue lock")
@catalogue.command()
@pass_session
def lock(session: Session) -> None:
    """Release the versions that are not in the lock yet.

    Existing entries never change: a released version that was edited is refused; make a new version of it.
    """
    from tenantry.errors import PreflightError
    from tenantry_ops.settings import SHIPPED

    project = session.project()
    if project.settings.catalogue == SHIPPED:
        raise PreflightError(
            "The project uses the shipped catalogue, which is released already.",
            hint="Put your templates into a folder and name it in tenantry.yaml: catalogue: templates",
        )
    added = project.catalogue.write_lock()
    session.screen.result(
        {"released": added},
        lambda: session.screen.line(
            f"Released: {', '.join(added)}" if added else "Every version was released already."
        ),
    )
