"""The PostgreSQL stand-in: its image, its entry point with the real server, and what resolve is told of it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tenantry.spec.capabilities import Capabilities, Feature, Provenance
from tenantry_kubernetes.sandbox import KubernetesSandbox, servers
from tenantry_kubernetes.sandbox.layout import Layout
from tenantry_kubernetes.sandbox.node.entrypoints import postgresql as entrypoint
from tenantry_kubernetes.sandbox.node.images import Place, find_image, prepare
from tenantry_kubernetes.sandbox.servers import Server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HERE = servers.look()
PASSWORD = "s3cret"
POD: dict[str, Any] = {"metadata": {"name": "orders-0"}, "spec": {}}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    layout.images.mkdir()
    servers.record(layout.servers)
    return layout


class Postgres:
    """The image's entry point as the node starts it, in `folder`."""

    def __init__(self, folder: Path, layout: Layout, version: str = "15") -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        image = find_image(f"docker.io/library/postgres:{version}", POD)
        self.programs = prepare(image, layout)
        self.scripts, self.sockets, self.home = folder / "scripts", folder / "s", folder / "home"
        for each in (self.scripts, self.sockets, self.home):
            each.mkdir(mode=0o700)
        place = Place(ports={5432: self.port}, local=lambda _path: self.scripts, scratch=lambda: self.sockets)
        self.environment = {
            "PATH": f"{self.programs}:/usr/bin:/bin",
            "HOME": str(self.home),
            "PGDATA": str(folder / "volume" / "data"),
            "POSTGRES_PASSWORD": PASSWORD,
            "POSTGRES_DB": 'my "shop"',
            **image.private(place),
        }

    @contextlib.contextmanager
    def running(self, *arguments: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
        process = subprocess.Popen(
            [self.programs / "docker-entrypoint.sh", *arguments],
            env=self.environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=20)
            process.kill()

    def ask(self, statement: str, *, password: str = PASSWORD, host: str = "127.0.0.1") -> str:
        variables = {"PGPASSWORD": password, "PGHOST": host, "PGUSER": "postgres", "PGDATABASE": 'my "shop"'}
        done = subprocess.run(
            [self.programs / "psql", "-tAc", statement],
            env={"PATH": os.defpath, "PGPORT": str(self.port)} | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
        return (done.stdout if done.returncode == 0 else done.stderr).strip()

    def answers(self, process: subprocess.Popen[str]) -> bool:
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            if self.ask("select 1") == "1":
                return True
            time.sleep(0.1)
        return False


@pytest.fixture
def postgres(tmp_path: Path, layout: Layout) -> Postgres:
    folder = tmp_path / "container"
    folder.mkdir()
    return Postgres(folder, layout)


def test_it_makes_a_cluster_once_asks_for_the_password_and_keeps_the_data(postgres: Postgres) -> None:
    (postgres.scripts / "10.sql").write_text("create table t as select 'first'::text as said;")
    (postgres.scripts / "05.sh").write_text('psql -qc "alter system set max_connections = 33"\n')
    (postgres.scripts / "README").write_text("")
    with postgres.running("-c", "shared_buffers=16MB") as process:
        assert postgres.answers(process), process.communicate()[0]
        assert postgres.ask("select said from t") == "first"
        assert "password authentication failed" in postgres.ask("select 1", password="wrong")
        assert postgres.ask("show shared_buffers") == "16MB"
        # By the socket, which lies in a folder that only this user enters.
        assert postgres.ask("select inet_client_addr() is null", host=str(postgres.sockets)) == "t"
    with postgres.running() as process:
        assert postgres.answers(process), process.communicate()[0]
        assert postgres.ask("select said from t") == "first"
        assert postgres.ask("show max_connections") == "33"


def test_the_wheel_stands_in_where_the_machine_has_no_such_version(tmp_path: Path, layout: Layout) -> None:
    wheel = next(each for each in HERE if each.origin == "wheel")
    folder = tmp_path / "container"
    folder.mkdir()
    postgres = Postgres(folder, layout, wheel.major)
    with postgres.running() as process:
        assert postgres.answers(process), process.communicate()[0]
        assert postgres.ask("show server_version") == wheel.version


def test_it_takes_over_the_lock_of_a_server_that_is_gone_but_not_its_data(postgres: Postgres) -> None:
    with postgres.running() as process:
        assert postgres.answers(process), process.communicate()[0]
    lock = postgres.folder / "volume" / "data" / "postmaster.pid"
    # The number of a process that runs, but is no server of this folder.
    lock.write_text(f"{os.getpid()}\n{lock.parent}\n0\n{postgres.port}\n\n\n")
    with postgres.running() as process:
        assert postgres.answers(process), process.communicate()[0]


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"POSTGRES_PASSWORD": ""}, "POSTGRES_PASSWORD is not set"),
        ({"POSTGRES_PASSWORD_FILE": "/nowhere"}, "both POSTGRES_PASSWORD and POSTGRES_PASSWORD_FILE are set"),
        ({"POSTGRES_INITDB_ARGS": "--nonsense"}, "initdb ended with"),
        ({"PGDATA": "data"}, "not an absolute path"),
        ({entrypoint.OPTIONS: ""}, "declares no port 5432"),
    ],
)
def test_it_says_why_it_does_not_start(postgres: Postgres, variables: dict[str, str], said: str) -> None:
    with postgres.running(**variables) as process:
        text, _ = process.communicate(timeout=30)
    assert (process.returncode, said in text) == (1, True), text
    assert not (postgres.folder / "volume" / "data").exists()


def test_a_failed_script_leaves_nothing_that_passes_for_a_database(postgres: Postgres) -> None:
    (postgres.scripts / "10.sql").write_text("select nonsense;")
    with postgres.running() as process:
        text, _ = process.communicate(timeout=60)
    assert (process.returncode, "nonsense" in text) == (1, True)
    assert not (postgres.folder / "volume" / "data").exists()


