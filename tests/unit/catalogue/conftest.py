"""Wheels made on the spot, an index that is a folder, and a cache of the test's own: no test here uses a network."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder."""
    monkeypatch.setenv("TENANTRY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Index:
    """A folder of wheels that pip is told to use instead of an index."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def add(
        self, name: str, version: str, files: Mapping[str, str | bytes], *, tag: str = "py3-none-any", build: str = ""
    ) -> str:
        """Puts a wheel there; returns its SHA-256 in hexadecimal."""
        info = f"{name}-{version}.dist-info"
        pure = "true" if tag.endswith("-any") else "false"
        contents: dict[str, bytes] = {
            path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()
        }
        contents[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
        contents[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nRoot-Is-Purelib: {pure}\nTag: {tag}\n".encode()
        record = "".join(
            f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b'=').decode()},{len(text)}\n"
            for path, text in contents.items()
        )
        contents[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
        path = self.folder / f"{name}-{version}{build}-{tag}.whl"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, text in contents.items():
                archive.writestr(zipfile.ZipInfo(member, (2020, 1, 1, 0, 0, 0)), text)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def remove(self) -> None:
        """Takes every wheel away: what is asked for after this cannot be had."""
        for path in self.folder.iterdir():
            path.unlink()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    """The only place where pip finds anything."""
    made = Index(tmp_path / "index")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(made.folder))
    return made
