from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tenantry.errors import SandboxError
from tenantry_kubernetes.plugin import settings
from tenantry_kubernetes.plugin.values import UNKNOWN, Secret

if TYPE_CHECKING:
    from pathlib import Path


def kubeconfig(server: str = "https://127.0.0.1:6443", namespace: str = "") -> str:
    context: dict[str, Any] = {"cluster": "c", "user": "u"} | ({"namespace": namespace} if namespace else {})
    return yaml.safe_dump(
        {
            "clusters": [{"name": "c", "cluster": {"server": server}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [{"name": "x", "context": context}],
            "current-context": "x",
        }
    )


def test_everything_that_is_understood() -> None:
    given = {
        "kubeconfig": Secret(kubeconfig()),
        "context": "x",
        "clusterIdentifier": "id",
        "namespace": "n",
        "enableServerSideApply": "true",
        "upsertExistingObjects": "true",
        "enableConfigMapMutable": True,
        "suppressDeprecationWarnings": "true",
        "version": "4.32.0",
        "__internal": {},
    }
    assert settings.problems(given) == []
    made = settings.resolve(given, {})
    assert (made.namespace, made.upsert, made.config_maps_mutable, made.secrets_mutable) == ("n", True, True, False)


@pytest.mark.parametrize(
    ("key", "value"),
    [("renderYamlToDirectory", "x"), ("helmReleaseSettings", "{}"), ("typo", "x"), ("enableServerSideApply", "false")],
)
def test_what_would_silently_do_nothing_is_refused(key: str, value: str) -> None:
    [(found, reason)] = settings.problems({key: value})
    assert found == key
    assert "stand-in" in reason
    assert "leave" in reason


@pytest.mark.parametrize("server", ["https://10.0.0.1:6443", "https://api.example.com", "https://127.0.0.1.nip.io"])
def test_real_clusters_are_refused(server: str) -> None:
    with pytest.raises(SandboxError, match="only talks to API servers on this machine") as caught:
        settings.resolve({"kubeconfig": kubeconfig(server)}, {})
    assert server in caught.value.message
    assert "official" in caught.value.hint


def test_the_environment_names_the_kubeconfig(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(kubeconfig(namespace="from-context"))
    made = settings.resolve({}, {"KUBECONFIG": str(file), "PULUMI_K8S_UPSERT_EXISTING_OBJECTS": "true"})
    assert (made.namespace, made.upsert) == ("from-context", True)
    assert settings.resolve({"kubeconfig": str(file)}, {}).namespace == "from-context"
    assert settings.resolve({"kubeconfig": kubeconfig()}, {}).namespace == "default"


A, B = kubeconfig(), kubeconfig("https://127.0.0.1:7443")


@pytest.mark.parametrize(
    ("old", "new", "replaces"),
    [
        ({"clusterIdentifier": "a"}, {"clusterIdentifier": "b"}, ["clusterIdentifier"]),
        ({"clusterIdentifier": "a", "kubeconfig": A}, {"clusterIdentifier": "a", "kubeconfig": B}, []),
        ({"kubeconfig": A}, {"kubeconfig": B}, ["kubeconfig"]),
        ({"kubeconfig": A}, {"kubeconfig": A, "namespace": "n"}, []),
        ({"kubeconfig": A}, {"clusterIdentifier": "a", "kubeconfig": A}, []),
        ({"kubeconfig": A}, {"kubeconfig": UNKNOWN}, ["kubeconfig"]),
        ({"kubeconfig": A}, {"kubeconfig": "nonsense"}, []),
        ({}, {}, []),
    ],
)
def test_another_cluster_replaces(old: dict[str, Any], new: dict[str, Any], replaces: list[str]) -> None:
    changed, found = settings.changes(old, new)
    assert found == replaces
    assert bool(changed) == (old != new)
