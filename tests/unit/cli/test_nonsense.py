"""Nonsense for every command: a documented exit code, a message, never a traceback, never "something unexpected"."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import Result

from tenantry.errors import TenantryError
from tenantry_ops.cli.app import tenantry
from tenantry_ops.cli.base import GroupWithGlobals

if TYPE_CHECKING:
    from pathlib import Path

Call = Callable[..., Result]


def leaves(group: GroupWithGlobals = tenantry, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, GroupWithGlobals):
            yield from leaves(command, *path, name)
        else:
            yield (*path, name), command


def codes(kind: type[TenantryError] = TenantryError) -> set[int]:
    own = [below for below in kind.__subclasses__() if below.__module__ == TenantryError.__module__]
    return {kind.exit_code}.union(*(codes(below) for below in own))


LEAVES = list(leaves())
WITH_ID = [
    path
    for path, command in LEAVES
    if "instance" in {param.name for param in command.params if isinstance(param, click.Argument)}
]
REQUIRED = {
    ("new", "tenant"): ("--template", "shop@stable", "--runtime", "kubernetes"),
    ("destroy",): ("--yes",),
    ("restore",): ("--from", "latest", "--yes"),
    ("form",): ("shop@stable", "--runtime", "kubernetes"),
    ("template", "archives"): ("shop@stable",),
    ("template", "lint"): ("shop@stable",),
    ("template", "pack"): ("shop@stable",),
}
WITHOUT_PROJECT = {
    ("init",),
    ("doctor",),
    ("runtimes",),
    ("schema",),
    ("engine", "install"),
    ("engine", "status"),
    ("completion",),
    ("adapter", "new"),
    ("template", "key"),
    ("template", "sign"),
    ("template", "verify"),
}
DOCUMENTED = (codes() - {1}) | {2}

IDS = [
    "",
    ".",
    "..",
    "../../etc/passwd",
    "ACME",
    "ab",
    "a" * 100,
    "x; rm -rf /",
    "商城",
    "a--b",
    "-",
    "no-such-instance",
]
FILES = {
    "empty": b"",
    "text": b"just text",
    "list": b"- a\n- b\n",
    "latin1": "name: caf\xe9".encode("latin-1"),
    "nul": b"\x00\x01\x02",
    "tag": b"!!python/object/apply:os.system ['true']\n",
    "twice": b"spec: tenantry/v1\nspec: tenantry/v1\n",
    "bomb": b"a: &a [x,x,x,x,x,x,x,x,x]\n"
    + b"".join(
        f"{n}: &{n} [{','.join(['*' + p] * 9)}]\n".encode() for p, n in zip("abcdefgh", "bcdefghi", strict=True)
    ),
    "deep": b"[" * 5000,
    "types": b"spec: 1\nkind: [x]\ntenant: {}\ninstance: null\nruntime: yes\ntemplate: 3\nstate: []\n",
}


def name(path: tuple[str, ...]) -> str:
    return " ".join(path)


def refused(result: Result) -> None:
    assert result.exit_code in DOCUMENTED, result.output
    assert "Traceback" not in result.output
    assert "error: " in result.stderr
    assert "unexpected" not in result.stderr


def answers(result: Result) -> None:
    """Whether it worked or not: it answers as documented."""
    assert result.exit_code in DOCUMENTED | {0}, result.output
    assert "Traceback" not in result.output
    assert "unexpected" not in result.stderr


@pytest.mark.parametrize("path", [path for path, _ in LEAVES], ids=name)
@pytest.mark.parametrize("nonsense", [["--no-such-option"], ["--mode", "moon"], ["--project", "/no/such/folder"]])
def test_options_that_are_not_there(call: Call, path: tuple[str, ...], nonsense: list[str]) -> None:
    result = call(*path, *nonsense)
    assert result.exit_code == 2
    refused(result)


@pytest.mark.parametrize(("path", "command"), LEAVES, ids=lambda value: name(value) if isinstance(value, tuple) else "")
def test_too_many_arguments(call: Call, path: tuple[str, ...], command: click.Command) -> None:
    if any(param.nargs == -1 for param in command.params):
        assert path == ("validate",)
        return
    assert call(*path, "one", "two", "three", "four").exit_code == 2


@pytest.mark.parametrize("path", [path for path, _ in LEAVES if path not in WITHOUT_PROJECT], ids=name)
def test_outside_a_project(call: Call, path: tuple[str, ...]) -> None:
    arguments = [*(["acme"] if path in WITH_ID else []), *REQUIRED.get(path, ())]
    result = call(*path, *arguments)
    assert result.exit_code == 5
    assert "tenantry init" in result.stderr


@pytest.mark.parametrize(
    ("path", "instance"),
    [(path, instance) for path in WITH_ID for instance in IDS if (path, instance) != (("new", "tenant"), IDS[-1])],
    ids=lambda value: name(value) if isinstance(value, tuple) else value,
)
def test_ids_that_cannot_be_or_are_not_there(call: Call, project: Path, path: tuple[str, ...], instance: str) -> None:
    before = sorted(project.rglob("*"))
    result = call(*path, *REQUIRED.get(path, ()), "--", instance)
    refused(result)
    assert sorted(file for file in project.rglob("*") if ".tenantry" not in file.parts) == before


@pytest.mark.parametrize("path", WITH_ID, ids=name)
@pytest.mark.parametrize("content", FILES)
def test_tenant_files_full_of_nonsense(call: Call, project: Path, path: tuple[str, ...], content: str) -> None:
    (project / "tenant_configs" / "acme.yaml").write_bytes(FILES[content])
    answers(call(*path, "acme", *REQUIRED.get(path, ())))


@pytest.mark.parametrize(
    ("path", "content"),
    [(path, "types") for path, _ in LEAVES if path not in WITHOUT_PROJECT] + [(("env",), content) for content in FILES],
    ids=lambda value: name(value) if isinstance(value, tuple) else value,
)
@pytest.mark.parametrize("file", ["tenantry.yaml", "Pulumi.yaml"])
def test_projects_full_of_nonsense(call: Call, project: Path, path: tuple[str, ...], file: str, content: str) -> None:
    (project / file).write_bytes(FILES[content])
    arguments = [*(["acme"] if path in WITH_ID else []), *REQUIRED.get(path, ())]
    result = call(*path, *arguments)
    refused(result)
    assert result.exit_code in {3, 5}


@pytest.mark.parametrize("path", [path for path, _ in LEAVES if path not in WITHOUT_PROJECT], ids=name)
def test_errors_are_one_json_document(call: Call, path: tuple[str, ...]) -> None:
    arguments = [*(["acme"] if path in WITH_ID else []), *REQUIRED.get(path, ())]
    result = call("--json", *path, *arguments)
    document = json.loads(result.stdout)
    assert document["exit_code"] == result.exit_code == 5
    assert document["error"] == "PreflightError"
    assert document["hint"]
    assert result.stderr == ""


def test_a_mode_in_the_environment(call: Call, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "tenant_configs" / "acme.yaml").write_text("kind: Tenant\n")
    monkeypatch.setenv("TENANTRY_MODE", "moon")
    result = call("env", "acme")
    assert result.exit_code == 5
    assert "TENANTRY_MODE" in result.stderr


def test_near_misses_are_suggested(call: Call, project: Path) -> None:
    (project / "tenant_configs" / "acme.yaml").write_text("kind: Tenant\n")
    assert "'validate'" in call("validat").stderr
    assert "'acme'" in call("outputs", "acmee").stderr


def test_destroy_never_happens_unasked(call: Call, project: Path) -> None:
    (project / "tenant_configs" / "acme.yaml").write_text("kind: Tenant\n")
    result = call("destroy", "acme", stdin="acme\n")
    assert result.exit_code == 2
    assert "--yes" in result.stderr
