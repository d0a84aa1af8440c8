"""The entry point of the MySQL image's stand-in: a script that runs with the standard library alone.

`mysql.py FOLDER ARGUMENTS…` does what the official image's entry point does with the same variables
(MYSQL_ROOT_PASSWORD, _ROOT_HOST, _DATABASE, _USER, _PASSWORD, those of secrets also as `…_FILE`) and arguments: makes
the data where there are none, runs the scripts of `docker-entrypoint-initdb.d`, becomes the server. FOLDER holds the
programs of MySQL. The variable `SANDBOX_MYSQL` holds `port`, the local port, `sockets`, a folder with a short path,
`data`, the folder of the data where no argument names one, and `scripts`, the folder of the scripts.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __name__ != "__main__":
    from tenantry_kubernetes.sandbox.node.entrypoints import common
else:
    # Run by path: Tenantry's own packages cannot be imported.
    sys.path.insert(0, str(Path(__file__).parent))
    import common

OPTIONS = "SANDBOX_MYSQL"
"""The variable that the node sets for this script alone."""

_SERVER = "mysqld"
_START_SECONDS = 120


def main(arguments: list[str]) -> int:
    """Runs the image's command; returns only with an exit status other than 0."""
    programs, rest = Path(arguments[0]), arguments[1:]
    if not rest or rest[0].startswith("-"):
        rest = [_SERVER, *rest]
    given = os.environ.pop(OPTIONS, "")
    if rest[0] != _SERVER or {"--help", "--version", "-V"} & set(rest):
        os.execvp(rest[0], rest)  # noqa: S606 - an entry point becomes its command
    if not given:
        sys.stderr.write("MySQL cannot start: the container declares no port 3306\n")
        return 1
    try:
        return _serve(programs, rest[1:], json.loads(given))
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        sys.stderr.write(f"MySQL cannot start: {error}\n")
        return 1


def _serve(programs: Path, arguments: list[str], options: dict[str, Any]) -> int:
    prefix, owner = common.prefix()
    named = [each.partition("=")[2] for each in arguments if each.startswith("--datadir=")]
    data, sockets = Path(named[-1] if named else options["data"]), Path(options["sockets"])
    arguments = [_own_key(each, owner) for each in arguments if not each.startswith("--datadir=")]
    common.give(sockets, owner)
    places = [f"--socket={sockets}/mysqld.sock", f"--pid-file={sockets}/mysqld.pid", "--mysqlx=OFF"]
    client = [str(programs / "mysql"), "--no-defaults", "--user=root", places[0]]
    # The machine's own settings are not the image's.
    line = [*prefix, str(programs / _SERVER), "--no-defaults", *arguments, *places]
    if not (data / "mysql").is_dir():
        _make(line, client, data, owner, Path(options["scripts"]))
    common.give(data, owner)
    line += [f"--datadir={data}", "--bind-address=127.0.0.1", f"--port={options['port']}"]
    os.execvp(line[0], line)  # noqa: S606 - see above


def _own_key(argument: str, owner: int) -> str:
    name, equals, path = argument.partition("=")
    return f"{name}={common.private_copy(Path(path), owner)}" if equals and name == "--ssl-key" else argument


def _make(line: list[str], client: list[str], data: Path, owner: int, scripts: Path) -> None:
    statements = first_statements()
    if data.exists() and any(data.iterdir()):
        raise ValueError(f"{data} is not empty, and not a database's: give --datadir a folder of its own")
    aside = data.with_name(f".{data.name}.new")
    shutil.rmtree(aside, ignore_errors=True)
    data.parent.mkdir(parents=True, exist_ok=True)
    aside.mkdir(mode=0o700)
    common.give(aside, owner)
    subprocess.run([*line, f"--datadir={aside}", "--initialize-insecure"], check=True, stdin=subprocess.DEVNULL)
    server = subprocess.Popen([*line, f"--datadir={aside}", "--skip-networking"], stdin=subprocess.DEVNULL)
    try:
        _wait(server, client)
        subprocess.run(client, input="\n".join(statements), text=True, check=True)
        _run_scripts(client, scripts)
    finally:
        server.send_signal(signal.SIGTERM)
        ended = server.wait()
    if ended:
        raise ValueError(f"the server for the first statements ended with {ended}")
    with contextlib.suppress(FileNotFoundError):
        data.rmdir()
    aside.rename(data)


def first_statements() -> list[str]:
    """What makes users and database, as the variables say. Raises ValueError."""
    root, host = common.variable("MYSQL_ROOT_PASSWORD"), os.environ.get("MYSQL_ROOT_HOST", "%")
    if not root:
        raise ValueError("MYSQL_ROOT_PASSWORD is not set: a new database needs the password of its first user")
    statements = [f"ALTER USER 'root'@'localhost' IDENTIFIED BY {_text(root)};"]
    if host not in {"", "localhost"}:
        statements.append(f"CREATE USER 'root'@{_text(host)} IDENTIFIED BY {_text(root)};")
        statements.append(f"GRANT ALL ON *.* TO 'root'@{_text(host)} WITH GRANT OPTION;")
    database, user = os.environ.get("MYSQL_DATABASE", ""), os.environ.get("MYSQL_USER", "")
    if database:
        statements.append(f"CREATE DATABASE {_name(database)};")
    if user:
        statements.append(f"CREATE USER {_text(user)}@'%' IDENTIFIED BY {_text(common.variable('MYSQL_PASSWORD'))};")
    if user and database:
        # In a grant, _ and % of a name stand for any letters.
        only = database.replace("_", "\\_").replace("%", "\\%")
        statements.append(f"GRANT ALL ON {_name(only)}.* TO {_text(user)}@'%';")
    return statements


def _run_scripts(client: list[str], scripts: Path) -> None:
    # Those come after the statement that gives root its password.
    environment = os.environ | {"MYSQL_PWD": common.variable("MYSQL_ROOT_PASSWORD")}
    database = [os.environ["MYSQL_DATABASE"]] if os.environ.get("MYSQL_DATABASE") else []
    for script in sorted(scripts.iterdir()) if scripts.is_dir() else []:
        common.say(f"running {script.name}")
        if script.suffix == ".sql":
            with script.open("rb") as text:
                subprocess.run([*client, *database], stdin=text, env=environment, check=True)
        elif script.suffix == ".sh":
            subprocess.run(["/bin/sh", script], env=environment, check=True, stdin=subprocess.DEVNULL)


def _wait(server: subprocess.Popen[bytes], client: list[str]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while subprocess.run([*client, "-e", "select 1"], capture_output=True, check=False).returncode:
        if server.poll() is not None:
            raise ValueError("the server for the first statements did not start; its reason stands above")
        if time.monotonic() > deadline:
            raise ValueError(f"the server for the first statements does not answer after {_START_SECONDS} s")
        time.sleep(0.1)


def _text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _name(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
