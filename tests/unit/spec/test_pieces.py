"""Small parts of the spec, one by one."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tenantry.catalogue
import tenantry.spec
from tenantry.errors import CapabilityError, Problem
from tenantry.spec import bindings, cron
from tenantry.spec.base import cpu_millis, memory_bytes
from tenantry.spec.interpolation import Broken, Constant, FieldRef, ParameterRef, UrlRef, parse
from tenantry.spec.names import near_miss, suggest
from tenantry.spec.shown import looks_like_key, shown
from tenantry.spec.source import Finding, Source, dotted


@pytest.mark.parametrize(
    "expression",
    [
        "* * * * *",
        "0 3 * * *",
        "*/5 0-6 1,15 jan-mar mon-fri",
        "59 23 31 12 7",
        "0 0 29 2 *",
        "5/10 * * * *",
        "0 3 31 2 1",
    ],
)
def test_cron(expression: str) -> None:
    assert cron.problem(expression) is None


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("* * * *", "five fields, found 4"),
        ("* * * * * *", "five fields, found 6"),
        ("60 * * * *", "minute: expected"),
        ("* * 0 * *", "day of month: expected"),
        ("* * * 13 *", "month: expected"),
        ("* * * * 8", "day of week: expected"),
        ("* * * * mo", "day of week: expected"),
        ("5-1 * * * *", "smaller to the larger"),
        ("*/0 * * * *", "the step"),
        ("*/99999999 * * * *", "the step"),
        ("1,,2 * * * *", "minute: expected"),
        ("٣ * * * *", "minute: expected"),
        ("0 0 31 4,6 *", "never run"),
        ("0 0 30 feb *", "never run"),
        ("@daily", "five fields, found 1"),
    ],
)
def test_cron_mistakes(expression: str, message: str) -> None:
    assert message in (cron.problem(expression) or "")


@given(st.text(alphabet="0123456789*/,-? monfebL#W", max_size=40))
def test_cron_never_fails(expression: str) -> None:
    cron.problem(expression)


def test_quantities() -> None:
    assert memory_bytes("512Mi") == 512 * 1024**2
    assert memory_bytes("1G") == 10**9
    assert cpu_millis(0.25) == cpu_millis("250m") == 250
    assert cpu_millis(2) == 2000


def test_interpolation() -> None:
    assert parse("a ${param.x_y} ${orders-2.ca_file}${url}") == (
        Constant("a "),
        ParameterRef("x_y"),
        Constant(" "),
        FieldRef("orders-2", "ca_file"),
        UrlRef(),
    )
    assert parse("$${param.x} $ {x} $x {}") == (Constant("${param.x} $ {x} $x {}"),)
    assert parse("$$${url}") == (Constant("$${url}"),)
    assert parse("") == ()
    for text in ("${", "${}", "${PARAM.x}", "${a}", "${a.b.c}", "${url.x.y}", "${a.B}", "${{a.b}}", "${a\n.b}"):
        assert any(isinstance(part, Broken) for part in parse(text)), text


@given(st.text(alphabet="$${}.param_url-x ", max_size=30))
def test_interpolation_loses_nothing(text: str) -> None:
    shown = ""
    for part in parse(text):
        match part:
            case Constant(found):
                shown += found.replace("${", "$${")
            case ParameterRef(name):
                shown += f"${{param.{name}}}"
            case FieldRef(component, name):
                shown += f"${{{component}.{name}}}"
            case UrlRef():
                shown += "${url}"
            case Broken(found):
                shown += found
    assert shown == text


def test_bindings_have_the_documented_names() -> None:
    found = [variable.name for variable in bindings.binding("my-orders", "database")]
    assert found == [f"MY_ORDERS_{name}" for name in ("URL", "HOST", "PORT", "NAME", "USER", "PASSWORD", "CA_FILE")]


@pytest.mark.parametrize(
    "text", ["", "shop@1.0.0", "a" * 4000, "/srv/keys/AKI", "wx0123456789abcdef", "BEGIN PRIVATE KEY"]
)
def test_what_does_not_look_like_a_key(text: str) -> None:
    assert not looks_like_key(text)


def test_what_is_shown() -> None:
    assert shown("AKIAIOSFODNN7EXAMPLE") == "…"
    assert shown("a" * 100, 5) == "aaaa…"
    assert dotted(("labels", "AKIAIOSFODNN7EXAMPLE")) == "labels.…"


def test_near_misses() -> None:
    assert near_miss("shop-name", ["shop_name", "theme"]) == "shop_name"
    assert near_miss("x" * 5000, ["x"]) is None
    assert near_miss("qqq", ["theme"]) is None
    assert suggest("qqq", ["b", "a"]) == "known: a, b"
    assert suggest("qqq", []) == ""


def test_places() -> None:
    source = Source("f.yaml", {(): (1, 1), ("a",): (2, 3)}, {("a",): (2, 1)})
    assert source.problem(Finding(("a", "b", 0), "wrong", "hint")) == Problem(
        file="f.yaml", line=2, column=3, path="a.b[0]", message="wrong", hint="hint"
    )
    assert source.at(("a",), on_key=True) == (2, 1)
    assert str(Source("f").problem(Finding((), "wrong"))) == "f: wrong"
    assert dotted(("x" * 100,)) == "x" * 59 + "…"


def test_capability_errors_name_places() -> None:
    problem = Problem(file="f", line=1, column=2, path="p", message="m")
    assert CapabilityError("m", problems=[problem]).to_json()["problems"] == [problem.to_json()]
    assert CapabilityError("m", hint="h").problems == ()


def test_public_names() -> None:
    for package in (tenantry.spec, tenantry.catalogue):
        for name in package.__all__:
            assert getattr(package, name) is not None
        assert set(dir(package)) == set(package.__all__)
        with pytest.raises(AttributeError):
            _ = package.nothing


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("tenantry.spec.plan", ("pydantic", "yaml", "pulumi")),
        ("tenantry.spec.plan_json", ("pydantic", "yaml", "pulumi")),
        ("tenantry.spec.target", ("pydantic", "yaml", "pulumi")),
        ("tenantry.spec.yamlfile", ("pydantic", "pulumi")),
        ("tenantry.catalogue.catalogue", ("pydantic", "pulumi")),
        ("tenantry.spec.resolution", ("pulumi", "httpx", "jsonschema")),
    ],
)
def test_imports_stay_light(module: str, forbidden: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print([name for name in {forbidden!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
