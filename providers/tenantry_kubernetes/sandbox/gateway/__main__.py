"""Starts the gateway."""

from __future__ import annotations

import argparse
import asyncio
import logging
from pathlib import Path

from tenantry_kubernetes.sandbox.gateway.gateway import run
from tenantry_kubernetes.sandbox.layout import Layout


def main() -> None:
    """Runs until it is stopped."""
    parser = argparse.ArgumentParser(prog="gateway")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--https-port", type=int, required=True)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    asyncio.run(run(Layout(given.folder), given.http_port, given.https_port))


if __name__ == "__main__":
    main()
