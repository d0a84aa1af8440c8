"""What the kit takes for a vendor's branch in an application."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenantry.catalogue import Catalogue
from tenantry.testing.branches import vendor_branches, vendor_words

TEMPLATES = Path(__file__).parents[3] / "templates"
VENDORS = (
    "kubernetes", "k8s", "cloudbase", "tcb", "tencent", "tencentcloud", "wechat", "weixin", "qcloud", "scf",
    "alibaba", "alicloud", "aliyun", "alipay", "aliyuncs",
)  # fmt: skip
TEMPLATE = """\
spec: tenantry/v1
kind: AppTemplate
name: app
version: 1.0.0
title: {en: App, zh: 应用}
license: Apache-2.0
publisher: {name: Tenantry}
components:
  api:
    type: service
    source: ./api
    runtime: python3.11
    command: [python, main.py]
    bind: [data]
    env: {OWN: "1"}
  data: {type: database, engine: postgresql, version: "15"}
routes: {/: api}
"""


def branches(folder: Path, program: str) -> list[str]:
    version = folder / "app" / "1.0.0"
    (version / "api").mkdir(parents=True)
    (version / "template.yaml").write_text(TEMPLATE)
    (version / "api" / "main.py").write_text(program)
    (version / "api" / "picture.png").write_bytes(b"\x89PNG\xff kubernetes")
    return vendor_branches(Catalogue(folder).open("app@1.0.0"), {"kubernetes", "wechat"})


@pytest.mark.parametrize(
    ("program", "found"),
    [
        ('import os\nif os.environ.get("KUBERNETES_SERVICE_HOST"):\n    pass\n', 2),
        ("\n\n# on Kubernetes this is another host\n", 1),
        ('os.getenv("TENCENTCLOUD_RUNENV")', 1),
        ("os.environ['SCF_NAMESPACE']", 1),
        ('if runtime == "wechat": pass', 1),
        ('os.environ["PORT"], os.environ["OWN"], os.environ["DATA_URL"], os.environ.get("TZ")', 0),
        ('os.environ["TENANTRY_INSTANCE"]; open("kubernetesque")', 0),
    ],
)
def test_it_finds_names_and_undocumented_variables(program: str, found: int, tmp_path: Path) -> None:
    said = branches(tmp_path, program)
    assert len(said) == found, said
    assert all(text.startswith("api/main.py:") for text in said)


@pytest.mark.parametrize(
    "selector",
    [f"{name}@{version}" for name in Catalogue(TEMPLATES).names() for version in Catalogue(TEMPLATES).versions(name)],
)
def test_no_template_here_names_any_vendor(selector: str) -> None:
    assert vendor_branches(Catalogue(TEMPLATES).open(selector), VENDORS) == []


def test_installed_adapters_name_themselves() -> None:
    assert {"kubernetes", "tenantry_kubernetes"} <= vendor_words()
