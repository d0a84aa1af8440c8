"""Backups as files: complete or not there, taken up after a kill, verified before anything is put back."""

from __future__ import annotations

import dataclasses
import json
import stat
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

from tenantry.backups import BackupStore, Manifest, make_backup, put_back
from tenantry.contract.backups import DataRef
from tenantry.contract.tasks import InstanceRef
from tenantry.errors import TaskError, VendorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tenantry.contract.backups import DataRequest

ACME = InstanceRef(tenant="owner", instance="acme", mode="sandbox", runtime="fake", region=None, account={})
ORDERS = DataRef(component="orders", kind="database", engine="postgresql", version="15")
MEDIA = DataRef(component="media", kind="bucket")


class Adapter:
    """Keeps data in memory; `breaks` names the component at which it fails."""

    def __init__(self) -> None:
        self.data: dict[tuple[str, str], bytes] = {("acme", "orders"): b"rows", ("acme", "media"): b"picture"}
        self.breaks = ""
        self.seen: list[list[str]] = []

    def save(self, request: DataRequest, _environment: Mapping[str, str], _progress: Callable[[str], None]) -> None:
        self.seen.append(sorted(path.name for path in request.folder.iterdir()))
        (request.folder / "parts").mkdir(exist_ok=True)
        (request.folder / "parts" / "dump").write_bytes(self.data[request.instance.instance, request.data.component])
        if self.breaks == request.data.component:
            raise VendorError("the connection broke")

    def load(self, request: DataRequest, _environment: Mapping[str, str], _progress: Callable[[str], None]) -> None:
        self.data[request.instance.instance, request.data.component] = (request.folder / "parts" / "dump").read_bytes()


@pytest.fixture
def adapter() -> Adapter:
    return Adapter()


@pytest.fixture
def store(tmp_path: Path) -> BackupStore:
    return BackupStore(tmp_path / "backups")


def make(adapter: Adapter, store: BackupStore, purpose: str = "by hand") -> Manifest:
    return make_backup(
        adapter,
        store,
        instance=ACME,
        data=[MEDIA, ORDERS],
        template="shop@1.0.0",
        purpose=purpose,
        environment={},
        progress=lambda _text: None,
    )


def restore(adapter: Adapter, store: BackupStore, manifest: Manifest, **changes: Any) -> None:  # noqa: ANN401 - passed on
    given: dict[str, Any] = {
        "instance": dataclasses.replace(ACME, instance="globex"),
        "data": [MEDIA, ORDERS],
        "template": "shop@1.0.0",
    }
    put_back(adapter, store, manifest, environment={}, progress=lambda _text: None, **(given | changes))


def test_a_backup_is_private_complete_and_can_be_put_into_another_instance(
    adapter: Adapter, store: BackupStore
) -> None:
    made = make(adapter, store)
    assert store.list_all("acme") == [made]
    assert store.get("acme", "latest") == store.get("acme", made.id) == made
    folder = store.verify(made)
    assert [file.path for file in made.files] == ["media/parts/dump", "orders/parts/dump"]
    assert made.size == len(b"rowspicture")
    for path in (store.root, store.root / "acme", folder, *folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    restore(adapter, store, made)
    assert adapter.data["globex", "orders"] == b"rows"
    assert adapter.data["globex", "media"] == b"picture"


def test_a_broken_attempt_is_no_backup_and_is_taken_up_again(adapter: Adapter, store: BackupStore) -> None:
    adapter.breaks = "orders"
    with pytest.raises(VendorError):
        make(adapter, store)
    assert store.list_all("acme") == []
    assert len(list((store.root / "acme").glob("*.partial"))) == 1
    # An older one that nobody needs, and a component that the instance no longer has.
    (store.root / "acme" / "20200101T000000Z-000000.partial").mkdir()
    begun = max((store.root / "acme").glob("*.partial"))
    (begun / "gone").mkdir()
    adapter.breaks = ""
    made = make(adapter, store)
    assert adapter.seen[-2:] == [["parts"], ["parts"]], "what was there is given to the adapter again"
    store.verify(made)
    assert list((store.root / "acme").glob("*.partial")) == []


def test_two_on_one_machine_do_not_meet(adapter: Adapter, store: BackupStore) -> None:
    with FileLock(store.folder("acme") / ".lock"), pytest.raises(TaskError, match="Another backup of acme"):
        make(adapter, store)


def damage(folder: Path, how: str) -> None:
    dump = folder / "orders" / "parts" / "dump"
    match how:
        case "changed":
            dump.write_bytes(b"ROWS")
        case "cut":
            dump.write_bytes(b"row")
        case "missing":
            dump.unlink()
        case "more":
            (folder / "orders" / "other").write_bytes(b"")
        case _:
            dump.rename(folder.parent / "elsewhere")
            dump.symlink_to(folder.parent / "elsewhere")


@pytest.mark.parametrize("how", ["changed", "cut", "missing", "more", "link"])
def test_a_damaged_backup_is_refused_before_anything_is_changed(adapter: Adapter, store: BackupStore, how: str) -> None:
    made = make(adapter, store)
    damage(store.root / "acme" / made.id, how)
    with pytest.raises(TaskError, match=r"is damaged: orders/"):
        restore(adapter, store, made)
    assert ("globex", "media") not in adapter.data


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"template": "shop@1.1.0"}, "was made of shop@1.0.0, and globex runs shop@1.1.0"),
        ({"data": [MEDIA]}, "globex has no postgresql 'orders'"),
        ({"data": [MEDIA, dataclasses.replace(ORDERS, engine="mysql")]}, "globex has no postgresql 'orders'"),
        ({"data": [MEDIA, dataclasses.replace(ORDERS, version="14.2")]}, "which is older"),
        ({"instance": dataclasses.replace(ACME, tenant="other")}, "data of the tenant 'owner'"),
    ],
)
def test_a_backup_that_does_not_fit_is_refused(
    adapter: Adapter, store: BackupStore, changes: dict[str, Any], words: str
) -> None:
    made = make(adapter, store)
    adapter.data.clear()
    with pytest.raises(TaskError, match="Nothing was changed") as refused:
        restore(adapter, store, made, **changes)
    assert words in refused.value.message
    assert adapter.data == {}


