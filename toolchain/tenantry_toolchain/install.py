"""Everything that a machine needs, in one call."""

from __future__ import annotations

from tenantry_toolchain import controlplane, engine, gatewayapi, status
from tenantry_toolchain.progress import Progress, quiet


def install(
    *,
    with_engine: bool = True,
    with_control_plane: bool = False,
    drop_build_cache: bool = False,
    progress: Progress = quiet,
) -> None:
    """Obtain what is asked for; says nothing where all of it is there already.

    Args:
        with_engine: the Pulumi engine and its Python language host.
        with_control_plane: etcd, Kubernetes' servers and the Gateway API's definitions, for the Kubernetes sandbox.
        drop_build_cache: afterwards remove what only the build needed, also where nothing was built now.
        progress: told about every step that takes time.

    Raises:
        PreflightError: something could not be obtained; the hint says what to install.
    """
    if with_engine:
        engine.ensure(progress)
    if with_control_plane:
        controlplane.ensure(progress)
        gatewayapi.crds(progress)
    if drop_build_cache:
        freed = status.drop_build_cache()
        if freed:
            progress(f"Dropped the build cache: {freed / 1e9:.1f} GB freed")
