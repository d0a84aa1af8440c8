"""Locked Python packages: only wheels, only with the locked hashes, for the target's platform, once."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.catalogue import Catalogue, fetch, scan
from tenantry.catalogue import cache as cache_module
from tenantry.catalogue.bundle import pack_bundle
from tenantry.catalogue.platforms import Platform, architecture_of
from tenantry.catalogue.requirements import needed, parse_lock
from tenantry.catalogue.tree import SourceTree, read_tree
from tenantry.catalogue.vendoring import wheels_of
from tenantry.catalogue.wheels import Wheel, lay
from tenantry.errors import CapabilityError, CatalogueError, SpecError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.unit.catalogue.conftest import Index

PYTHON = Platform(runtime="python3.11")
ARM = Platform(runtime="python3.11", architecture="aarch64")
ZERO = "0" * 64
TEMPLATE = """\
spec: tenantry/v1
kind: AppTemplate
name: probe
version: 1.0.0
title: {en: Probe, zh: 探针}
components:
  api: {type: service, source: ./api, runtime: python3.11, command: [python, main.py]}
"""


def program(
    folder: Path, lock: str, files: Mapping[str, str] | None = None, *, vendored: Path | None = None
) -> SourceTree:
    """A service's sources with a lock; `vendored` spares a run of pip where fetching is not what is tried."""
    folder.mkdir(exist_ok=True)
    for path, text in {"main.py": "import greet\nprint(greet.HELLO)\n", **(files or {})}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    (folder / "requirements.lock").write_text(lock, encoding="utf-8")
    return dataclasses.replace(read_tree(folder), vendored=vendored)


def line(name: str, version: str, *hashes: str, marker: str = "") -> str:
    return f"{name}=={version}{marker} " + " ".join(f"--hash=sha256:{one}" for one in hashes) + "\n"


