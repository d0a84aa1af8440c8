"""`python -m tenantry_toolchain install|status|doctor`: the toolchain without the rest of Tenantry, e.g. in CI."""

from __future__ import annotations

import argparse
import json
import sys

from tenantry.errors import TenantryError
from tenantry_toolchain import doctor
from tenantry_toolchain.install import download_for_control_plane, install
from tenantry_toolchain.status import status


def main(arguments: list[str] | None = None) -> int:
    """Run one command; progress goes to stderr, results to stdout. Gives back the exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "install":
            both = not (options.engine or options.control_plane)
            if options.download_first:
                download_for_control_plane(_say)
            install(
                with_engine=options.engine or both,
                with_control_plane=options.control_plane or both,
                drop_build_cache=options.drop_build_cache,
                progress=_say,
            )
        elif options.command == "status":
            rows = [item.to_json() for item in status()]
            print(json.dumps(rows, indent=2))  # noqa: T201 - a command's result
        else:
            found = doctor.checks()
            for check in found:
                print(check)  # noqa: T201 - a command's result
            return int(any(check.state == "fail" for check in found))
    except TenantryError as error:
        _say(f"error: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        _say("interrupted: nothing half-done was left, the next run goes on from Go's build cache")
        return 130
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - a command's progress


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tenantry_toolchain", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    installing = commands.add_parser("install", help="obtain what is missing; all of it where no option names a part")
    installing.add_argument("--engine", action="store_true", help="the Pulumi engine")
    installing.add_argument(
        "--control-plane", action="store_true", help="etcd, Kubernetes, the Gateway API, the S3 server"
    )
    installing.add_argument("--drop-build-cache", action="store_true", help="then remove what only building needed")
    installing.add_argument("--download-first", action="store_true", help="all modules, before anything is built")
    commands.add_parser("status", help="what is there, as JSON")
    commands.add_parser("doctor", help="whether this machine is ready")
    return parser


if __name__ == "__main__":
    sys.exit(main())
