"""An operator at work: a project of its own, driven through the commands that a person would type."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import yaml

from tenantry import registry
from tenantry.catalogue import Catalogue
from tenantry.testing.catalogues import KIT_CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tenantry.testing.shared import SharedSandboxes


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A finished command."""

    args: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - a JSON document
        """Standard output as JSON."""
        return json.loads(self.stdout)

    @property
    def text(self) -> str:
        """Everything that the command printed."""
        return self.stdout + self.stderr


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a URL answered."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - a JSON document
        """The body as JSON."""
        return json.loads(self.body)


class _Plain(yaml.SafeLoader):
    """Reads `on` as the string it is; the kit's tenant files hold no booleans."""


_Plain.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class Operator:
    """Runs `tenantry` and plain `pulumi` in one project folder.

    Args:
        root: an empty folder that becomes the project.
        runtime: the runtime whose sandbox the project uses.
        variables: environment variables beside those of the caller.
        sandboxes: a folder of sandboxes that other projects use as well; the project's own where it is left out.
    """

    def __init__(
        self,
        root: Path,
        runtime: str,
        variables: Mapping[str, str] | None = None,
        sandboxes: SharedSandboxes | None = None,
    ) -> None:
        self.root = root
        self.runtime = runtime
        self.sandboxes = sandboxes
        self.sandbox_folder = sandboxes.of(runtime) if sandboxes else root / ".tenantry" / "sandbox" / runtime
        self.said: list[str] = []
        self._environments: dict[str, dict[str, str]] = {}
        self._catalogue = Catalogue(KIT_CATALOGUE)
        inherited = {name: text for name, text in os.environ.items() if not name.startswith(("PULUMI_", "TENANTRY_"))}
        kept = {name: os.environ[name] for name in ("TENANTRY_CACHE", "TENANTRY_ENGINE") if name in os.environ}
        self.environment = inherited | kept | dict(variables or {})
        if sandboxes:
            self.environment["TENANTRY_SANDBOXES"] = str(sandboxes.folder)

    def start(self, catalogue: Path = KIT_CATALOGUE) -> None:
        """Makes the project and starts the runtime's sandbox."""
        self.tenantry("init", str(self.root), cwd=self.root.parent)
        settings_file = self.root / "tenantry.yaml"
        settings = yaml.safe_load(settings_file.read_text(encoding="utf-8"))
        settings["catalogue"] = str(catalogue)
        self._catalogue = Catalogue(catalogue)
        settings_file.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
        if self.sandboxes:
            self.sandboxes.join(self.runtime)
        self.tenantry("sandbox", "up", self.runtime)

    def stop(self) -> None:
        """Stops the sandbox where nobody else uses it, and drops the project folder."""
        if self.sandboxes:
            self.sandboxes.leave(self.runtime)
        elif self.root.exists():
            self.tenantry("sandbox", "down", self.runtime)
        shutil.rmtree(self.root, ignore_errors=True)

    def tenantry(
        self,
        *args: str,
        expect: int | None = 0,
        variables: Mapping[str, str] | None = None,
        timeout: float = 300,
        cwd: Path | None = None,
    ) -> Run:
        """Runs `tenantry ARGS`. Raises AssertionError where the exit code is not the expected one (None: any)."""
        command = [sys.executable, "-m", "tenantry_ops", *args]
        return self._run(command, expect, self.environment | dict(variables or {}), timeout, cwd or self.root)

    def pulumi(
        self,
        instance: str,
        *args: str,
        expect: int | None = 0,
        variables: Mapping[str, str] | None = None,
        timeout: float = 300,
    ) -> Run:
        """Runs plain `pulumi ARGS --stack INSTANCE` with the environment that `tenantry env` gives, asked for once."""
        if instance not in self._environments:
            self._environments[instance] = self.tenantry("env", instance, "--json").json
        environment = self.environment | self._environments[instance] | dict(variables or {})
        executable = shutil.which("pulumi", path=environment["PATH"])
        if executable is None:
            raise AssertionError("`tenantry env` gave no PATH with the engine in it")
        return self._run([executable, *args, "--stack", instance], expect, environment, timeout, self.root)

    def spawn(self, *args: str) -> subprocess.Popen[bytes]:
        """Starts `tenantry ARGS` in a process group of its own, to be killed."""
        return subprocess.Popen(
            [sys.executable, "-m", "tenantry_ops", *args],
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def new(self, instance: str, template: str, account: Mapping[str, object], **changes: object) -> None:
        """Makes a tenant and its stack; `changes` replace fields of the tenant file.

        A parameter `token` of the template comes from the environment.
        """
        given = _TOKEN if "token" in self._catalogue.open(template).template.parameters else ()
        self.tenantry("new", "tenant", instance, "--template", template, "--runtime", self.runtime, *given)
        self.edit(instance, lambda tenant: tenant["runtime"].update(account=dict(account)))
        self.edit(instance, lambda tenant: tenant.update(changes))

    def edit(self, instance: str, change: Callable[[dict[str, Any]], object]) -> None:
        """Changes the tenant file."""
        file = self.root / "tenant_configs" / f"{instance}.yaml"
        tenant = yaml.load(file.read_text(encoding="utf-8"), Loader=_Plain)  # noqa: S506 - a SafeLoader without booleans
        change(tenant)
        # JSON is YAML, and keeps the key `on` from being read as a boolean by YAML 1.1 rules.
        file.write_text(json.dumps(tenant, indent=2, ensure_ascii=False), encoding="utf-8")

    def up(self, instance: str) -> dict[str, Any]:
        """`tenantry up`: the result with `changes` and `outputs`."""
        return cast("dict[str, Any]", self.tenantry("up", instance, "--json").json)

    def left(self, instance: str) -> list[str]:
        """What the sandbox still holds of an instance."""
        return registry.sandbox(self.runtime).resources(self.sandbox_folder, instance)

    def state(self, instance: str) -> dict[str, Any]:
        """The stack's exported state, secrets encrypted."""
        return cast("dict[str, Any]", self.pulumi(instance, "stack", "export").json)

    def load_state(self, instance: str, text: str) -> None:
        """Puts an exported state in the place of the stack's own."""
        file = self.root / ".tenantry" / f"{instance}.import.json"
        file.write_text(text, encoding="utf-8")
        self.pulumi(instance, "stack", "import", "--file", str(file))
        file.unlink()

    def _run(
        self, command: list[str], expect: int | None, environment: Mapping[str, str], timeout: float, cwd: Path
    ) -> Run:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        run = Run(args=tuple(command), exit_code=done.returncode, stdout=done.stdout, stderr=done.stderr)
        self.said.append(run.text)
        if expect is not None and run.exit_code != expect:
            raise AssertionError(f"{' '.join(command)} ended with {run.exit_code}, not {expect}:\n{run.text}")
        return run


_TOKEN = ("--param", "token=env:PROBE_TOKEN")


def unchanged(result: Mapping[str, Any]) -> bool:
    """Whether an operation found everything as it is; reads of what is not ours are no change."""
    return set(result["changes"]) - {"read"} == {"same"}


def get(url: str, *, timeout: float = 10) -> Answer:
    """GETs a URL once; status 0 where nothing answered."""
    return _ask(urllib.request.Request(url), timeout)  # noqa: S310 - the instance's own URL


def post(url: str, document: object, *, timeout: float = 30) -> Answer:
    """POSTs a JSON document once; status 0 where nothing answered."""
    body = json.dumps(document).encode()
    headers = {"Content-Type": "application/json"}
    return _ask(urllib.request.Request(url, data=body, headers=headers), timeout)  # noqa: S310 - as above


def _ask(request: urllib.request.Request, timeout: float) -> Answer:
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:  # noqa: S310 - as above
            return Answer(status=response.status, body=response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(status=error.code, body=error.read())
    except OSError:
        return Answer(status=0, body=b"")


def eventually(url: str, accept: Callable[[Answer], bool], *, seconds: float = 60) -> Answer:
    """GETs a URL until the answer is accepted. Raises AssertionError with the last answer."""
    end = time.monotonic() + seconds
    while True:
        answer = get(url)
        if answer.status and accept(answer):
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"{url} did not answer as expected within {seconds} s; last: {answer}")
        time.sleep(0.3)


@contextmanager
def asking(url: str) -> Iterator[list[int]]:
    """GETs a URL without a pause meanwhile; gives the statuses, 0 where nothing answered, once it is over."""
    stop = threading.Event()
    seen: list[int] = []

    def ask_on() -> None:
        while not stop.is_set():
            seen.append(get(url).status)
            stop.wait(0.05)

    thread = threading.Thread(target=ask_on)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()
