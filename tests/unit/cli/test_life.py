"""The commands of an instance's life as far as they need no engine: completion, versions, what is refused at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from click.shell_completion import ShellComplete
from click.testing import Result

from tenantry_ops.cli.app import tenantry

if TYPE_CHECKING:
    from pathlib import Path

Call = Callable[..., Result]

NEW = ("--template", "shop@1.0.0", "--runtime", "kubernetes", "--plan", "free", "--no-stack", "--param", "shop_name=A")


@pytest.fixture
def acme(project: Path, call: Call) -> Path:
    assert call("new", "tenant", "acme", *NEW).exit_code == 0
    return project / "tenant_configs/acme.yaml"


def complete(*words: str, incomplete: str = "") -> list[str]:
    shell = ShellComplete(tenantry, {}, "tenantry", "_TENANTRY_COMPLETE")
    return [found.value for found in shell.get_completions(list(words), incomplete)]


@pytest.mark.usefixtures("acme")
def test_versions_and_channels_are_completed() -> None:
    assert {"1.0.0", "1.1.0", "stable"} <= set(complete("upgrade", "acme", "--to"))
    assert complete("rollback", "acme", "--to", incomplete="sta") == ["stable"]
    assert complete("upgrade", "globex", "--to") == []
    assert complete("suspend", incomplete="ac") == ["acme"]
    assert complete("retire", "acme", "--data") == ["keep", "delete"]


def test_which_versions_there_are(call: Call, acme: Path) -> None:
    before = acme.read_bytes()
    found = json.loads(call("upgrade", "acme", "--list", "--json").stdout)
    assert (found["template"], found["current"], found["deployed"]) == ("shop", "1.0.0", None)
    assert found["proposed"] == found["channels"]["stable"]
    assert "in the file" in call("upgrade", "acme", "--list").stdout
    assert acme.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("upgrade", "acme", "--to", "9.9.9"), 10, "9.9.9"),
        (("rollback", "acme"), 5, "knows no version before"),
        (("retire", "acme"), 2, "Say so with --yes"),
        (("retire", "acme", "--data", "delete", "--yes"), 2, "Say so with --delete-data acme"),
        (("retire", "acme", "--data", "delete", "--delete-data", "globex"), 2, "nothing was changed"),
        (("adopt", "acme"), 5, "no record of a retirement"),
        (("adopt", "acme", "--record", "nothing.yaml"), 3, "there is no such file"),
    ],
)
def test_what_is_refused_at_once(call: Call, acme: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    before = acme.read_bytes()
    result = call(*arguments)
    assert result.exit_code == code, result.output
    assert said in result.stderr
    assert acme.read_bytes() == before
