"""JSON Schema: composed, checked in, and of one mind with the models."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ConfigDict
from tests.unit.spec.conftest import TENANT, Account, Extensions

from tenantry import registry
from tenantry.spec.base import validate
from tenantry.spec.schema import DIALECT, KINDS, compose, render
from tenantry.spec.yamlfile import read_document

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
FIXTURES = Path(__file__).parent / "fixtures"
COMMITTED = ROOT / "docs" / "schema"

CORE = compose({})
CLOSED = compose({"testing": (Account, Extensions)})


def installed() -> dict[str, dict[str, Any]]:
    models = {name: registry.runtime(name).models() for name in registry.runtimes()}
    return compose({name: (found.account, found.extensions) for name, found in models.items()})


def accepts(schema: dict[str, Any], data: object) -> bool:
    return Draft202012Validator(schema).is_valid(data)


def model_accepts(kind: str, data: object) -> bool:
    try:
        validate(KINDS[kind], data)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_committed_schema_is_the_composed_one(kind: str) -> None:
    """Renew it with: tenantry schema KIND --out docs/schema/KIND.schema.json."""
    assert (COMMITTED / f"{kind}.schema.json").read_text(encoding="utf-8") == render(installed()[kind])


@pytest.mark.parametrize("schemas", [CORE, CLOSED], ids=["core", "closed"])
def test_it_is_a_schema(schemas: dict[str, dict[str, Any]]) -> None:
    for kind, schema in schemas.items():
        Draft202012Validator.check_schema(schema)
        assert schema["$schema"] == DIALECT
        assert schema["title"]
        text = render(schema)
        assert '"null"' not in text
        for reference in _references(schema):
            assert reference.removeprefix("#/$defs/") in schema["$defs"], (kind, reference)


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _shipped() -> list[Path]:
    return sorted([*(ROOT / "templates").glob("*/*/template.yaml"), *FIXTURES.glob("*/*/template.yaml")])


@pytest.mark.parametrize("file", _shipped(), ids=lambda file: "@".join(file.parts[-3:-1]))
def test_shipped_templates_fit(file: Path) -> None:
    errors = [error.message for error in Draft202012Validator(CLOSED["template"]).iter_errors(read_document(file).data)]
    assert errors == []


def test_every_example_tenant_fits() -> None:
    files = [file for file in (ROOT / "tenant_configs").glob("*.yaml") if not file.name.startswith("Pulumi.")]
    for file in files:
        found = Draft202012Validator(installed()["tenant"]).iter_errors(read_document(file).data)
        assert [error.message for error in found] == [], file.name
    assert accepts(CLOSED["tenant"], TENANT)


def test_the_account_is_closed_by_the_runtime() -> None:
    wrong = {**TENANT, "runtime": {"on": "testing", "account": {"modle": "own"}}}
    assert accepts(CORE["tenant"], wrong)
    assert not accepts(CLOSED["tenant"], wrong)
    assert not accepts(CLOSED["tenant"], {**TENANT, "runtime": {"on": "elsewhere"}})


def test_an_account_with_required_fields_is_required() -> None:
    class Needy(BaseModel):
        model_config = ConfigDict(extra="forbid")
        cluster: str

    schema = compose({"needy": (Needy, Extensions), "testing": (Account, Extensions)})["tenant"]
    assert not accepts(schema, {**TENANT, "runtime": {"on": "needy"}})
    assert accepts(schema, {**TENANT, "runtime": {"on": "needy", "account": {"cluster": "x"}}})
    assert accepts(schema, {**TENANT, "runtime": {"on": "testing"}})


def test_extensions_and_stores_are_closed() -> None:
    template = yaml.safe_load((FIXTURES / "full/2.1.0/template.yaml").read_text(encoding="utf-8"))
    assert not accepts(CLOSED["template"], {**template, "extensions": {"testing": {"zoen": "x"}}})
    assert not accepts(CLOSED["template"], {**template, "extensions": {"elsewhere": {}}})
    stores = compose({}, {"wechat": Account})["tenant"]
    assert not accepts(stores, TENANT)
    assert accepts(stores, {**TENANT, "stores": {"wechat": {"model": "own"}}})


def test_definitions_of_packages_never_meet() -> None:
    class Account(BaseModel):
        other: int = 0

    schema = compose({"one": (Account, Extensions), "two": (globals()["Account"], Extensions)})["tenant"]
    assert {"one.Account", "two.Account"} <= set(schema["$defs"])
    assert not accepts(schema, {**TENANT, "runtime": {"on": "one", "account": {"other": "x"}}})


# --- the schema and the models say the same -----------------------------------------------------------------------

REPLACEMENTS: list[Any] = [
    0,
    -1,
    1.5,
    True,
    "",
    "x",
    "abc",
    "Abc",
    "a--b",
    "x" * 300,
    "./api",
    "../api",
    "250m",
    "1Gi",
    "/",
    "/a/../b",
    "/a/",
    "1.2.3",
    "shop@1.0.0",
    "param",
    [],
    [1],
    ["x"],
    {},
    {"x": 1},
    {"ref": {"env": "A_B"}},
    {"ref": {"env": "A_B", "file": "x"}},
    {"en": "x"},
]


def _places(node: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    items: Any = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from _places(value, (*path, key))


def _mutated(data: dict[str, Any], path: tuple[str | int, ...], action: str, value: object) -> dict[str, Any]:
    changed = copy.deepcopy(data)
    node: Any = changed
    for step in path[:-1]:
        node = node[step]
    if action == "replace":
        node[path[-1]] = value
    elif action == "remove":
        del node[path[-1]]
    elif isinstance(node, dict):
        node[value if isinstance(value, str) else "extra"] = node[path[-1]]
    else:
        node.append(value)
    return changed


DOCUMENTS: dict[str, dict[str, Any]] = {
    "template": yaml.safe_load((FIXTURES / "full/2.1.0/template.yaml").read_text(encoding="utf-8")),
    "tenant": TENANT,
    "project": {
        "spec": "tenantry/v1",
        "kind": "Project",
        "catalogue": "templates",
        "mode": "live",
        "backends": {"default": {"url": "file://.tenantry/state"}},
        "secrets": {"passphrase-file": {"path": "{instance}.passphrase"}, "kms": {"url": "awskms://alias/x"}},
    },
}
# What a schema cannot say: days that no month has, and time zones.
BEYOND = {"cron", "timezone"}
CASES = [(kind, path) for kind, data in DOCUMENTS.items() for path in _places(data) if path[-1] not in BEYOND]
VALIDATORS = {kind: Draft202012Validator(CORE[kind]) for kind in KINDS}


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(CASES), st.sampled_from(["replace", "remove", "add"]), st.sampled_from(REPLACEMENTS))
def test_schema_and_models_agree(case: tuple[str, tuple[str | int, ...]], action: str, value: object) -> None:
    kind, path = case
    changed = _mutated(DOCUMENTS[kind], path, action, value)
    assert VALIDATORS[kind].is_valid(changed) == model_accepts(kind, changed), json.dumps(changed)[:2000]


@pytest.mark.parametrize("kind", sorted(DOCUMENTS))
def test_every_replacement_at_the_top(kind: str) -> None:
    for path in _places(DOCUMENTS[kind]):
        for value in REPLACEMENTS if len(path) == 1 or kind == "project" else ():
            changed = _mutated(DOCUMENTS[kind], path, "replace", value)
            assert VALIDATORS[kind].is_valid(changed) == model_accepts(kind, changed), (path, value)
