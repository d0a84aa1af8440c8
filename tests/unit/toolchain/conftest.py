"""A tiny Go module instead of the real ones, and a `go` that can be told to stall or to fail."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import textwrap
import time
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
import pytest

from tenantry_toolchain import go
from tenantry_toolchain.recipe import Program, Recipe

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
    from pathlib import Path

GO_MOD = "module tenantry.test/hello\n\ngo 1.26\n"
MAIN = """\
package main

import "tenantry.test/hello/words"

func main() { println(words.Hello, version) }

var version = "dev"
"""
WORDS = 'package words\n\nconst Hello = "hello"\n'

SHIM = """\
#!/bin/sh
echo "$1" >> "$TEST_FOLDER/calls"
if [ -e "$TEST_FOLDER/stall-$1" ]; then
    echo $$ > "$TEST_FOLDER/stalled"
    exec sleep 60
fi
if [ -e "$TEST_FOLDER/say-$1" ]; then
    cat "$TEST_FOLDER/say-$1" >&2
    exit 1
fi
if [ -e "$TEST_FOLDER/version" ] && [ "$1" = env ]; then
    cat "$TEST_FOLDER/version"
    exit 0
fi
exec {go} "$@"
"""

RECIPE = """\
import sys
from pathlib import Path
from tenantry_toolchain import builder
from tenantry_toolchain.recipe import Program, Recipe
program = Program(
    name="hello", wrapper="hello", package="tenantry.test/hello",
    flags=("-ldflags", "-X main.version=1.2.3"), version=((), "1.2.3"),
)
recipe = Recipe(family="hello", version="1.2.3", programs=(program,), modules=Path(sys.argv[1]))
"""

OBTAIN = "print(builder.obtain(recipe, lambda line: print(line, file=sys.stderr, flush=True)).folder)"


@dataclass(frozen=True)
class Workshop:
    """A cache of its own, the tiny module, and the `go` on PATH that obeys files in `folder`."""

    folder: Path
    cache: Path
    modules: Path

    def recipe(self, *, version: str = "1.2.3", flags: tuple[str, ...] = (), says: str = "1.2.3") -> Recipe:
        program = Program(
            name="hello",
            wrapper="hello",
            package="tenantry.test/hello",
            flags=("-ldflags", f"-X main.version={version}", *flags),
            version=((), says),
        )
        return Recipe(family="hello", version=version, programs=(program,), modules=self.modules)

    def tell_go(self, what: str, text: str = "") -> None:
        """`stall-build`, `say-build` (fails with `text`), `version`."""
        (self.folder / what).write_text(text)

    def obey(self) -> None:
        """Let `go` do its work again."""
        for order in (*self.folder.glob("stall-*"), *self.folder.glob("say-*"), *self.folder.glob("version")):
            order.unlink()

    def calls(self, command: str) -> int:
        file = self.folder / "calls"
        return file.read_text().split().count(command) if file.exists() else 0

    def staged(self) -> list[str]:
        return [path.name for path in self.cache.glob(".staging/*")]

    def published(self) -> list[str]:
        return [path.name for path in self.cache.glob("hello-*")]

    def spawn(self, code: str = OBTAIN) -> subprocess.Popen[str]:
        """Another process, with the same recipe as `recipe()` at hand; builds it where no other code is given."""
        return subprocess.Popen(
            [sys.executable, "-c", RECIPE + code, str(self.modules)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def stalled(self) -> int:
        """Waits until `go` stalls, gives its process id."""
        file = self.folder / "stalled"
        self.wait_until(lambda: file.exists() and file.read_text().strip() != "")
        return int(file.read_text())

    def depend(self, *, extra: dict[str, str]) -> str:
        """Lets the tiny module import `example.test/dep`, served from a folder; gives the go.sum it needs."""
        files = {"go.mod": "module example.test/dep\n\ngo 1.26\n", "dep.go": "package dep\n"} | extra
        served = self.folder.parent / "proxy/example.test/dep/@v"
        served.mkdir(parents=True)
        (served / "v1.0.0.mod").write_text(files["go.mod"])
        (served / "v1.0.0.info").write_text('{"Version": "v1.0.0"}')
        with zipfile.ZipFile(served / "v1.0.0.zip", "w") as archive:
            for name, text in files.items():
                archive.writestr(f"example.test/dep@v1.0.0/{name}", text)
        hello = self.modules / "hello"
        (hello / "go.mod").write_text(GO_MOD + "\nrequire example.test/dep v1.0.0\n")
        (hello / "words/words.go").write_text('package words\n\nimport _ "example.test/dep"\n\nconst Hello = "hello"\n')
        whole = go_hash({f"example.test/dep@v1.0.0/{name}": text for name, text in files.items()})
        requirements = go_hash({"go.mod": files["go.mod"]})
        sums = f"example.test/dep v1.0.0 {whole}\nexample.test/dep v1.0.0/go.mod {requirements}\n"
        (hello / "go.sum").write_text(sums)
        return sums

    @staticmethod
    def wait_until(true: Callable[[], bool], seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, "it never came"
            time.sleep(0.02)

    @staticmethod
    def ended(pid: int) -> bool:
        """Whether a process does nothing any more, also where nobody asked how it ended."""
        try:
            return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    @staticmethod
    def finish(process: subprocess.Popen[str], signum: signal.Signals) -> str:
        """Signals it and nothing else, gives what it said on stderr."""
        process.send_signal(signum)
        return process.communicate(timeout=20)[1]


def go_hash(files: dict[str, str]) -> str:
    """The `h1:` hash of Go's checksum files: SHA-256 over the sorted lines of SHA-256 and name."""
    lines = [f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in sorted(files.items())]
    return "h1:" + base64.b64encode(hashlib.sha256("".join(lines).encode()).digest()).decode()


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return path


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder; no setting of the developer reaches the test."""
    for name in ("TENANTRY_ENGINE", "TENANTRY_CONTROL_PLANE", "GOFLAGS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TENANTRY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def bare_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> Path:
    """A PATH with one empty folder before the system's own tools, and no Go anywhere."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setattr(go, "USUAL_PLACES", ())
    return folder


@pytest.fixture
def script() -> Callable[[Path, str], Path]:
    """Writes an executable script."""
    return executable


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Workshop:
    real = go.find()
    if real is None:
        pytest.skip("Go is not installed: the builder's own mechanics cannot be shown without it")
    # The compiled runtime is shared between tests and with real builds; everything else is this test's own.
    monkeypatch.setenv("GOCACHE", str(go.build_cache()))
    cache: Path = request.getfixturevalue("cache")
    orders, modules = tmp_path / "orders", tmp_path / "modules"
    orders.mkdir()
    for name, text in (("go.mod", GO_MOD), ("go.sum", ""), ("main.go", MAIN), ("words/words.go", WORDS)):
        file = modules / "hello" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    executable(tmp_path / "gobin" / "go", SHIM.format(go=real))
    monkeypatch.setenv("GOPROXY", f"file://{tmp_path / 'proxy'}")
    monkeypatch.delenv("GOMODCACHE", raising=False)
    monkeypatch.setenv("TEST_FOLDER", str(orders))
    monkeypatch.setenv("PATH", f"{tmp_path / 'gobin'}{os.pathsep}{os.environ['PATH']}")
    assert shutil.which("go") == str(tmp_path / "gobin" / "go")
    return Workshop(folder=orders, cache=cache, modules=modules)
