"""Template versions in a folder: opening, lock, channels, trees."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from tenantry.catalogue import Catalogue, scan, tree
from tenantry.catalogue.files import version_order
from tenantry.catalogue.tree import read_tree
from tenantry.errors import CatalogueError, SpecError

FIXTURES = Path(__file__).parents[1] / "spec" / "fixtures"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A catalogue of one's own with shop@1.0.0 and full@2.1.0."""
    shutil.copytree(FIXTURES, tmp_path / "templates")
    return tmp_path / "templates"


def add_version(root: Path, version: str) -> None:
    """shop@1.0.0 as another version."""
    folder = root / "shop" / version
    shutil.copytree(root / "shop" / "1.0.0", folder)
    file = folder / "template.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("version: 1.0.0", f"version: {version}"), encoding="utf-8")


# --- opening ------------------------------------------------------------------------------------------------------


def test_open(root: Path) -> None:
    found = Catalogue(root).open("full@2.1.0")
    assert str(found.ref) == "full@2.1.0"
    assert found.template.name == "full"
    assert set(found.sources) == {"api", "web", "mini/wechat", "mini/alipay"}
    assert found.source_refs["api"].files == 2
    assert [entry.path for entry in found.sources["api"].files] == ["migrate", "program"]
    assert found.sources["api"].digest == read_tree(root / "full" / "2.1.0" / "api").digest
    assert found.ref.digest == read_tree(root / "full" / "2.1.0").digest
    assert not found.released


def test_a_version_is_read_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = Catalogue(root)
    first = catalogue.open("shop@1.0.0")
    monkeypatch.setattr(scan, "_walk", None)
    assert catalogue.open("shop@1.0.0") is first


@pytest.mark.parametrize(
    ("selector", "message", "hint"),
    [
        ("shp@1.0.0", "no template `shp`", "did you mean shop?"),
        ("shop@1.0.1", "no version 1.0.1", "did you mean 1.0.0?"),
        ("shop@stabel", "no channel `stabel`", "did you mean stable?"),
        ("nothing@stable", "no template `nothing`", "known: full, shop"),
        ("shop", "names no template version", "shop@stable"),
        ("../shop@1.0.0", "names no template version", ""),
        ("shop@1.0.0\n", "names no template version", ""),
        ("shop@", "names no template version", ""),
        ("", "names no template version", ""),
    ],
)
def test_what_cannot_be_opened(root: Path, selector: str, message: str, hint: str) -> None:
    (root / "channels.yaml").write_text("shop: {stable: 1.0.0}\n", encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        Catalogue(root).open(selector)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.exit_code == 10


def test_a_version_knows_every_way_that_cannot_be_gone_back(root: Path) -> None:
    for version, rollback in (("2.0.0", "forward-only"), ("2.1.0-rc.1", "safe"), ("10.0.0", "forward-only")):
        add_version(root, version)
        file = root / "shop" / version / "template.yaml"
        migrate = f"    migrate: {{command: [python, migrate.py], rollback: {rollback}}}\n"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("    type: service\n", f"    type: service\n{migrate}"), encoding="utf-8")
    add_version(root, "3.0.0")
    (root / "shop" / "3.0.0" / "template.yaml").write_text("nonsense", encoding="utf-8")
    catalogue = Catalogue(root)
    found = {version: catalogue.open(f"shop@{version}").ref.forward_only for version in ("1.0.0", "2.0.0", "10.0.0")}
    assert found == {"1.0.0": (), "2.0.0": ("2.0.0",), "10.0.0": ("2.0.0", "10.0.0")}
    assert catalogue.open("shop@2.1.0-rc.1").ref.forward_only == ("2.0.0",)


def test_no_catalogue(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="no catalogue at"):
        Catalogue(tmp_path / "none").open("shop@1.0.0")


