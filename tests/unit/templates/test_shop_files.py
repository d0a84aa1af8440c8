"""What the files of the template `shop` promise beside running code."""

from __future__ import annotations

import ast
import json
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import yaml

SHOP = Path(__file__).parents[3] / "templates" / "shop"
VERSIONS = sorted(folder.name for folder in SHOP.iterdir() if folder.is_dir())
VENDORS = re.compile(r"kubernetes|cloudbase|tencent|alibaba|aliyun|alipay|wechat|weixin", re.IGNORECASE)

WITH_DATA = [version for version in VERSIONS if (SHOP / version / "api" / "migrate.py").exists()]
DIALECTS = {
    "wechat": (".wxml", ".wxss", "project.config.json"),
    "alipay": (".axml", ".acss", "mini.project.json"),
}
"""Dialect -> ending of page files, ending of styles, the file that tells its tools what the project is."""

every_version = pytest.mark.parametrize("version", VERSIONS)
every_dialect = pytest.mark.parametrize("dialect", list(DIALECTS))


def files(version: str) -> list[Path]:
    return [path for path in (SHOP / version).rglob("*") if path.is_file() and "__pycache__" not in path.parts]


def texts(version: str) -> dict[str, dict[str, str]]:
    """Language -> key -> the JavaScript expression."""
    source = (SHOP / version / "web" / "texts.js").read_text(encoding="utf-8")
    blocks = re.findall(r"^  (\w+): \{\n(.*?)^  \},$", source, re.MULTILINE | re.DOTALL)
    return {language: dict(re.findall(r"^    (\w+): (.+),$", block, re.MULTILINE)) for language, block in blocks}


@every_version
def test_the_application_has_no_vendor_branch(version: str) -> None:
    for path in files(version):
        text = path.read_text(encoding="utf-8")
        if path.name == "template.yaml":
            # the one place that names dialects, since a dialect is a file format
            text = re.sub(r"^    sources: .*$", "", text, flags=re.MULTILINE)
        assert not VENDORS.search(text), path


@every_version
def test_the_sources_are_small(version: str) -> None:
    for part in ("api", "web", "mini"):
        found = [path for path in files(version) if path.relative_to(SHOP / version).parts[0] == part]
        assert len(found) < 50
        assert sum(path.stat().st_size for path in found) < 100_000


@every_version
def test_the_api_needs_the_standard_library_and_what_its_lock_holds(version: str) -> None:
    folder = SHOP / version / "api"
    own = {path.stem for path in folder.glob("*.py")}
    lock = folder / "requirements.lock"
    if lock.exists():
        text = lock.read_text(encoding="utf-8")
        locked = re.findall(r"^([a-z0-9-]+)==[0-9.]+ \\$", text, re.MULTILINE)
        assert text.count("--hash=sha256:") >= len(locked) > 0
        assert (folder / "requirements.in").read_text(encoding="utf-8").strip() in text
        own |= set(locked)
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert all(name.partition(".")[0] in own | sys.stdlib_module_names for name in names), path


@every_version
def test_the_application_knows_its_version(version: str) -> None:
    document = yaml.safe_load((SHOP / version / "template.yaml").read_text(encoding="utf-8"))
    assert document["version"] == version
    assert f'VERSION = "{version}"' in (SHOP / version / "api" / "settings.py").read_text(encoding="utf-8")


@every_version
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


@every_version
def test_the_page_speaks_both_languages(version: str) -> None:
    languages = texts(version)
    assert set(languages) == {"en", "zh"}
    assert list(languages["en"]) == list(languages["zh"])
    assert len(languages["en"]) > 25
    web = SHOP / version / "web"
    programs = "\n".join(path.read_text(encoding="utf-8") for path in web.glob("*.js") if path.name != "texts.js")
    used = set(re.findall(r"t\(\)\.(\w+)", programs))
    if "t()[order.status]" in programs:
        used |= {"placed", "confirmed", "cancelled"}
    used |= set(re.findall(r'data-(?:text|label)="(\w+)"', (web / "index.html").read_text(encoding="utf-8")))
    assert used == set(languages["en"])
    same = {key for key, value in languages["en"].items() if value == languages["zh"][key]}
    assert not same


