"""The S3 server's image: versitygw, built from its pinned Go module."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.sandbox.node.images import PREFIX, SUFFIX, Family, ImageError, StockImage
from tenantry_kubernetes.sandbox.node.stock.programs import lay_out

if TYPE_CHECKING:
    from tenantry_kubernetes.sandbox.layout import Layout


def _image(_version: str) -> StockImage:
    return StockImage(
        name="versitygw",
        entrypoint=("versitygw",),
        command=(),
        # What the server listens at where nobody says otherwise; the node makes it a local port.
        variables={"VGW_PORT": ":7070"},
        prepare=_prepare,
    )


def _prepare(layout: Layout, home: Path) -> None:
    noted = layout.object_store
    program = Path(noted.read_text(encoding="utf-8")) if noted.exists() else None
    if program is None or not program.exists():
        raise ImageError(
            "versitygw, which serves buckets, is not built: run `tenantry sandbox up`, then start the pod again"
        )
    lay_out(home, str(program), {"versitygw": program}, {})


FAMILY: Final = Family(
    pattern=re.compile(rf"{PREFIX}versitygw:v?1(?:\.\d+)*{SUFFIX}"),
    declared=re.compile(r"versitygw"),
    described="docker.io/versity/versitygw:v1",
    make=_image,
)
