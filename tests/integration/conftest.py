"""What integration tests share.

`cloud`: a project on the cloud of files (tests/support/testcloud): the real engine, no vendor, seconds per test.
`sandbox`: a running Kubernetes sandbox, one for the whole session.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tenantry import registry
from tenantry_kubernetes.sandbox import KubernetesSandbox
from tenantry_ops import engine
from tenantry_ops.environment import engine_executable, environment
from tenantry_ops.project import Project
from tenantry_toolchain import engine as toolchain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tenantry_kubernetes.client.sync import Kubernetes
    from tenantry_ops.engine import EngineResult, Event, Operation

TESTCLOUD = Path(__file__).parents[1] / "support" / "testcloud"

PULUMI_YAML = """\
name: probe
runtime: python
stackConfigDir: tenant_configs/
plugins:
  providers:
    - {name: tenantry, path: plugins}
    - {name: testcloud, path: plugins}
config:
  pulumi:disable-default-providers:
    value: ["*"]
"""

SETTINGS = """\
spec: tenantry/v1
kind: Project
catalogue: templates
mode: sandbox
"""

THINGS_PROGRAM = """\
from testcloud.program import main

main()
"""

PROGRAM = """\
from tenantry_ops.program import main

main()
"""

SHIM = """\
#!/bin/sh
exec {python} -m {module} "$@"
"""

TENANT = """\
spec: tenantry/v1
kind: Tenant
tenant: {tenant}
instance: {instance}
template: probe@1.0.0
runtime: {{on: testcloud}}
"""


@dataclass(frozen=True)
class Cloud:
    """A project whose instances run on the cloud of files in `folder`."""

    root: Path
    folder: Path
    events: list[Event] = field(default_factory=list)

    @property
    def project(self) -> Project:
        return Project.find(self.root)

    def tenant(self, instance: str, text: str = "", tenant: str = "owner") -> None:
        file = self.root / "tenant_configs" / f"{instance}.yaml"
        file.write_text(TENANT.format(tenant=tenant, instance=instance) + text)

    def declare(self, instance: str, **things: dict[str, str]) -> None:
        """Lets the program of `testcloud.program` declare these things; makes the instance where it is missing."""
        (self.root / "__main__.py").write_text(THINGS_PROGRAM)
        (self.root / "things.json").write_text(json.dumps(things))
        if not (self.root / "tenant_configs" / f"{instance}.yaml").exists():
            self.tenant(instance)

    def run(self, instance: str, operation: Operation = "up") -> EngineResult:
        self.events.clear()
        return engine.run(self.project, instance, operation, self.events.append)

    def things(self, instance: str) -> set[str]:
        return {file.stem for file in (self.folder / instance).glob("*.json")}

    def bought(self) -> list[str]:
        file = self.folder / "bought"
        return file.read_text().split() if file.exists() else []

    def spawn(self, instance: str, operation: Operation = "up", **variables: str) -> subprocess.Popen[str]:
        """Runs an operation in a process group of its own, to be killed."""
        code = "import sys; from tenantry_ops import engine; from tenantry_ops.project import Project\n"
        code += "engine.run(Project.find(), sys.argv[1], sys.argv[2])"
        return subprocess.Popen(
            [sys.executable, "-c", code, instance, operation],
            cwd=self.root,
            env=os.environ | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def plain(self, instance: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs plain `pulumi` with the environment that `tenantry env` prints."""
        return subprocess.run(
            self.plain_command(instance, *arguments),
            cwd=self.root,
            env=os.environ | environment(self.project, instance) | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def plain_without(self, instance: str, prefix: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """As `plain`, without the variables that begin with `prefix`."""
        given = os.environ | environment(self.project, instance)
        variables = {name: value for name, value in given.items() if not name.startswith(prefix)}
        command = self.plain_command(instance, *arguments)
        return subprocess.run(command, cwd=self.root, env=variables, capture_output=True, text=True, check=False)

    def plain_schema(self, plugin: str) -> subprocess.CompletedProcess[str]:
        """`pulumi package get-schema PLUGIN`."""
        variables = os.environ | environment(self.project, "acme")
        command = [str(engine_executable()), "package", "get-schema", plugin]
        return subprocess.run(command, cwd=self.root, env=variables, capture_output=True, text=True, check=False)

    def plain_command(self, instance: str, *arguments: str) -> list[str]:
        return [str(engine_executable()), *arguments, "--stack", instance, "--non-interactive", "--color", "never"]

    def wait_for_thing(self, instance: str, name: str) -> None:
        deadline = time.monotonic() + 60
        while name not in self.things(instance):
            assert time.monotonic() < deadline, f"{name} was never made"
            time.sleep(0.02)

    def state(self, instance: str) -> str:
        return (self.root / ".tenantry/state/.pulumi/stacks/probe" / f"{instance}.json").read_text()


@pytest.fixture(scope="session", autouse=True)
def pulumi() -> toolchain.Engine:
    return toolchain.ensure()


@contextmanager
def new_cloud(folder: Path) -> Iterator[Cloud]:
    """A project in `folder`, as long as the block lasts."""
    root, things = folder / "project", folder / "things"
    for made in (root / "tenant_configs", root / "plugins", things):
        made.mkdir(parents=True)
    (root / "Pulumi.yaml").write_text(PULUMI_YAML)
    (root / "tenantry.yaml").write_text(SETTINGS)
    (root / "__main__.py").write_text(PROGRAM)
    for name, module in (("tenantry", "tenantry_vendor.plugin.identity"), ("testcloud", "testcloud.plugin")):
        shim = root / "plugins" / f"pulumi-resource-{name}"
        shim.write_text(SHIM.format(python=sys.executable, module=module))
        shim.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("PULUMI_", "TENANTRY_SANDBOX")) or name in {"TENANTRY_MODE", "TENANTRY_ROOT"}:
                patch.delenv(name)
        patch.syspath_prepend(str(TESTCLOUD))
        patch.setenv("PYTHONPATH", str(TESTCLOUD))
        patch.setenv("TESTCLOUD_FOLDER", str(things))
        registry.sandbox("testcloud").up(root / ".tenantry/sandbox/testcloud", lambda _text: None)
        yield Cloud(root, things)
    for name in [name for name in sys.modules if name.split(".")[0] == "testcloud"]:
        del sys.modules[name]


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with new_cloud(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def lasting_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """One for all tests of a file, which leave it as they found it."""
    with new_cloud(tmp_path_factory.mktemp("cloud")) as made:
        yield made


@dataclass(frozen=True)
class RunningSandbox:
    """A Kubernetes sandbox in a folder of its own."""

    folder: Path

    @property
    def settings(self) -> Mapping[str, str]:
        return KubernetesSandbox().settings(self.folder)

    def client(self) -> Kubernetes:
        from tenantry_kubernetes.client.kubeconfig import load_files
        from tenantry_kubernetes.client.sync import Kubernetes

        return Kubernetes(load_files([Path(self.settings["TENANTRY_SANDBOX_KUBECONFIG"])]))

    def up(self) -> list[str]:
        """Starts what is not running; returns what was said meanwhile."""
        said: list[str] = []
        KubernetesSandbox().up(self.folder, said.append)
        return said

    def down(self) -> None:
        KubernetesSandbox().down(self.folder, lambda _text: None)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    running = RunningSandbox(tmp_path_factory.mktemp("sandbox") / "kubernetes")
    try:
        running.up()
        yield running
    finally:
        running.down()
