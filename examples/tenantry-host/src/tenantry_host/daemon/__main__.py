"""`tenantry-host serve` runs the daemon, `tenantry-host unit` prints a systemd user unit that does."""

from __future__ import annotations

import argparse
import asyncio
import shlex
import sys
from pathlib import Path

UNIT = """\
[Unit]
Description=Tenantry host
After=network.target

[Service]
ExecStart={command}
Restart=always
RestartSec=1
KillMode=mixed
TimeoutStopSec=20
UMask=0077

[Install]
WantedBy=default.target
"""


def main() -> None:
    """Runs one command."""
    parser = argparse.ArgumentParser(prog="tenantry-host", description="Run app instances of Tenantry on this host.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (("serve", "Run the daemon."), ("unit", "Print a systemd user unit that runs the daemon.")):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--folder", type=Path, required=True, help="Where it keeps everything; 0700.")
        command.add_argument("--http", default="127.0.0.1:8080", help="Where visitors come, host:port.")
        command.add_argument("--control", default="127.0.0.1:7070", help="Where it takes orders, host:port.")
        command.add_argument("--sandbox-https-port", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    folder = given.folder.absolute()
    if given.command == "unit":
        line = [sys.executable, "-m", "tenantry_host.daemon", "serve", "--folder", str(folder)]
        line += ["--http", given.http, "--control", given.control]
        sys.stdout.write(UNIT.format(command=shlex.join(line)))
        return
    from tenantry_host.daemon.serve import Address, serve

    try:
        http, control = Address.read(given.http), Address.read(given.control)
    except ValueError:
        parser.error("an address is host:port, for example 127.0.0.1:8080")
    try:
        asyncio.run(serve(folder, control=control, http=http, https_port=given.sandbox_https_port))
    except OSError as error:
        sys.exit(f"tenantry-host: {error}")


if __name__ == "__main__":
    main()