@every_version
def test_the_page_loads_nothing_from_elsewhere_and_nothing_inline(version: str) -> None:
    web = SHOP / version / "web"
    page = (web / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)
    for path in web.iterdir():
        urls = re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", path.read_text(encoding="utf-8"))
        assert set(urls) <= {"http://www.w3.org"}, path
    for name in re.findall(r'(?:src|href)="([^#"]+?)(?:#[^"]*)?"', page):
        assert (web / name).is_file(), name


@every_version
def test_every_product_has_a_picture(version: str) -> None:
    tree = ET.parse(SHOP / version / "web" / "pictures.svg")  # noqa: S314 - our own file
    pictures = {node.get("id") for node in tree.getroot()}
    products = (SHOP / version / "api" / "products.py").read_text(encoding="utf-8")
    ids = re.findall(r'^    \("(\w+)", \d', products, re.MULTILINE)
    assert len(ids) == 8
    assert set(ids) <= pictures


@pytest.mark.parametrize("theme", ["light", "dark"])
@every_version
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


def test_what_the_versions_share_is_the_same() -> None:
    """So what is tested of one version is true of the other."""
    first, *others = WITH_DATA
    for name in ("database.py", "s3.py", "pictures.py", "web.py", "server.py", "main.py", "migrate.py", "visitors.py"):
        content = (SHOP / first / "api" / name).read_bytes()
        assert all((SHOP / other / "api" / name).read_bytes() == content for other in others), name
    for version in WITH_DATA[1:]:
        for step in (SHOP / first / "api" / "migrations").iterdir():
            assert (SHOP / version / "api" / "migrations" / step.name).read_bytes() == step.read_bytes()


@every_dialect
@pytest.mark.parametrize("version", WITH_DATA)
def test_a_mini_program_is_a_whole_project_of_its_dialect(version: str, dialect: str) -> None:
    folder = SHOP / version / "mini" / dialect
    pages, styles, project = DIALECTS[dialect]
    documents: dict[str, Any] = {
        path.relative_to(folder).as_posix(): json.loads(path.read_text(encoding="utf-8"))
        for path in folder.rglob("*.json")
    }
    app, ext = documents["app.json"], documents["ext.json"]
    assert project in documents
    assert (folder / f"app{styles}").is_file()
    tabs = app["tabBar"]["list" if dialect == "wechat" else "items"]
    assert [tab["pagePath"] for tab in tabs] == app["pages"]
    for page in app["pages"]:
        assert (folder / f"{page}{pages}").is_file()
        assert (folder / f"{page}.js").is_file()
        assert f"{page}.json" in documents
        handlers = set(re.findall(r' (?:bind\w+|on[A-Z]\w+)="(\w+)"', (folder / f"{page}{pages}").read_text("utf-8")))
        methods = set(re.findall(r"^  (\w+)\(", (folder / f"{page}.js").read_text("utf-8"), re.MULTILINE))
        assert handlers
        assert handlers <= methods
    assert ext["extEnable"] is True
    template = yaml.safe_load((SHOP / version / "template.yaml").read_text(encoding="utf-8"))
    assert set(ext["ext"]) == set(template["components"]["mini"]["ext"])
    other = SHOP / version / "mini" / next(name for name in DIALECTS if name != dialect)
    for path in [*folder.glob("pages/*/*.js"), *(folder / name for name in ("app.js", "shop.js", "texts.js"))]:
        assert path.read_bytes() == (other / path.relative_to(folder)).read_bytes(), path
    foreign = {"wechat": r"\bmy\.|\ba:|onTap", "alipay": r"\bwx[.:]|bindtap|bindinput"}[dialect]
    for path in folder.rglob("*"):
        assert not path.is_file() or not re.search(foreign, path.read_text(encoding="utf-8")), path
