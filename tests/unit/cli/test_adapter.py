"""`tenantry adapter new` writes a package that is whole; that it works, tests/e2e/test_adapters.py shows."""

from __future__ import annotations

import ast
import json
import tomllib
from typing import TYPE_CHECKING

import pytest

from tenantry.errors import PreflightError
from tenantry.testing.rules import rules
from tenantry_ops.adapters import FILES, new_adapter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Call = Callable[..., Result]


def test_the_package_is_whole(tmp_path: Path) -> None:
    written = new_adapter(tmp_path, "my-cloud")
    assert len(written) == len(FILES)
    for file in written:
        text = file.read_text()
        assert "@" not in text.replace("@tool", ""), file
        if file.suffix == ".py":
            ast.parse(text)
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text())
    assert project["project"]["entry-points"] == {
        "tenantry.runtimes": {"my-cloud": "tenantry_my_cloud.runtime:MyCloudRuntime"},
        "tenantry.sandboxes": {"my-cloud": "tenantry_my_cloud.sandbox:MyCloudSandbox"},
    }


def test_every_rule_that_deploys_is_said_to_be_lacking(tmp_path: Path) -> None:
    new_adapter(tmp_path, "mycloud")
    kit = tomllib.loads((tmp_path / "pyproject.toml").read_text())["tool"]["tenantry"]["kit"]
    assert kit["runtimes"] == ["mycloud"]
    assert kit["lacking"].keys() == {rule for rule, deploys in rules().items() if deploys}


@pytest.mark.parametrize("name", ["My", "my_cloud", "ab", "-cloud", "a" * 41, "kubernetes"])
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PreflightError) as error:
        new_adapter(tmp_path / "made", name)
    assert error.value.hint
    assert not (tmp_path / "made").exists()


def test_the_command_says_what_it_made(call: Call, tmp_path: Path) -> None:
    done = call("adapter", "new", "mycloud", "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["package"] == "tenantry-mycloud"
    assert said["folder"] == str(tmp_path / "tenantry-mycloud")
    assert all((tmp_path / "tenantry-mycloud" / file).is_file() for file in said["files"])


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(PreflightError, match=r"README\.md"):
        new_adapter(tmp_path, "mycloud")
    assert [file.name for file in tmp_path.iterdir()] == ["README.md"]
    assert (tmp_path / "README.md").read_text() == "mine"