@pytest.mark.parametrize(
    "change",
    [
        {"spec": "tenantry/backup/v2"},
        {"id": "../../etc"},
        {"files": [{"path": "../orders", "size": 1, "sha256": "0" * 64}]},
        {"files": [{"path": "orders/../../x", "size": 1, "sha256": "0" * 64}]},
        {"files": [{"path": "/etc/passwd", "size": 1, "sha256": "0" * 64}]},
        {"files": [{"path": "orders/a", "size": -1, "sha256": "0" * 64}]},
        {"files": [{"path": "orders/a", "size": 1, "sha256": "short"}]},
        {"data": [{"component": "orders", "kind": "table", "engine": "", "version": ""}]},
        {"template": 7},
        {"surprise": 1},
    ],
)
def test_a_forged_manifest_is_refused(adapter: Adapter, store: BackupStore, change: dict[str, Any]) -> None:
    made = make(adapter, store)
    file = store.root / "acme" / made.id / "manifest.json"
    file.write_text(json.dumps(made.to_json() | change), encoding="utf-8")
    with pytest.raises(TaskError, match="is not the manifest of a backup"):
        store.get("acme", made.id)
    assert store.list_all("acme") == []


def test_only_the_newest_automatic_backups_are_kept(adapter: Adapter, store: BackupStore) -> None:
    by_hand = make(adapter, store)
    automatic = [make(adapter, store, f"before shop@1.{minor}.0") for minor in range(7)]
    kept = {manifest.id for manifest in store.list_all("acme")}
    assert kept == {by_hand.id, *sorted(manifest.id for manifest in automatic)[-5:]}
    store.remove("acme", by_hand.id)
    assert by_hand.id not in {manifest.id for manifest in store.list_all("acme")}


@pytest.mark.parametrize("name", ["latest", "../acme", "20260101T000000Z-abcdef", ""])
def test_a_backup_that_is_not_there(store: BackupStore, name: str) -> None:
    with pytest.raises(TaskError, match="There is no backup"):
        store.get("acme", name)


def test_a_backup_is_named_with_its_instance_where_it_is_anothers(adapter: Adapter, store: BackupStore) -> None:
    made = make(adapter, store)
    assert store.find(f"acme/{made.id}", "globex") == store.find("acme/latest", "globex") == made
    assert store.find(made.id, "acme") == made
    for name in (made.id, f"other/{made.id}", f"../acme/{made.id}", "/latest"):
        with pytest.raises(TaskError, match="There is no backup"):
            store.find(name, "globex")


def test_where_backups_lie(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").touch()
    (tmp_path / "stacks").mkdir()
    root = BackupStore.of({"TENANTRY_ROOT": str(tmp_path / "stacks")}).root
    assert root == tmp_path / ".tenantry" / "backups"
    assert BackupStore.of({"TENANTRY_BACKUPS": str(tmp_path / "else")}).root == tmp_path / "else"
    with pytest.raises(TaskError, match="There is no project"):
        BackupStore.of({"TENANTRY_ROOT": "/"})
