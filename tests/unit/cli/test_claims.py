"""One host, one instance: by the commands that add and check them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from click.testing import Result

if TYPE_CHECKING:
    from pathlib import Path

Call = Callable[..., Result]

NEW = ("--template", "shop@1.1.0", "--runtime", "kubernetes", "--plan", "free", "--no-stack", "--param", "shop_name=A")


def test_a_new_tenant_with_a_host_that_another_has(call: Call, project: Path) -> None:
    assert call("new", "tenant", "acme", *NEW, "--domain", "shop.example.com").exit_code == 0
    result = call("new", "tenant", "globex", *NEW, "--domain", "shop.example.com")
    assert result.exit_code == 3
    assert "the host shop.example.com is also claimed by acme" in result.stderr
    assert [file.name for file in (project / "tenant_configs").glob("*.yaml")] == ["acme.yaml"]
    assert call("new", "tenant", "globex", *NEW, "--domain", "other.example.com").exit_code == 0
    assert call("validate").exit_code == 0
