"""Sandboxes that test processes share: started once, stopped by the last."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tenantry import registry
from tenantry.testing.shared import SharedSandboxes

if TYPE_CHECKING:
    from pathlib import Path


class Counting:
    """A sandbox that only remembers what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def up(self, folder: Path, *_: object) -> None:
        self.asked.append(f"up {folder.name}")

    def down(self, folder: Path, *_: object) -> None:
        self.asked.append(f"down {folder.name}")


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    made = Counting()
    monkeypatch.setattr(registry, "sandbox", lambda _: made)
    return made


def test_the_last_to_leave_stops_it(counting: Counting, tmp_path: Path) -> None:
    one, other = SharedSandboxes(tmp_path), SharedSandboxes(tmp_path)
    one.join("cloud")
    other.join("cloud")
    one.leave("cloud")
    assert counting.asked == ["up cloud", "up cloud"]
    other.leave("cloud")
    assert counting.asked[2:] == ["down cloud"]


def test_who_has_ended_uses_nothing(counting: Counting, tmp_path: Path) -> None:
    gone = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(gone, 0)
    (tmp_path / ".users").mkdir()
    (tmp_path / ".users" / f"cloud.00000000.{gone}").touch()
    one = SharedSandboxes(tmp_path)
    one.join("cloud")
    one.leave("cloud")
    assert counting.asked == ["up cloud", "down cloud"]
