"""The MySQL stand-in: when there is one, and what it tells the server. No test machine has a MySQL; see the docs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tenantry_kubernetes.sandbox import servers
from tenantry_kubernetes.sandbox.layout import Layout
from tenantry_kubernetes.sandbox.node.entrypoints import mysql
from tenantry_kubernetes.sandbox.node.images import ImageError, Place, find_image, prepare

if TYPE_CHECKING:
    from pathlib import Path

POD: dict[str, Any] = {"metadata": {"name": "orders-0"}, "spec": {}}

# Records how it was called; as a server it makes its data, as the first server it waits to be stopped.
PROGRAM = """\
#!{python}
import os, signal, sys
from pathlib import Path
with open({calls!r}, "a") as calls:
    said = "" if sys.argv[0].endswith("mysqld") or "-e" in sys.argv else sys.stdin.read()
    calls.write(repr([Path(sys.argv[0]).name, *sys.argv[1:], said]) + "\\n")
if "--version" in sys.argv:
    print("mysqld  Ver 8.4.2 for Linux on x86_64 (MySQL Community Server - GPL)")
if "--initialize-insecure" in sys.argv:
    data = next(each.partition("=")[2] for each in sys.argv if each.startswith("--datadir="))
    (Path(data) / "mysql").mkdir()
if "--skip-networking" in sys.argv:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.pause()
"""


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("mysqld", "mysql"):
        (programs / name).write_text(PROGRAM.format(python=sys.executable, calls=str(tmp_path / "calls")))
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    layout = Layout(tmp_path / "sandbox")
    layout.images.mkdir(parents=True)
    servers.record(layout.servers)
    (tmp_path / "calls").unlink()
    return layout


def test_only_a_real_mysql_of_the_version_stands_in(layout: Layout) -> None:
    for image in ("mysql:8", "mysql:8.4", "docker.io/library/mysql:8.4.1-oracle"):
        assert (prepare(find_image(image, POD), layout) / "docker-entrypoint.sh").exists()
    with pytest.raises(ImageError, match=r"no MySQL 8\.0, only MySQL 8\.4\.2"):
        prepare(find_image("mysql:8.0", POD), layout)
    with pytest.raises(ImageError, match="cannot run the image"):
        find_image("mariadb:10.11", POD)


def test_it_makes_the_data_once_and_serves_at_its_local_port(layout: Layout, tmp_path: Path) -> None:
    image = find_image("mysql:8.4", POD)
    programs = prepare(image, layout)
    data, key = tmp_path / "volume" / "mysql", tmp_path / "tls.key"
    key.write_text("key")
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "10.sql").write_text("create table t (a int);")
    local = {"/docker-entrypoint-initdb.d": tmp_path / "scripts", "/var/lib/mysql": tmp_path / "unused"}
    place = Place(ports={3306: 20001}, local=lambda path: local[path], scratch=lambda: tmp_path)
    environment = {"PATH": f"{programs}:{os.defpath}", "HOME": str(home), "MYSQL_ROOT_PASSWORD": "it's"}
    environment |= {"MYSQL_DATABASE": "my_shop", "MYSQL_USER": "my_shop", "MYSQL_PASSWORD": "p\\w"}
    line = [str(programs / "docker-entrypoint.sh"), "mysqld", f"--datadir={data}", f"--ssl-key={key}", "--mysqlx=OFF"]
    for _ in range(2):
        done = subprocess.run(
            line, env=environment | dict(image.private(place)), capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr
    calls = [eval(each) for each in (tmp_path / "calls").read_text().splitlines()]  # noqa: S307 - written above
    servers_called = [each for each in calls if each[0] == "mysqld"]
    assert [("--initialize-insecure" in each, "--skip-networking" in each) for each in servers_called] == [
        (True, False),
        (False, True),
        (False, False),
        (False, False),
    ]
    final = servers_called[-1]
    assert final[1] == "--no-defaults"
    assert {f"--datadir={data}", "--bind-address=127.0.0.1", "--port=20001"} <= set(final)
    # The key may be read by the server's user alone.
    copy = home / "tls.key"
    assert f"--ssl-key={copy}" in final
    assert (copy.read_text(), copy.stat().st_mode & 0o777) == ("key", 0o600)
    said = "".join(each[-1] for each in calls if each[0] == "mysql")
    assert "ALTER USER 'root'@'localhost' IDENTIFIED BY 'it''s';" in said
    assert "GRANT ALL ON `my\\_shop`.* TO 'my_shop'@'%';" in said
    assert "IDENTIFIED BY 'p\\\\w';" in said
    assert "create table t" in said


def test_it_says_what_is_missing(layout: Layout, tmp_path: Path) -> None:
    image = find_image("mysql:8.4", POD)
    programs = prepare(image, layout)
    options = json.dumps({"port": 1, "sockets": str(tmp_path), "data": str(tmp_path / "d"), "scripts": "/dev/null"})
    for given, said in (("", "declares no port 3306"), (options, "MYSQL_ROOT_PASSWORD is not set")):
        done = subprocess.run(
            [programs / "docker-entrypoint.sh"],
            env={"PATH": os.defpath, mysql.OPTIONS: given},
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert (done.returncode, said in done.stderr) == (1, True)
