"""The entry point of the PostgreSQL image's stand-in: a script that runs with the standard library alone.

`postgresql.py --installed JSON MAJOR [--only PROGRAM] ARGUMENTS…` does what the official image's entry point does with
the same variables (POSTGRES_USER, _PASSWORD, _DB, _INITDB_ARGS, each also as `…_FILE`; PGDATA) and arguments: makes the
cluster where there is none, runs the scripts of `docker-entrypoint-initdb.d`, becomes the server. What differs:

- Everyone comes from 127.0.0.1 here, where the official image asks for no password: this one always asks.
- A cluster is made aside and renamed when it is whole, so that a killed start is begun anew.
- The server listens at a local port instead of the container's, and at a socket in a folder that is private to it.

`--installed` maps major versions to folders of programs; MAJOR is the one for new data. `--only` runs one of the
programs that refuse to be root. The variable `SANDBOX_POSTGRESQL` holds `port`, the local port,
`sockets`, a folder with a short path, and `scripts`, the folder of the scripts.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __name__ != "__main__":
    from tenantry_kubernetes.sandbox.node.entrypoints import common
else:
    # Run by path: Tenantry's own packages cannot be imported.
    sys.path.insert(0, str(Path(__file__).parent))
    import common

OPTIONS = "SANDBOX_POSTGRESQL"
"""The variable that the node sets for this script alone."""

_SERVER = "postgres"
_SCRIPTS_PORT = "5432"
_START_SECONDS = 60
_KEY = "ssl_key_file"


def main(arguments: list[str]) -> int:
    """Runs the image's command; returns only with an exit status other than 0."""
    installed: dict[str, str] = json.loads(arguments[1])
    major, rest = arguments[2], arguments[3:]
    if rest[:1] == ["--only"]:
        return _only(Path(installed[major]) / rest[1], rest[2:])
    if not rest or rest[0].startswith("-"):
        rest = [_SERVER, *rest]
    given = os.environ.pop(OPTIONS, "")
    if rest[:1] != [_SERVER] or {"--help", "-?", "--version", "-V"} & set(rest):
        os.execvp(rest[0], rest)  # noqa: S606 - an entry point becomes its command
    if not given:
        sys.stderr.write("PostgreSQL cannot start: the container declares no port 5432\n")
        return 1
    try:
        return _serve(installed, major, rest[1:], json.loads(given))
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        sys.stderr.write(f"PostgreSQL cannot start: {error}\n")
        return 1


def _only(program: Path, arguments: list[str]) -> int:
    data = _after(arguments, "-D") or os.environ.get("PGDATA", "")
    prefix, owner = common.prefix()
    if data:
        common.give(Path(data), owner)
    os.execvp((prefix or [str(program)])[0], [*prefix, str(program), *arguments])  # noqa: S606 - see above


def _serve(installed: dict[str, str], major: str, arguments: list[str], options: dict[str, Any]) -> int:
    data = Path(os.environ.get("PGDATA", ""))
    if not data.is_absolute():
        raise ValueError("PGDATA is not an absolute path")
    prefix, owner = common.prefix()
    cluster = Cluster(data, prefix, owner)
    if cluster.major:
        major = cluster.major
    if major not in installed:
        here = ", ".join(sorted(installed))
        raise ValueError(f"its data was written by PostgreSQL {major}, and this machine has {here}: install {major}")
    programs = Path(installed[major])
    os.environ["PATH"] = f"{programs}:{os.environ.get('PATH', os.defpath)}"
    arguments = cluster.own_key(arguments)
    sockets = Path(options["sockets"])
    common.give(sockets, owner)
    if not cluster.major:
        cluster.make(programs, arguments, sockets, Path(options.get("scripts") or os.devnull))
    cluster.forget_dead_server()
    common.give(data, owner)
    listen = _settings(f"port={options['port']}", "listen_addresses=127.0.0.1", f"unix_socket_directories={sockets}")
    line = [*prefix, str(programs / _SERVER), *arguments, *listen]
    sys.stdout.flush()
    os.execvp(line[0], line)  # noqa: S606 - see above


