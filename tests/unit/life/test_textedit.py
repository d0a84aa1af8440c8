"""Fields set in a file that a person wrote: everything else stays, byte by byte."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tenantry.errors import PreflightError, SpecError
from tenantry_ops.life.textedit import with_fields

HEAD = "# mine\nspec: tenantry/v1\ntemplate: shop@1.0.0  # pinned\n"
STATE = ("lifecycle", "state")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "lifecycle: {state: suspended}\n"),
        (
            "lifecycle: {data: keep}  # data\nplan: pro\n",
            "lifecycle: {state: suspended, data: keep}  # data\nplan: pro\n",
        ),
        ("lifecycle: {}\n", "lifecycle: {state: suspended}\n"),
        ("lifecycle: { data: keep }\n", "lifecycle: {state: suspended, data: keep }\n"),
        ("lifecycle: {data: keep, state: running}\n", "lifecycle: {data: keep, state: suspended}\n"),
        ("lifecycle:\n  # why\n  data: keep # x\n", "lifecycle:\n  # why\n  state: suspended\n  data: keep # x\n"),
        ('lifecycle:\n    state: "running"\n', "lifecycle:\n    state: suspended\n"),
        ("plan: pro", "plan: pro\nlifecycle: {state: suspended}\n"),
    ],
)
def test_a_state(before: str, after: str) -> None:
    assert with_fields(HEAD + before, {STATE: "suspended"}, "acme.yaml") == HEAD + after


def test_a_version() -> None:
    text = with_fields(HEAD, {("template",): "shop@1.1.0"}, "acme.yaml")
    assert text == HEAD.replace("1.0.0", "1.1.0")
    assert with_fields('{"template": "shop@1.0.0"}', {("template",): "shop@1.1.0"}, "x") == '{"template": shop@1.1.0}'


def test_two_fields_at_once() -> None:
    text = with_fields(HEAD, {STATE: "running", ("lifecycle", "adopt"): "adopt-1"}, "acme.yaml")
    assert text == HEAD + "lifecycle: {adopt: adopt-1, state: running}\n"


def test_chinese_and_line_ends_stay() -> None:
    text = "name: 商城\r\ntemplate: shop@1.0.0\r\nrest: 值\r\n"
    assert with_fields(text, {("template",): "shop@2.0.0"}, "x") == text.replace("1.0.0", "2.0.0")


@pytest.mark.parametrize(
    "text",
    [
        "a: &x {data: keep}\nlifecycle: *x\n",
        "lifecycle: keep\n---\nother: 1\n",
        "template: shop@1.0.0\n...\n",
        "- a\n",
    ],
)
def test_what_would_change_more_is_refused(text: str) -> None:
    with pytest.raises((PreflightError, SpecError)):
        with_fields(text, {STATE: "suspended"}, "acme.yaml")


@given(
    st.dictionaries(st.sampled_from(["tenant", "plan", "labels"]), st.text("ab #:'\"\n", max_size=8), max_size=3),
    st.booleans(),
    st.sampled_from([None, {}, {"data": "keep"}, {"data": "keep", "state": "running"}]),
)
def test_any_way_to_write_it(others: dict[str, str], flow: bool, lifecycle: dict[str, str] | None) -> None:
    data: dict[str, object] = {**others, "template": "shop@1.0.0"}
    if lifecycle is not None:
        data["lifecycle"] = lifecycle
    text = yaml.safe_dump(data, default_flow_style=flow, allow_unicode=True)
    changed = with_fields(text, {STATE: "retired", ("template",): "shop@1.1.0"}, "x")
    assert yaml.safe_load(changed) == {
        **data,
        "template": "shop@1.1.0",
        "lifecycle": {**(lifecycle or {}), "state": "retired"},
    }
