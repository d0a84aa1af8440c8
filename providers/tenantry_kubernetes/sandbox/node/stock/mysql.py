"""The official MySQL image: the machine's own MySQL 8 behind an entry point of ours. Never a MariaDB."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.sandbox import servers
from tenantry_kubernetes.sandbox.node.entrypoints import mysql as entrypoint
from tenantry_kubernetes.sandbox.node.images import PREFIX, SUFFIX, Family, ImageError, Place, StockImage
from tenantry_kubernetes.sandbox.node.stock.programs import lay_out, programs_named, run_python

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry_kubernetes.sandbox.layout import Layout

_PORT: Final = 3306
_PROGRAMS: Final = ("mysqld", "mysql", "mysqldump", "mysqladmin")


def _image(version: str) -> StockImage:
    return StockImage(
        name=f"mysql{version}",
        entrypoint=("docker-entrypoint.sh",),
        command=("mysqld",),
        prepare=lambda layout, home: _prepare(layout, home, version),
        private=_private,
    )


def _prepare(layout: Layout, home: Path, version: str) -> None:
    here = next((each for each in servers.recorded(layout.servers) if each.engine == "mysql"), None)
    if here is None or version not in {here.major, here.major.partition(".")[0]}:
        found = f", only {here}" if here else ""
        raise ImageError(f"this machine has no MySQL {version}{found}; nothing else stands in for it")
    # The server and its clients may lie apart.
    links = programs_named(_PROGRAMS, (here.folder, Path("/usr/bin"), Path("/usr/local/bin")))
    scripts = {"docker-entrypoint.sh": run_python(Path(entrypoint.__file__), str(home / "bin"))}
    lay_out(home, json.dumps([scripts, {name: str(path) for name, path in links.items()}]), links, scripts)


def _private(place: Place) -> Mapping[str, str]:
    if _PORT not in place.ports:
        return {}
    port, sockets = place.ports[_PORT], str(place.scratch())
    scripts, data = str(place.local("/docker-entrypoint-initdb.d")), str(place.local("/var/lib/mysql"))
    options = {"port": port, "sockets": sockets, "scripts": scripts, "data": data}
    return {entrypoint.OPTIONS: json.dumps(options), "MYSQL_UNIX_PORT": f"{sockets}/mysqld.sock"}


FAMILY: Final = Family(
    pattern=re.compile(rf"{PREFIX}mysql:(8(?:\.\d+)?)(?:\.\d+)*{SUFFIX}"),
    declared=re.compile(r"mysql(8(?:\.\d+)?)"),
    described="docker.io/library/mysql:8 (where this machine has a MySQL 8)",
    make=_image,
)