def test_folder_and_template_must_agree(root: Path) -> None:
    (root / "shop" / "1.0.0").rename(root / "shop" / "1.0.1")
    with pytest.raises(CatalogueError, match=r"describes shop@1\.0\.0, its folder shop@1\.0\.1"):
        Catalogue(root).open("shop@1.0.1")


def test_a_wrong_template_says_where(root: Path) -> None:
    file = root / "shop" / "1.0.0" / "template.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("type: site", "type: sight"), encoding="utf-8")
    with pytest.raises(SpecError, match=r"template\.yaml:\d+:\d+: components\.web: .*did you mean site"):
        Catalogue(root).open("shop@1.0.0")


def test_versions_are_in_order(root: Path) -> None:
    for version in ("1.10.0", "1.2.0", "2.0.0-rc.1", "2.0.0"):
        add_version(root, version)
    (root / "shop" / "notes").mkdir()
    assert Catalogue(root).versions("shop") == ["1.0.0", "1.2.0", "1.10.0", "2.0.0-rc.1", "2.0.0"]
    assert Catalogue(root).names() == ["full", "shop"]


def test_order_of_pre_releases() -> None:
    order = ["1.0.0-1", "1.0.0-2", "1.0.0-10", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta", "1.0.0"]
    shuffled = [order[index] for index in (3, 0, 6, 2, 5, 1, 4)]
    assert sorted(shuffled, key=version_order) == order


# --- lock and channels --------------------------------------------------------------------------------------------


def test_release(root: Path) -> None:
    catalogue = Catalogue(root)
    assert len(catalogue.lock_problems()) == 2
    assert catalogue.write_lock() == ["full@2.1.0", "shop@1.0.0"]
    assert catalogue.lock_problems() == []
    assert catalogue.open("shop@1.0.0").released
    text = (root / "lock.yaml").read_text(encoding="utf-8")
    assert catalogue.write_lock() == []
    assert (root / "lock.yaml").read_text(encoding="utf-8") == text
    assert Catalogue(root).open("shop@1.0.0").released


def test_the_lock_is_only_added_to(root: Path) -> None:
    Catalogue(root).write_lock()
    before = (root / "lock.yaml").read_text(encoding="utf-8").splitlines()
    add_version(root, "1.1.0")
    assert Catalogue(root).write_lock() == ["shop@1.1.0"]
    after = (root / "lock.yaml").read_text(encoding="utf-8").splitlines()
    assert [line for line in before if line not in after] == []


@pytest.mark.parametrize("change", ["content", "added", "removed", "mode", "renamed"])
def test_a_released_version_never_changes(root: Path, change: str) -> None:
    Catalogue(root).write_lock()
    add_version(root, "1.1.0")
    file = root / "shop" / "1.0.0" / "web" / "index.html"
    if change == "content":
        file.write_bytes(file.read_bytes() + b" ")
    elif change == "added":
        (file.parent / "new.html").touch()
    elif change == "removed":
        file.unlink()
        (file.parent / "index.htm").touch()
    elif change == "mode":
        file.chmod(0o755)
    else:
        file.rename(file.parent / "index2.html")
    with pytest.raises(CatalogueError, match="changed after its release"):
        Catalogue(root).open("shop@1.0.0")
    assert any("shop@1.0.0 was changed" in problem for problem in Catalogue(root).lock_problems())
    before = (root / "lock.yaml").read_bytes()
    with pytest.raises(CatalogueError, match=r"changed after release: shop@1\.0\.0"):
        Catalogue(root).write_lock()
    assert (root / "lock.yaml").read_bytes() == before


def test_a_released_version_that_is_gone(root: Path) -> None:
    Catalogue(root).write_lock()
    shutil.rmtree(root / "shop" / "1.0.0")
    assert any("its folder is gone" in problem for problem in Catalogue(root).lock_problems())


def test_a_wrong_version_is_not_released(root: Path) -> None:
    (root / "shop" / "1.0.0" / "template.yaml").write_text("spec: tenantry/v1\n", encoding="utf-8")
    with pytest.raises(SpecError):
        Catalogue(root).write_lock()
    assert not (root / "lock.yaml").exists()


def test_channels(root: Path) -> None:
    add_version(root, "1.1.0")
    (root / "channels.yaml").write_text("shop: {stable: 1.0.0, next: 1.1.0}\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match="not in the lock"):
        Catalogue(root).open("shop@stable")
    assert len([problem for problem in Catalogue(root).lock_problems() if "channel" in problem]) == 2
    Catalogue(root).write_lock()
    assert Catalogue(root).open("shop@stable").ref.version == "1.0.0"
    assert Catalogue(root).pin("shop@next") == ("shop", "1.1.0")
    assert Catalogue(root).lock_problems() == []


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("lock.yaml", "[]\n", "expected a mapping"),
        ("lock.yaml", "shop: x\n", "lock.yaml:1:1: shop: expected a template and a version"),
        ("lock.yaml", "shop@1.0.0: md5:1\n", "sha256"),
        ("lock.yaml", "shop@1.0.0: 5\n", "sha256"),
        ("lock.yaml", f"a-b@1.0.0: sha256:{'0' * 64}\na-b@1.0.0: sha256:{'1' * 64}\n", "appears twice"),
        ("lock.yaml", "{", "not valid YAML"),
        ("channels.yaml", "shop: 1.0.0\n", "expected channels and versions"),
        ("channels.yaml", "shop: {stable: 1.0}\n", "such as 1.2.0"),
        ("channels.yaml", "shop: {Stable: 1.0.0}\n", "an id"),
        ("channels.yaml", "\xff", "channels.yaml"),
    ],
)
def test_broken_files(root: Path, file: str, text: str, message: str) -> None:
    (root / file).write_bytes(text.encode("latin-1"))
    with pytest.raises(SpecError, match=message):
        Catalogue(root).lock_problems()


