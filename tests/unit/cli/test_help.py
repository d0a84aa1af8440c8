"""Help teaches, is complete, and is cheap."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator

import click
import pytest
from click.testing import Result

from tenantry_ops.cli.app import tenantry
from tenantry_ops.cli.base import CommandWithGlobals, GroupWithGlobals
from tenantry_ops.cli.commands import SECTIONS
from tenantry_ops.cli.session import Session

Call = Callable[..., Result]


def commands(group: GroupWithGlobals = tenantry, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command and group below the root."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        yield (*path, name), command
        if isinstance(command, GroupWithGlobals):
            yield from commands(command, *path, name)


ALL = list(commands())
IDS = [" ".join(path) for path, _ in ALL]


@pytest.mark.parametrize(("path", "command"), ALL, ids=IDS)
def test_every_command_explains_itself_and_has_an_example(path: tuple[str, ...], command: click.Command) -> None:
    assert isinstance(command, CommandWithGlobals | GroupWithGlobals)
    first, _, rest = (command.help or "").partition("\n\n")
    assert first.endswith("."), "one line says what it does"
    assert rest.strip(), "a second paragraph says what one must know"
    assert command.examples
    for example in command.examples:
        assert f"tenantry {path[0]}" in example


@pytest.mark.parametrize(("path", "command"), ALL, ids=IDS)
def test_the_examples_are_legal(path: tuple[str, ...], command: click.Command) -> None:
    """Every example is parsed, not run: commands, options and the number of arguments are right."""
    assert isinstance(command, CommandWithGlobals | GroupWithGlobals)
    for example in command.examples:
        (called,) = re.findall(r"tenantry ((?:[^|;)\">\\]|\\\\\n)+)", example)
        group: click.Command = tenantry
        words = shlex.split(called.replace("\\\n", " "))
        context = click.Context(tenantry, info_name="tenantry", obj=Session(), **tenantry.context_settings)
        while isinstance(group, GroupWithGlobals):
            _, found, words = group.resolve_command(context, words)
            assert found is not None, example
            group = found
        group.make_context("x", words, parent=context)


@pytest.mark.parametrize(("path", "command"), ALL, ids=IDS)
def test_every_option_has_a_help_text(path: tuple[str, ...], command: click.Command) -> None:
    lacking = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
    assert lacking == []


@pytest.mark.parametrize("path", [path for path, _ in ALL], ids=IDS)
def test_help_of_every_command(call: Call, path: tuple[str, ...]) -> None:
    for flag in ("-h", "--help"):
        result = call(*path, flag)
        assert result.exit_code == 0
        assert f"Usage: tenantry {' '.join(path)}" in result.stdout
        assert "Examples:" in result.stdout
        assert "Global options:" in result.stdout


def test_the_table_names_the_commands_as_they_are() -> None:
    for section in SECTIONS:
        for entry in section.entries:
            assert entry.load().name == entry.name


def test_root_help_lists_every_command_and_imports_none(call: Call) -> None:
    result = call("--help")
    assert result.exit_code == 0
    for section in SECTIONS:
        for entry in section.entries:
            assert f"  {entry.name}" in result.stdout
    assert call().stdout == result.stdout


def modules_after(*args: str) -> set[str]:
    program = (
        "import sys, runpy, atexit\n"
        "sys.argv = ['tenantry', *sys.argv[1:]]\n"
        "atexit.register(lambda: print('\\n'.join(sys.modules), file=sys.stderr))\n"
        "from tenantry_ops.cli import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program, *args], capture_output=True, text=True, check=False)
    return {line.split(".")[0] for line in done.stderr.splitlines()}


def test_help_imports_nothing_heavy() -> None:
    assert not modules_after("--help") & {"pulumi", "pydantic", "rich", "httpx", "yaml", "grpc", "tenantry_toolchain"}


def test_version(call: Call) -> None:
    assert call("--version").stdout.startswith("tenantry ")
    assert '"version":' in call("--version", "--json").stdout or '"version":' in call("--json", "--version").stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_name_the_variable(call: Call, shell: str) -> None:
    result = call("completion", shell)
    assert result.exit_code == 0
    assert "_TENANTRY_COMPLETE" in result.stdout


def complete(monkeypatch: pytest.MonkeyPatch, call: Call, words: str, position: int) -> str:
    monkeypatch.setenv("_TENANTRY_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(position))
    return call().stdout


def test_completion_of_commands(monkeypatch: pytest.MonkeyPatch, call: Call) -> None:
    assert complete(monkeypatch, call, "tenantry val", 1).split() == ["plain,validate"]


def test_completion_of_instances(monkeypatch: pytest.MonkeyPatch, call: Call, project: object) -> None:
    from pathlib import Path

    Path("tenant_configs/acme.yaml").write_text("kind: Tenant\n")
    assert "plain,acme" in complete(monkeypatch, call, "tenantry env a", 2).split()


def test_completion_outside_a_project_is_silent(monkeypatch: pytest.MonkeyPatch, call: Call) -> None:
    assert complete(monkeypatch, call, "tenantry env a", 2).strip() == ""
