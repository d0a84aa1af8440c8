"""Bundles: the same bytes everywhere, read only when nothing about them is wrong, used like folders of sources."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import stat
import struct
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenantry.catalogue import Catalogue, places, scan, unbundle
from tenantry.catalogue.bundle import BundleInfo, named_by, pack_bundle, parse_info
from tenantry.catalogue.places import open_bundle
from tenantry.catalogue.signing import Trust
from tenantry.catalogue.tree import read_tree
from tenantry.catalogue.unbundle import read_info, unpack
from tenantry.errors import CatalogueError
from tenantry.spec.plan import OverlayPlan

if TYPE_CHECKING:
    from collections.abc import Callable

FIXTURES = Path(__file__).parents[1] / "spec" / "fixtures"
SHOP = FIXTURES / "shop" / "1.0.0"
NAME = "shop-1.0.0.bundle"


def packed(folder: Path = SHOP, version: str = "1.0.0") -> bytes:
    return pack_bundle(read_tree(folder), "shop", version)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """shop@1.0.0 as a catalogue of one bundle; the file in it."""
    folder = tmp_path / "templates" / "shop"
    folder.mkdir(parents=True)
    (folder / NAME).write_bytes(packed())
    return folder / NAME


# --- packing ------------------------------------------------------------------------------------------------------


def test_two_paths_and_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / "1.0.0"
    shutil.copytree(SHOP, copy)
    for file in copy.rglob("*"):
        os.utime(file, (1, 1))
        file.chmod(0o700 if file.is_dir() or file.stat().st_mode & stat.S_IXUSR else 0o600)
    assert packed(copy) == packed() == packed()


def test_what_is_in_it(bundle: Path) -> None:
    info = read_info(bundle)
    assert info == BundleInfo(name="shop", version="1.0.0", digest=read_tree(SHOP).digest)
    assert (info.selector, info.file_name) == ("shop@1.0.0", NAME)
    with zipfile.ZipFile(bundle) as archive:
        names = archive.namelist()
        assert {(member.date_time, member.create_system) for member in archive.infolist()} == {
            ((1980, 1, 1, 0, 0, 0), 3)
        }
    assert names[0] == "bundle.json"
    assert names[1:] == sorted(f"template/{entry.path}" for entry in read_tree(SHOP).files)


def test_unpacking_gives_the_tree_back(bundle: Path, tmp_path: Path) -> None:
    into = tmp_path / "out"
    into.mkdir()
    unpack(bundle, into)
    assert read_tree(into / "template").files == read_tree(SHOP).files


FILES = st.dictionaries(
    st.lists(
        st.text("abö.-", min_size=1, max_size=4).filter(lambda part: part not in {".", ".."}), min_size=1, max_size=3
    ).map("/".join),
    st.tuples(st.binary(max_size=200), st.booleans()),
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(FILES)
def test_every_tree_survives(tmp_path_factory: pytest.TempPathFactory, files: dict[str, tuple[bytes, bool]]) -> None:
    root = tmp_path_factory.mktemp("tree")
    (root / "template.yaml").write_text("x", encoding="utf-8")
    for path, (content, executable) in files.items():
        file = root / path
        with contextlib.suppress(FileExistsError, NotADirectoryError, IsADirectoryError):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            file.chmod(0o755 if executable else 0o644)
    tree = read_tree(root)
    file = tmp_path_factory.mktemp("bundle") / "x.bundle"
    file.write_bytes(pack_bundle(tree, "shop", "1.0.0"))
    into = tmp_path_factory.mktemp("out")
    assert unpack(file, into).digest == tree.digest
    assert read_tree(into / "template").files == tree.files


def test_an_overlay_is_said(tmp_path: Path) -> None:
    overlay = OverlayPlan(digest="sha256:" + "a" * 64, base="shop@1.0.0")
    file = tmp_path / NAME
    file.write_bytes(pack_bundle(read_tree(SHOP), "shop", "1.0.0", overlay=overlay))
    assert read_info(file).overlay_base == "shop@1.0.0"


# --- a catalogue of bundles ---------------------------------------------------------------------------------------


def test_a_catalogue_of_bundles_is_like_one_of_sources(bundle: Path, tmp_path: Path) -> None:
    shutil.copytree(FIXTURES, tmp_path / "sources")
    of_sources, of_bundles = Catalogue(tmp_path / "sources"), Catalogue(bundle.parents[1])
    one, other = of_sources.open("shop@1.0.0"), of_bundles.open("shop@1.0.0")
    assert (of_bundles.names(), of_bundles.versions("shop")) == (["shop"], ["1.0.0"])
    assert (other.ref, other.template.model_dump()) == (one.ref, one.template.model_dump())
    assert other.source_refs == one.source_refs
    assert {key: tree.archive() for key, tree in other.sources.items()} == {
        key: tree.archive() for key, tree in one.sources.items()
    }
    assert other.bundle == bundle
    assert of_bundles.open("shop@1.0.0") is other


def test_lock_and_channels(bundle: Path) -> None:
    root = bundle.parents[1]
    assert Catalogue(root).write_lock() == ["shop@1.0.0"]
    (root / "channels.yaml").write_text("shop: {stable: 1.0.0}\n", encoding="utf-8")
    assert Catalogue(root).lock_problems() == []
    assert Catalogue(root).open("shop@stable").released
    # Another bundle under the same name is a change after the release.
    changed = bundle.parent / "changed"
    shutil.copytree(SHOP, changed)
    (changed / "web" / "index.html").write_text("changed", encoding="utf-8")
    bundle.write_bytes(packed(changed))
    shutil.rmtree(changed)
    with pytest.raises(CatalogueError, match="changed after its release"):
        Catalogue(root).open("shop@stable")
    bundle.unlink()
    assert any("is gone" in problem for problem in Catalogue(root).lock_problems())


def test_it_is_unpacked_once(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Catalogue(bundle.parents[1]).open("shop@1.0.0")
    monkeypatch.setattr(places, "_unpack_private_copy", None)
    again = Catalogue(bundle.parents[1]).open("shop@1.0.0")
    assert again.folder == first.folder


def test_a_change_in_the_cache_is_seen(bundle: Path) -> None:
    found = Catalogue(bundle.parents[1]).open("shop@1.0.0")
    (found.folder / "web" / "index.html").write_text("changed", encoding="utf-8")
    with pytest.raises(CatalogueError, match="was changed") as caught:
        Catalogue(bundle.parents[1]).open("shop@1.0.0")
    assert "rm -r" in caught.value.hint


def test_versions_of_both_kinds_stand_side_by_side(bundle: Path) -> None:
    newer = bundle.parent / "1.1.0"
    shutil.copytree(SHOP, newer)
    file = newer / "template.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("version: 1.0.0", "version: 1.1.0"), encoding="utf-8")
    catalogue = Catalogue(bundle.parents[1])
    assert catalogue.versions("shop") == ["1.0.0", "1.1.0"]
    assert catalogue.open("shop@1.1.0").bundle is None
    shutil.copytree(SHOP, bundle.parent / "1.0.0")
    with pytest.raises(CatalogueError, match="is there twice"):
        Catalogue(bundle.parents[1]).open("shop@1.0.0")


def test_the_file_s_name_must_be_right(bundle: Path) -> None:
    bundle.rename(bundle.with_name("shop-1.0.1.bundle"))
    with pytest.raises(CatalogueError, match=r"holds shop@1\.0\.0, not shop@1\.0\.1"):
        Catalogue(bundle.parents[1]).open("shop@1.0.1")


def test_a_link_is_no_bundle(bundle: Path, tmp_path: Path) -> None:
    bundle.rename(tmp_path / "real")
    bundle.symlink_to(tmp_path / "real")
    with pytest.raises(CatalogueError, match="symbolic link"):
        Catalogue(bundle.parents[1]).open("shop@1.0.0")
    with pytest.raises(CatalogueError, match="cannot be read"):
        read_info(bundle)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("shop-1.0.0.bundle", ("shop", "1.0.0")),
        ("my-shop-2-10.2.3.bundle", ("my-shop-2", "10.2.3")),
        ("shop-1.0.0-rc.1.bundle", ("shop", "1.0.0-rc.1")),
        ("shop-1.0.bundle", None),
        ("shop-01.0.0.bundle", None),
        ("Shop-1.0.0.bundle", None),
        ("shop-1.0.0.bundle.sig", None),
        (".shop-1.0.0.bundle", None),
    ],
)
def test_names(name: str, found: tuple[str, str] | None) -> None:
    assert named_by(name) == found


# --- hostile bundles ----------------------------------------------------------------------------------------------


def refused(path: Path, message: str) -> None:
    """Neither looked into nor unpacked, and nothing is left of a try."""
    with pytest.raises(CatalogueError, match=message):
        open_bundle(path, Trust(), selector="shop@1.0.0")
    assert not [left for left in (path.parent / "x", path.parents[1] / "outside") if left.exists()]


def rewritten(bundle: Path, change: Callable[[list[tuple[zipfile.ZipInfo, bytes]]], object]) -> None:
    """The same archive with other entries."""
    with zipfile.ZipFile(bundle) as archive:
        entries = [(member, archive.read(member)) for member in archive.infolist()]
    change(entries)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive, warnings.catch_warnings(action="ignore"):
        for member, content in entries:
            archive.writestr(member, content)
    bundle.write_bytes(packed.getvalue())


def entry(name: str, mode: int = 0o100644, compress: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    found = zipfile.ZipInfo("x", (1980, 1, 1, 0, 0, 0))
    found.filename = name
    found.external_attr = mode << 16
    found.compress_type = compress
    found.create_system = 3
    return found


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("template/../../../outside", "holds the path"),
        ("template/a/../../../outside", "holds the path"),
        ("/outside", "holds the path"),
        ("template//x", "holds the path"),
        ("template/./x", "holds the path"),
        ("template/\\outside", "holds the path"),
        ("template/x\n", "holds the path"),
        ("template/" + "a/" * 40 + "x", "holds the path"),
        ("template/__pycache__/x", "holds the path"),
        ("outside", "something else than"),
        ("template", "something else than"),
        ("wheels/x.txt", "no wheel"),
        ("wheels/a/b.whl", "no wheel"),
        ("wheels/x-1-py3-none-any.whl", "its wheels are not those"),
        ("template/template.yaml", "a file twice"),
        ("template/web", "a file and a folder|a file twice"),
        ("template/zzz", r"it says sha256.* and holds"),
    ],
)
def test_names_that_do_not_belong(bundle: Path, name: str, message: str) -> None:
    rewritten(bundle, lambda entries: entries.append((entry(name), b"evil")))
    refused(bundle, message)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        (0o120777, "link"),
        (0o060644, "block"),
        (0o020644, "character"),
        (0o010644, "pipe"),
        (0o040755, "folder"),
        (0, "none"),
    ],
)
def test_only_regular_files(bundle: Path, mode: int, kind: str) -> None:
    rewritten(bundle, lambda entries: entries.append((entry("template/zzz", mode), b"/etc/passwd")))
    refused(bundle, "no regular file")


def test_a_changed_file_is_seen(bundle: Path) -> None:
    def change(entries: list[tuple[zipfile.ZipInfo, bytes]]) -> None:
        entries[-1] = (entries[-1][0], entries[-1][1] + b"evil")

    rewritten(bundle, change)
    refused(bundle, "was changed: it says")


def test_a_changed_mode_is_seen(bundle: Path) -> None:
    def change(entries: list[tuple[zipfile.ZipInfo, bytes]]) -> None:
        entries[-1] = (entry(entries[-1][0].filename, 0o100755), entries[-1][1])

    rewritten(bundle, change)
    refused(bundle, "was changed: it says")


def test_a_missing_file_is_seen(bundle: Path) -> None:
    rewritten(bundle, lambda entries: entries.pop())
    refused(bundle, "was changed: it says")


def said(bundle: Path, change: Callable[[dict[str, Any]], object]) -> None:
    def replace(entries: list[tuple[zipfile.ZipInfo, bytes]]) -> None:
        data = json.loads(entries[0][1])
        change(data)
        entries[0] = (entries[0][0], json.dumps(data).encode())

    rewritten(bundle, replace)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.update(format=2),
        lambda data: data.update(name="../shop"),
        lambda data: data.update(version="latest"),
        lambda data: data.update(digest="md5:1"),
        lambda data: data.update(wheels=[]),
        lambda data: data.update(wheels={"../x.whl": "0" * 64}),
        lambda data: data.update(overlay={"base": "shop"}),
        lambda data: data.update(more=1),
        lambda data: data.pop("digest"),
        lambda data: data.clear(),
    ],
)
def test_what_a_bundle_must_not_say(bundle: Path, change: Callable[[dict[str, Any]], object]) -> None:
    said(bundle, change)
    refused(bundle, r"cannot be read: bundle\.json")


def test_another_digest_is_refused(bundle: Path) -> None:
    said(bundle, lambda data: data.update(digest="sha256:" + "0" * 64))
    refused(bundle, "it says sha256:0000")


def test_a_bundle_of_another_template_is_refused(bundle: Path) -> None:
    said(bundle, lambda data: data.update(name="mall"))
    refused(bundle, r"holds mall@1\.0\.0, not shop@1\.0\.0")


def test_another_wheel_is_refused(bundle: Path) -> None:
    said(bundle, lambda data: data.update(wheels={"x-1-py3-none-any.whl": "0" * 64}))
    rewritten(bundle, lambda entries: entries.append((entry("wheels/x-1-py3-none-any.whl"), b"evil")))
    refused(bundle, "its wheel x-1-py3-none-any.whl is another one")


def test_order_counts(bundle: Path) -> None:
    rewritten(bundle, lambda entries: entries.insert(1, entries.pop()))
    refused(bundle, "not in order")
    bundle.write_bytes(packed())
    rewritten(bundle, lambda entries: entries.reverse())
    refused(bundle, "something else than")


def test_bombs_are_refused_before_they_go_off(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rewritten(bundle, lambda entries: entries.append((entry("template/zzz"), bytes(8 * 1024 * 1024))))
    assert bundle.stat().st_size < 100_000
    refused(bundle, "unpacks to more than 200 times")
    monkeypatch.setattr(scan, "MAX_FILE_BYTES", 1024 * 1024)
    refused(bundle, "larger than 1024 KiB")


def test_a_bomb_that_says_it_is_small(bundle: Path) -> None:
    """The sizes of the directory are lies: reading stops at what was said."""
    rewritten(bundle, lambda entries: entries.append((entry("template/zzz"), bytes(1024 * 1024))))
    data = bytearray(bundle.read_bytes())
    place = data.rindex(b"template/zzz") - 46
    assert data[place : place + 4] == b"PK\x01\x02"
    data[place + 24 : place + 28] = struct.pack("<L", 5)
    bundle.write_bytes(data)
    refused(bundle, "cannot be unpacked|it says sha256|unpacks to more|was cut off")


def test_too_many_files(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "MAX_FILES", 2)
    refused(bundle, "more than 2 files")
    monkeypatch.setattr(unbundle, "MAX_WHEELS", -2)
    refused(bundle, "too many entries")


def test_a_bundle_that_is_too_large(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unbundle, "MAX_BUNDLE_BYTES", 100)
    refused(bundle, "larger than")


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"x" + data,
        lambda data: data + b"x",
        lambda data: data[:-5],
        lambda _: b"",
        lambda data: data[:10],
    ],
)
def test_bytes_that_belong_to_nothing(bundle: Path, change: Callable[[bytes], bytes]) -> None:
    bundle.write_bytes(change(bundle.read_bytes()))
    refused(bundle, "no bundle|too many entries, or bytes")


def test_a_huge_directory_is_not_read(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def large(*_: object) -> None:
        raise AssertionError("the directory was read")

    monkeypatch.setattr(zipfile, "ZipFile", large)
    data = bundle.read_bytes()
    bundle.write_bytes(data[:-14] + struct.pack("<HHLLH", 60_000, 60_000, len(data) - 22, 0, 0))
    refused(bundle, "too many entries")


def test_encrypted_entries_are_refused(bundle: Path) -> None:
    data = bytearray(bundle.read_bytes())
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        data[data.index(mark) + offset] |= 1
    bundle.write_bytes(data)
    refused(bundle, "encrypted")


def test_special_files_are_no_bundles(bundle: Path) -> None:
    bundle.unlink()
    os.mkfifo(bundle)
    with pytest.raises(CatalogueError, match="no regular file"):
        read_info(bundle)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 255)), min_size=1, max_size=8))
def test_no_damage_gives_a_traceback_or_another_tree(
    tmp_path_factory: pytest.TempPathFactory, damage: list[tuple[int, int]]
) -> None:
    data = bytearray(packed())
    for place, value in damage:
        data[place % len(data)] ^= value
    folder = tmp_path_factory.mktemp("damaged")
    (folder / NAME).write_bytes(data)
    (folder / "out").mkdir()
    with contextlib.suppress(CatalogueError):
        info = unpack(folder / NAME, folder / "out")
        # Damage in what nobody reads, such as times: everything that counts is as it was packed.
        assert info.digest == read_tree(SHOP).digest
        assert read_tree(folder / "out" / "template").files == read_tree(SHOP).files


@given(st.binary(max_size=400))
def test_what_a_bundle_says_gives_no_traceback(content: bytes) -> None:
    with contextlib.suppress(ValueError):
        parse_info(content)


def test_a_bundle_that_changes_while_it_is_opened(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = shutil.copyfile

    def exchanged(source: Path, target: Path) -> None:
        bundle.write_bytes(packed() + b"x")
        real(source, target)

    monkeypatch.setattr(shutil, "copyfile", exchanged)
    refused(bundle, "changed while it was used")


def test_bytes_and_name_decide_where_it_is_unpacked(bundle: Path, cache: Path) -> None:
    place = open_bundle(bundle, Trust())
    sha256 = hashlib.sha256(bundle.read_bytes()).hexdigest()
    assert place.folder == cache / "bundles" / sha256 / "template"
    assert sorted(path.name for path in place.folder.parent.iterdir()) == ["bundle.json", "template"]
