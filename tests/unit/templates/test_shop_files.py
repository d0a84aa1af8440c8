"""What the files of the template `shop` promise beside running code."""

from __future__ import annotations

import ast
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

SHOP = Path(__file__).parents[3] / "templates" / "shop"
VERSIONS = sorted(folder.name for folder in SHOP.iterdir() if folder.is_dir())
VENDORS = re.compile(r"kubernetes|cloudbase|tencent|alibaba|aliyun|alipay|wechat|weixin", re.IGNORECASE)

pytestmark = pytest.mark.parametrize("version", VERSIONS)


def files(version: str) -> list[Path]:
    return [path for path in (SHOP / version).rglob("*") if path.is_file() and "__pycache__" not in path.parts]


def texts(version: str) -> dict[str, dict[str, str]]:
    """Language -> key -> the JavaScript expression."""
    source = (SHOP / version / "web" / "texts.js").read_text(encoding="utf-8")
    blocks = re.findall(r"^  (\w+): \{\n(.*?)^  \},$", source, re.MULTILINE | re.DOTALL)
    return {language: dict(re.findall(r"^    (\w+): (.+),$", block, re.MULTILINE)) for language, block in blocks}


def test_the_application_has_no_vendor_branch(version: str) -> None:
    for path in files(version):
        assert not VENDORS.search(path.read_text(encoding="utf-8")), path


def test_the_sources_are_small(version: str) -> None:
    assert len(files(version)) < 25
    assert sum(path.stat().st_size for path in files(version)) < 100_000


def test_the_api_needs_the_standard_library_only(version: str) -> None:
    folder = SHOP / version / "api"
    own = {path.stem for path in folder.glob("*.py")}
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert all(name.partition(".")[0] in own | sys.stdlib_module_names for name in names), path


def test_the_application_knows_its_version(version: str) -> None:
    document = yaml.safe_load((SHOP / version / "template.yaml").read_text(encoding="utf-8"))
    assert document["version"] == version
    assert f'VERSION = "{version}"' in (SHOP / version / "api" / "settings.py").read_text(encoding="utf-8")


def test_every_parameter_reaches_the_application_and_speaks_both_languages(version: str) -> None:
    document = yaml.safe_load((SHOP / version / "template.yaml").read_text(encoding="utf-8"))
    environment = document["components"]["api"]["env"]
    settings = (SHOP / version / "api" / "settings.py").read_text(encoding="utf-8")
    for name, parameter in document["parameters"].items():
        assert set(parameter["title"]) == set(parameter["description"]) == {"en", "zh"}
        variables = [variable for variable, value in environment.items() if value == f"${{param.{name}}}"]
        assert len(variables) == 1
        assert f'"{variables[0]}"' in settings
        for choice in parameter.get("enum", []):
            assert f'"{choice}"' in settings


def test_the_page_speaks_both_languages(version: str) -> None:
    languages = texts(version)
    assert set(languages) == {"en", "zh"}
    assert list(languages["en"]) == list(languages["zh"])
    assert len(languages["en"]) > 25
    used = set(re.findall(r"t\(\)\.(\w+)", (SHOP / version / "web" / "app.js").read_text(encoding="utf-8")))
    used |= set(
        re.findall(r'data-(?:text|label)="(\w+)"', (SHOP / version / "web" / "index.html").read_text(encoding="utf-8"))
    )
    assert used == set(languages["en"])
    same = {key for key, value in languages["en"].items() if value == languages["zh"][key]}
    assert not same


def test_the_page_loads_nothing_from_elsewhere_and_nothing_inline(version: str) -> None:
    web = SHOP / version / "web"
    page = (web / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)
    for path in files(version):
        urls = re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", path.read_text(encoding="utf-8"))
        assert set(urls) <= {"http://www.w3.org"}, path
    for name in re.findall(r'(?:src|href)="([^#"]+?)(?:#[^"]*)?"', page):
        assert (web / name).is_file(), name


def test_every_product_has_a_picture(version: str) -> None:
    tree = ET.parse(SHOP / version / "web" / "pictures.svg")  # noqa: S314 - our own file
    pictures = {node.get("id") for node in tree.getroot()}
    products = (SHOP / version / "api" / "products.py").read_text(encoding="utf-8")
    ids = re.findall(r'^    \("(\w+)", \d', products, re.MULTILINE)
    assert len(ids) == 8
    assert set(ids) <= pictures


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_colours_can_be_read(version: str, theme: str) -> None:
    sheet = (SHOP / version / "web" / "style.css").read_text(encoding="utf-8")
    block = re.findall(r"^:root[^{]*\{(.*?)^\}", sheet, re.MULTILINE | re.DOTALL)[("light", "dark").index(theme)]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    def contrast(one: str, other: str) -> float:
        low, high = sorted((luminance(colours[one]), luminance(colours[other])))
        return (high + 0.05) / (low + 0.05)

    pairs = [(ink, ground) for ink in ("ink", "muted", "accent", "error") for ground in ("ground", "panel")]
    for ink, ground in [*pairs, ("on-accent", "accent"), ("ink", "tint")]:
        assert contrast(ink, ground) >= 4.5, f"{ink} on {ground}: {contrast(ink, ground):.2f}"