def members(archive: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return opened.getnames()


# --- the lock -----------------------------------------------------------------------------------------------------


def test_a_lock_as_tools_write_it() -> None:
    text = f"""# made by a tool
greet==1.0 \\
    --hash=sha256:{ZERO} \\
    --hash=sha256:{"1" * 64}
    # via -r requirements.in

Small.Thing==2.0 ; python_version < "3.9" \\
    --hash=sha256:{ZERO}
"""
    one, two = parse_lock(text.encode(), file="requirements.lock")
    assert (one.name, one.version, sorted(one.hashes)) == ("greet", "1.0", [ZERO, "1" * 64])
    assert two.name == "small-thing"
    assert needed((one, two), PYTHON, 11) == (one,)
    assert two.line() == f"small-thing==2.0 --hash=sha256:{ZERO}"


def test_markers_mean_the_target_not_this_machine() -> None:
    lock = line("a", "1", ZERO, marker=" ; platform_machine == 'aarch64' and sys_platform == 'linux'")
    lock += line("b", "1", ZERO, marker=" ; sys_platform == 'win32'")
    locked = parse_lock(lock.encode(), file="x")
    assert [one.name for one in needed(locked, ARM, 11)] == ["a"]
    assert needed(locked, PYTHON, 11) == ()


@pytest.mark.parametrize(
    ("lock", "message"),
    [
        ("greet==1.0\n", "x:1:1: greet has no --hash"),
        ("greet>=1.0 --hash=sha256:" + ZERO, "greet has no one version"),
        ("greet --hash=sha256:" + ZERO, "greet has no one version"),
        ("greet==1.* --hash=sha256:" + ZERO, "greet has no one version"),
        ("greet==1.0,!=2 --hash=sha256:" + ZERO, "greet has no one version"),
        ("greet==1.0 --hash=md5:" + ZERO, "other than --hash=sha256"),
        ("greet==1.0 --hash=sha256:abc", "other than --hash=sha256"),
        ("greet==1.0 --hash=sha256:" + ZERO + " --global-option=x", "other than --hash=sha256"),
        ("--extra-index-url https://example.com\n", "x:1:1: has an option"),
        ("-r other.txt\n", "has an option"),
        ("-e .\n", "has an option"),
        ("greet @ https://example.com/greet.whl --hash=sha256:" + ZERO, "names an address"),
        ("./greet.whl --hash=sha256:" + ZERO, "is no requirement"),
        ("# one\n\ngreet==1.0 \\\n  --hash=sha256:" + ZERO + "\nGreet==1.1 --hash=sha256:" + ZERO, "x:5:1: .*twice"),
        ("\xff", "not UTF-8"),
    ],
)
def test_what_a_lock_must_not_say(lock: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        parse_lock(lock.encode("latin-1"), file="x")


@given(st.text(alphabet="ab=1.;\\ -#\n\r\t'\"@[]<>!~,sha256:hs/", max_size=120) | st.binary(max_size=60))
def test_no_lock_gives_a_traceback(text: str | bytes) -> None:
    with contextlib.suppress(SpecError):
        parse_lock(text if isinstance(text, bytes) else text.encode(), file="x")


def test_large_locks_are_refused() -> None:
    with pytest.raises(SpecError, match="larger than"):
        parse_lock(b"#" * (1024 * 1024 + 1), file="x")
    with pytest.raises(SpecError, match="more than 200"):
        parse_lock("".join(line(f"p{number}", "1", ZERO) for number in range(201)).encode(), file="x")


# --- delivery -----------------------------------------------------------------------------------------------------


def test_the_program_runs_with_its_packages(index: Index, tmp_path: Path) -> None:
    digest = index.add(
        "greet", "1.0", {"greet/__init__.py": "from greet.words import HELLO", "greet/words.py": "HELLO = 'hi'"}
    )
    packed = program(tmp_path / "api", line("greet", "1.0", digest)).packed(PYTHON)
    with tarfile.open(fileobj=io.BytesIO(packed.archive)) as archive:
        archive.extractall(tmp_path / "out", filter="data")
    delivered = read_tree(tmp_path / "out")
    assert (delivered.ref, packed.native) == (packed.ref, False)
    done = subprocess.run(
        [sys.executable, "-I", "-c", "import sys; sys.path[0:0] = ['.']; import runpy; runpy.run_path('main.py')"],
        cwd=tmp_path / "out",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "hi\n"


def test_the_second_time_needs_no_index_and_gives_the_same_bytes(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    digest = index.add("greet", "1.0", {"greet.py": "HELLO = 1"})
    tree = program(tmp_path / "api", line("greet", "1.0", digest))
    first = tree.packed(PYTHON)
    index.remove()
    monkeypatch.setattr(fetch, "_download", None)
    assert tree.packed(PYTHON) == first
    elsewhere = program(tmp_path / "copy", line("greet", "1.0", digest))
    assert elsewhere.packed(PYTHON) == first
    # Even without the packed copy: the wheels are enough, and give the same bytes again.
    for kept in (cache / "packed").iterdir():
        kept.unlink()
    assert tree.packed(PYTHON) == first


def test_the_plan_sees_the_lock_and_needs_no_wheel(index: Index, tmp_path: Path) -> None:
    digest = index.add("greet", "1.0", {"greet.py": ""})
    index.remove()
    one = program(tmp_path / "one", line("greet", "1.0", digest))
    two = program(tmp_path / "two", line("greet", "1.0", ZERO))
    assert one.digest != two.digest
    assert one.ref.files == 2


def test_a_damaged_copy_is_made_again(index: Index, tmp_path: Path, cache: Path) -> None:
    tree = program(
        tmp_path / "api", line("greet", "1.0", index.add("greet", "1.0", {"greet.py": ""})), vendored=index.folder
    )
    first = tree.packed(PYTHON)
    for kept in (cache / "packed").iterdir():
        kept.write_bytes(kept.read_bytes()[:-7])
    assert tree.packed(PYTHON) == first
    record = next((cache / "packed").glob("*.json"))
    record.write_text(json.dumps({"archive": 5}))
    assert tree.packed(PYTHON) == first


def test_a_changed_wheel_in_the_cache_is_never_used(index: Index, tmp_path: Path, cache: Path) -> None:
    tree = program(tmp_path / "api", line("greet", "1.0", index.add("greet", "1.0", {"greet.py": ""})))
    tree.packed(PYTHON)
    for kept in (cache / "packed").iterdir():
        kept.unlink()
    (wheel,) = (cache / "wheels").glob("*/*.whl")
    wheel.write_bytes(wheel.read_bytes() + b"x")
    with pytest.raises(CatalogueError, match="are not those of the lock"):
        tree.packed(PYTHON)


def test_without_a_lock_or_without_python_nothing_is_added(tmp_path: Path) -> None:
    tree = program(tmp_path / "api", "not a lock at all")
    assert tree.packed(None).archive == tree.archive()
    assert tree.packed(Platform(runtime="nodejs20")).ref == tree.ref
    (tmp_path / "api" / "requirements.lock").unlink()
    plain = read_tree(tmp_path / "api")
    assert plain.packed(PYTHON).archive == plain.archive()


def test_an_empty_lock_adds_nothing(tmp_path: Path) -> None:
    tree = program(tmp_path / "api", "# no packages\n")
    assert members(tree.packed(PYTHON).archive) == ["main.py", "requirements.lock"]


# --- what is refused ----------------------------------------------------------------------------------------------


def test_another_hash_is_refused(index: Index, tmp_path: Path, cache: Path) -> None:
    index.add("greet", "1.0", {"greet.py": ""})
    with pytest.raises(CatalogueError, match="cannot be had") as caught:
        program(tmp_path / "api", line("greet", "1.0", ZERO)).packed(PYTHON)
    assert "requirements.lock" in caught.value.hint
    assert not list((cache / "wheels").glob("*/"))


def test_a_package_without_a_wheel_is_refused(index: Index, tmp_path: Path) -> None:
    content = b"not a wheel"
    (index.folder / "greet-1.0.tar.gz").write_bytes(content)
    with pytest.raises(CatalogueError, match="cannot be had"):
        program(tmp_path / "api", line("greet", "1.0", ZERO)).packed(PYTHON)


@pytest.mark.parametrize(
    ("own", "brought", "named"),
    [
        ({"greet.py": ""}, {"greet.py": "x"}, "greet.py"),
        ({"greet.py": ""}, {"greet/__init__.py": ""}, "greet"),
        ({"greet/own.py": ""}, {"greet/__init__.py": ""}, "greet"),
        ({"data": ""}, {"data/x.txt": "", "greet.py": ""}, "data"),
        ({"main.py": ""}, {"main.py": ""}, "main.py"),
    ],
)
def test_collisions_with_the_program_are_errors(
    index: Index, tmp_path: Path, own: dict[str, str], brought: dict[str, str], named: str
) -> None:
    digest = index.add("greet", "1.0", brought)
    with pytest.raises(CatalogueError, match=rf"both hold .*{named}"):
        program(tmp_path / "api", line("greet", "1.0", digest), own, vendored=index.folder).packed(PYTHON)


def test_collisions_between_wheels_are_errors(index: Index, tmp_path: Path) -> None:
    one = index.add("one", "1.0", {"shared/__init__.py": "", "shared/a.py": "1"})
    two = index.add("two", "1.0", {"shared/__init__.py": "", "shared/a.py": "2"})
    three = index.add("three", "1.0", {"shared/__init__.py": "", "shared/b.py": "2"})
    with pytest.raises(CatalogueError, match=r"both hold shared/a\.py"):
        program(tmp_path / "api", line("one", "1.0", one) + line("two", "1.0", two), vendored=index.folder).packed(
            PYTHON
        )
    same = program(tmp_path / "same", line("one", "1.0", one) + line("three", "1.0", three), vendored=index.folder)
    assert {"shared/a.py", "shared/b.py"} <= set(members(same.packed(PYTHON).archive))


def test_the_wheel_for_the_platform_is_taken(index: Index, tmp_path: Path) -> None:
    name = "greet"
    x86 = index.add(
        name, "1.0", {"greet.py": "A = 'x86'"}, tag="cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64"
    )
    arm = index.add(name, "1.0", {"greet.py": "A = 'arm'"}, tag="cp311-abi3-manylinux_2_28_aarch64")
    new = index.add(name, "1.0", {"greet.py": "A = 'new'"}, tag="cp311-cp311-manylinux_2_39_x86_64")
    mac = index.add(name, "1.0", {"greet.py": "A = 'mac'"}, tag="cp311-cp311-macosx_11_0_arm64")
    tree = program(tmp_path / "api", line(name, "1.0", x86, arm, new, mac))

    def content(platform: Platform) -> bytes:
        packed = tree.packed(platform)
        assert packed.native
        with tarfile.open(fileobj=io.BytesIO(packed.archive)) as archive:
            found = archive.extractfile("greet.py")
            assert found is not None
            return found.read()

    assert content(PYTHON) == b"A = 'x86'"
    assert content(ARM) == b"A = 'arm'"
    with pytest.raises(CatalogueError, match="cannot be had"):
        tree.packed(Platform(runtime="python3.10"))


def test_wheels_that_came_along_are_taken_first(index: Index, tmp_path: Path) -> None:
    digest = index.add("greet", "1.0", {"greet.py": ""})
    (tmp_path / "vendored").mkdir()
    (index.folder / "greet-1.0-py3-none-any.whl").rename(tmp_path / "vendored" / "greet-1.0-py3-none-any.whl")
    tree = program(tmp_path / "api", line("greet", "1.0", digest))
    brought = dataclasses.replace(tree, vendored=tmp_path / "vendored")
    assert "greet.py" in members(brought.packed(PYTHON).archive)


def test_a_bundle_takes_its_wheels_along(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packed with an index, used without one, in a cache that never saw a wheel."""
    digests = [index.add("greet", "1.0", {"greet.py": "HELLO = 'hi'"})]
    digests.append(index.add("fast", "1.0", {"fast.py": ""}, tag="cp311-cp311-manylinux_2_17_x86_64"))
    root = tmp_path / "templates"
    folder = root / "probe" / "1.0.0"
    folder.mkdir(parents=True)
    (folder / "template.yaml").write_text(TEMPLATE, encoding="utf-8")
    program(folder / "api", line("greet", "1.0", digests[0]) + line("fast", "1.0", digests[1]))
    version = Catalogue(root).open("probe@1.0.0")
    with pytest.raises(CatalogueError, match=r"python3\.11 on aarch64 cannot be had"):
        wheels_of(version)
    wheels = wheels_of(version, ["x86_64"])
    assert [(wheel.path.name, wheel.pure) for wheel in wheels] == [
        ("fast-1.0-cp311-cp311-manylinux_2_17_x86_64.whl", False),
        ("greet-1.0-py3-none-any.whl", True),
    ]
    expected = version.sources["api"].packed(PYTHON)
    content = pack_bundle(version.tree, "probe", "1.0.0", wheels=wheels)
    assert content == pack_bundle(version.tree, "probe", "1.0.0", wheels=reversed(wheels))

    (tmp_path / "bundles" / "probe").mkdir(parents=True)
    (tmp_path / "bundles" / "probe" / "probe-1.0.0.bundle").write_bytes(content)
    index.remove()
    monkeypatch.setenv("TENANTRY_CACHE", str(tmp_path / "another"))
    bundled = Catalogue(tmp_path / "bundles").open("probe@1.0.0")
    assert bundled.ref == version.ref
    assert bundled.sources["api"].packed(PYTHON) == expected
    assert [wheel.sha256 for wheel in wheels_of(bundled, ["x86_64"])] == [wheel.sha256 for wheel in wheels]


def test_a_wrong_lock_is_found_when_the_version_is_opened(tmp_path: Path) -> None:
    folder = tmp_path / "templates" / "probe" / "1.0.0"
    folder.mkdir(parents=True)
    (folder / "template.yaml").write_text(TEMPLATE, encoding="utf-8")
    program(folder / "api", "greet>=1\n")
    with pytest.raises(SpecError, match=r"api/requirements\.lock:1:1: greet has no one version"):
        Catalogue(tmp_path / "templates").open("probe@1.0.0")


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ("../outside.py", "holds the path"),
        ("/absolute.py", "holds the path"),
        ("a//b.py", "holds the path"),
        ("a/./b.py", "holds the path"),
        ("a\\b.py", "holds the path"),
        ("a\nb.py", "holds the path"),
        ("/".join("a" * 40), "holds the path"),
    ],
)
def test_wheels_that_lead_out_are_refused(tmp_path: Path, member: str, message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        lay([wheel_of(tmp_path, {member: b""})])


def test_links_in_wheels_are_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("greet.py")
    info.external_attr = 0o120777 << 16
    path = tmp_path / "greet-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(CatalogueError, match="no regular file"):
        lay([Wheel(path=path, name="greet", version="1.0", sha256="", pure=True)])


def test_bombs_in_wheels_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = wheel_of(tmp_path, {"greet.py": bytes(1024 * 1024)})
    assert bomb.path.stat().st_size < 10_000
    monkeypatch.setattr(scan, "MAX_FILE_BYTES", 100_000)
    with pytest.raises(CatalogueError, match="unpacks to more"):
        lay([bomb])
    monkeypatch.setattr(scan, "MAX_FILES", 3)
    with pytest.raises(CatalogueError, match="more than 3 files"):
        lay([wheel_of(tmp_path, {f"{number}.py": b"" for number in range(5)})])


@given(st.binary(max_size=300))
def test_no_damaged_wheel_gives_a_traceback(content: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        whole = wheel_of(Path(folder), {"greet.py": b"x" * 50})
        data = bytearray(whole.path.read_bytes())
        for place, value in enumerate(content):
            data[(place * 7) % len(data)] ^= value
        whole.path.write_bytes(data)
        with contextlib.suppress(CatalogueError):
            lay([whole])


def test_scripts_and_data_are_passed_over(tmp_path: Path) -> None:
    files = {
        "greet-1.0.data/purelib/greet.py": b"1",
        "greet-1.0.data/scripts/greet": b"#!python",
        "greet-1.0.data/data/etc/x": b"",
        "pkg/__pycache__/x.pyc": b"",
        "pkg/__init__.py": b"2",
    }
    assert lay([wheel_of(tmp_path, files)]) == {"greet.py": b"1", "pkg/__init__.py": b"2"}


def wheel_of(folder: Path, files: Mapping[str, bytes]) -> Wheel:
    path = folder / "greet-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in files.items():
            info = zipfile.ZipInfo("x")
            info.filename = member
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return Wheel(path=path, name="greet", version="1.0", sha256="", pure=True)


# --- two at once, and a kill --------------------------------------------------------------------------------------


def test_two_at_once_make_it_once(cache: Path, tmp_path: Path) -> None:
    script = """
import sys, time
from pathlib import Path
from tenantry.catalogue.cache import folder_once
log = Path(sys.argv[1])
def make(stage):
    with log.open("a") as file:
        file.write("made\\n")
    (stage / "half").write_text("1")
    time.sleep(0.4)
    (stage / "whole").write_text("2")
found = folder_once("things", "one", make)
assert sorted(path.name for path in found.iterdir()) == ["half", "whole"]
"""
    log = tmp_path / "log"
    running = [subprocess.Popen([sys.executable, "-c", script, str(log)]) for _ in range(2)]
    assert [one.wait(30) for one in running] == [0, 0]
    assert log.read_text() == "made\n"


def test_a_killed_maker_leaves_nothing_in_the_way(cache: Path, tmp_path: Path) -> None:
    script = """
import os
from pathlib import Path
from tenantry.catalogue.cache import folder_once
def make(stage):
    (stage / "half").write_text("1")
    os.kill(os.getpid(), 9)
folder_once("things", "one", make)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    assert list((cache / "things").glob(".one-*"))

    def make(stage: Path) -> None:
        (stage / "whole").write_text("2")

    found = cache_module.folder_once("things", "one", make)
    assert [path.name for path in found.iterdir()] == ["whole"]
    assert not list((cache / "things").glob(".one-*"))


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TENANTRY_CACHE", str(tmp_path / "file"))
    with pytest.raises(CatalogueError, match="cannot be written") as caught:
        cache_module.folder_once("things", "one", lambda _: None)
    assert "TENANTRY_CACHE" in caught.value.hint


def test_architectures_have_several_names() -> None:
    assert {architecture_of(name) for name in ("amd64", "x86_64", "AMD64")} == {"x86_64"}
    assert {architecture_of(name) for name in ("arm64", "aarch64")} == {"aarch64"}
    with pytest.raises(CapabilityError, match="riscv64"):
        architecture_of("riscv64")
