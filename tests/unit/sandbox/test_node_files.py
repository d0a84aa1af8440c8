"""Volumes as local files, and mount paths as local paths."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tenantry_kubernetes.sandbox.node.environment import ConfigError, Sources
from tenantry_kubernetes.sandbox.node.mounts import Mounts, container_mounts
from tenantry_kubernetes.sandbox.node.references import variable_references, volume_references
from tenantry_kubernetes.sandbox.node.volumes import File, materialise, volume_files

OBJECTS: dict[tuple[str, str], dict[str, Any]] = {
    ("ConfigMap", "app"): {
        "data": {"main.py": "print()"},
        "binaryData": {"source.tar.gz": base64.b64encode(b"\x1f\x8b\x00").decode()},
    },
    ("Secret", "keys"): {"data": {"key": base64.b64encode(b"k").decode()}},
}
SOURCES = Sources(
    pod={"metadata": {"name": "web-1", "namespace": "shop", "labels": {"app": "web"}}, "spec": {}},
    read=lambda kind, name: OBJECTS.get((kind, name)),
    facts={},
    ports={},
)


def files(**volume: object) -> list[File] | None:
    return volume_files({"name": "v", **volume}, SOURCES, lambda audience, seconds: f"{audience}/{seconds}")


def test_config_maps_give_text_and_bytes() -> None:
    assert files(configMap={"name": "app", "defaultMode": 0o444}) == [
        File("main.py", b"print()", 0o444),
        File("source.tar.gz", b"\x1f\x8b\x00", 0o444),
    ]


def test_items_choose_names_and_modes() -> None:
    items = [{"key": "key", "path": "deep/er.pem", "mode": 0o400}]
    assert files(secret={"secretName": "keys", "items": items}) == [File("deep/er.pem", b"k", 0o400)]
    with pytest.raises(ConfigError, match="non-existent secret key: none"):
        files(secret={"secretName": "keys", "items": [{"key": "none", "path": "x"}]})


def test_projections_join_their_sources() -> None:
    sources = [
        {"configMap": {"name": "app", "items": [{"key": "main.py", "path": "m"}]}},
        {"secret": {"name": "keys"}},
        {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
        {"serviceAccountToken": {"path": "token", "audience": "vault", "expirationSeconds": 600}},
    ]
    found = files(projected={"sources": sources})
    assert found is not None
    assert [(file.path, file.content) for file in found] == [
        ("m", b"print()"),
        ("key", b"k"),
        ("labels", b'app="web"'),
        ("token", b"vault/600"),
    ]


def test_what_cannot_be_mounted_is_named() -> None:
    assert files(emptyDir={}) is None
    assert files(configMap={"name": "none", "optional": True}) == []
    with pytest.raises(ConfigError, match='configmap "none" not found'):
        files(configMap={"name": "none"})
    with pytest.raises(ConfigError, match="hostPath"):
        files(hostPath={"path": "/etc"})


def test_a_folder_holds_exactly_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "v"
    materialise(folder, [File("a", b"1", 0o644), File("d/b", b"2", 0o400)])
    before = (folder / "a").stat().st_ino
    materialise(folder, [File("a", b"1", 0o644), File("c", b"3", 0o644)])
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == {"a", "c"}
    assert (folder / "a").stat().st_ino == before
    assert (folder / "c").stat().st_mode & 0o777 == 0o644
    (folder / "kept").write_text("x")
    materialise(folder, None)
    assert (folder / "kept").exists()
    for path in ("../out", "/etc/out", "x/../../out"):
        with pytest.raises(ConfigError, match="leaves its volume"):
            materialise(folder, [File(path, b"", 0o644)])


MOUNTS = Mounts({"/app": Path("/l/app"), "/app/data": Path("/l/data"), "/tmp/": Path("/l/tmp")}, Path("/l/rootfs"))


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("/app/main.py", "/l/app/main.py"),
        ("/app", "/l/app"),
        ("/app/data/x", "/l/data/x"),
        ("/apple", "/apple"),
        ("/app.d/x", "/app.d/x"),
        ("/srv/app/x", "/srv/app/x"),
        ("cd /app && run '/app/x' >/tmp/out", "cd /l/app && run '/l/app/x' >/l/tmp/out"),
        ("/usr/lib:/app/lib", "/usr/lib:/l/app/lib"),
        ("--dir=/app/data", "--dir=/l/data"),
        ("http://shop.example/app/x", "http://shop.example/app/x"),
        ("http://127.0.0.1:80/app", "http://127.0.0.1:80/app"),
        ("http://[::1]/app", "http://[::1]/app"),
        ("../app/x", "../app/x"),
        ("no path", "no path"),
    ],
)
def test_paths_below_mounts_are_rewritten_and_nothing_else(text: str, rewritten: str) -> None:
    assert MOUNTS.rewrite(text) == rewritten


def test_every_absolute_path_has_a_local_one() -> None:
    assert MOUNTS.local("/app/x") == Path("/l/app/x")
    assert MOUNTS.local("/app/data") == Path("/l/data")
    assert MOUNTS.local("/elsewhere/../x") == Path("/l/rootfs/x")
    assert MOUNTS.local("/../../x") == Path("/l/rootfs/x")
    assert MOUNTS.local("/") == Path("/l/rootfs")
    assert MOUNTS.with_defaults({"/app": Path("/no"), "/bin": Path("/l/bin")}).rewrite("/app /bin") == "/l/app /l/bin"


def test_container_mounts_stay_in_their_volumes(tmp_path: Path) -> None:
    def mounts(**mount: str) -> Mounts:
        container = {"volumeMounts": [{"name": "v", "mountPath": "/m", **mount}]}
        return container_mounts(container, {"v": tmp_path}, tmp_path / "root", {"NAME": "sub"})

    assert mounts(subPathExpr="$(NAME)/x").local("/m/y") == tmp_path / "sub/x/y"
    for sub in ("../x", "/etc", "a/../../x"):
        with pytest.raises(ConfigError, match="leaves the volume"):
            mounts(subPath=sub)
    with pytest.raises(ConfigError, match="does not exist"):
        mounts(name="w")


def test_references_of_variables_and_volumes() -> None:
    container = {
        "env": [{"name": "A", "value": "x"}, {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
        "envFrom": [{"configMapRef": {"name": "c"}}],
    }
    assert variable_references(container) == {("Secret", "s"), ("ConfigMap", "c")}
    volumes = [
        {"name": "1", "secret": {"secretName": "s"}},
        {"name": "2", "projected": {"sources": [{"configMap": {"name": "c"}}, {"secret": {"name": "p"}}]}},
        {"name": "3", "emptyDir": {}},
    ]
    found = volume_references({"spec": {"volumes": volumes}})
    assert found == {("Secret", "s"), ("ConfigMap", "c"), ("Secret", "p")}