def test_an_empty_lock_is_none(root: Path) -> None:
    (root / "lock.yaml").write_text("# nothing yet\n", encoding="utf-8")
    assert Catalogue(root).lock == {}


# --- trees --------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "tree"
    (found / "b" / "c").mkdir(parents=True)
    (found / "a.txt").write_text("a", encoding="utf-8")
    (found / "b" / "run.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    (found / "b" / "run.sh").chmod(0o755)
    (found / "b" / "c" / "名.txt").write_text("店", encoding="utf-8")
    return found


def test_a_tree(folder: Path) -> None:
    found = read_tree(folder)
    assert [(entry.path, entry.executable, entry.size) for entry in found.files] == [
        ("a.txt", False, 1),
        ("b/c/名.txt", False, 3),
        ("b/run.sh", True, 10),
    ]
    assert (found.ref.files, found.ref.size, found.ref.digest) == (3, 14, found.digest)
    lines = [("a.txt", "-", b"a"), ("b/c/名.txt", "-", "店".encode()), ("b/run.sh", "x", b"#!/bin/sh\n")]
    text = "".join(f"{path}\0{mode}\0{hashlib.sha256(content).hexdigest()}\n" for path, mode, content in lines)
    assert found.digest == "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def test_the_archive_is_the_same_everywhere(folder: Path, tmp_path: Path) -> None:
    packed = read_tree(folder).archive()
    shutil.copytree(folder, tmp_path / "copy")
    for file in (tmp_path / "copy").rglob("*"):
        os.utime(file, (1, 1))
        if file.is_file():
            file.chmod(0o700 if file.suffix == ".sh" else 0o600)
    copy = read_tree(tmp_path / "copy")
    assert copy.archive() == packed
    assert copy.digest == read_tree(folder).digest
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        members = archive.getmembers()
    assert [(member.name, oct(member.mode)) for member in members] == [
        ("a.txt", "0o644"),
        ("b/c/名.txt", "0o644"),
        ("b/run.sh", "0o755"),
    ]
    assert {(member.mtime, member.uid, member.gid, member.uname) for member in members} == {(0, 0, 0, "")}
    assert packed[4:8] == b"\0\0\0\0"
    assert gzip.decompress(packed)


def test_the_archive_holds_the_digest(folder: Path, tmp_path: Path) -> None:
    found = read_tree(folder)
    with tarfile.open(fileobj=io.BytesIO(found.archive())) as archive:
        archive.extractall(tmp_path / "out", filter="data")
    assert read_tree(tmp_path / "out").digest == found.digest


def test_a_change_while_packing_is_seen(folder: Path) -> None:
    found = read_tree(folder)
    (folder / "a.txt").write_text("b", encoding="utf-8")
    with pytest.raises(CatalogueError, match="changed while it was used"):
        found.archive()
    (folder / "a.txt").unlink()
    (folder / "a.txt").symlink_to("/etc/hostname")
    with pytest.raises(CatalogueError, match="cannot be read"):
        found.archive()


def test_only_documented_names_are_passed_over(folder: Path) -> None:
    before = read_tree(folder)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "x.pyc").touch()
    (folder / "b" / ".DS_Store").touch()
    assert read_tree(folder).digest == before.digest
    (folder / ".hidden").touch()
    (folder / "b" / "x.pyc").touch()
    assert {entry.path for entry in read_tree(folder).files} - {entry.path for entry in before.files} == {
        ".hidden",
        "b/x.pyc",
    }


