"""Whatever stands in a file: a model, or an error that says what is wrong. Never anything else."""

from __future__ import annotations

import copy
import random
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.spec.conftest import EVERYTHING, FIXTURES, TENANT

from tenantry.errors import CapabilityError, SpecError
from tenantry.spec import load_project, load_template, load_tenant, resolve

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.spec.conftest import Workbench

TEMPLATE = (FIXTURES / "full/2.1.0/template.yaml").read_text(encoding="utf-8")
LOADERS: list[tuple[str, Callable[[Path], object]]] = [
    ("template.yaml", load_template),
    ("acme.yaml", load_tenant),
    ("tenantry.yaml", load_project),
]

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=True)
    | st.text(max_size=20)
    | st.sampled_from(["${url}", "${a.b}", "param", "x@1.0.0", "1Gi", "/", "on", "AKIAIOSFODNN7EXAMPLE"])
)
known_keys = st.sampled_from(
    sorted(
        {*TENANT, *yaml.safe_load(TEMPLATE), "type", "source", "ref", "on", "account", "api", "scale", "limits", "env"}
    )
)
structures = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(known_keys | st.text(max_size=8) | st.integers(), inner, max_size=5)
    ),
    max_leaves=25,
)


def check(error: SpecError | CapabilityError) -> None:
    assert error.problems
    for problem in error.problems:
        assert problem.message
        assert problem.line >= 0
        assert "AKIAIOSFODNN7EXAMPLE" not in str(problem)
        str(problem).encode()
    assert error.to_json()["exit_code"] == error.exit_code


def load_all(bench: Workbench, raw: bytes) -> None:
    for name, load in LOADERS:
        file = bench.folder / name
        file.write_bytes(raw)
        try:
            load(file)
        except SpecError as error:
            check(error)


@settings(max_examples=150, deadline=None)
@given(raw=st.binary(max_size=200))
def test_any_bytes(shared_bench: Workbench, raw: bytes) -> None:
    load_all(shared_bench, raw)


@settings(max_examples=200, deadline=None)
@given(data=structures)
def test_any_structure(shared_bench: Workbench, data: object) -> None:
    load_all(shared_bench, yaml.dump(data, allow_unicode=True).encode("utf-8", "surrogatepass"))


@settings(max_examples=150, deadline=None)
@given(changes=st.dictionaries(st.sampled_from(sorted(TENANT)), structures, max_size=4))
def test_any_tenant(shared_bench: Workbench, changes: dict[str, Any]) -> None:
    """Tenants that keep their head: resolve must be as calm as the loader."""
    version = shared_bench.version()
    text = yaml.dump({**TENANT, **changes}, allow_unicode=True)
    try:
        tenant = shared_bench.tenant_text(text.encode("utf-8", "surrogatepass"))
        resolve(version.template, version.ref, version.source_refs, tenant, EVERYTHING)
    except (SpecError, CapabilityError) as error:
        check(error)


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), value=structures)
def test_any_change_of_a_template(shared_bench: Workbench, seed: int, value: object) -> None:
    """One place of a good template is replaced, doubled or taken away."""
    chosen = random.Random(seed)  # noqa: S311 - a place, not a secret
    data = copy.deepcopy(yaml.safe_load(TEMPLATE))
    node: Any = data
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = chosen.choice(keys)
        inner = node[key]
        if not isinstance(inner, dict | list) or not inner or chosen.random() < 0.3:
            break
        node = inner
    action = chosen.choice(["replace", "remove", "rename"])
    if action == "replace" or isinstance(node, list):
        node[key] = value
    else:
        del node[key]
        if action == "rename":
            node[str(value)] = inner

    def put(template: dict[str, Any]) -> None:
        template.clear()
        template.update(data)

    try:
        template = shared_bench.template(put)
        version = shared_bench.version()
        resolve(template, version.ref, version.source_refs, shared_bench.tenant(), EVERYTHING)
    except (SpecError, CapabilityError) as error:
        check(error)


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), cut=st.sampled_from(["drop", "double", "swap", "insert"]))
def test_any_slip_of_the_pen(shared_bench: Workbench, seed: int, cut: str) -> None:
    """A character of a good template is dropped, doubled, swapped or added."""
    chosen = random.Random(seed)  # noqa: S311 - a place, not a secret
    at = chosen.randrange(len(TEMPLATE) - 1)
    found = {
        "drop": "",
        "double": TEMPLATE[at] * 2,
        "swap": TEMPLATE[at + 1] + TEMPLATE[at],
        "insert": chosen.choice("{}[]:,&*!|>'\"%@`#-?$\t\n\0\x7fé") + TEMPLATE[at],
    }[cut]
    text = TEMPLATE[:at] + found + TEMPLATE[at + (2 if cut == "swap" else 1) :]
    shared_bench.template()
    file = shared_bench.folder / "template" / "template.yaml"
    file.write_text(text, encoding="utf-8")
    try:
        load_template(file)
    except SpecError as error:
        check(error)
