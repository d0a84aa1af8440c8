"""Records of processes, ports, private files and bounded logs."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

import pytest

from tenantry.errors import SandboxError
from tenantry_vendor.sandbox import logfile, ports
from tenantry_vendor.sandbox.files import private_folder, write_private
from tenantry_vendor.sandbox.launcher import process_identity, write_record
from tenantry_vendor.sandbox.ports import PortBook
from tenantry_vendor.sandbox.process import ProcessRecord

if TYPE_CHECKING:
    from pathlib import Path


def test_a_record_tells_its_process_from_a_later_one_with_the_same_number(tmp_path: Path) -> None:
    file = tmp_path / "me.json"
    write_record(file, {"a": 1})
    record = ProcessRecord.read(file)
    assert record is not None
    assert (record.pid, record.extra, record.alive) == (os.getpid(), {"a": 1}, True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = json.loads(file.read_text())
    file.write_text(json.dumps(before | {"identity": before["identity"] + "0"}))
    reused = ProcessRecord.read(file)
    assert reused is not None
    assert not reused.alive


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"pid": "x", "identity": "", "started": "", "extra": {}}'])
def test_a_broken_record_is_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.json"
    file.write_text(text)
    assert ProcessRecord.read(file) is None
    assert ProcessRecord.read(tmp_path / "none.json") is None


def test_nobody_has_an_unused_number() -> None:
    assert process_identity(2**22 + 1) is None


def test_private_files_are_replaced_whole(tmp_path: Path) -> None:
    folder = private_folder(tmp_path / "a" / "b")
    write_private(folder / "key", "one")
    write_private(folder / "key", b"two")
    assert (folder / "key").read_bytes() == b"two"
    assert stat.S_IMODE((folder / "key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in folder.iterdir()] == ["key"]


def test_ports_are_remembered_and_only_a_taken_one_is_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: set[int] = set()
    monkeypatch.setattr(ports, "is_free", lambda port: port not in taken)
    told: list[tuple[str, int, int]] = []
    book = PortBook(tmp_path / "ports.json")
    book.settle(["http", "https"], lambda *each: told.append(each))
    first = (book["http"], book["https"])
    assert len(set(first)) == 2
    again = PortBook(tmp_path / "ports.json")
    again.settle(["http", "https"], lambda *each: told.append(each))
    assert (again["http"], again["https"]) == first
    assert told == []
    taken.add(first[0])
    again.settle(["https"], lambda *each: told.append(each))
    assert again["http"] == first[0], "a server of ours that runs keeps its port"
    again.settle(["http"], lambda *each: told.append(each))
    assert told == [("http", first[0], again["http"])]
    assert again["https"] == first[1]


def test_no_free_port_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda _port: False)
    with pytest.raises(SandboxError, match="No free loopback port"):
        PortBook(tmp_path / "ports.json").settle(["http"], lambda *_: None)


@pytest.mark.parametrize("text", ["x", "[]", '{"http": "x"}'])
def test_a_broken_list_of_ports_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "ports.json").write_text(text)
    with pytest.raises(SandboxError, match="list of ports"):
        PortBook(tmp_path / "ports.json")


def test_logs_are_bounded_while_their_writer_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "x.log"
    with file.open("ab", buffering=0) as writer:
        writer.write(b"".join(b"line %04d\n" % number for number in range(1000)))
        assert not logfile.bound(file, 20_000)
        assert logfile.bound(file, 5_000)
        writer.write(b"after\n")
    assert file.read_text() == "after\n"
    older = tmp_path / "x.log.1"
    assert older.stat().st_size == 5_000
    assert older.read_text().endswith("line 0999\n")
    assert not logfile.bound(tmp_path / "none.log")


def test_tail_and_follow_see_whole_lines(tmp_path: Path) -> None:
    file = tmp_path / "x.log"
    assert logfile.tail(file, 5) == []
    file.write_text("a\nb\u2028c\nd\n")
    assert logfile.tail(file, 2) == ["b\u2028c", "d"]
    assert logfile.tail(file, -1) == ["a", "b\u2028c", "d"]
    assert logfile.tail(file, 0) == []
    follower = logfile.Follower(file, from_end=True)
    assert follower.lines() == []
    with file.open("a") as writer:
        writer.write("e\nhal")
    assert follower.lines() == ["e"]
    with file.open("a") as writer:
        writer.write("f\n")
    assert follower.lines() == ["half"]
    os.truncate(file, 0)
    assert follower.lines() == []
    file.write_text("new\n")
    assert follower.lines() == ["new"]


def test_following_several_files_names_them(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("a", "b")}
    asked = iter([False, False, True])

    def stop() -> bool:
        files["b"].write_text("x\n")
        return next(asked)

    assert list(logfile.follow(files, stop)) == [("b", "x")]
