"""The program that unpacks sources inside pods, as a process of its own."""

from __future__ import annotations

import gzip
import http.server
import io
import subprocess
import sys
import tarfile
import threading
from contextlib import contextmanager
from importlib import resources
from typing import TYPE_CHECKING

import pytest

from tenantry.catalogue.tree import SourceTree, read_tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = str(resources.files("tenantry_kubernetes.incluster").joinpath("unpack.py"))


@pytest.fixture
def tree(tmp_path: Path) -> SourceTree:
    source = tmp_path / "source"
    (source / "static" / "深").mkdir(parents=True)
    (source / "main.py").write_text("print('hello')\n")
    (source / "main").write_text("a file whose name begins like another's")
    (source / "run.sh").write_text("#!/bin/sh\n")
    (source / "run.sh").chmod(0o755)
    (source / "static" / "深" / "a b.txt").write_bytes(b"\0\1" * 5000)
    return read_tree(source)


def unpack(into: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-I", PROGRAM, "--into", str(into), *arguments], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    return done


def bounds(files: int = 10, size: int = 100_000) -> list[str]:
    return ["--max-files", str(files), "--max-bytes", str(size)]


def packed(tmp_path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> str:
    path = tmp_path / "made.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return str(path)


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = link
    return info


def test_the_catalogues_archive_becomes_its_tree_again(tmp_path: Path, tree: SourceTree) -> None:
    archive = tmp_path / "source.tar.gz"
    archive.write_bytes(tree.archive())
    into = tmp_path / "app"
    arguments = ["--archive", str(archive), "--digest", tree.digest, *bounds(tree.ref.files, tree.ref.size)]
    done = unpack(into, *arguments)
    assert done.returncode == 0, done.stderr
    again = read_tree(into)
    assert again.digest == tree.digest
    assert (into / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (into / "main.py").stat().st_mode & 0o777 == 0o644

    archive.unlink()
    assert unpack(into, *arguments).returncode == 0, "a tree that is already there needs no archive"


def test_what_was_there_before_is_replaced(tmp_path: Path, tree: SourceTree) -> None:
    archive = tmp_path / "source.tar.gz"
    archive.write_bytes(tree.archive())
    into = tmp_path / "app"
    (into / "old").mkdir(parents=True)
    (into / "old" / "file").write_text("old")
    (into / "link").symlink_to(tmp_path)
    done = unpack(into, "--archive", str(archive), "--digest", tree.digest, *bounds())
    assert done.returncode == 0, done.stderr
    assert read_tree(into).digest == tree.digest
    assert archive.exists(), "a link is removed, not what it leads to"


def test_another_tree_is_refused(tmp_path: Path, tree: SourceTree) -> None:
    archive = tmp_path / "source.tar.gz"
    archive.write_bytes(tree.archive())
    done = unpack(tmp_path / "app", "--archive", str(archive), "--digest", "sha256:" + "0" * 64, *bounds())
    assert done.returncode == 1
    assert f"holds {tree.digest}, not sha256:000" in done.stderr


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "a//b", "a\\..\\evil", "./../evil", "."])
def test_paths_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    archive = packed(tmp_path, (member(name), b"evil"))
    into = tmp_path / "in" / "app"
    done = unpack(into, "--archive", archive, "--digest", "sha256:" + "0" * 64, *bounds())
    assert done.returncode == 1
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_only_plain_files_are_unpacked(tmp_path: Path, kind: bytes) -> None:
    archive = packed(tmp_path, (member("link", kind, "/etc/passwd"), b""), (member("link/evil"), b"x"))
    done = unpack(tmp_path / "app", "--archive", archive, "--digest", "sha256:" + "0" * 64, *bounds())
    assert done.returncode == 1
    assert "is no plain file" in done.stderr


def test_a_file_twice_is_refused(tmp_path: Path) -> None:
    archive = packed(tmp_path, (member("a"), b"1"), (member("a"), b"2"))
    done = unpack(tmp_path / "app", "--archive", archive, "--digest", "sha256:" + "0" * 64, *bounds())
    assert done.returncode == 1


def test_more_files_or_bytes_than_the_plan_says_are_refused(tmp_path: Path) -> None:
    archive = packed(tmp_path, (member("a"), b"1" * 50), (member("b"), b"2" * 50))
    for limits in (bounds(1, 1000), bounds(2, 99)):
        done = unpack(tmp_path / "app", "--archive", archive, "--digest", "sha256:" + "0" * 64, *limits)
        assert done.returncode == 1
        assert "holds more than" in done.stderr


def test_a_small_archive_that_unpacks_to_a_large_one_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "bomb.tar.gz"
    with gzip.open(archive, "wb") as out:
        for _ in range(100):
            out.write(b"\0" * 1_000_000)
    head = tarfile.TarInfo("pax").tobuf()
    with gzip.open(archive, "wb") as out:
        long_header = tarfile.TarInfo("h")
        long_header.type = tarfile.XHDTYPE
        long_header.size = 100_000_000
        out.write(long_header.tobuf())
        for _ in range(100):
            out.write(b"\0" * 1_000_000)
        out.write(head)
    done = unpack(tmp_path / "app", "--archive", str(archive), "--digest", "sha256:" + "0" * 64, *bounds(1, 1000))
    assert done.returncode == 1
    assert "more than the plan says" in done.stderr


@pytest.mark.parametrize("content", [b"", b"no archive", gzip.compress(b"no tar" * 500, mtime=0), b"\x1f\x8b\x08"])
def test_a_broken_archive_is_one_line(tmp_path: Path, content: bytes) -> None:
    archive = tmp_path / "broken"
    archive.write_bytes(content)
    done = unpack(tmp_path / "app", "--archive", str(archive), "--digest", "sha256:" + "0" * 64, *bounds())
    assert done.returncode == 1
    assert done.stderr.startswith("unpack: ")
    assert done.stderr.count("\n") == 1


@contextmanager
def answering(*answers: tuple[int, bytes]) -> Iterator[tuple[str, list[str]]]:
    left = list(answers)
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, body = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/bundles/x.tar.gz", asked
        finally:
            server.shutdown()
            thread.join()


def test_a_bundle_is_fetched_and_checked(tmp_path: Path, tree: SourceTree) -> None:
    with answering((503, b"later"), (200, tree.archive())) as (url, asked):
        done = unpack(tmp_path / "app", "--url", url, "--digest", tree.digest, *bounds(tree.ref.files, tree.ref.size))
    assert done.returncode == 0, done.stderr
    assert asked == ["/bundles/x.tar.gz"] * 2
    assert read_tree(tmp_path / "app").digest == tree.digest


def test_a_bundle_that_is_not_there_is_said(tmp_path: Path) -> None:
    with answering((404, b"no")) as (url, asked):
        done = unpack(tmp_path / "app", "--url", url, "--digest", "sha256:" + "0" * 64, *bounds())
    assert done.returncode == 1
    assert "status 404" in done.stderr
    assert len(asked) == 1


def test_a_bundle_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with answering((200, b"x" * 2_000_000)) as (url, _):
        done = unpack(tmp_path / "app", "--url", url, "--digest", "sha256:" + "0" * 64, *bounds(1, 10))
    assert done.returncode == 1
    assert "larger than the plan says" in done.stderr


def test_only_http_is_fetched(tmp_path: Path) -> None:
    done = unpack(tmp_path / "app", "--url", "file:///etc/passwd", "--digest", "sha256:" + "0" * 64, *bounds())
    assert done.returncode == 1
    assert "neither http nor https" in done.stderr
