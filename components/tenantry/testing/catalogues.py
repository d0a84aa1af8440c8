"""The kit's catalogue for one runtime: the probe as it ships, and the keeper with what the runtime is able to do.

The keeper holds data. It is the same program in every version; what differs is the version that it says, and what its
migration does to the tables:

- `1.0.0` makes them;
- `1.1.0` adds a column, and whoever ran before works on;
- `1.2.0` fails half-way, on purpose;
- `2.0.0` renames a column: nothing before it works on, so there is no way back.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

KIT_CATALOGUE: Final = Path(__file__).parent / "catalogue"
"""The kit's own template, `probe`, in three versions."""

KEEPER: Final = {"1.0.0": "safe", "1.1.0": "safe", "1.2.0": "safe", "2.0.0": "forward-only"}
"""Versions of the keeper, and what their migrations say of the way back."""

_SOURCE: Final = Path(__file__).parent / "keeper"


def write_catalogue(folder: Path, features: Collection[str]) -> Path:
    """Fills an empty folder with the probe and the keeper.

    Args:
        folder: becomes the catalogue.
        features: what the runtime is able to do. Components that it lacks are optional in the keeper; a migration
            cannot be, so it is left out here.
    """
    shutil.copytree(KIT_CATALOGUE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    template = (_SOURCE / "template.yaml").read_text(encoding="utf-8")
    if "service.migrate" not in features:
        template = "".join(line for line in template.splitlines(keepends=True) if "migrate:" not in line)
    for version, rollback in KEEPER.items():
        made = folder / "keeper" / version
        shutil.copytree(_SOURCE / "api", made / "api", ignore=shutil.ignore_patterns("__pycache__"))
        (made / "api" / "version.py").write_text(f'VERSION = "{version}"\n', encoding="utf-8")
        text = template.replace("VERSION", version).replace("ROLLBACK", rollback)
        (made / "template.yaml").write_text(text, encoding="utf-8")
    return folder