def test_data_of_another_version_are_left_alone(postgres: Postgres) -> None:
    data = postgres.folder / "volume" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("9\n")
    with postgres.running() as process:
        text, _ = process.communicate(timeout=30)
    assert "its data was written by PostgreSQL 9, and this machine has" in text


def test_other_commands_of_the_image_run_as_they_are(postgres: Postgres) -> None:
    with postgres.running("pg_dump", "--version") as process:
        assert process.communicate(timeout=20)[0].startswith("pg_dump (PostgreSQL)")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has other users to become")
def test_where_user_namespaces_are_refused_it_becomes_another_user(postgres: Postgres, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "cat", "setpriv", "env"):
        (tools / name).symlink_to(
            next(f"{place}/{name}" for place in ("/usr/bin", "/bin") if os.access(f"{place}/{name}", os.X_OK))
        )
    with postgres.running(PATH=f"{postgres.programs}:{tools}") as process:
        assert postgres.answers(process), process.communicate()[0]
        assert (postgres.folder / "volume" / "data").stat().st_uid != 0
    # And back again.
    with postgres.running() as process:
        assert postgres.answers(process), process.communicate()[0]
        assert (postgres.folder / "volume" / "data").stat().st_uid == 0


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("docker.io/library/postgres:15", "postgresql15"),
        ("postgres:16.4-alpine", "postgresql16"),
        ("mirror.example:5000/db/postgres:18@sha256:" + "a" * 64, "postgresql18"),
        ("docker.io/versity/versitygw:v1.8.0", "versitygw"),
    ],
)
def test_stand_ins_are_known_by_their_images(image: str, name: str) -> None:
    assert find_image(image, POD).name == name


def test_the_entry_point_is_before_the_arguments_and_gives_way_to_a_command() -> None:
    image = find_image("postgres:15", POD)
    assert image.line({}) == ["docker-entrypoint.sh", "postgres"]
    assert image.line({"args": ["-c", "ssl=on"]}) == ["docker-entrypoint.sh", "-c", "ssl=on"]
    assert image.line({"command": ["pg_dump"], "args": ["x"]}) == ["pg_dump", "x"]
    assert (image.stop_signal, image.variables["PGDATA"]) == ("SIGINT", "/var/lib/postgresql/data")


def server(version: str, origin: str = "machine") -> Server:
    return Server(
        engine="mysql" if version.startswith("8.") else "postgresql",
        major=version.rpartition(".")[0] if version.startswith("8.") else version.partition(".")[0],
        version=version,
        folder=Path("/"),
        origin="wheel" if origin == "wheel" else "machine",
    )


def test_a_version_stands_for_itself_else_the_machines_newest_does() -> None:
    here = (server("17.2"), server("15.4"), server("18.1", "wheel"))
    assert [str(servers.choose(here, "postgresql", major)) for major in ("15", "18", "16")] == [
        str(here[1]),
        str(here[2]),
        str(here[0]),
    ]
    assert servers.choose((), "postgresql", "15") is None


def test_what_was_found_is_read_again_and_looked_for_anew_where_it_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "servers.json"
    assert servers.record(path) == servers.recorded(path) == HERE
    gone = json.loads(path.read_text())
    gone[0]["folder"] = str(tmp_path / "gone")
    path.write_text(json.dumps(gone))
    assert servers.recorded(path) == HERE
    path.write_text("nonsense")
    assert servers.recorded(path) == HERE


def test_mariadb_is_no_mysql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "mysqld"
    monkeypatch.setenv("PATH", str(tmp_path))
    for said, found in (
        ("mysqld  Ver 10.11.6-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64", None),
        ("/usr/sbin/mysqld  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)", "8.0"),
        ("/usr/sbin/mysqld  Ver 8.4.2 for Linux on x86_64 (MySQL Community Server - GPL)", "8.4"),
        ("/usr/sbin/mysqld  Ver 5.7.44 for Linux on x86_64 (MySQL Community Server (GPL))", None),
    ):
        program.write_text(f"#!{sys.executable}\nprint({said!r})\n")
        program.chmod(0o755)
        mysql = next((each for each in servers.look() if each.engine == "mysql"), None)
        assert (mysql.major if mysql else None) == found


FEATURE = Feature(support="yes", provenance=Provenance(kind="assumed", source="x", on="2026-01-01"))
WHOLE = Capabilities(
    features={"database.postgresql": FEATURE, "database.mysql": FEATURE, "bucket": FEATURE},
    limits={},
    source_runtimes=(),
)


def narrowed(settings: Mapping[str, str]) -> dict[str, Feature]:
    return KubernetesSandbox().narrow(WHOLE, settings).features


def test_resolve_is_told_which_servers_there_are() -> None:
    found = narrowed({"TENANTRY_SANDBOX_POSTGRESQL": "15.18,16.1", "TENANTRY_SANDBOX_MYSQL": ""})
    assert found["database.postgresql"].exact == ("15", "16")
    assert "PostgreSQL 15.18" in found["database.postgresql"].inexact
    assert found["database.mysql"].support == "no"
    assert found["bucket"] == FEATURE
    none = narrowed({"TENANTRY_SANDBOX_POSTGRESQL": "", "TENANTRY_SANDBOX_MYSQL": "8.4.2"})
    assert (none["database.postgresql"].support, none["database.mysql"].support) == ("no", "yes")
    assert none["database.mysql"].versions == ("8", "8.4")
    assert narrowed({}) == WHOLE.features
    assert dataclasses.replace(found["database.postgresql"], exact=(), inexact="") == FEATURE
