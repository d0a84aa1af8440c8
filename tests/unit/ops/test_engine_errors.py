"""What the engine says, and what a person reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tenantry import errors
from tenantry.errors import (
    CapabilityError,
    EngineError,
    IdentityError,
    PreflightError,
    Problem,
    SpecError,
    TenantryError,
    VendorError,
)
from tenantry_ops.engine.diagnosis import Failure, component_of, diagnose, revive
from tenantry_ops.engine.events import Diagnostic
from tenantry_ops.engine.redaction import Redactor, redactor

if TYPE_CHECKING:
    from pathlib import Path

    from tenantry_ops.project import Project

IDENTITY = "urn:pulumi:acme::probe::tenantry:index:AppInstance$tenantry:index:Identity::acme"
DEPLOYMENT = "urn:pulumi:acme::probe::tenantry:index:AppInstance$kubernetes:apps/v1:Deployment::my-api-unpack"
STACK = "urn:pulumi:acme::probe::pulumi:pulumi:Stack::probe-acme"


def failure(
    *said: tuple[str, str], stderr: str = "", status: int = 1, program: dict[str, Any] | None = None
) -> Failure:
    diagnostics = [Diagnostic(severity="error", urn=urn, message=message) for urn, message in said]
    return Failure(
        instance="acme",
        operation="up",
        status=status,
        diagnostics=diagnostics,
        stderr=stderr,
        key=".tenantry/secrets/acme.passphrase",
        program_error=program,
    )


def none() -> list[str]:
    return []


@pytest.mark.parametrize(
    "error",
    [
        SpecError([Problem(file="a.yaml", line=1, column=2, path="x", message="wrong", hint="right")], hint="h"),
        CapabilityError("cannot", hint="h", problems=[Problem(file="a.yaml", message="wrong")]),
        VendorError("said no", vendor_code="E1", request_id="r", hint="h"),
        PreflightError("not ready", hint="h"),
        errors.CatalogueError("changed"),
        errors.AdapterError("missing", hint="pip install x"),
    ],
)
def test_the_programs_own_error_comes_through_whole(error: TenantryError) -> None:
    found = diagnose(failure((STACK, str(error)), program=dict(error.to_json())), none)
    assert type(found) is type(error)
    assert found.to_json() == error.to_json()


@pytest.mark.parametrize("name", ["NoSuchError", "Problem", "dataclass", "", None])
def test_an_error_of_an_unknown_kind_is_an_engine_error(name: object) -> None:
    assert type(revive({"error": name, "message": "m", "hint": "h"})) is EngineError


TRACE = """\
Program failed with an unhandled exception:
Traceback (most recent call last):
  File "exec", line 232, in <module>
    loop.run_until_complete(coro)
    ^^^^^^^^^^
  File "stack.py", line 220, in wait_for_rpcs
    await task
