"""Checks of what Tenantry needs beside itself."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tenantry.errors import TenantryError
from tenantry_toolchain import controlplane as controlplanes
from tenantry_toolchain import engine as engines
from tenantry_toolchain import gatewayapi, objectstore, recipes
from tenantry_toolchain import go as golang
from tenantry_toolchain.check import Check
from tenantry_toolchain.onpath import which
from tenantry_toolchain.refusal import INSTALL_HINT

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLUGIN = "pulumi-resource-tenantry"


def engine() -> Iterator[Check]:
    """The engine and its language host."""
    found = engines.find()
    if found is None:
        hint = "Run `tenantry engine install`."
        yield Check(name="engine", state="fail", detail=f"none; {recipes.engine().version} is wanted", hint=hint)
        return
    yield Check(name="engine", state="ok", detail=f"pulumi {found.version} from {found.origin} ({found.pulumi})")
    limits = "" if found.modern_host else "; activate the virtual environment, policy packs do not run"
    yield Check(name="language host", state="ok", detail=f"{found.host}{limits}")


def control_plane() -> Iterator[Check]:
    """The test control plane."""
    found = controlplanes.find()
    if found is None:
        hint = "Run `tenantry engine install --control-plane`; only the Kubernetes sandbox needs it."
        yield Check(name="control plane", state="warn", detail="none", hint=hint)
        return
    detail = f"Kubernetes {found.version}, etcd {found.etcd_version} from {found.origin}"
    yield Check(name="control plane", state="ok", detail=f"{detail} ({found.kube_apiserver.parent})")


def object_store() -> Iterator[Check]:
    """The S3 server."""
    found = objectstore.find()
    if found is not None:
        yield Check(name="s3 server", state="ok", detail=f"versitygw {found.version} ({found.versitygw})")
        return
    hint = "Run `tenantry engine install --control-plane`; only the Kubernetes sandbox needs it."
    yield Check(name="s3 server", state="warn", detail="none", hint=hint)


def gateway_api() -> Iterator[Check]:
    """The Gateway API's definitions."""
    files = gatewayapi.find()
    if files:
        yield Check(name="gateway api", state="ok", detail=f"{len(files)} definitions, {recipes.gateway_api().version}")
        return
    hint = "Run `tenantry engine install --control-plane`; only the Kubernetes sandbox needs it."
    yield Check(name="gateway api", state="warn", detail="its definitions are not in the cache", hint=hint)


def go() -> Iterator[Check]:
    """The Go command, where something is still to be built."""
    parts = (engines.find(), controlplanes.find(), objectstore.find(), gatewayapi.find())
    complete = None not in parts
    if golang.find() is None:
        detail = "not installed" + (", and not needed: everything is there" if complete else "")
        yield Check(name="go", state="ok" if complete else "warn", detail=detail, hint="" if complete else INSTALL_HINT)
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = golang.require(cwd=Path(folder))
        except TenantryError as error:
            yield Check(
                name="go", state="ok" if complete else "warn", detail=error.message, hint="" if complete else error.hint
            )
            return
    yield Check(name="go", state="ok", detail=f"{found.version} ({found.path})")


def plugins() -> Iterator[Check]:
    """Our own plugin, and others that PATH would slip in."""
    beside = Path(sys.executable).parent / _PLUGIN
    own = beside if os.access(beside, os.X_OK) else which(_PLUGIN)
    if own is None:
        hint = "Install Tenantry again in this environment, and activate it."
        yield Check(name="plugin tenantry", state="fail", detail=f"{_PLUGIN} is not there", hint=hint)
    else:
        yield Check(name="plugin tenantry", state="ok", detail=str(own))
    for name in sorted(_ambient()):
        yield Check(
            name=f"plugin {name}",
            state="warn",
            detail="is on PATH, which the engine prefers to an installed one of the wanted version",
            hint=f"Take pulumi-resource-{name} off PATH, or set PULUMI_IGNORE_AMBIENT_PLUGINS=true.",
        )


def _ambient() -> set[str]:
    own = {"tenantry", "tenantry-sandbox-kubernetes", "pulumi-nodejs", "pulumi-python"}
    names: set[str] = set()
    for entry in os.get_exec_path():
        found = Path(entry or ".").glob("pulumi-resource-*")
        names |= {path.name.removeprefix("pulumi-resource-") for path in found if os.access(path, os.X_OK)}
    return names - own
