"""`tenantry backup` and `restore` as far as they go without a deployed instance."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from click.testing import Result

from tenantry.backups import BackupStore, make_backup
from tenantry.contract.backups import DataRef
from tenantry.contract.tasks import InstanceRef

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tenantry.backups import Manifest
    from tenantry.contract.backups import DataRequest

Call = Callable[..., Result]

NEW = ("--template", "shop@1.1.0", "--runtime", "kubernetes", "--plan", "free", "--no-stack")


class Adapter:
    def save(self, request: DataRequest, _environment: Mapping[str, str], _progress: Callable[[str], None]) -> None:
        (request.folder / "dump").write_bytes(b"x" * 2048)

    def load(self, request: DataRequest, environment: Mapping[str, str], progress: Callable[[str], None]) -> None:
        raise NotImplementedError


@pytest.fixture
def store(project: Path, call: Call) -> BackupStore:
    assert call("new", "tenant", "acme", *NEW, "--param", "shop_name=Acme").exit_code == 0
    return BackupStore(project / ".tenantry" / "backups")


@pytest.fixture
def made(store: BackupStore) -> Manifest:
    return make_backup(
        Adapter(),
        store,
        instance=InstanceRef(
            tenant="acme", instance="acme", mode="sandbox", runtime="kubernetes", region=None, account={}
        ),
        data=[DataRef(component="orders", kind="database", engine="postgresql", version="15")],
        template="shop@1.1.0",
        purpose="by hand",
        environment={},
        progress=lambda _text: None,
    )


def test_a_list_of_none(call: Call, store: BackupStore) -> None:
    assert json.loads(call("backup", "acme", "--list", "--json").stdout) == []
    assert call("backup", "acme", "--list").exit_code == 0
    assert store.list_all("acme") == []


def test_backups_are_listed_verified_and_removed(call: Call, store: BackupStore, made: Manifest) -> None:
    (found,) = json.loads(call("backup", "acme", "--list", "--json").stdout)
    assert found == {
        "instance": "acme",
        "backup": f"acme/{made.id}",
        "created": made.created,
        "template": "shop@1.1.0",
        "purpose": "by hand",
        "size": 2048,
        "data": ["orders"],
        "folder": str(store.root / "acme" / made.id),
    }
    assert "2.0 KiB" in call("backup", "acme", "--list").stdout
    verified = call("backup", "acme", "--verify", "latest")
    assert (verified.exit_code, verified.stdout) == (0, f"acme/{made.id}: every file is as it was written\n")
    (store.root / "acme" / made.id / "orders" / "dump").write_bytes(b"y")
    damaged = call("backup", "acme", "--verify", made.id)
    assert damaged.exit_code == 14
    assert "orders/dump was changed" in damaged.stderr
    assert call("backup", "acme", "--remove", made.id).exit_code == 0
    assert store.list_all("acme") == []
    assert call("backup", "acme", "--remove", made.id).exit_code == 14


def test_wrong_usage(call: Call, store: BackupStore) -> None:
    assert call("backup", "acme", "--list", "--verify", "latest").exit_code == 2
    unasked = call("restore", "acme", "--from", "latest")
    assert unasked.exit_code == 2
    assert "--yes" in unasked.stderr
    assert store.list_all("acme") == []
