from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from tenantry_kubernetes.client import kubeconfig
from tenantry_kubernetes.client.errors import KubeconfigError

TOKEN = "a-very-secret-token"


def config(**changes: object) -> dict[str, Any]:
    made: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "one", "cluster": {"server": "https://127.0.0.1:6443/"}},
            {"name": "two", "cluster": {"server": "https://two.example"}},
        ],
        "users": [{"name": "admin", "user": {"token": TOKEN}}],
        "contexts": [
            {"name": "first", "context": {"cluster": "one", "user": "admin", "namespace": "apps"}},
            {"name": "second", "context": {"cluster": "two", "user": "admin"}},
        ],
        "current-context": "first",
    }
    return made | changes


def test_current_context() -> None:
    access = kubeconfig.load_text(yaml.safe_dump(config()))
    assert (access.server, access.context, access.namespace) == ("https://127.0.0.1:6443", "first", "apps")
    assert access.token == TOKEN
    assert access.is_loopback


def test_another_context_and_cluster() -> None:
    text = yaml.safe_dump(config())
    assert kubeconfig.load_text(text, context="second").server == "https://two.example"
    assert kubeconfig.load_text(text, cluster="two").server == "https://two.example"
    assert kubeconfig.load_text(text, context="second").namespace == ""


def test_secrets_stay_out_of_repr() -> None:
    key = base64.b64encode(b"secret key").decode()
    users = [{"name": "admin", "user": {"token": TOKEN, "client-key-data": key}}]
    shown = repr(kubeconfig.load_text(yaml.safe_dump(config(users=users))))
    assert TOKEN not in shown
    assert "secret key" not in shown


def test_relative_files_start_at_the_kubeconfig(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(b"PEM")
    (tmp_path / "token").write_text("from-file\n")
    made = config(
        clusters=[{"name": "one", "cluster": {"server": "https://localhost", "certificate-authority": "ca.pem"}}],
        users=[{"name": "admin", "user": {"tokenFile": "token"}}],
    )
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(made))
    access = kubeconfig.load(str(file))
    assert (access.ca, access.token) == (b"PEM", "from-file")


def test_several_files_are_one(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    first.write_text(yaml.safe_dump(config(contexts=[], users=[])))
    second.write_text(yaml.safe_dump(config(clusters=[], **{"current-context": "second"})))
    access = kubeconfig.load_files([first, tmp_path / "missing", second])
    assert (access.context, access.server) == ("first", "https://127.0.0.1:6443")


def test_paths_of_the_environment() -> None:
    assert kubeconfig.default_paths({"KUBECONFIG": "/a:/b"}) == [Path("/a"), Path("/b")]
    assert kubeconfig.default_paths({})[0].name == "config"


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("https://127.0.0.1:6443", True),
        ("https://127.8.9.10", True),
        ("https://localhost:1", True),
        ("https://[::1]:6443", True),
        ("https://LOCALHOST", True),
        ("https://10.0.0.1", False),
        ("https://0.0.0.0", False),
        ("https://127.0.0.1.example.com", False),
        ("https://localhost.example.com", False),
        ("https://user@127.0.0.1@evil.example", False),
        ("not a url", False),
        ("", False),
    ],
)
def test_loopback(url: str, loopback: bool) -> None:
    assert kubeconfig.is_loopback(url) is loopback


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ("{unclosed", "not YAML at line"),
        ("just text\nmore", "not a kubeconfig"),
        ("- a list\n- of things", "not a kubeconfig"),
        (yaml.safe_dump(config(contexts=[])), "no context 'first'"),
        (yaml.safe_dump(config(**{"current-context": ""})), "no current context"),
        (yaml.safe_dump(config(clusters=[])), "no cluster 'one'"),
        (yaml.safe_dump(config(users=[{"name": "admin", "user": {"exec": {"command": "x"}}}])), "credentials program"),
        (yaml.safe_dump(config(users=[{"name": "admin", "user": {"username": "u", "password": "p"}}])), "user name"),
        (yaml.safe_dump(config(users=[{"name": "admin", "user": {"client-key-data": "%%"}}])), "not base64"),
        (yaml.safe_dump(config(users=[{"name": "admin", "user": {"client-key": "nowhere"}}])), "cannot be read"),
        (
            yaml.safe_dump(config(clusters=[{"name": "one", "cluster": {"server": "x", "proxy-url": "y"}}])),
            "proxy",
        ),
    ],
)
def test_refusals(made: str, words: str) -> None:
    with pytest.raises(KubeconfigError, match=words):
        kubeconfig.load_text(made)


def test_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match="no kubeconfig at"):
        kubeconfig.load_files([tmp_path / "missing"])


def test_tags_are_refused() -> None:
    with pytest.raises(KubeconfigError, match="not YAML"):
        kubeconfig.load_text("clusters: !!python/object/apply:os.system ['true']\n")
