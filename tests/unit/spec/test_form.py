"""The form of a new tenant: its schema accepts what the loader accepts, its layout names what there is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tenantry import registry
from tenantry.spec import load_template, load_tenant
from tenantry.spec.form import Form, tenant_form

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry.spec.parameter_schema import Language, Schema

SHOP = Path(__file__).parents[3] / "templates/shop/1.1.0"
PROBE = """
spec: tenantry/v1
kind: AppTemplate
name: probe
version: 1.0.0
title: {en: Probe}
parameters:
  token: {type: string, secret: true, required: true}
components: {web: {type: site, source: ./web}}
"""


def form(folder: Path = SHOP, language: Language = "en") -> Form:
    models = registry.runtime("kubernetes").models()
    return tenant_form(
        load_template(folder),
        selector="@".join(folder.parts[-2:]),
        runtime="kubernetes",
        account=models.account,
        extensions=models.extensions,
        language=language,
    )


def filled(**changes: object) -> dict[str, Any]:
    data = form().data
    data |= {"tenant": "acme", "instance": "acme", "plan": "free"}
    data["parameters"] = data.get("parameters", {}) | {"shop_name": "Acme"}
    return data | changes


def scopes(node: Schema) -> Iterator[str]:
    if "scope" in node:
        yield node["scope"]
    for each in node.get("elements", ()):
        yield from scopes(each)


def test_what_it_sends_back_is_a_tenant_file(tmp_path: Path) -> None:
    made = form()
    Draft202012Validator.check_schema(made.schema)
    data = filled()
    assert list(Draft202012Validator(made.schema).iter_errors(data)) == []
    file = tmp_path / "acme.yaml"
    file.write_text(yaml.safe_dump(data).replace("'on':", "on:"), encoding="utf-8")
    assert load_tenant(file).plan == "free"


@pytest.mark.parametrize(
    "changes",
    [
        {"plan": "gold"},
        {"instance": "A"},
        {"parameters": {}},
        {"parameters": {"shop_name": "Acme", "theme": "pink"}},
        {"parameters": {"shop_name": "Acme", "them": "dark"}},
        {"template": "shop@1.0.0"},
        {"runtime": {"on": "moon"}},
        {"runtime": {"on": "kubernetes", "account": {"kubeconfg": 1}}},
        {"more": 1},
    ],
)
def test_it_refuses_what_the_loader_would(changes: dict[str, object]) -> None:
    assert not Draft202012Validator(form().schema).is_valid(filled(**changes))


def test_the_layout_names_what_there_is() -> None:
    made = form()
    for scope in scopes(made.uischema):
        node = made.schema
        for step in scope.removeprefix("#/").split("/"):
            node = node[step]
    assert "#/properties/parameters/properties/theme" in set(scopes(made.uischema))


def test_both_languages() -> None:
    english, chinese = form(language="en"), form(language="zh")
    titles = [made.schema["properties"]["parameters"]["properties"] for made in (english, chinese)]
    assert [each["shop_name"]["title"] for each in titles] == ["Shop name", "店名"]
    assert json.dumps(english.uischema) != json.dumps(chinese.uischema)
    assert list(scopes(english.uischema)) == list(scopes(chinese.uischema))


def test_secrets_are_references(tmp_path: Path) -> None:
    folder = tmp_path / "probe/1.0.0"
    (folder / "web").mkdir(parents=True)
    (folder / "web/index.html").write_text("x")
    (folder / "template.yaml").write_text(PROBE)
    check = Draft202012Validator(form(folder).schema["properties"]["parameters"])
    assert check.is_valid({"token": {"ref": {"env": "TOKEN"}}})
    assert not check.is_valid({"token": "s3cret"})
    assert not check.is_valid({"token": {"ref": {"env": "A", "file": "B"}}})
