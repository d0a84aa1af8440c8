"""The test control plane: etcd and Kubernetes' server programs, found on PATH or built from pinned modules.

`TENANTRY_CONTROL_PLANE=path|build` allows one of these ways only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tenantry.errors import PreflightError
from tenantry_toolchain import builder, cache, recipes
from tenantry_toolchain.choice import chosen
from tenantry_toolchain.onpath import which
from tenantry_toolchain.progress import Progress, quiet
from tenantry_toolchain.versions import Version, ask, parse

if TYPE_CHECKING:
    from pathlib import Path

Origin = Literal["path", "build"]

_WAYS: tuple[Origin, ...] = ("path", "build")
_SERVERS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlane:
    """The four programs. `version` is that of Kubernetes, without `v`; `origin` is `path` only where all four are."""

    etcd: Path
    kube_apiserver: Path
    kube_controller_manager: Path
    kube_scheduler: Path
    version: str
    etcd_version: str
    origin: Origin


def find() -> ControlPlane | None:
    """The control plane that is there. Downloads and builds nothing.

    Raises:
        PreflightError: `TENANTRY_CONTROL_PLANE` has an unknown value.
    """
    for way in chosen("TENANTRY_CONTROL_PLANE", _WAYS):
        found = _on_path()[0] if way == "path" else _built(cache.read(recipes.etcd().slot), _kubernetes())
        if found is not None:
            return found
    return None


def ensure(progress: Progress = quiet) -> ControlPlane:
    """The control plane; built where it is not there yet, which takes minutes. Silent when it is there.

    Raises:
        PreflightError: it is not there and cannot be built.
    """
    found = find()
    if found is not None:
        return found
    reason = _on_path()[1]
    if "build" not in chosen("TENANTRY_CONTROL_PLANE", _WAYS):
        raise PreflightError(f"There is no usable control plane on PATH: {reason}", hint=_hint())
    try:
        etcd = builder.obtain(recipes.etcd(), progress)
        built = _built(etcd, builder.obtain(recipes.kubernetes(), progress))
    except PreflightError as error:
        tried = f"\n  - on PATH: {reason}\n  - build from pinned modules: {error.message}"
        raise PreflightError(f"There is no usable control plane.{tried}", hint=f"{error.hint} {_hint()}") from error
    if built is None:
        raise PreflightError("The control plane just built is incomplete.", hint="Run the command again.")
    return built


def _hint() -> str:
    wanted = recipes.kubernetes().version.rsplit(".", 1)[0]
    store = recipes.etcd().version.rsplit(".", 1)[0]
    return f"Programs of Kubernetes {wanted} and etcd {store} that are on PATH are used as they are."


def _kubernetes() -> cache.Stored | None:
    return cache.read(recipes.kubernetes().slot)


def _built(etcd: cache.Stored | None, kubernetes: cache.Stored | None) -> ControlPlane | None:
    if etcd is None or kubernetes is None:
        return None
    folder = kubernetes.folder / "bin"
    return ControlPlane(
        etcd=etcd.folder / "bin" / "etcd",
        kube_apiserver=folder / "kube-apiserver",
        kube_controller_manager=folder / "kube-controller-manager",
        kube_scheduler=folder / "kube-scheduler",
        version=kubernetes.version,
        etcd_version=etcd.version,
        origin="build",
    )


def _on_path() -> tuple[ControlPlane | None, str]:
    """What PATH has: the minor versions must be those that are pinned, and all servers of one version."""
    programs: dict[str, tuple[Path, Version]] = {}
    for name in ("etcd", *_SERVERS):
        program = which(name)
        if program is None:
            return None, f"{name} is not there."
        recipe = recipes.etcd() if name == "etcd" else recipes.kubernetes()
        version = ask(program, "--version")
        wanted = parse(recipe.version)
        if version is None or wanted is None or (version.major, version.minor) != (wanted.major, wanted.minor):
            return (
                None,
                f"{program} is {version or 'of an unknown version'}; {recipe.version} or another patch is wanted.",
            )
        programs[name] = (program, version)
    servers = {programs[name][1] for name in _SERVERS}
    if len(servers) != 1:
        return None, f"the servers are of different versions: {', '.join(sorted(map(str, servers)))}."
    return (
        ControlPlane(
            etcd=programs["etcd"][0],
            kube_apiserver=programs["kube-apiserver"][0],
            kube_controller_manager=programs["kube-controller-manager"][0],
            kube_scheduler=programs["kube-scheduler"][0],
            version=str(programs["kube-apiserver"][1]),
            etcd_version=str(programs["etcd"][1]),
            origin="path",
        ),
        "",
    )
