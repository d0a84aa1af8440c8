"""Lint: what it finds, what it leaves alone, and the score."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tenantry.catalogue.catalogue import open_place
from tenantry.catalogue.lint import CODES, LintReport, lint
from tenantry.catalogue.places import Place

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

FIXTURES = Path(__file__).parents[1] / "spec" / "fixtures"
SHIPPED = Path(__file__).parents[3] / "templates"
VENDORS = ("cloudbase", "alibaba", "kubernetes", "wechat", "alipay")
CLEAN = {
    "spec": "tenantry/v1",
    "kind": "AppTemplate",
    "name": "shop",
    "version": "1.0.0",
    "title": {"en": "Shop", "zh": "商城"},
    "description": {"en": "A shop.", "zh": "商城。"},
    "license": "Apache-2.0",
    "publisher": {"name": "Example"},
    "parameters": {"theme": {"type": "string", "default": "light", "title": {"en": "Theme", "zh": "主题"}}},
    "components": {
        "api": {
            "type": "service",
            "source": "./api",
            "runtime": "python3.11",
            "command": ["python", "main.py"],
            "health": "/healthz",
        },
        "web": {"type": "site", "source": "./web"},
        "mini": {"type": "miniprogram", "optional": True, "sources": {"wechat": "./mini/wechat"}},
    },
    "routes": {"/": "web", "/api": "api"},
    "plans": {"free": {"title": {"en": "Free", "zh": "免费"}}},
}
FILES = {"api/main.py": "print()\n", "web/index.html": "<p>hi</p>", "mini/wechat/app.js": "App({})\n"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "shop", len)
    for path, text in FILES.items():
        put(tmp_path / "shop", path, text)
    return tmp_path / "shop"


def put(folder: Path, path: str, text: str) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(text, encoding="utf-8")


def write(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    data = yaml.safe_load(yaml.safe_dump(CLEAN))
    change(data)
    put(folder, "template.yaml", yaml.safe_dump(data, allow_unicode=True, sort_keys=False))


def report(folder: Path, dialects: tuple[str, ...] = ("wechat",)) -> LintReport:
    return lint(open_place(Place(folder=folder)), vendors=VENDORS, dialects=dialects)


def test_nothing_to_say(folder: Path) -> None:
    assert report(folder) == LintReport(findings=(), score=100)


@pytest.mark.parametrize(
    ("change", "code", "message", "score"),
    [
        (lambda data: data["title"].pop("zh"), "zh", "title has no Chinese text", 100),
        (lambda data: data.pop("description"), "title", "no description", 100),
        (lambda data: data["parameters"]["theme"].pop("title"), "title", "theme has no title", 100),
        (lambda data: data["parameters"]["theme"]["title"].pop("zh"), "zh", "theme.title has no Chinese text", 100),
        (lambda data: data["plans"]["free"].pop("title"), "title", "plans.free has no title", 100),
        (lambda data: data.update(meters={"calls": {"unit": "call", "of": "api"}}), "title", "meters.calls", 100),
        (lambda data: data.pop("license"), "publisher", "no license", 100),
        (lambda data: data.pop("publisher"), "publisher", "no publisher", 100),
        (lambda data: data["components"]["api"].pop("health"), "health", "api has no health path", 100),
        (lambda data: data.update(extensions={"kubernetes": {}}), "extension", "extensions.kubernetes", 85),
    ],
)
def test_the_template_file(
    folder: Path, change: Callable[[dict[str, Any]], object], code: str, message: str, score: int
) -> None:
    write(folder, change)
    found = report(folder)
    (finding,) = found.findings
    assert (finding.code, finding.file, finding.severity) == (code, "template.yaml", "warning")
    assert message in finding.message
    assert finding.hint
    assert found.score == score
    assert finding.line > 0 or "there is no" in finding.message


def test_an_image_is_less_portable(folder: Path) -> None:
    def change(data: dict[str, Any]) -> None:
        api = data["components"]["api"]
        for name in ("source", "runtime", "command"):
            del api[name]
        api["image"] = "example.com/api@sha256:" + "0" * 64

    write(folder, change)
    found = report(folder)
    assert [(finding.code, found.score) for finding in found.findings] == [("image", 85)]


def test_a_dialect_for_every_store(folder: Path) -> None:
    found = report(folder, ("wechat", "alipay"))
    assert [finding.message for finding in found.findings] == ["the mini-program mini has no sources for alipay"]
    assert found.score == 95


@pytest.mark.parametrize(
    "line",
    [
        'if os.environ.get("RUNTIME") == "kubernetes":',
        "if (runtime === 'cloudbase') {",
        "case 'alibaba':",
        'host = os.environ["KUBERNETES_SERVICE_HOST"]',
        "const id = process.env.ALIBABA_CLOUD_REGION;",
        "import kubernetes",
        "from alipay.aop import client",
        "const sdk = require('cloudbase')",
        'hosts = {"kubernetes": 1}[name]',
    ],
)
def test_branches_for_vendors(folder: Path, line: str) -> None:
    put(folder, "api/more.py", f"# one\n{line}\n")
    (finding,) = report(folder).findings
    assert (finding.code, finding.severity, finding.file, finding.line) == ("vendor-branch", "error", "api/more.py", 2)


@pytest.mark.parametrize(
    "line",
    [
        '# if runtime == "kubernetes"',
        '  // kubernetes sets "KUBERNETES_PORT"',
        'TEXT = "Pay with WeChat or Alipay, if you like"',
        "title: 'Runs on Kubernetes',",
        "alibabas = 40",
        "KUBERNETES = 1",
    ],
)
def test_what_is_no_branch(folder: Path, line: str) -> None:
    put(folder, "api/more.py", f"{line}\n")
    assert report(folder).findings == ()


def test_a_mini_program_may_know_its_own_store(folder: Path) -> None:
    put(folder, "mini/wechat/app.js", "if (store === 'wechat') {}\n")
    assert report(folder).findings == ()


def test_many_branches_in_one_file_cost_once(folder: Path) -> None:
    put(folder, "api/more.py", 'if x == "kubernetes": pass\n' * 50)
    put(folder, "api/other.py", 'if x == "alibaba": pass\n')
    found = report(folder)
    assert len(found.findings) == 21
    assert found.score == 60


@pytest.mark.parametrize(
    "text", ["-----BEGIN PRIVATE KEY-----", "AKIA" + "A" * 16, "LTAI" + "a" * 20, "ghp_" + "a" * 36]
)
def test_secrets(folder: Path, text: str) -> None:
    put(folder, "web/app.js", f"// hello\nconst key = '{text}';\n")
    (finding,) = report(folder).findings
    assert (finding.code, finding.severity, finding.file, finding.line) == ("secret", "error", "web/app.js", 2)
    assert text not in str(finding)


@pytest.mark.parametrize(
    "name", [".env", ".env.local", "id_rsa", "server.pem", ".git/config", "node_modules/x/y.js", "a.pyc"]
)
def test_stray_files(folder: Path, name: str) -> None:
    put(folder, f"api/{name}", "x")
    (finding,) = report(folder).findings
    assert (finding.code, finding.file) == ("stray", f"api/{name}")


def test_packages_without_a_lock(folder: Path) -> None:
    put(folder, "api/requirements.txt", "flask\n")
    put(folder, "web/requirements.lock", "# nothing\n")
    found = report(folder).findings
    assert [(finding.code, finding.file) for finding in found] == [
        ("lock", "api/requirements.txt"),
        ("lock", "web/requirements.lock"),
    ]
    assert "--generate-hashes" in found[0].hint
    put(folder, "api/requirements.lock", "# nothing\n")
    (folder / "web/requirements.lock").unlink()
    assert report(folder).findings == ()


def test_binary_files_do_no_harm(folder: Path) -> None:
    (folder / "web/x.png").write_bytes(bytes(range(256)))
    assert report(folder).findings == ()


def test_every_code_is_described() -> None:
    sources = (Path(lint.__code__.co_filename).parent / name for name in ("lint_template.py", "lint_sources.py"))
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    assert all(f'"{code}"' in text for code in CODES)


@pytest.mark.parametrize("version", sorted(path.parent.name for path in SHIPPED.glob("shop/*/template.yaml")))
def test_the_shipped_templates_have_no_errors(version: str) -> None:
    found = lint(open_place(Place(folder=SHIPPED / "shop" / version)), vendors=VENDORS)
    assert [str(finding) for finding in found.findings if finding.severity == "error"] == []
    assert found.score == 100


def test_the_fixture_is_looked_at(tmp_path: Path) -> None:
    shutil.copytree(FIXTURES / "full" / "2.1.0", tmp_path / "full")
    found = lint(open_place(Place(folder=tmp_path / "full")), vendors=VENDORS)
    assert {finding.code for finding in found.findings} <= CODES.keys()
