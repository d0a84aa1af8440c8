"""The builder with a real compiler on a tiny module: cache, kills, rivals, refusals."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tenantry.errors import PreflightError
from tenantry_toolchain import builder, cache, progress
from tenantry_toolchain.cache import Made, Slot, obtain
from tenantry_toolchain.recipe import Program, Recipe

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.toolchain.conftest import Workshop


def said_by(folder: Path) -> str:
    return subprocess.run([folder / "bin" / "hello"], capture_output=True, text=True, check=True).stderr


def test_it_builds_once_and_is_silent_afterwards(workshop: Workshop) -> None:
    lines: list[str] = []
    first = builder.obtain(workshop.recipe(), lines.append)
    assert said_by(first.folder) == "hello 1.2.3\n"
    assert first.origin == "build"
    assert first.version == "1.2.3"
    assert lines[0] == "Building hello 1.2.3 (hello 1/1) ..."
    assert lines[-1].startswith("Building hello 1.2.3 (hello 1/1): done in ")
    assert sorted(path.name for path in first.folder.iterdir()) == ["bin", "manifest.json"]
    assert workshop.staged() == []

    again: list[str] = []
    assert builder.obtain(workshop.recipe(), again.append) == first
    assert again == []
    assert workshop.calls("build") == 1


def test_a_finished_thing_needs_no_go(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    first = builder.obtain(workshop.recipe(), progress.quiet)
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr("tenantry_toolchain.go.USUAL_PLACES", ())
    assert builder.obtain(workshop.recipe(), progress.quiet) == first


def test_progress_counts_packages_and_seconds(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    # Words that nobody compiled before, so that the compiler has something to do.
    (workshop.modules / "hello/words/words.go").write_text(f'package words\n\nconst Hello = "{time.time_ns()}"\n')
    lines: list[str] = []
    builder.obtain(workshop.recipe(), lines.append)
    assert any("packages compiled, " in line and line.endswith(" s") for line in lines)
    assert any(line.split(": ")[1].startswith("2 of at most ") for line in lines if "compiled" in line)


def test_flags_sums_and_requirements_decide_the_folder(workshop: Workshop) -> None:
    slots = {workshop.recipe().slot.name, workshop.recipe(flags=("-tags", "other")).slot.name}
    assert workshop.recipe().slot.name in slots
    (workshop.modules / "hello/go.sum").write_text("example.test/x v1.0.0/go.mod h1:AAAA=\n")
    slots.add(workshop.recipe().slot.name)
    (workshop.modules / "hello/go.mod").write_text("module tenantry.test/hello\n\ngo 1.26.0\n")
    slots.add(workshop.recipe().slot.name)
    assert len(slots) == 4


def test_another_flag_builds_beside_the_first(workshop: Workshop) -> None:
    first = builder.obtain(workshop.recipe(), progress.quiet)
    second = builder.obtain(workshop.recipe(version="2.0.0", says="2.0.0"), progress.quiet)
    assert said_by(first.folder) == "hello 1.2.3\n"
    assert said_by(second.folder) == "hello 2.0.0\n"


def test_of_two_builders_one_builds_and_one_waits(workshop: Workshop) -> None:
    first, second = workshop.spawn(), workshop.spawn()
    folders = {first.communicate(timeout=60)[0], second.communicate(timeout=60)[0]}
    assert (first.returncode, second.returncode) == (0, 0)
    assert len(folders) == 1
    assert workshop.calls("build") == 1
    assert len(workshop.published()) == 1


def test_a_waiting_builder_says_so_and_takes_over_from_a_killed_one(workshop: Workshop) -> None:
    workshop.tell_go("stall-build")
    killed = workshop.spawn()
    compiler = workshop.stalled()
    waiting = workshop.spawn()
    assert waiting.stderr is not None
    assert "Another process is preparing hello" in waiting.stderr.readline()
    workshop.obey()
    workshop.finish(killed, signal.SIGKILL)
    out, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, err
    assert out.strip().endswith(workshop.published()[0])
    workshop.wait_until(lambda: workshop.ended(compiler))


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_builder_leaves_no_compiler_and_nothing_wrong(workshop: Workshop, signum: signal.Signals) -> None:
    workshop.tell_go("stall-build")
    process = workshop.spawn()
    compiler = workshop.stalled()
    workshop.finish(process, signum)
    workshop.wait_until(lambda: workshop.ended(compiler))
    assert workshop.published() == []
    # Only an interrupt lets Python clean up; what the others leave is swept by the next builder.
    assert len(workshop.staged()) == (0 if signum == signal.SIGINT else 1)
    workshop.obey()
    assert said_by(builder.obtain(workshop.recipe(), progress.quiet).folder) == "hello 1.2.3\n"
    assert workshop.staged() == []


def test_kills_at_any_moment(workshop: Workshop) -> None:
    for delay in (0.15, 0.3, 0.45, 0.6, 0.8):
        process = workshop.spawn()
        time.sleep(delay)
        workshop.finish(process, signal.SIGKILL)
        assert all(cache.read_folder(workshop.cache / name) for name in workshop.published())
    stored = builder.obtain(workshop.recipe(), progress.quiet)
    assert said_by(stored.folder) == "hello 1.2.3\n"
    assert cache.read(workshop.recipe().slot) == stored


def test_a_damaged_program_is_built_again(workshop: Workshop) -> None:
    folder = builder.obtain(workshop.recipe(), progress.quiet).folder
    (folder / "bin/hello").write_bytes(b"")
    assert cache.read(workshop.recipe().slot) is None
    assert said_by(builder.obtain(workshop.recipe(), progress.quiet).folder) == "hello 1.2.3\n"
    assert workshop.calls("build") == 2


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": 1}', '{"format": 1, "files": [], "fingerprint": 3}'])
def test_a_damaged_manifest_is_no_thing(workshop: Workshop, text: str) -> None:
    folder = builder.obtain(workshop.recipe(), progress.quiet).folder
    (folder / "manifest.json").write_text(text)
    assert cache.read(workshop.recipe().slot) is None


def test_a_folder_of_another_fingerprint_is_not_taken(workshop: Workshop) -> None:
    folder = builder.obtain(workshop.recipe(), progress.quiet).folder
    manifest = json.loads((folder / "manifest.json").read_text()) | {"fingerprint": "0" * 64}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert cache.read(workshop.recipe().slot) is None


def test_without_go_it_says_what_to_install(bare_path: Path, tmp_path: Path) -> None:
    (tmp_path / "modules/hello").mkdir(parents=True)
    for name in ("go.mod", "go.sum"):
        (tmp_path / "modules/hello" / name).write_text("module tenantry.test/hello\n")
    program = Program(name="hello", wrapper="hello", package="tenantry.test/hello")
    recipe = Recipe(family="hello", version="1", programs=(program,), modules=tmp_path / "modules")
    with pytest.raises(PreflightError, match="Go is not installed") as caught:
        builder.obtain(recipe, progress.quiet)
    assert "Install Go 1.26 or newer" in caught.value.hint


@pytest.mark.parametrize("version", ["go1.21.3", "go1.25", "", "devel"])
def test_an_old_go_is_refused(workshop: Workshop, version: str) -> None:
    workshop.tell_go("version", version)
    with pytest.raises(PreflightError, match="too old"):
        builder.obtain(workshop.recipe(), progress.quiet)
    assert workshop.calls("build") == 0
    assert workshop.staged() == []


def test_a_newer_go_is_taken(workshop: Workshop) -> None:
    workshop.tell_go("version", "go1.31.0 X:someexperiment")
    assert builder.obtain(workshop.recipe(), progress.quiet).details["go"] == "go1.31.0 X:someexperiment"


def test_a_program_of_another_version_is_not_published(workshop: Workshop) -> None:
    with pytest.raises(PreflightError, match=r"does not say that it is 9\.9\.9: hello 1\.2\.3"):
        builder.obtain(workshop.recipe(says="9.9.9"), progress.quiet)
    assert workshop.published() == []


def test_source_that_does_not_compile_is_shown_and_logged(workshop: Workshop) -> None:
    (workshop.modules / "hello/words/words.go").write_text("package words\n\nconst Hello = undefined_name\n")
    with pytest.raises(PreflightError, match="undefined: undefined_name") as caught:
        builder.obtain(workshop.recipe(), progress.quiet)
    log = workshop.cache / "logs" / "hello.log"
    assert str(log.parent) in caught.value.hint
    assert "undefined_name" in log.read_text()


def test_a_full_disk_during_the_build_is_told(workshop: Workshop) -> None:
    workshop.tell_go("say-build", "write /tmp/go-build1/b001/_pkg_.a: no space left on device\n")
    with pytest.raises(PreflightError, match="is full") as caught:
        builder.obtain(workshop.recipe(), progress.quiet)
    assert "TENANTRY_CACHE" in caught.value.hint
    assert workshop.staged() == []


def test_a_full_disk_outside_the_compiler_is_told(cache: Path) -> None:
    def make(_stage: Path) -> Made:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(PreflightError, match="is full"):
        obtain(Slot(family="x", fingerprint="0" * 64), make, progress.quiet)


def test_a_cache_that_is_a_file_is_told(cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TENANTRY_CACHE", str(tmp_path / "file"))
    with pytest.raises(PreflightError, match="cannot be written"):
        obtain(Slot(family="x", fingerprint="0" * 64), lambda _stage: Made(version="", origin="", details={}), print)


def test_settings_of_the_user_do_not_bend_the_build(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOFLAGS", "-mod=vendor")
    monkeypatch.setenv("GOOS", "plan9")
    monkeypatch.setenv("GOWORK", "/nonexistent/go.work")
    assert said_by(builder.obtain(workshop.recipe(), progress.quiet).folder) == "hello 1.2.3\n"


def test_interrupt_ends_the_command_line_without_a_traceback(workshop: Workshop) -> None:
    workshop.tell_go("stall-build")
    process = workshop.spawn(
        "from tenantry_toolchain import __main__ as command\n"
        "command.install = lambda **options: builder.obtain(recipe, options['progress'])\n"
        "sys.exit(command.main(['install']))"
    )
    workshop.stalled()
    said = workshop.finish(process, signal.SIGINT)
    assert process.returncode == 130
    assert "interrupted" in said
    assert "Traceback" not in said
