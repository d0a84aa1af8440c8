"""Every exception becomes a message, a hint and an exit code; nobody sees a traceback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
import pytest

from tenantry import errors
from tenantry_ops.cli.crash import redact
from tenantry_ops.cli.failure import guard
from tenantry_ops.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def tree(root: type[errors.TenantryError]) -> list[type[errors.TenantryError]]:
    own = [kind for kind in root.__subclasses__() if kind.__module__ == errors.__name__]
    return [root, *(below for kind in own for below in tree(kind))]


def raising(error: BaseException) -> Callable[[], int]:
    def work() -> int:
        raise error

    return work


def make(kind: type[errors.TenantryError]) -> errors.TenantryError:
    if issubclass(kind, errors.SpecError):
        return kind([errors.Problem(file="a.yaml", line=3, column=4, message="is wrong")], hint="correct it")
    return kind("it is wrong", hint="correct it")


@pytest.mark.parametrize("kind", tree(errors.TenantryError))
def test_every_error_of_the_tree(kind: type[errors.TenantryError], capsys: pytest.CaptureFixture[str]) -> None:
    assert guard(Session.of([]), raising(make(kind))) == kind.exit_code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "wrong" in shown.err
    assert "what to do next: correct it" in shown.err


@pytest.mark.parametrize("kind", tree(errors.TenantryError))
def test_every_error_as_json(kind: type[errors.TenantryError], capsys: pytest.CaptureFixture[str]) -> None:
    assert guard(Session.of(["up", "--json"]), raising(make(kind))) == kind.exit_code
    shown = capsys.readouterr()
    document = json.loads(shown.out)
    assert document["error"] == kind.__name__
    assert document["exit_code"] == kind.exit_code
    assert document["hint"] == "correct it"
    assert shown.err == ""


def test_exit_codes_are_their_own() -> None:
    codes = [kind.exit_code for kind in tree(errors.TenantryError)]
    assert len(set(codes)) == len(codes)
    assert not set(codes) & {0, 2, 130, 141}


def test_unexpected_errors_go_to_a_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], project: Path
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "sesame-open-123")
    assert guard(Session.of([]), raising(RuntimeError("sesame-open-123"))) == 1
    shown = capsys.readouterr().err
    assert "Traceback" not in shown
    assert "sesame" not in shown
    (log,) = (project / ".tenantry" / "logs").iterdir()
    assert str(log) in shown
    text = log.read_text()
    assert "Traceback" in text
    assert "RuntimeError" in text
    assert "sesame" not in text


def test_unexpected_errors_outside_a_project_go_to_the_cache(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guard(Session.of(["--json"]), raising(ValueError("boom"))) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["error"] == "UnexpectedError"
    (log,) = (tmp_path / "cache" / "logs").iterdir()
    assert str(log) in document["hint"]


def test_an_error_of_the_system_names_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert guard(Session.of([]), raising(PermissionError(13, "Permission denied", "/etc/x"))) == 1
    assert "/etc/x: Permission denied" in capsys.readouterr().err


def test_interrupted(capsys: pytest.CaptureFixture[str]) -> None:
    assert guard(Session.of([]), raising(KeyboardInterrupt())) == 130
    assert guard(Session.of([]), raising(click.Abort())) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_usage_has_its_own_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert guard(Session.of([]), raising(click.UsageError("no such thing"))) == 2
    assert guard(Session.of([]), raising(click.FileError("x", "cannot be read"))) == 2


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("password=hunter22", "hunter22"),
        ("PASSPHRASE: 'correct horse'", "correct"),
        ("postgres://shop:s3cr3t@db/shop", "s3cr3t"),
        ("Authorization: Bearer abc.def.ghi", "abc.def"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", "MIIE"),
    ],
)
def test_redact(text: str, secret: str) -> None:
    assert secret not in redact(text)
    assert "[secret]" in redact(text)


def test_redact_keeps_what_is_not_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE_FILE", str(tmp_path))
    assert redact(f"{tmp_path}/x is missing") == f"{tmp_path}/x is missing"
