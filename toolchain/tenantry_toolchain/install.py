"""Everything that a machine needs, in one call."""

from __future__ import annotations

from tenantry_toolchain import controlplane, engine, gatewayapi, lanes, objectstore, recipes, status
from tenantry_toolchain.builder import download
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
        with_control_plane: etcd, Kubernetes' servers, the Gateway API's definitions and the S3 server, for the
            Kubernetes sandbox.
        drop_build_cache: afterwards remove what only the build needed, also where nothing was built now.
        progress: told about every step that takes time.

    Raises:
        PreflightError: something could not be obtained; the hint says what to install.
    """
    if with_engine and with_control_plane and _much_to_build():
        with lanes.beside(progress, "install", "--control-plane", "--download-first"):
            engine.ensure(progress)
    if with_engine:
        engine.ensure(progress)
    if with_control_plane:
        controlplane.ensure(progress)
        objectstore.ensure(progress)
        gatewayapi.crds(progress)
    if drop_build_cache:
        freed = status.drop_build_cache()
        if freed:
            progress(f"Dropped the build cache: {freed / 1e9:.1f} GB freed")


def download_for_control_plane(progress: Progress) -> None:
    """Download the modules of everything for the sandbox that is not there yet.

    Raises:
        PreflightError: they cannot be downloaded.
    """
    wanted = [recipes.gateway_api()] if gatewayapi.find() is None else []
    wanted += [recipes.etcd(), recipes.kubernetes()] if controlplane.find() is None else []
    wanted += [recipes.versitygw()] if objectstore.find() is None else []
    for recipe in wanted:
        download(recipe, progress)


def _much_to_build() -> bool:
    return engine.find() is None and controlplane.find() is None and lanes.roomy()
