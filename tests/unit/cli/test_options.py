"""What is typed as NAME=VALUE."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.errors import SpecError
from tenantry_ops.cli.commands.env import assignments
from tenantry_ops.tenant_options import domain, pair, parameter, reference, scalar, tree


@given(st.text(min_size=1).filter(lambda name: "=" not in name and name.strip() == name), st.text())
def test_pair_splits_at_the_first_equals_sign(name: str, value: str) -> None:
    assert pair("--param", f"{name}={value}") == (name, value)


@pytest.mark.parametrize("text", ["", "name", "=value", "  =x"])
def test_pair_refuses_the_rest(text: str) -> None:
    with pytest.raises(SpecError, match="NAME=VALUE"):
        pair("--param", text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("3", 3),
        ("0.5", 0.5),
        ("[a, 1]", ["a", 1]),
        ("text", "text"),
        ("", ""),
        ("a: [", "a: ["),
        ("2024-01-01", "2024-01-01"),
        ("!!python/object:os.system x", "!!python/object:os.system x"),
        ("ref:env:NAME", {"ref": {"env": "NAME"}}),
        ("ref:nothing", "ref:nothing"),
    ],
)
def test_scalar(text: str, value: object) -> None:
    assert scalar(text) == value


@given(st.text())
def test_scalar_never_fails(text: str) -> None:
    scalar(text)


@pytest.mark.parametrize("kind", ["env", "file", "stack", "broker"])
def test_references_of_secrets(kind: str) -> None:
    assert reference(f"{kind}:A:b") == {"ref": {kind: "A:b"}}
    assert parameter("string", f"{kind}:A", secret=True) == {"ref": {kind: "A"}}
    assert parameter("string", f"{kind}:A", secret=False) == f"{kind}:A"


@given(st.text())
def test_text_parameters_stay_as_typed(text: str) -> None:
    assert parameter("string", text, secret=False) == text


def test_tree() -> None:
    assert tree("--account", ["routing.kind=ingress", "routing.class=nginx", "context=prod"]) == {
        "routing": {"kind": "ingress", "class": "nginx"},
        "context": "prod",
    }


@pytest.mark.parametrize("pairs", [["a=1", "a.b=2"], ["a.b=2", "a=1"], ["a=1", "a=1"]])
def test_tree_refuses_what_contradicts(pairs: list[str]) -> None:
    with pytest.raises(SpecError):
        tree("--account", pairs)


def test_domain() -> None:
    assert domain("a.example") == {"host": "a.example"}
    assert domain("a.example,tls=provided,certificate=file:c.pem") == {
        "host": "a.example",
        "tls": "provided",
        "certificate": {"ref": {"file": "c.pem"}},
    }


def test_assignments_quote_for_each_shell() -> None:
    variables = {"A": "it's $HOME", "B": "back\\slash"}
    assert assignments(variables, "bash") == ["export A='it'\"'\"'s $HOME'", "export B='back\\slash'"]
    assert assignments(variables, "fish") == ["set -gx A 'it\\'s $HOME';", "set -gx B 'back\\\\slash';"]
    assert assignments(variables, "powershell") == ["$env:A = 'it''s $HOME'", "$env:B = 'back\\slash'"]
