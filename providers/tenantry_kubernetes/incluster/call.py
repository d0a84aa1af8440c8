"""Calls a service at a time of its schedule: one POST with an empty body.

    python -I call.py URL [--schedule NAME] [--timeout SECONDS]

The answer's status is printed. Exit status 0 for 2xx, 1 for every other answer and for none, 2 when the arguments are
wrong. Redirects are not followed: a schedule names the path that does the work. Standard library only.
"""

from __future__ import annotations

import argparse
import http.client
import sys
import time
import urllib.parse
from http import HTTPStatus

SHOWN = 2000


def call(url: str, schedule: str, timeout: float) -> tuple[int, str]:
    """The status and the beginning of the answer. Raises OSError or http.client.HTTPException."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=timeout)
    try:
        headers = {"User-Agent": "tenantry-schedule", "Tenantry-Schedule": schedule}
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body=b"", headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(SHOWN).decode("utf-8", "replace")
    finally:
        connection.close()


def main(arguments: list[str]) -> int:
    """One call."""
    parser = argparse.ArgumentParser(prog="call.py")
    parser.add_argument("url")
    parser.add_argument("--schedule", default="")
    parser.add_argument("--timeout", type=float, default=600.0)
    options = parser.parse_args(arguments)
    if not options.url.startswith("http://"):
        parser.error("the URL must begin with http://")
    started = time.monotonic()
    try:
        status, text = call(options.url, options.schedule, options.timeout)
    except (OSError, http.client.HTTPException) as error:
        sys.stderr.write(f"{options.url} did not answer: {error or type(error).__name__}\n")
        return 1
    sys.stdout.write(f"POST {options.url} -> {status} after {time.monotonic() - started:.1f} s\n")
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return 0
    sys.stderr.write(text + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
