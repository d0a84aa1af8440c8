"""The text of a new tenant file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tenantry.errors import SpecError
from tenantry.spec import AppTemplate, load_template, load_tenant
from tenantry_ops.new_tenant import parameters, plan, render

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATE = """
spec: tenantry/v1
kind: AppTemplate
name: probe
version: 1.0.0
title: {en: Probe}
parameters:
  shop_name: {type: string, required: true, title: {en: Shop name}}
  theme: {type: string, enum: [light, dark], default: light}
  tax: {type: number, default: 0}
  tags: {type: array, items: {type: string}}
  token: {type: string, secret: true, required: true}
components:
  web: {type: site, source: ./web}
plans:
  free: {}
  pro: {}
"""


@pytest.fixture
def template(tmp_path: Path) -> AppTemplate:
    folder = tmp_path / "probe" / "1.0.0"
    (folder / "web").mkdir(parents=True)
    (folder / "web" / "index.html").write_text("probe")
    (folder / "template.yaml").write_text(TEMPLATE)
    return load_template(folder)


def tenant(chosen: dict[str, Any]) -> dict[str, Any]:
    head = {"spec": "tenantry/v1", "kind": "Tenant", "tenant": "acme", "instance": "acme", "template": "probe@1.0.0"}
    return head | {"runtime": {"on": "kubernetes"}, "parameters": chosen, "plan": "free"}


def test_values_have_the_types_of_the_template(template: AppTemplate) -> None:
    typed = ("shop_name=3", "tax=7.5", "tags=[a, b]", "token=env:TOKEN")
    assert parameters(template, typed) == {
        "shop_name": "3",
        "tax": 7.5,
        "tags": ["a", "b"],
        "token": {"ref": {"env": "TOKEN"}},
    }


def test_everything_that_is_wrong_at_once(template: AppTemplate) -> None:
    with pytest.raises(SpecError) as caught:
        parameters(template, ("thme=dark", "tax=1", "tax=2"))
    text = str(caught.value)
    assert "did you mean theme?" in text
    assert "--param tax: is given more than once" in text
    assert "--param shop_name: is required" in text
    assert "--param token=env:NAME" in text


def test_a_plan_is_needed_where_there_are_several(template: AppTemplate) -> None:
    assert plan(template, "pro") == "pro"
    with pytest.raises(SpecError, match="free, pro"):
        plan(template, None)


def test_the_file_shows_what_else_may_be_set(template: AppTemplate, tmp_path: Path) -> None:
    document = tenant({"shop_name": "商城: #1", "token": {"ref": {"env": "TOKEN"}}})
    text = render(document, template)
    assert "\n  on: kubernetes\n" in text
    assert yaml.safe_load(text.replace("  on:", "  'on':")) == document
    assert "  # theme: light  # light | dark\n" in text
    assert "  # tags:\n" in text
    file = tmp_path / "acme.yaml"
    file.write_text(text)
    assert load_tenant(file).parameters["shop_name"] == "商城: #1"


def test_commented_parameters_can_be_taken_in(template: AppTemplate) -> None:
    text = render(tenant({"shop_name": "Acme"}), template).replace("  # theme", "  theme").replace("  # tax", "  tax")
    assert yaml.safe_load(text)["parameters"] == {"shop_name": "Acme", "theme": "light", "tax": 0}


def test_without_parameters(template: AppTemplate) -> None:
    text = render({name: value for name, value in tenant({}).items() if name != "parameters"}, template)
    assert "parameters" not in yaml.safe_load(text)