@pytest.mark.parametrize(
    "kind", ["link", "folder link", "outside", "dangling", "pipe", "backslash", "control", "bytes"]
)
def test_what_a_tree_must_not_hold(folder: Path, kind: str) -> None:
    bad = folder / "b" / "bad"
    if kind == "link":
        bad.symlink_to("run.sh")
    elif kind == "folder link":
        bad.symlink_to("c")
    elif kind == "outside":
        bad.symlink_to("/etc")
    elif kind == "dangling":
        bad.symlink_to("nothing")
    elif kind == "pipe":
        os.mkfifo(bad)
    elif kind == "backslash":
        (folder / "b\\ad").touch()
    elif kind == "control":
        (folder / "b\nad").touch()
    else:
        Path(os.fsdecode(os.fsencode(folder) + b"/b\xffad")).touch()
    with pytest.raises(CatalogueError) as caught:
        read_tree(folder)
    assert "b" in caught.value.message
    caught.value.message.encode()


def test_all_that_is_refused_at_once(folder: Path) -> None:
    (folder / "one").symlink_to("a.txt")
    os.mkfifo(folder / "two")
    with pytest.raises(CatalogueError, match=r"one is a symbolic link\n.*two is not a regular file"):
        read_tree(folder)


@pytest.mark.parametrize("limit", ["MAX_FILES", "MAX_FILE_BYTES", "MAX_TREE_BYTES", "MAX_DEPTH"])
def test_bounds(folder: Path, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(scan, limit, 1)
    with pytest.raises(CatalogueError, match=r"more than|larger than|deeper than"):
        read_tree(folder)


def test_parts(folder: Path) -> None:
    whole = read_tree(folder)
    assert whole.part("./b").digest == read_tree(folder / "b").digest
    assert whole.part("b/").archive() == read_tree(folder / "b").archive()
    with pytest.raises(CatalogueError, match="has no files"):
        whole.part("./nothing")
    assert isinstance(whole, tree.SourceTree)


def test_a_component_without_files(root: Path) -> None:
    (root / "shop" / "1.0.0" / "api" / "program").unlink()
    with pytest.raises(CatalogueError, match="has no files"):
        Catalogue(root).open("shop@1.0.0")


def test_links_in_a_version(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x", encoding="utf-8")
    (root / "shop" / "1.0.0" / "api" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(CatalogueError, match="symbolic link"):
        Catalogue(root).open("shop@1.0.0")
    (root / "full" / "9.9.9").symlink_to(root / "full" / "2.1.0")
    with pytest.raises(CatalogueError, match="symbolic link"):
        Catalogue(root).open("full@9.9.9")
