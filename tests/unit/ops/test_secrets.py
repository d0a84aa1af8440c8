from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from tenantry.errors import CapabilityError, PreflightError
from tenantry.spec.plan import SecretSource
from tenantry_ops.secrets import LARGEST, plain_secret, read_secret, references

if TYPE_CHECKING:
    from pathlib import Path


def test_environment_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE", "value")
    assert plain_secret(tmp_path, "env", "PROBE") == "value"
    for wrong in ("", None):
        if wrong is None:
            monkeypatch.delenv("PROBE")
        else:
            monkeypatch.setenv("PROBE", wrong)
        with pytest.raises(PreflightError, match="PROBE, which a secret comes from, is not set"):
            plain_secret(tmp_path, "env", "PROBE")


@pytest.mark.parametrize(("raw", "value"), [(b"a\n", "a"), (b"a\r\n", "a"), (b"a\n\n", "a\n"), (b" a ", " a ")])
def test_files(tmp_path: Path, raw: bytes, value: str) -> None:
    (tmp_path / "key").write_bytes(raw)
    assert plain_secret(tmp_path, "file", "key") == value


@pytest.mark.parametrize(
    ("raw", "words"),
    [(b"", "is empty"), (b"\n", "is empty"), (b"\xff\xfe\xff", "not UTF-8"), (b"x" * (LARGEST + 1), "larger than")],
)
def test_files_that_hold_no_secret(tmp_path: Path, raw: bytes, words: str) -> None:
    (tmp_path / "key").write_bytes(raw)
    with pytest.raises(PreflightError, match=words):
        plain_secret(tmp_path, "file", "key")


def test_missing_files_and_folders(tmp_path: Path) -> None:
    for name in ("absent", "."):
        with pytest.raises(PreflightError, match="cannot be read"):
            plain_secret(tmp_path, "file", name)


def test_a_broker_is_refused_for_now(tmp_path: Path) -> None:
    with pytest.raises(CapabilityError, match="token broker"):
        read_secret(tmp_path, "acme", SecretSource(kind="broker", name="wechat"))


def test_a_stack_secret_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pulumi.config.get_project", lambda: "shops")
    with pytest.raises(PreflightError, match="pulumi config set --secret pay_key --stack acme"):
        read_secret(tmp_path, "acme", SecretSource(kind="stack", name="pay_key"))


def test_a_file_that_everybody_reads_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    monkeypatch.setattr(pulumi.Output, "secret", lambda value: value)
    key = tmp_path / "key"
    key.write_text("value")
    for mode, warned in ((0o600, 0), (0o644, 1)):
        key.chmod(mode)
        read_secret(tmp_path, "acme", SecretSource(kind="file", name="key"))
        assert len(said) == warned
    assert "chmod 600 key" in said[0]
    assert "value" not in said[0]


def test_references_are_found_wherever_they_stand() -> None:
    data: Any = {
        "runtime": {"account": {"kubeconfig": {"ref": {"env": "A"}}}},
        "parameters": {"x": {"ref": {"file": "b"}}, "y": [{"ref": {"stack": "c"}}], "z": {"ref": "no"}},
        "domains": [{"certificate": {"ref": {"broker": "d"}}}],
    }
    assert sorted(references(data)) == [("broker", "d"), ("env", "A"), ("file", "b"), ("stack", "c")]