"""


def test_what_a_provider_says_to_a_question_is_the_error() -> None:
    said = "Exception: invoke of a:b:getC failed: invocation of a:b:getC returned an error: No token.\n  Set it.\n"
    found = diagnose(failure((STACK, TRACE + said)), none)
    assert type(found) is PreflightError
    assert found.message == "acme: No token. (asked: a:b:getC)"
    assert found.hint == "Set it."


def test_a_program_that_fails_shows_no_frames() -> None:
    found = diagnose(failure((STACK, TRACE + "ValueError: this cannot be\n  and so on")), none)
    assert "ValueError: this cannot be" in found.message
    assert "and so on" in found.message
    for part in ("Traceback", "File ", "await task", "^^^"):
        assert part not in found.message


def test_a_refused_identity() -> None:
    said = (
        "tenantry:index:Identity resource 'acme': property mode value {live} has a problem: this stack is not yours. "
        "Nothing was changed."
    )
    found = diagnose(failure((IDENTITY, said), (STACK, "update failed")), none)
    assert isinstance(found, IdentityError)
    assert found.message == "This stack is not yours. Nothing was changed."


@pytest.mark.parametrize(
    ("stderr", "kind", "words"),
    [
        (
            "error: getting stack configuration: get stack secrets manager: incorrect passphrase",
            PreflightError,
            "The key in .tenantry/secrets/acme.passphrase does not open the state of acme",
        ),
        ("error: x: passphrase must be set with PULUMI_CONFIG_PASSPHRASE or", PreflightError, "cannot be read"),
        ("error: x: unable to read PULUMI_CONFIG_PASSPHRASE_FILE: open /x", PreflightError, "cannot be read"),
        (
            'error: unable to open state directory "file:///x": stat /x',
            PreflightError,
            "state of acme cannot be reached",
        ),
        ("error: could not find plugin pulumi-resource-kubernetes", PreflightError, "A plugin is missing"),
        ("error: something never seen before", EngineError, "something never seen before"),
    ],
)
def test_what_the_engine_says_before_it_starts(stderr: str, kind: type[TenantryError], words: str) -> None:
    found = diagnose(failure(stderr=stderr), none)
    assert type(found) is kind
    assert words in found.message
    assert found.hint


def test_a_resource_is_named_with_its_component() -> None:
    found = diagnose(
        failure((DEPLOYMENT, "the server refused"), (STACK, "update failed")), lambda: ["my", "my-api", "web"]
    )
    assert type(found) is EngineError
    assert "component my-api: kubernetes:apps/v1:Deployment my-api-unpack: the server refused" in found.message
    assert "update failed" not in found.message


def test_a_vendor_that_does_not_answer_is_not_the_backend() -> None:
    found = diagnose(failure((DEPLOYMENT, "dial tcp 127.0.0.1:6443: connection refused")), none)
    assert type(found) is EngineError
    assert "connection refused" in found.message


def test_components_that_cannot_be_loaded_hide_nothing() -> None:
    def broken() -> list[str]:
        raise SpecError([Problem(file="x", message="y")])

    assert "the server refused" in diagnose(failure((DEPLOYMENT, "the server refused")), broken).message


def test_protected_data() -> None:
    found = diagnose(
        failure((DEPLOYMENT, "resource cannot be deleted\nbecause it is protected; unprotect the resource")), none
    )
    assert "data that is protected" in found.message
    assert "tenantry retire" in found.hint


def test_a_killed_engine() -> None:
    found = diagnose(failure(status=-9), none)
    assert "killed by signal 9" in found.message
    assert "tenantry up acme" in found.hint


@pytest.mark.parametrize(
    ("name", "component"),
    [
        ("api", "api"),
        ("api-v2", "api-v2"),
        ("api-v2-config", "api-v2"),
        ("api-config", "api"),
        ("apiary", None),
        ("", None),
    ],
)
def test_the_component_of_a_name(name: str, component: str | None) -> None:
    assert component_of(name, ["api", "api-v2"]) == component


def test_redaction() -> None:
    redact = Redactor(["sk-1234", "sk-1234-longer", "line one\nline two", "abc", ""])
    assert redact.text("a sk-1234-longer b sk-1234 c abc") == "a [secret] b [secret] c abc"
    assert redact.text("only line two here") == "only [secret] here"
    assert redact.value({"sk-1234": ["sk-1234", 5, None, {"x": "sk-1234"}]}) == {
        "[secret]": ["[secret]", 5, None, {"x": "[secret]"}]
    }
    assert Redactor([]).text("text") == "text"


def test_what_the_redactor_knows(project: Project, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = root / ".tenantry/secrets/acme.passphrase"
    key.parent.mkdir(parents=True)
    key.write_text("the-passphrase\n")
    (root / "token").write_text("file-token\n")
    monkeypatch.setenv("ACME_KEY", "env-token")
    monkeypatch.setenv("ACME_TENCENT_SECRET_KEY", "cloud-token")
    (root / "tenant_configs/acme.yaml").write_text(
        "parameters: {a: {ref: {env: ACME_KEY}}, b: {ref: {file: token}}, c: {ref: {env: ABSENT}}}\n"
        "runtime: {account: {credentials: {ref: {env: ACME_TENCENT}}}}\n"
    )
    shown = redactor(project, "acme").text("the-passphrase file-token env-token cloud-token plain")
    assert shown == "[secret] [secret] [secret] [secret] plain"
