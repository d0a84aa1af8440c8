"""`tenantry engine`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tenantry_ops.cli.base import GroupWithGlobals, examples, pass_session

if TYPE_CHECKING:
    from tenantry_ops.cli.session import Session


@examples("tenantry engine install --control-plane", "tenantry engine status")
@click.group(cls=GroupWithGlobals)
def engine() -> None:
    """Install the Pulumi engine and the test control plane, or show them.

    A supported `pulumi` on PATH is used; else the official installer; else a build from pinned Go modules.
    """


@examples("tenantry engine install", "tenantry engine install --control-plane --drop-build-cache")
@engine.command()
@click.option(
    "--control-plane",
    is_flag=True,
    help="Also etcd, Kubernetes, the Gateway API and the S3 server, which the sandbox runs.",
)
@click.option("--drop-build-cache", is_flag=True, help="Afterwards remove what only building needed: several GB.")
@pass_session
def install(session: Session, *, control_plane: bool, drop_build_cache: bool) -> None:
    """Install what is missing, once for this user; a second run is silent.

    A build takes some minutes on two cores; when it is interrupted, the next run goes on from what is finished.
    """
    from tenantry_toolchain.install import install as obtain
    from tenantry_toolchain.status import status as look

    obtain(with_control_plane=control_plane, drop_build_cache=drop_build_cache, progress=session.screen.progress)
    if session.screen.as_json:
        session.screen.result([item.to_json() for item in look()], lambda: None)


@examples("tenantry engine status", "tenantry engine status --json")
@engine.command()
@pass_session
def status(session: Session) -> None:
    """Show which engine and control plane are used, and where they come from.

    With --json a list of objects: name, state, version, origin, path, size in bytes.
    """
    from tenantry_toolchain.status import status as look

    items = look()
    session.screen.result(
        [item.to_json() for item in items],
        lambda: session.screen.table(
            ("NAME", "STATE", "VERSION", "ORIGIN", "SIZE", "PATH"),
            [(item.name, item.state, item.version, item.origin, _size(item.size), item.path) for item in items],
        ),
    )


def _size(size: int) -> str:
    return f"{size / 1e6:,.0f} MB" if size else ""
