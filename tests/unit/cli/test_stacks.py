"""Passphrase files."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from tenantry.errors import PreflightError
from tenantry_ops.stacks import ensure_passphrase

if TYPE_CHECKING:
    from pathlib import Path


def test_made_once_for_the_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "acme.passphrase"
    assert ensure_passphrase(file, tmp_path / "Pulumi.acme.yaml", "acme") is True
    text = file.read_text()
    assert len(text.strip()) >= 43
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert ensure_passphrase(file, tmp_path / "Pulumi.acme.yaml", "acme") is False
    assert file.read_text() == text


def test_every_instance_gets_another_one(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("one", "two")]
    for file in files:
        ensure_passphrase(file, tmp_path / "none.yaml", file.name)
    assert files[0].read_text() != files[1].read_text()


def test_a_lost_key_is_not_replaced(tmp_path: Path) -> None:
    stack = tmp_path / "Pulumi.acme.yaml"
    stack.write_text("encryptionsalt: v1:abc\n")
    with pytest.raises(PreflightError, match="not on this machine"):
        ensure_passphrase(tmp_path / "acme.passphrase", stack, "acme")
    assert not (tmp_path / "acme.passphrase").exists()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text("a file")
    with pytest.raises(PreflightError, match="cannot be written"):
        ensure_passphrase(tmp_path / "secrets" / "acme", tmp_path / "none.yaml", "acme")