class Cluster:
    """The data folder of one server."""

    def __init__(self, data: Path, prefix: list[str], owner: int) -> None:
        self.data = data
        self._prefix = prefix
        self._owner = owner

    @property
    def major(self) -> str:
        """The major version that wrote the data; empty where there is none."""
        try:
            return (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return ""

    def make(self, programs: Path, arguments: list[str], sockets: Path, scripts: Path) -> None:
        """Makes a new cluster with its database, and runs the scripts."""
        user, password = common.variable("POSTGRES_USER") or "postgres", common.variable("POSTGRES_PASSWORD")
        if not password:
            raise ValueError("POSTGRES_PASSWORD is not set: a new database needs the password of its first user")
        database = common.variable("POSTGRES_DB") or user
        if self.data.exists() and any(self.data.iterdir()):
            raise ValueError(f"{self.data} is not empty, and not a database's: give PGDATA a folder of its own")
        aside = self.data.with_name(f".{self.data.name}.new")
        shutil.rmtree(aside, ignore_errors=True)
        self.data.parent.mkdir(parents=True, exist_ok=True)
        aside.mkdir(mode=0o700)
        self._initialise(programs, aside, user, password)
        with (aside / "pg_hba.conf").open("a", encoding="utf-8") as rules:
            rules.write("\nhost all all all scram-sha-256\n")
        if database != "postgres":
            self._statement(programs, aside, f'CREATE DATABASE "{_quoted(database)}"')
        found = sorted(scripts.iterdir()) if scripts.is_dir() else []
        if found:
            login = {"PGUSER": user, "PGPASSWORD": password, "PGDATABASE": database, "PGHOST": str(sockets)}
            self._run_scripts(programs, aside, arguments, found, login)
        self._call(programs, ["initdb", "--sync-only", "-D", str(aside)])
        with contextlib.suppress(FileNotFoundError):
            self.data.rmdir()
        aside.rename(self.data)

    def own_key(self, arguments: list[str]) -> list[str]:
        """The arguments with a private copy of the TLS key: the server wants to own it alone."""
        out = []
        for argument in arguments:
            name, equals, path = argument.partition("=")
            if equals and name.lstrip("-").replace("-", "_") == _KEY:
                argument = f"{name}={common.private_copy(Path(path), self._owner)}"  # noqa: PLW2901 - the same argument
            out.append(argument)
        return out

    def forget_dead_server(self) -> None:
        """Removes the lock of a server that no longer runs: its number may be another process's by now."""
        lock = self.data / "postmaster.pid"
        try:
            number = int(lock.read_text(encoding="utf-8").split("\n", 1)[0])
            where = Path(f"/proc/{number}/cwd").readlink()
        except FileNotFoundError:
            where = Path() if Path("/proc/self/cwd").exists() else self.data
        except (OSError, ValueError):
            return
        if where != self.data.resolve():
            lock.unlink(missing_ok=True)

    def _initialise(self, programs: Path, aside: Path, user: str, password: str) -> None:
        with tempfile.TemporaryDirectory(prefix="tenantry-") as folder:
            secret = Path(folder) / "password"
            secret.touch(0o600)
            secret.write_text(password + "\n", encoding="utf-8")
            for path in (secret, Path(folder), aside):
                common.give(path, self._owner)
            extra = shlex.split(common.variable("POSTGRES_INITDB_ARGS"))
            log = ["--waldir", os.environ["POSTGRES_INITDB_WALDIR"]] if "POSTGRES_INITDB_WALDIR" in os.environ else []
            # Everything is written to the disk at once in the end.
            checks = ["--auth-host=scram-sha-256", "--auth-local=scram-sha-256", "--no-sync"]
            line = ["initdb", "-D", str(aside), f"--username={user}", f"--pwfile={secret}", *log, *extra, *checks]
            self._call(programs, line)

    def _statement(self, programs: Path, data: Path, statement: str) -> None:
        line = [_SERVER, "--single", "-j", "-D", str(data), "postgres"]
        said = self._call(programs, line, given=f"{statement};\n\n")
        # In this mode the server says what is wrong and ends as if nothing were.
        if "ERROR:" in said:
            raise ValueError(said.strip())

    def _run_scripts(
        self, programs: Path, data: Path, arguments: list[str], scripts: list[Path], login: dict[str, str]
    ) -> None:
        line = [*self._prefix, str(programs / _SERVER), "-D", str(data), *arguments]
        sockets = f"unix_socket_directories={login['PGHOST']}"
        line += _settings("fsync=off", "listen_addresses=", sockets, f"port={_SCRIPTS_PORT}")
        environment = os.environ | login | {"PGPORT": _SCRIPTS_PORT}
        server = subprocess.Popen(line, stdin=subprocess.DEVNULL)
        try:
            self._wait(programs, server, environment)
            for script in scripts:
                _run_script(programs, script, environment)
        finally:
            server.send_signal(signal.SIGINT)
            ended = server.wait()
        if ended:
            raise ValueError(f"the server for the first scripts ended with {ended}")

    def _wait(self, programs: Path, server: subprocess.Popen[bytes], environment: dict[str, str]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while subprocess.run([programs / "pg_isready", "-q"], env=environment, check=False).returncode:
            if server.poll() is not None:
                raise ValueError("the server for the first scripts did not start; its reason stands above")
            if time.monotonic() > deadline:
                raise ValueError(f"the server for the first scripts does not answer after {_START_SECONDS} s")
            time.sleep(0.05)

    def _call(self, programs: Path, line: list[str], given: str = "") -> str:
        made = subprocess.run(
            [*self._prefix, str(programs / line[0]), *line[1:]],
            input=given,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if made.returncode:
            raise ValueError(f"{line[0]} ended with {made.returncode}: {made.stdout.strip()[-2000:]}")
        return made.stdout


def _run_script(programs: Path, script: Path, environment: dict[str, str]) -> None:
    psql = [str(programs / "psql"), "-v", "ON_ERROR_STOP=1", "--no-password", "--no-psqlrc"]
    if script.name.endswith(".sh"):
        line = [str(script)] if os.access(script, os.X_OK) else ["/bin/sh", str(script)]
    elif script.name.endswith(".sql"):
        line = [*psql, "-f", str(script)]
    elif script.name.endswith(".sql.gz"):
        line = ["/bin/sh", "-c", f'gunzip -c "$0" | {shlex.join(psql)}', str(script)]
    else:
        common.say(f"ignoring {script.name}")
        return
    common.say(f"running {script.name}")
    subprocess.run(line, env=environment, check=True, stdin=subprocess.DEVNULL)


def _settings(*settings: str) -> list[str]:
    return [word for setting in settings for word in ("-c", setting)]


def _after(arguments: list[str], option: str) -> str:
    return next((after for before, after in itertools.pairwise(arguments) if before == option), "")


def _quoted(name: str) -> str:
    return name.replace('"', '""')


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
